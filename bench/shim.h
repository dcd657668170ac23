/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Google Benchmark for C. A bench is a C function that runs its work while bench_next says so:
 *
 *   static void run(struct bench *b)
 *   {
 *           ... set up, by bench_arg ...
 *           while (bench_next(b))
 *                   work_on(burst);
 *           bench_items(b, 32);
 *   }
 *
 * What stands between the calls of bench_next is timed; one turn should take a microsecond or so,
 * that is, a burst. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BENCH_ARGS_MAX = 6 };

struct bench;

/* bench_next: starts the clock the first time; false when it has stopped. */
bool bench_next(struct bench *b);

/* bench_arg: the i-th of the numbers given to bench_add. */
int64_t bench_arg(const struct bench *b, unsigned i);

/* bench_items: a turn was n items: adds items/s, and ns and TSC cycles per item, to the report. All
 * of them count CPU time of the thread, which other load on the machine falsifies least; and
 * "probe", cycles of an empty loop measured before and after (the greater), by which the report
 * tells the repetitions that ran while the core was our own from those that shared it.
 * bench_bytes: and n bytes. After the loop. */
void bench_items(struct bench *b, uint64_t n);
void bench_bytes(struct bench *b, uint64_t n);

/* bench_measured: instead of bench_items, for a bench that has timed its items itself: TSC cycles
 * of one, and how many there were. After the loop. */
void bench_measured(struct bench *b, double cycles, uint64_t n);

/* bench_value: a number of the run beside its time, by name. After the loop. */
void bench_value(struct bench *b, const char *name, double value);

/* bench_fail: this bench cannot run or gave a wrong result; the report says why. Leave then. */
void bench_fail(struct bench *b, const char *why);

/* bench_skip: this machine cannot run this bench, which is no failure. Leave then. */
void bench_skip(struct bench *b, const char *why);

/* bench_add: registers run under a name, with n_args numbers for bench_arg. */
void bench_add(const char *name, void (*run)(struct bench *), const int64_t *args, unsigned n_args);

/* bench_context: a line of the report's context. */
void bench_context(const char *key, const char *value);

/* bench_main: runs what was registered. argv as Google Benchmark takes it (--benchmark_filter,
 * --benchmark_out, …), ended by NULL. Returns the exit status: 1 when a bench failed. */
int bench_main(int argc, char **argv);

/* bench_keep: makes the compiler believe that the bytes at p are read. */
static inline void bench_keep(const void *p) { __asm__ volatile("" : : "r"(p) : "memory"); }

#ifdef __cplusplus
}
#endif
