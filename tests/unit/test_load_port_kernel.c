/* SPDX-License-Identifier: BSD-3-Clause */
/* Sockets of a fleet against a socket of the test, all on loopback. */
#include "load_sources.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { DEVICES = 200 };

static struct load_options opt;
static struct load_port *port;
static int server;
static char err[256];

static void open_server(int family)
{
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr_in any4 = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const void *any = family == AF_INET ? (const void *)&any4 : &any6;
	struct sockaddr_in6 name;
	socklen_t len = family == AF_INET ? sizeof(any4) : sizeof(any6);

	server = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(server >= 0);
	assert_int_equal(bind(server, any, len), 0);
	len = sizeof(name);
	assert_int_equal(getsockname(server, (struct sockaddr *)&name, &len), 0);
	opt.target_port = ntohs(name.sin6_port); /* at the same place in either */
	if (family == AF_INET)
		flow_ip_map(opt.target_ip, (const uint8_t[4]){ 127, 0, 0, 1 });
	else
		memcpy(opt.target_ip, &in6addr_loopback, 16);
}

static int setup(void **state)
{
	(void)state;
	memset(&opt, 0, sizeof(opt));
	opt.devices = DEVICES;
	open_server(AF_INET);
	return 0;
}

static void open_port(struct load_share share)
{
	port = load_port_kernel_new(&opt, share, err, sizeof(err));
	if (port == NULL)
		fail_msg("%s", err);
}

static int teardown(void **state)
{
	(void)state;
	if (port != NULL)
		load_port_free(port);
	port = NULL;
	if (server >= 0)
		close(server);
	return 0;
}

static struct load_buffer *make(uint32_t device, const void *data, uint16_t len)
{
	struct load_buffer *b;

	assert_true(load_port_alloc(port, &b, 1));
	assert_int_equal(b->len, 0);
	assert_true(b->room >= len);
	memset(b->data - LOAD_HEADROOM, 0xee, LOAD_HEADROOM); /* is ours too */
	memcpy(b->data, data, len);
	b->len = len;
	b->device = device;
	return b;
}

static void send_one(uint32_t device, const char *text)
{
	struct load_buffer *b = make(device, text, (uint16_t)strlen(text));

	assert_int_equal(load_port_send(port, &b, 1), 1);
}

static void assert_server_has(const char *text, struct sockaddr_storage *from)
{
	char got[2048];
	socklen_t len = sizeof(*from);
	ssize_t n = recvfrom(server, got, sizeof(got), MSG_DONTWAIT, (struct sockaddr *)from, &len);

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, (size_t)n);
}

static void answer(const struct sockaddr_storage *to, const void *data, size_t len)
{
	const socklen_t to_len =
		to->ss_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);

	assert_int_equal(sendto(server, data, len, 0, (const struct sockaddr *)to, to_len), len);
}

static void there_and_back(void)
{
	struct sockaddr_storage from;
	struct load_buffer *b[4];

	open_port((struct load_share){ 0, DEVICES });
	send_one(17, "ping");
	assert_server_has("ping", &from);
	answer(&from, "pong!", 5);
	assert_int_equal(load_port_recv(port, b, 4), 1);
	assert_int_equal(b[0]->device, 17);
	assert_int_equal(b[0]->len, 5);
	assert_memory_equal(b[0]->data, "pong!", 5);
	/* What was received can be sent. */
	assert_int_equal(load_port_send(port, b, 1), 1);
	assert_server_has("pong!", &from);
	assert_int_equal(load_port_recv(port, b, 4), 0);
}

static void over_ip4(void **state)
{
	(void)state;
	there_and_back();
}

static void over_ip6(void **state)
{
	(void)state;
	close(server);
	open_server(AF_INET6);
	there_and_back();
}

