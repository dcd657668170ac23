/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_socket.h"

#include "log.h"
#include "mono_clock.h"
#include "secret.h"
#include "secret_file.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	/* "18446744073709551615 ", an identity or a key in hex, "\n", NUL */
	LINE_MAX_LEN = 20 + 1 + 2 * PSK_IDENTITY_MAX + 2,
	OUT_MAX = 32 * LINE_MAX_LEN,
	IN_MAX = 32 * LINE_MAX_LEN,
	TICK_MS = 20, /* how late a time-out may be noticed */
};

_Static_assert((int)PSK_KEY_MAX <= (int)PSK_IDENTITY_MAX, "a line holds either");

#define MS_NS        UINT64_C(1000000)
#define PAUSE_MIN_NS (100 * MS_NS)
#define PAUSE_MAX_NS (10000 * MS_NS)

TAILQ_HEAD(question_list, psk_question);

struct psk_socket {
	struct psk_queue *queue;
	const char *path;
	uint64_t timeout_ns;
	pthread_t thread;
	_Atomic bool stop;

	int fd; /* -1: not connected */
	uint64_t connect_ns, pause_ns;
	char complaint[80]; /* the latest; empty: none since it answered */
	uint64_t serial;    /* of the questions sent so far */
	/* From those asked first to those asked last. */
	struct question_list unsent, sent;
	size_t n_out, n_in;
	char out[OUT_MAX], in[IN_MAX];
};

/* Not of the same thing over and over. */
static void complain(struct psk_socket *s, const char *why)
{
	if (strcmp(s->complaint, why) == 0)
		return;
	snprintf(s->complaint, sizeof(s->complaint), "%s", why);
	log_line(LOG_LEVEL_WARNING, "--psk-socket %s: %s", s->path, why);
}

/* A question is to be sent once more, before what was not sent yet. */
static void recall(struct psk_socket *s, struct psk_question *q)
{
	TAILQ_REMOVE(&s->sent, q, entry);
	TAILQ_INSERT_HEAD(&s->unsent, q, entry);
	q->id = 0;
}

static void disconnect(struct psk_socket *s, const char *why, uint64_t now_ns)
{
	struct psk_question *q;

	complain(s, why);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
	secret_wipe(s->in, sizeof(s->in));
	s->n_in = s->n_out = 0;
	while ((q = TAILQ_LAST(&s->sent, question_list)) != NULL)
		recall(s, q);
	s->connect_ns = now_ns + s->pause_ns;
	s->pause_ns = s->pause_ns < PAUSE_MAX_NS / 2 ? s->pause_ns * 2 : PAUSE_MAX_NS;
}

static const char *open_socket(struct psk_socket *s)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct ucred peer;
	socklen_t len = sizeof(peer);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", s->path);
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || connect(s->fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    getsockopt(s->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) != 0)
		return strerror(errno);
	return peer.uid == 0 || peer.uid == geteuid()
		       ? NULL
		       : "runs neither as root nor as we do: not asked";
}

static void connect_when_due(struct psk_socket *s, uint64_t now_ns)
{
	const char *why;

	if (s->fd >= 0 || now_ns < s->connect_ns)
		return;
	why = open_socket(s);
	if (why != NULL)
		disconnect(s, why, now_ns);
}

/* The question's turn is over. */
static void answer(struct psk_socket *s, struct psk_question *q, enum psk_outcome outcome)
{
	TAILQ_REMOVE(q->id != 0 ? &s->sent : &s->unsent, q, entry);
	q->id = 0;
	q->outcome = (uint8_t)outcome;
	psk_queue_answer(s->queue, q);
}

static void take_questions(struct psk_socket *s)
{
	struct psk_question *q;
	uint64_t n;

	(void)!read(psk_queue_fd(s->queue), &n, sizeof(n));
	while ((q = psk_queue_next(s->queue)) != NULL)
		TAILQ_INSERT_TAIL(&s->unsent, q, entry);
}

/* There is room for a line. */
static void __attribute__((format(printf, 2, 3)))
print(struct psk_socket *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	s->n_out += (size_t)vsnprintf(s->out + s->n_out, sizeof(s->out) - s->n_out, format, ap);
	va_end(ap);
}

static void write_question(struct psk_socket *s, struct psk_question *q)
{
	/* Its number tells it from what was asked in the same place before. */
	q->id = ++s->serial * psk_queue_size(s->queue) + psk_queue_index(s->queue, q);
	print(s, "%llu ", (unsigned long long)q->id);
	for (unsigned i = 0; i < q->identity_len; i++)
		print(s, "%02x", q->identity[i]);
	print(s, "\n");
}

static void send_questions(struct psk_socket *s, uint64_t now_ns)
{
	struct psk_question *q;
	ssize_t n;

	while (s->n_out + LINE_MAX_LEN <= sizeof(s->out) && (q = TAILQ_FIRST(&s->unsent)) != NULL) {
		TAILQ_REMOVE(&s->unsent, q, entry);
		write_question(s, q);
		TAILQ_INSERT_TAIL(&s->sent, q, entry);
	}
	if (s->n_out == 0)
		return;
	n = send(s->fd, s->out, s->n_out, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		disconnect(s, strerror(errno), now_ns);
	} else if (n > 0) {
		s->n_out -= (size_t)n;
		memmove(s->out, s->out + n, s->n_out);
	}
}

