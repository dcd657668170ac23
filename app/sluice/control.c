/* SPDX-License-Identifier: BSD-3-Clause */
#include "control.h"

#include "app.h"
#include "log.h"
#include "mono_clock.h"
#include "secret.h"
#include "stats.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <urcu/urcu-qsbr.h>

enum {
	TICK_MS = 10,
	DRAIN_MS = 5000, /* for handshakes and exchanges that are open at SIGTERM */
	SINK_FLUSH_MS = 10000,
	ERROR_MAX = 512,
	CLOSED_LINES = 10, /* of a review: who is closed by name */
};

#define SECOND_NS UINT64_C(1000000000)
/* Two secrets overlap, so a cookie is good for one to two of these. */
#define COOKIE_ROTATION_NS (60 * SECOND_NS)
/* Certificates that have expired end their sessions so often. */
#define REVIEW_NS (600 * SECOND_NS)

static void signals_of_ours(sigset_t *out)
{
	sigemptyset(out);
	sigaddset(out, SIGHUP);
	sigaddset(out, SIGUSR1);
	sigaddset(out, SIGTERM);
	sigaddset(out, SIGINT);
}

void control_block_signals(void)
{
	sigset_t set;

	signals_of_ours(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	/* A closed pipe is an error of the sink, not the end of the process. */
	signal(SIGPIPE, SIG_IGN);
}

static int next_signal(long ms)
{
	struct timespec tick = { .tv_nsec = ms * 1000000L };
	sigset_t set;
	int sig;

	signals_of_ours(&set);
	sig = sigtimedwait(&set, NULL, &tick);
	return sig > 0 ? sig : 0;
}

static uint64_t utc_s(void) { return (uint64_t)time(NULL); }

/* A name comes from a file or a certificate: it may hold anything. */
static void print_name(char *out, size_t out_len, const struct identity *id)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;

	for (unsigned i = 0; i < id->len && n + 5 < out_len; i++) {
		uint8_t byte = id->bytes[i];

		if (byte >= ' ' && byte < 0x7f && byte != '\\' && byte != '"') {
			out[n++] = (char)byte;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = digits[byte >> 4];
		out[n++] = digits[byte & 15];
	}
	out[n] = 0;
}

/* A line for each of the first; how many there were is said in the end. */
static void on_closed(void *arg, const struct identity *id, enum status why)
{
	const struct app *app = arg;
	char name[4 * IDENTITY_LEN_MAX + 5];

	if (review_result(app->review).closed > CLOSED_LINES)
		return;
	print_name(name, sizeof(name), id);
	log_line(LOG_LEVEL_NOTICE, "\"%s\": %s", name, status_help(why));
}

bool control_review_new(struct app *app)
{
	struct review_config cfg = {
		.store = app->store,
		.mesh = &app->mesh,
		.credentials = &app->credentials,
		.closed = on_closed,
		.arg = app,
	};

	app->review = review_new(&cfg);
	return app->review != NULL;
}

/* All files, or none of them. */
static void reload(struct app *app)
{
	struct ticket_roots *tickets = NULL;
	char err[ERROR_MAX];

	if (!resumption_load(&app->resumption, &tickets, err, sizeof(err)) ||
	    !credentials_reload(&app->credentials, err, sizeof(err))) {
		ticket_roots_free(tickets);
		log_line(LOG_LEVEL_ERROR, "reload refused, the old credentials stay: %s", err);
		return;
	}
	review_begin(app->review);
	if (app->opt.psk_file != NULL)
		log_line(LOG_LEVEL_NOTICE, "reloaded %s: %zu identities", app->opt.psk_file,
			 psk_store_count(app->credentials.psks));
	if (app->credentials.derive != NULL)
		log_line(LOG_LEVEL_NOTICE, "reloaded %s: %zu master keys", app->opt.psk_derive,
			 psk_derive_count(app->credentials.derive));
	if (app->credentials.denied != NULL)
		log_line(LOG_LEVEL_NOTICE, "reloaded %s: %zu denied", app->opt.deny_file,
			 deny_list_count(app->credentials.denied));
	if (app->credentials.certificates != NULL) {
		char what[128];

		certificates_describe(app->credentials.certificates, what, sizeof(what));
		log_line(LOG_LEVEL_NOTICE, "reloaded %s", what);
	}
	if (tickets == NULL)
		return;
	if (resumption_swap(&app->resumption, tickets, utc_s()))
		log_line(LOG_LEVEL_NOTICE, "reloaded %s: %zu keys", app->opt.ticket_key_file,
			 app->resumption.roots->n);
	else
		log_line(LOG_LEVEL_ERROR, "the old ticket keys stay: no memory");
}

static void rotate_cookie_secrets(struct app *app)
{
	const struct cookie_secrets *old = atomic_load(&app->cookie_secrets);
	struct cookie_secrets *fresh = malloc(sizeof(*fresh));

	if (fresh == NULL || !cookie_secrets_rotate(old, fresh)) {
		log_line(LOG_LEVEL_ERROR, "cookie secrets not rotated: no memory or randomness");
		free(fresh);
		return;
	}
	atomic_store(&app->cookie_secrets, fresh);
	urcu_qsbr_synchronize_rcu();
	secret_wipe((void *)(uintptr_t)old, sizeof(*old));
	free((void *)(uintptr_t)old);
}

/* Handshakes and exchanges that somebody still waits for. */
static bool busy(const struct app *app)
{
	for (unsigned i = 0; i < app->layout.n_cores; i++) {
		const struct core *c = &app->cores[i];

		if (c->handshake != NULL &&
		    counter_get(&handshake_core_stats(c->handshake)->active) != 0)
			return true;
		if (c->worker != NULL && counter_get(&worker_stats(c->worker)->open_exchanges) != 0)
			return true;
	}
	return false;
}

struct timers {
	uint64_t rotate_ns, report_ns, review_ns;
};

/* A part of the review of live sessions; returns for how many milliseconds there is nothing to do
 * but wait for signals. */
static long review(struct app *app, struct timers *t, uint64_t now_ns)
{
	if (now_ns >= t->review_ns) {
		t->review_ns = now_ns + REVIEW_NS;
		review_again(app->review);
	}
	switch (review_turn(app->review, (int64_t)utc_s())) {
	case REVIEW_BUSY:
		return 0;
	case REVIEW_WAITS:
		return 1;
	case REVIEW_DONE:
		if (review_result(app->review).closed > 0)
			log_line(LOG_LEVEL_NOTICE, "%u of %u sessions closed",
				 review_result(app->review).closed,
				 review_result(app->review).seen);
		break;
	case REVIEW_IDLE:
		break;
	}
	return TICK_MS;
}

/* Returns as review. */
static long tick(struct app *app, struct timers *t)
{
	uint64_t now_ns = mono_clock_ns();

	recycler_turn(app->recycler);
	if (!resumption_turn(&app->resumption, now_ns / SECOND_NS + 1, utc_s()) &&
	    now_ns >= t->rotate_ns)
		log_line(LOG_LEVEL_ERROR, "ticket keys not rotated: no memory or randomness");
	if (now_ns >= t->rotate_ns) {
		rotate_cookie_secrets(app);
		t->rotate_ns = now_ns + COOKIE_ROTATION_NS;
	}
	if (app->opt.stats_period_ns != 0 && now_ns >= t->report_ns) {
		stats_print(app);
		t->report_ns += app->opt.stats_period_ns;
	}
	return review(app, t, now_ns);
}

static void drain(struct app *app, struct timers *t)
{
	uint64_t until_ns = mono_clock_ns() + DRAIN_MS * UINT64_C(1000000);

	log_line(LOG_LEVEL_NOTICE, "draining");
	atomic_store(&app->draining, true);
	/* At least one tick, so that what stood in the port's queues was read. */
	do {
		next_signal(TICK_MS);
		(void)tick(app, t);
	} while (busy(app) && mono_clock_ns() < until_ns);
	atomic_store(&app->stop, true);
}

static void serve(struct app *app)
{
	uint64_t now_ns = mono_clock_ns();
	struct timers t = { .rotate_ns = now_ns + COOKIE_ROTATION_NS,
			    .report_ns = now_ns + app->opt.stats_period_ns,
			    .review_ns = now_ns + REVIEW_NS };
	long ms = TICK_MS;

	for (;;) {
		switch (next_signal(ms)) {
		case SIGHUP:
			reload(app);
			break;
		case SIGUSR1:
			sink_reopen(app->sink);
			break;
		case SIGTERM:
		case SIGINT:
			drain(app, &t);
			return;
		default:
			break;
		}
		ms = tick(app, &t);
	}
}

/* Until the cores run there is nothing to drain; a start that hangs can be ended. */
static bool await_service(struct app *app)
{
	while (!atomic_load(&app->serving)) {
		int sig = next_signal(TICK_MS);

		if (atomic_load(&app->stop))
			return false;
		if (sig == SIGTERM || sig == SIGINT) {
			log_line(LOG_LEVEL_NOTICE, "ended while starting");
			_exit(EXIT_FAILURE);
		}
	}
	return true;
}

void control_run(struct app *app)
{
	if (!await_service(app))
		return;
	/* Giving identities back is for registered threads. A thread that sleeps must not hold up
	 * grace periods, so this one is offline but for those moments (recycler.c). */
	urcu_qsbr_register_thread();
	urcu_qsbr_thread_offline();
	serve(app);
	urcu_qsbr_unregister_thread();
}

bool control_flush(struct app *app)
{
	if (sink_flush(app->sink, SINK_FLUSH_MS)) {
		log_line(LOG_LEVEL_NOTICE, "drained");
		return true;
	}
	log_line(LOG_LEVEL_ERROR, "drained, but the sink did not take everything");
	return false;
}