static void bursts_of_many_devices(void **state)
{
	struct sockaddr_storage from[DEVICES];
	struct load_buffer *b[LOAD_BURST_MAX];
	bool seen[DEVICES] = { false };
	unsigned n = 0, got;
	char text[16];

	(void)state;
	open_port((struct load_share){ 0, DEVICES });
	for (uint32_t i = 0; i < DEVICES; i++) {
		snprintf(text, sizeof(text), "%u", i);
		send_one(i, text);
		assert_server_has(text, &from[i]);
		answer(&from[i], &i, sizeof(i));
	}
	while ((got = load_port_recv(port, b, LOAD_BURST_MAX)) > 0) {
		for (unsigned i = 0; i < got; i++) {
			assert_memory_equal(b[i]->data, &b[i]->device, 4);
			assert_false(seen[b[i]->device]);
			seen[b[i]->device] = true;
		}
		load_port_release(port, b, got);
		n += got;
	}
	assert_int_equal(n, DEVICES);
}

/* One system call's worth and more, of one device between others; order is kept. */
static void batches_of_one_device(void **state)
{
	struct sockaddr_storage from;
	struct load_buffer *b[LOAD_BURST_MAX];
	char text[16];

	(void)state;
	open_port((struct load_share){ 0, DEVICES });
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "m%u", i);
		b[i] = make(i == 0 ? 1 : i == 39 ? 2 : 3, text, (uint16_t)strlen(text));
	}
	assert_int_equal(load_port_send(port, b, 40), 40);
	for (unsigned i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), "m%u", i);
		assert_server_has(text, &from);
		if (i == 20)
			for (unsigned k = 0; k < 40; k++)
				answer(&from, &k, 4);
	}
	for (unsigned k = 0, n; k < 40; k += n) {
		n = load_port_recv(port, b, LOAD_BURST_MAX);
		assert_true(n > 0);
		for (unsigned i = 0; i < n; i++) {
			assert_int_equal(b[i]->device, 3);
			assert_int_equal(*b[i]->data, k + i);
		}
		load_port_release(port, b, n);
	}
}

static void bound_to_the_sources(void **state)
{
	struct sockaddr_storage from;
	const struct sockaddr_in *in = (const struct sockaddr_in *)&from;

	(void)state;
	opt.sources =
		(struct load_sources){ { [10] = 0xff, 0xff, 127, 5, 0, 255 }, 100, 3000, 3001 };
	open_port((struct load_share){ 101, 99 });
	send_one(2, "from device 103"); /* address 51, its second port */
	assert_server_has("from device 103", &from);
	assert_int_equal(ntohl(in->sin_addr.s_addr), 0x7f050132);
	assert_int_equal(ntohs(in->sin_port), 3001);
}

static void an_address_that_is_not_ours_is_named(void **state)
{
	(void)state;
	opt.sources =
		(struct load_sources){ { [10] = 0xff, 0xff, 198, 18, 99, 99 }, 1, 3000, 4000 };
	assert_null(load_port_kernel_new(&opt, (struct load_share){ 7, 3 }, err, sizeof(err)));
	assert_non_null(strstr(err, "device 7"));
}

static void assert_moved(struct sockaddr_storage *from)
{
	struct sockaddr_storage before = *from;
	struct load_buffer *b[4];

	assert_true(load_port_move(port, 1));
	send_one(1, "here");
	assert_server_has("here", from);
	assert_memory_not_equal(from, &before, sizeof(struct sockaddr_in));
	/* What is sent to where it was is lost, what is sent to where it is arrives. */
	answer(&before, "late", 4);
	answer(from, "answer", 6);
	load_port_wait(port, 1000000000);
	assert_int_equal(load_port_recv(port, b, 4), 1);
	assert_int_equal(b[0]->device, 1);
	assert_memory_equal(b[0]->data, "answer", 6);
	load_port_release(port, b, 1);
}

static void moves_to_where_the_kernel_likes(void **state)
{
	struct sockaddr_storage from;

	(void)state;
	open_port((struct load_share){ 0, 3 });
	send_one(1, "first");
	assert_server_has("first", &from);
	for (unsigned i = 0; i < 20; i++)
		assert_moved(&from);
}

