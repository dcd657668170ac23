/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_socket.h"

#include "mono_clock.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { QUESTIONS = 4, PATIENCE_MS = 5000, LINE = 512 };

#define MS UINT64_C(1000000)

/* The service, and what asks it. */
struct world {
	struct psk_queue *queue;
	struct psk_socket *socket;
	struct sockaddr_un address;
	int listener, fd;
};

static int bound(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	unlink(address->sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)address, sizeof(*address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	return fd;
}

static int setup(void **state)
{
	static struct world w;

	w = (struct world){ .address.sun_family = AF_UNIX, .listener = -1, .fd = -1 };
	snprintf(w.address.sun_path, sizeof(w.address.sun_path), "/tmp/sluice-test-psk.%d",
		 (int)getpid());
	w.queue = psk_queue_new(1, QUESTIONS);
	assert_non_null(w.queue);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	psk_socket_stop(w->socket);
	psk_queue_free(w->queue);
	close(w->fd);
	close(w->listener);
	unlink(w->address.sun_path);
	return 0;
}

static void readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&p, 1, PATIENCE_MS), 1);
}

static void start(struct world *w, uint64_t timeout_ns)
{
	w->socket = psk_socket_start(w->queue, w->address.sun_path, timeout_ns);
	assert_non_null(w->socket);
}

static void connected(struct world *w)
{
	readable(w->listener);
	w->fd = accept(w->listener, NULL, NULL);
	assert_true(w->fd >= 0);
}

/* The service is there, and is asked. */
static void begin(struct world *w, uint64_t timeout_ns)
{
	w->listener = bound(&w->address);
	start(w, timeout_ns);
	connected(w);
}

static void ask(struct world *w, uint32_t slot, const char *identity)
{
	assert_true(psk_queue_ask(w->queue, 0, &(struct psk_asker){ { slot, 1 }, 0 },
				  (const uint8_t *)identity, (uint8_t)strlen(identity),
				  mono_clock_ns()));
}

/* The service reads a line: a number and this identity. */
static unsigned long long heard(struct world *w, const char *identity_hex)
{
	char line[LINE] = "", hex[LINE];
	unsigned long long id;
	size_t n = 0;

	do {
		readable(w->fd);
		assert_int_equal(read(w->fd, line + n, 1), 1);
	} while (line[n++] != '\n');
	assert_int_equal(sscanf(line, "%llu %s", &id, hex), 2);
	assert_string_equal(hex, identity_hex);
	return id;
}