/* The question of a number, as long as it is unanswered. */
static struct psk_question *question_of(const struct psk_socket *s, uint64_t id)
{
	struct psk_question *q = psk_queue_at(s->queue, (uint32_t)(id % psk_queue_size(s->queue)));

	return id != 0 && q->id == id ? q : NULL;
}

/* One line without its newline; false: it is none. */
static bool take_answer(struct psk_socket *s, const char *line, size_t len)
{
	const char *space = memchr(line, ' ', len), *text;
	struct psk_question *q;
	uint8_t key[PSK_KEY_MAX];
	size_t text_len;
	char *end;
	bool ok;

	if (space == NULL || *line < '0' || *line > '9')
		return false;
	q = question_of(s, strtoull(line, &end, 10));
	text = space + 1;
	text_len = len - (size_t)(text - line);
	if (end != space)
		return false;
	if (text_len == 7 && memcmp(text, "unknown", 7) == 0) {
		if (q != NULL)
			answer(s, q, PSK_UNKNOWN);
		return true;
	}
	ok = text_len > 0 && text_len % 2 == 0 && text_len / 2 <= sizeof(key) &&
	     secret_hex(key, (const uint8_t *)text, text_len / 2);
	if (ok && q != NULL) {
		memcpy(q->key, key, text_len / 2);
		q->key_len = (uint8_t)(text_len / 2);
		answer(s, q, PSK_FOUND);
	}
	secret_wipe(key, sizeof(key));
	return ok;
}

/* Whole lines of what came; false: one is no answer. */
static bool take_answers(struct psk_socket *s)
{
	char *line = s->in, *end;
	size_t left = s->n_in;

	while ((end = memchr(line, '\n', left)) != NULL) {
		size_t len = (size_t)(end - line);

		if (!take_answer(s, line, len))
			return false;
		if (s->complaint[0] != '\0')
			log_line(LOG_LEVEL_NOTICE, "--psk-socket %s: answers", s->path);
		s->complaint[0] = '\0';
		s->pause_ns = PAUSE_MIN_NS;
		left -= len + 1;
		line = end + 1;
	}
	memmove(s->in, line, left);
	secret_wipe(s->in + left, s->n_in - left);
	s->n_in = left;
	return left < sizeof(s->in);
}

static void receive_answers(struct psk_socket *s, uint64_t now_ns)
{
	ssize_t n = recv(s->fd, s->in + s->n_in, sizeof(s->in) - s->n_in, MSG_DONTWAIT);

	if (n == 0) {
		disconnect(s, "it hung up", now_ns);
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		disconnect(s, strerror(errno), now_ns);
	} else if (n > 0) {
		s->n_in += (size_t)n;
		if (!take_answers(s))
			disconnect(s, "an answer that is none", now_ns);
	}
}

static void expire(struct psk_socket *s, struct question_list *list, uint64_t now_ns)
{
	struct psk_question *q;

	while ((q = TAILQ_FIRST(list)) != NULL && now_ns >= q->asked_ns + s->timeout_ns)
		answer(s, q, PSK_TIMEOUT);
}

/* Whether there is anything that time brings: a time-out, or the moment to connect. */
static int patience_ms(const struct psk_socket *s)
{
	return s->fd < 0 || !TAILQ_EMPTY(&s->sent) || !TAILQ_EMPTY(&s->unsent) ? TICK_MS : -1;
}

static void *run(void *arg)
{
	struct psk_socket *s = arg;

	pthread_setname_np(pthread_self(), "sluice-psk");
	while (!atomic_load(&s->stop)) {
		bool behind = s->n_out > 0 || !TAILQ_EMPTY(&s->unsent);
		struct pollfd fds[] = {
			{ .fd = psk_queue_fd(s->queue), .events = POLLIN },
			{ .fd = s->fd, .events = (short)(POLLIN | (behind ? POLLOUT : 0)) },
		};
		uint64_t now_ns;

		(void)poll(fds, 2, patience_ms(s));
		now_ns = mono_clock_ns();
		take_questions(s);
		connect_when_due(s, now_ns);
		if (s->fd >= 0)
			send_questions(s, now_ns);
		if (s->fd >= 0)
			receive_answers(s, now_ns);
		expire(s, &s->sent, now_ns);
		expire(s, &s->unsent, now_ns);
	}
	return NULL;
}

struct psk_socket *psk_socket_start(struct psk_queue *q, const char *path, uint64_t timeout_ns)
{
	struct psk_socket *s = secret_map(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->queue = q;
	s->path = path;
	s->timeout_ns = timeout_ns;
	s->fd = -1;
	s->pause_ns = PAUSE_MIN_NS;
	TAILQ_INIT(&s->unsent);
	TAILQ_INIT(&s->sent);
	if (pthread_create(&s->thread, NULL, run, s) != 0) {
		secret_unmap(s, sizeof(*s));
		return NULL;
	}
	return s;
}

void psk_socket_stop(struct psk_socket *s)
{
	const uint64_t one = 1;

	if (s == NULL)
		return;
	atomic_store(&s->stop, true);
	(void)!write(psk_queue_fd(s->queue), &one, sizeof(one));
	pthread_join(s->thread, NULL);
	if (s->fd >= 0)
		close(s->fd);
	secret_unmap(s, sizeof(*s));
}