static void moves_among_the_sources(void **state)
{
	struct sockaddr_storage from;
	struct sockaddr_in first;

	(void)state;
	opt.devices = 3;
	opt.migrate_share = 1;
	opt.sources =
		(struct load_sources){ .n_addrs = 2, .first_port = 21000, .last_port = 21005 };
	flow_ip_map(opt.sources.first_ip, (const uint8_t[4]){ 127, 0, 0, 7 });
	open_port((struct load_share){ 0, 3 });
	send_one(1, "first");
	assert_server_has("first", &from);
	memcpy(&first, &from, sizeof(first));
	assert_moved(&from);
	assert_int_not_equal(((struct sockaddr_in *)&from)->sin_addr.s_addr, first.sin_addr.s_addr);
	for (unsigned i = 0; i < 20; i++)
		assert_moved(&from);
}

/* The port is closed: its ICMP error is counted, and the socket goes on. */
static void refusal_is_counted(void **state)
{
	struct load_buffer *b[4];

	(void)state;
	open_port((struct load_share){ 0, 3 });
	close(server);
	server = -1;
	send_one(1, "nobody");
	assert_int_equal(load_port_recv(port, b, 4), 0);
	assert_int_equal(port->unreachable, 1);
	send_one(1, "nobody");
	send_one(1, "nobody"); /* finds the error of the one before */
	assert_true(port->unreachable >= 2);
}

static void too_long_is_malformed(void **state)
{
	static const char big[LOAD_DATAGRAM_MAX + 1];
	struct sockaddr_storage from;
	struct load_buffer *b[4];

	(void)state;
	open_port((struct load_share){ 0, 3 });
	send_one(1, "x");
	assert_server_has("x", &from);
	answer(&from, big, sizeof(big));
	answer(&from, "fits", 4);
	assert_int_equal(load_port_recv(port, b, 4), 1);
	assert_int_equal(b[0]->len, 4);
	assert_int_equal(port->malformed, 1);
	load_port_release(port, b, 1);
}

static void buffers_end_and_come_back(void **state)
{
	struct load_buffer *b[LOAD_BURST_MAX], *all[4096];
	unsigned n = 0;

	(void)state;
	open_port((struct load_share){ 0, 3 });
	while (load_port_alloc(port, b, LOAD_BURST_MAX)) {
		memcpy(all + n, b, sizeof(b));
		n += LOAD_BURST_MAX;
		assert_true(n + LOAD_BURST_MAX <= 4096);
	}
	assert_true(n >= 1024);
	load_port_release(port, all, n);
	assert_true(load_port_alloc(port, b, LOAD_BURST_MAX));
	load_port_release(port, b, LOAD_BURST_MAX);
}

static void waits_for_a_datagram(void **state)
{
	struct sockaddr_storage from;
	struct load_buffer *b[4];

	(void)state;
	open_port((struct load_share){ 0, 3 });
	load_port_wait(port, 1000000);
	assert_int_equal(load_port_recv(port, b, 4), 0);
	send_one(2, "x");
	assert_server_has("x", &from);
	answer(&from, "y", 1);
	load_port_wait(port, UINT64_C(60000000000)); /* comes back at once */
	assert_int_equal(load_port_recv(port, b, 4), 1);
	load_port_release(port, b, 1);
}

static void files_are_raised(void **state)
{
	struct rlimit limit;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = 64;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	open_port((struct load_share){ 0, DEVICES });
	send_one(DEVICES - 1, "x");
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_SERVER(over_ip4),
		WITH_SERVER(over_ip6),
		WITH_SERVER(bursts_of_many_devices),
		WITH_SERVER(batches_of_one_device),
		WITH_SERVER(bound_to_the_sources),
		WITH_SERVER(an_address_that_is_not_ours_is_named),
		WITH_SERVER(moves_to_where_the_kernel_likes),
		WITH_SERVER(moves_among_the_sources),
		WITH_SERVER(refusal_is_counted),
		WITH_SERVER(too_long_is_malformed),
		WITH_SERVER(buffers_end_and_come_back),
		WITH_SERVER(waits_for_a_datagram),
		WITH_SERVER(files_are_raised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
