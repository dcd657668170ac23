// SPDX-License-Identifier: BSD-3-Clause
#include "shim.h"

#include <benchmark/benchmark.h>
#include <time.h>
#include <x86intrin.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

struct bench {
	benchmark::State &state;
	int64_t args[BENCH_ARGS_MAX] = {};
	double start = 0, seconds = 0; // CPU time of this thread
	double probe = 0;
	int64_t turns = 0, left = 0, chunk = 1;
	uint64_t chunk_tsc = 0, end_tsc = 0;
	bool started = false, failed = false;
};

static bool any_failed;
static double min_time = 0.5; // seconds of a repetition

static double seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) * 1e-9;
}

// The time stamp counter's rate, against the monotonic clock for 50 ms.
static double tsc_hz()
{
	static const double hz = [] {
		double from = seconds_of(CLOCK_MONOTONIC), now = from;
		uint64_t tsc = __rdtsc();

		while (now - from < 0.05)
			now = seconds_of(CLOCK_MONOTONIC);
		return static_cast<double>(__rdtsc() - tsc) / (now - from);
	}();
	return hz;
}

// TSC cycles of a hundred instructions that need nothing but decoding: least where nobody shares
// the core, which on a virtual machine nothing else tells.
static double probe()
{
	static const int turns = 200;
	uint64_t tsc = __rdtsc();

	for (int i = 0; i < turns; i++)
		__asm__ volatile(".rept 100\n nop\n .endr");
	return static_cast<double>(__rdtsc() - tsc) / turns;
}

// TSC cycles in a core cycle, of which a dependent multiplication takes three.
static double tsc_per_core_cycle()
{
	static const int turns = 1000;
	double best = 1e9;

	for (int i = 0; i < 200; i++) {
		uint64_t x = 3, tsc = __rdtsc();

		for (int j = 0; j < turns; j++)
			__asm__ volatile(".rept 10\n imul %0, %0\n .endr" : "+r"(x));
		best = std::min(best, static_cast<double>(__rdtsc() - tsc) / (30.0 * turns));
	}
	return best;
}

static void start(struct bench *b)
{
	b->started = true;
	b->probe = probe();
	b->state.KeepRunning();
	b->start = seconds_of(CLOCK_THREAD_CPUTIME_ID);
	b->chunk_tsc = __rdtsc();
	b->end_tsc = b->chunk_tsc + static_cast<uint64_t>(min_time * tsc_hz());
}

static void stop(struct bench *b)
{
	b->seconds = seconds_of(CLOCK_THREAD_CPUTIME_ID) - b->start;
	while (b->state.KeepRunning())
		;
	b->probe = std::max(b->probe, probe());
}

// Every repetition lasts min_time and is one iteration to Google Benchmark. Its own way, a number
// of turns found in the first repetition, makes all of them short when one turn of the first was
// slow. The clock is read every 20 us or so.
static bool go_on(struct bench *b)
{
	uint64_t now = __rdtsc();

	if (now >= b->end_tsc && b->turns > 0)
		return false;
	if (b->turns > 0 && static_cast<double>(now - b->chunk_tsc) < 20e-6 * tsc_hz())
		b->chunk *= 2;
	b->chunk_tsc = now;
	b->left = b->chunk;
	return true;
}

bool bench_next(struct bench *b)
{
	if (b->left == 0) {
		if (!b->started)
			start(b);
		if (!go_on(b)) {
			stop(b);
			return false;
		}
	}
	b->left--;
	b->turns++;
	return true;
}

int64_t bench_arg(const struct bench *b, unsigned i) { return b->args[i]; }

void bench_items(struct bench *b, uint64_t n)
{
	double items = static_cast<double>(b->turns) * static_cast<double>(n);

	if (b->failed || n == 0)
		return;
	b->state.SetItemsProcessed(static_cast<int64_t>(items));
	b->state.counters["ns"] = b->seconds * 1e9 / items;
	b->state.counters["cycles"] = b->seconds * tsc_hz() / items;
	b->state.counters["probe"] = b->probe;
}

void bench_measured(struct bench *b, double cycles, uint64_t n)
{
	if (b->failed || n == 0)
		return;
	b->state.counters["items_per_second"] = tsc_hz() / cycles;
	b->state.counters["items"] = static_cast<double>(n);
	b->state.counters["ns"] = cycles * 1e9 / tsc_hz();
	b->state.counters["cycles"] = cycles;
	b->state.counters["probe"] = b->probe;
}

void bench_bytes(struct bench *b, uint64_t n)
{
	b->state.SetBytesProcessed(b->turns * static_cast<int64_t>(n));
}

void bench_value(struct bench *b, const char *name, double value)
{
	b->state.counters[name] = value;
}

void bench_fail(struct bench *b, const char *why)
{
	b->failed = true;
	any_failed = true;
	b->state.SkipWithError(why);
}

void bench_skip(struct bench *b, const char *why)
{
	b->failed = true;
	b->state.SkipWithError((std::string("skipped: ") + why).c_str());
}

void bench_add(const char *name, void (*run)(struct bench *), const int64_t *args, unsigned n_args)
{
	int64_t copy[BENCH_ARGS_MAX] = {};

	std::copy(args, args + std::min<unsigned>(n_args, BENCH_ARGS_MAX), copy);
	benchmark::RegisterBenchmark(name, [run, copy](benchmark::State &state) {
		struct bench b = { state };

		std::copy(copy, copy + BENCH_ARGS_MAX, b.args);
		run(&b);
	});
}

void bench_context(const char *key, const char *value) { benchmark::AddCustomContext(key, value); }

int bench_main(int argc, char **argv)
{
	static const char option[] = "--benchmark_min_time=";
	static char one_iteration[] = "--benchmark_min_time=0";
	std::vector<char *> args(argv, argv + argc);

	for (char *arg : args) {
		if (std::strncmp(arg, option, sizeof(option) - 1) == 0)
			min_time = std::atof(arg + sizeof(option) - 1);
	}
	args.push_back(one_iteration);
	args.push_back(nullptr);
	argc++;
	argv = args.data();
	benchmark::Initialize(&argc, argv);
	benchmark::AddCustomContext("tsc_mhz", std::to_string(tsc_hz() * 1e-6));
	benchmark::AddCustomContext("core_per_tsc", std::to_string(1 / tsc_per_core_cycle()));
	if (benchmark::ReportUnrecognizedArguments(argc, argv))
		return 1;
	benchmark::RunSpecifiedBenchmarks();
	benchmark::Shutdown();
	return any_failed;
}