static void says(struct world *w, const char *text)
{
	assert_int_equal(send(w->fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void replies(struct world *w, unsigned long long id, const char *what)
{
	char line[LINE];

	snprintf(line, sizeof(line), "%llu %s\n", id, what);
	says(w, line);
}

/* The answer that a core gets next. */
static struct psk_question answered(struct world *w)
{
	const uint64_t until_ns = mono_clock_ns() + PATIENCE_MS * MS;
	struct psk_question *q, copy;

	while ((q = psk_queue_answered(w->queue, 0)) == NULL) {
		assert_true(mono_clock_ns() < until_ns);
		usleep(1000);
	}
	copy = *q;
	psk_queue_done(w->queue, q);
	return copy;
}

/* A slow one keeps nobody waiting. */
static void answers_come_in_any_order(void **state)
{
	struct world *w = *state;
	unsigned long long slow, fast, nobody;
	struct psk_question q;

	begin(w, 60000 * MS);
	ask(w, 1, "slow");
	ask(w, 2, "fast");
	ask(w, 3, "nobody");
	slow = heard(w, "736c6f77");
	fast = heard(w, "66617374");
	nobody = heard(w, "6e6f626f6479");
	assert_true(slow != fast && fast != nobody && slow != nobody);
	replies(w, nobody, "unknown");
	q = answered(w);
	assert_int_equal(q.asker.slot.slot, 3);
	assert_int_equal(q.outcome, PSK_UNKNOWN);
	replies(w, fast, "00fF10");
	q = answered(w);
	assert_int_equal(q.asker.slot.slot, 2);
	assert_int_equal(q.outcome, PSK_FOUND);
	assert_int_equal(q.key_len, 3);
	assert_memory_equal(q.key, "\x00\xff\x10", 3);
	replies(w, slow, "61");
	q = answered(w);
	assert_int_equal(q.asker.slot.slot, 1);
	assert_int_equal(q.outcome, PSK_FOUND);
	assert_memory_equal(q.key, "a", 1);
}

static void an_answer_may_come_in_pieces(void **state)
{
	struct world *w = *state;
	unsigned long long a, b;
	char line[LINE];

	begin(w, 60000 * MS);
	ask(w, 1, "a");
	ask(w, 2, "b");
	a = heard(w, "61");
	b = heard(w, "62");
	snprintf(line, sizeof(line), "%llu 01\n%llu 02\n", a, b);
	for (size_t i = 0; line[i] != '\0'; i++) {
		says(w, (char[2]){ line[i], '\0' });
		usleep(500);
	}
	assert_int_equal(answered(w).asker.slot.slot, 1);
	assert_int_equal(answered(w).asker.slot.slot, 2);
}

/* What comes too late is nobody's, though the question's place is taken again. */
static void no_answer_in_time_is_an_answer(void **state)
{
	struct world *w = *state;
	unsigned long long late[QUESTIONS];
	struct psk_question q;

	begin(w, 50 * MS);
	for (uint32_t i = 0; i < QUESTIONS; i++) {
		ask(w, i, "a");
		late[i] = heard(w, "61");
	}
	for (unsigned i = 0; i < QUESTIONS; i++)
		assert_int_equal(answered(w).outcome, PSK_TIMEOUT);
	ask(w, 9, "b");
	heard(w, "62");
	for (unsigned i = 0; i < QUESTIONS; i++)
		replies(w, late[i], "0123");
	q = answered(w);
	assert_int_equal(q.asker.slot.slot, 9);
	assert_int_equal(q.outcome, PSK_TIMEOUT);
	assert_int_equal(q.key_len, 0);
}

/* The service is restarted: what it owes an answer for is asked again, before anything newer. */
static void a_broken_connection_is_made_again(void **state)
{
	struct world *w = *state;

	begin(w, 60000 * MS);
	ask(w, 1, "a");
	heard(w, "61");
	close(w->fd);
	ask(w, 2, "b");
	connected(w);
	replies(w, heard(w, "61"), "01");
	replies(w, heard(w, "62"), "02");
	assert_int_equal(answered(w).asker.slot.slot, 1);
	assert_int_equal(answered(w).asker.slot.slot, 2);
}

/* Nobody listens yet; what is asked meanwhile may time out. */
static void the_service_may_come_later(void **state)
{
	struct world *w = *state;

	start(w, 300 * MS);
	ask(w, 1, "a");
	assert_int_equal(answered(w).outcome, PSK_TIMEOUT);
	w->listener = bound(&w->address);
	connected(w);
	ask(w, 2, "b");
	replies(w, heard(w, "62"), "02");
	assert_int_equal(answered(w).outcome, PSK_FOUND);
}

static void nonsense_breaks_the_connection(void **state)
{
	static const char *const nonsense[] = {
		"hello\n", "4\n",     "4 \n",    "4 0\n",   "4 0g\n",      " 4 00\n",
		"-4 00\n", "4  00\n", "4 00 \n", "4x 00\n", "4 UNKNOWN\n", "\n",
	};
	struct world *w = *state;
	char byte;

	w->listener = bound(&w->address);
	for (unsigned i = 0; i < sizeof(nonsense) / sizeof(*nonsense); i++) {
		/* Anew, for pauses double from one broken connection to the next. */
		start(w, 60000 * MS);
		connected(w);
		says(w, nonsense[i]);
		readable(w->fd);
		assert_int_equal(read(w->fd, &byte, 1), 0);
		close(w->fd);
		psk_socket_stop(w->socket);
		w->socket = NULL;
	}
	/* A key of 65 bytes, and a line without end. */
	for (size_t len = 130; len <= 100000; len += 99870) {
		char *text = malloc(len + 1);

		start(w, 60000 * MS);
		connected(w);
		memset(text, '0', len);
		memcpy(text, "4 ", 2);
		text[len] = '\0';
		(void)!send(w->fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		(void)!send(w->fd, "00\n", 3, MSG_NOSIGNAL | MSG_DONTWAIT);
		free(text);
		readable(w->fd);
		assert_true(read(w->fd, &byte, 1) <= 0);
		close(w->fd);
		psk_socket_stop(w->socket);
		w->socket = NULL;
	}
}

/* Whoever else could bind the path gives keys to nobody. */
static void a_service_of_another_user_is_not_asked(void **state)
{
	struct world *w = *state;
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	/* Peer credentials are those of the listener when it began to listen. */
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int fd;

		if (setuid(65534) != 0)
			_exit(1);
		fd = bound(&w->address);
		fd = accept(fd, NULL, NULL);
		_exit(fd >= 0 && recv(fd, &fd, 1, 0) == 0 ? 0 : 2);
	}
	start(w, 200 * MS);
	ask(w, 1, "a");
	assert_int_equal(answered(w).outcome, PSK_TIMEOUT);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

#define SOCKET_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SOCKET_TEST(answers_come_in_any_order),
		SOCKET_TEST(an_answer_may_come_in_pieces),
		SOCKET_TEST(no_answer_in_time_is_an_answer),
		SOCKET_TEST(a_broken_connection_is_made_again),
		SOCKET_TEST(the_service_may_come_later),
		SOCKET_TEST(nonsense_breaks_the_connection),
		SOCKET_TEST(a_service_of_another_user_is_not_asked),
	};

	return cmocka_run_group_tests_name("psk_socket", tests, NULL, NULL);
}
