/* SPDX-License-Identifier: BSD-3-Clause */
#include "options.h"
#include "options_table.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

/* One run of the parser and what it printed. */
struct run {
	enum options_result result;
	struct options opt;
	char *out, *err;
};

static struct run run_argv(int argc, char *const argv[])
{
	struct run r = { .out = NULL };
	size_t out_len, err_len;
	FILE *out = open_memstream(&r.out, &out_len), *err = open_memstream(&r.err, &err_len);

	r.result = options_parse(&r.opt, out, err, argc, argv);
	fclose(out);
	fclose(err);
	return r;
}

/* Splits a line at its blanks; values in these tests have none. */
static char *line_copy, *line_argv[64];

static struct run run_line(const char *line)
{
	int argc = 0;

	free(line_copy);
	line_copy = strdup(line);
	for (char *p = strtok(line_copy, " "); p != NULL; p = strtok(NULL, " "))
		line_argv[argc++] = p;
	return run_argv(argc, line_argv);
}

static void end(struct run *r)
{
	options_free(&r->opt);
	free(r->out);
	free(r->err);
}

#define CERTS "--cert c --key k "
#define BASE  "sluice --port tap:t0,ip=198.18.0.2/24 --psk-file keys "

/* What a line must be refused with: exactly this on stderr, and nothing on stdout. */
static void refuses(const char *line, const char *message)
{
	struct run r = run_line(line);

	assert_string_equal(r.err, message);
	assert_int_equal(r.result, OPTIONS_ERROR);
	assert_string_equal(r.out, "");
	end(&r);
}

static struct run accepts(const char *line)
{
	struct run r = run_line(line);

	assert_string_equal(r.err, "");
	assert_int_equal(r.result, OPTIONS_GO);
	return r;
}

static char path[] = "/tmp/test_options.XXXXXX";

static void write_file(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	free(line_copy);
	line_copy = NULL;
	return unlink(path);
}

static void defaults(void **state)
{
	struct run r = accepts(BASE);

	(void)state;
	assert_int_equal(r.opt.action, OPTIONS_SERVE);
	assert_int_equal(r.opt.n_ports, 1);
	assert_int_equal(r.opt.n_listen, 1);
	assert_true(r.opt.listen[0].any4 && r.opt.listen[0].any6);
	assert_int_equal(r.opt.listen[0].port, 5684);
	assert_int_equal(r.opt.n_queues, 0);
	assert_int_equal(core_set_count(&r.opt.workers), 0);
	assert_int_equal(core_set_count(&r.opt.handshake_cores), 0);
	assert_int_equal(r.opt.main_core, OPTIONS_NO_CORE);
	assert_int_equal(r.opt.rxd | r.opt.txd, 0);
	assert_int_equal(r.opt.burst, 32);
	assert_int_equal(r.opt.mbufs, 0);
	assert_string_equal(r.opt.psk_file, "keys");
	assert_int_equal(r.opt.policy.n_suites,
			 9 + 4); /* those with a pre-shared key, and of 1.3 */
	assert_int_equal(r.opt.policy.min_version, DTLS_1_2);
	assert_int_equal(r.opt.policy.max_version, DTLS_1_3);
	assert_true(r.opt.policy.psk_ke);
	assert_int_equal(r.opt.policy.client_auth, CLIENT_AUTH_NONE);
	assert_int_equal(r.opt.policy.n_groups, 2);
	assert_int_equal(r.opt.policy.groups[0], ECDHE_X25519);
	assert_int_equal(r.opt.certificates.n_own, 0);
	assert_false(r.opt.policy.require_ems);
	assert_int_equal(r.opt.max_sessions, 1 << 20);
	assert_int_equal(r.opt.max_handshakes, 16384);
	assert_int_equal(r.opt.session_timeout_ns, 86400000 * MS);
	assert_int_equal(r.opt.handshake_timeout_ns, 1000 * MS);
	assert_int_equal(r.opt.session_lifetime_s, 86400);
	assert_int_equal(r.opt.session_cache, 65536);
	assert_null(r.opt.ticket_key_file);
	assert_false(r.opt.no_resumption);
	assert_int_equal(r.opt.replay_window, 64);
	assert_int_equal(r.opt.rekey_after, 0);
	assert_int_equal(r.opt.aead_engine, AEAD_ENGINE_AUTO);
	assert_string_equal(r.opt.sink, "stdout");
	assert_false(r.opt.ack_delivered);
	assert_int_equal(r.opt.log_level, LOG_LEVEL_INFO);
	assert_int_equal(r.opt.stats_period_ns, 0);
	assert_false(r.opt.test_mode || r.opt.has_eal_args || r.opt.idle_sleep);
	end(&r);
}

static void every_value(void **state)
{
	struct run r = accepts(
		BASE
		"--workers 1,3-5 --handshake-cores=2 --main-core 7 --rxd 1k "
		"--txd 512 --burst 16 --mbufs 64k --max-sessions 2m "
		"--max-handshakes 100 --session-timeout 90m --rekey-after 1k --replay-window 128 "
		"--aead-engine ipsec-mb --sink file:/x:y --ack delivered "
		"--log-level debug --stats-period 5 --test-mode --require-ems "
		"--handshake-timeout 250ms --min-version 1.2 --max-version 1.2 "
		"--metrics off --control off --config (0,0,1),(0,1,2)");
	char text[CORE_SET_TEXT_MAX];

	(void)state;
	assert_string_equal(core_set_print(text, &r.opt.workers), "1,3-5");
	assert_string_equal(core_set_print(text, &r.opt.handshake_cores), "2");
	assert_int_equal(r.opt.main_core, 7);
	assert_int_equal(r.opt.rxd, 1024);
	assert_int_equal(r.opt.txd, 512);
	assert_int_equal(r.opt.burst, 16);
	assert_int_equal(r.opt.mbufs, 65536);
	assert_int_equal(r.opt.max_sessions, 2 << 20);
	assert_int_equal(r.opt.max_handshakes, 100);
	assert_int_equal(r.opt.session_timeout_ns, UINT64_C(5400000) * MS);
	assert_int_equal(r.opt.replay_window, 128);
	assert_int_equal(r.opt.rekey_after, 1024);
	assert_int_equal(r.opt.aead_engine, AEAD_ENGINE_IPSEC_MB);
	assert_string_equal(r.opt.sink, "file:/x:y");
	assert_true(r.opt.ack_delivered);
	assert_int_equal(r.opt.log_level, LOG_LEVEL_DEBUG);
	assert_int_equal(r.opt.stats_period_ns, 5000 * MS);
	assert_true(r.opt.test_mode && r.opt.policy.require_ems);
	assert_int_equal(r.opt.handshake_timeout_ns, 250 * MS);
	assert_int_equal(r.opt.n_queues, 2);
	assert_int_equal(r.opt.queues[1].port, 0);
	assert_int_equal(r.opt.queues[1].queue, 1);
	assert_int_equal(r.opt.queues[1].lcore, 2);
	end(&r);
}

static void test_mode_makes_pools_small(void **state)
{
	struct run r = accepts(BASE "--test-mode");

	(void)state;
	assert_int_equal(r.opt.max_sessions, 65536);
	assert_true(r.opt.idle_sleep);
	end(&r);
	r = accepts(BASE "--idle sleep");
	assert_true(r.opt.idle_sleep);
	end(&r);
	r = accepts(BASE "--test-mode --idle poll");
	assert_false(r.opt.idle_sleep);
	end(&r);
	refuses(BASE "--idle nap", "sluice: --idle: wants auto, poll or sleep (nap)\n");
	r = accepts(BASE "--test-mode --max-sessions 100k");
	assert_int_equal(r.opt.max_sessions, 102400);
	end(&r);
}

static void port_with_everything(void **state)
{
	static const uint8_t ip4[16] = { [10] = 0xff, 0xff, 198, 18, 0, 2 };
	static const uint8_t ip6[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 };
	struct run r = accepts("sluice --psk-file k --port af_packet:veth0,ip=198.18.0.2/24,"
			       "ip6=2001:db8::2/64,ip=198.18.1.2/16,gw=198.18.0.1,gw=2001:db8::1,"
			       "mtu=1400 --port 0000:3b:00.1");
	const struct port_spec *p = &r.opt.ports[0];

	(void)state;
	assert_int_equal(p->kind, PORT_AF_PACKET);
	assert_string_equal(p->dev, "af_packet:veth0");
	assert_string_equal(p->dev + p->name_off, "veth0");
	assert_int_equal(p->n_addrs, 3);
	assert_memory_equal(p->addrs[0].ip, ip4, 16);
	assert_int_equal(p->addrs[0].prefix_len, 24);
	assert_memory_equal(p->addrs[1].ip, ip6, 16);
	assert_int_equal(p->addrs[1].prefix_len, 64);
	assert_int_equal(p->addrs[2].ip[14], 1);
	assert_true(p->has_gw4 && p->has_gw6);
	assert_int_equal(p->gw4[15], 1);
	assert_int_equal(p->gw6[15], 1);
	assert_int_equal(p->mtu, 1400);
	assert_int_equal(r.opt.ports[1].kind, PORT_PCI);
	assert_string_equal(r.opt.ports[1].dev + r.opt.ports[1].name_off, "0000:3b:00.1");
	assert_int_equal(r.opt.ports[1].n_addrs, 0);
	end(&r);
}

static void every_kind_of_device(void **state)
{
	static const struct {
		const char *dev, *name;
		enum port_kind kind;
	} devs[] = {
		{ "3b:00.0", "3b:00.0", PORT_PCI },
		{ "tap:dtap0", "dtap0", PORT_TAP },
		{ "af_xdp:eth0", "eth0", PORT_AF_XDP },
		{ "vhost:/tmp/s", "/tmp/s", PORT_VHOST },
		{ "virtio_user:/tmp/s", "/tmp/s", PORT_VIRTIO_USER },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(devs) / sizeof(*devs); i++) {
		char line[128];
		struct run r;

		snprintf(line, sizeof(line), "sluice --psk-file k --port %s", devs[i].dev);
		r = accepts(line);
		assert_int_equal(r.opt.ports[0].kind, devs[i].kind);
		assert_string_equal(r.opt.ports[0].dev + r.opt.ports[0].name_off, devs[i].name);
		end(&r);
	}
}

static void bad_ports(void **state)
{
	static const char *const bad[][2] = {
		{ "veth0", "DEV is none of PCI address, tap:, af_packet:, af_xdp:, vhost:, "
			   "virtio_user:, number" },
		{ "tap:", "the device's name is missing" },
		{ "tap:sixteencharacter", "the device's name is too long" },
		{ "tap:a,ip=198.18.0.2", "ip= wants ADDR/LEN" },
		{ "tap:a,ip=198.18.0.2/33", "ip= wants ADDR/LEN" },
		{ "tap:a,ip=198.18.0.2/", "ip= wants ADDR/LEN" },
		{ "tap:a,ip=198.18.0/24", "ip= wants an IPv4 address" },
		{ "tap:a,ip=2001:db8::1/64", "ip= wants ADDR/LEN" },
		{ "tap:a,ip=2001:db8::1/24", "ip= wants an IPv4 address" },
		{ "tap:a,ip6=198.18.0.1/24", "ip6= wants an IPv6 address" },
		{ "tap:a,ip6=::ffff:198.18.0.1/96", "ip6= wants an IPv6 address" },
		{ "tap:a,ip6=2001:db8::1/129", "ip6= wants ADDR/LEN" },
		{ "tap:a,ip=224.0.0.1/24", "not an address of a host" },
		{ "tap:a,ip=0.0.0.0/24", "not an address of a host" },
		{ "tap:a,ip=255.255.255.255/32", "not an address of a host" },
		{ "tap:a,ip6=ff02::1/64", "not an address of a host" },
		{ "tap:a,ip6=::/64", "not an address of a host" },
		{ "tap:a,ip=198.18.0.2/24,ip=198.18.0.2/16", "the same address twice" },
		{ "tap:a,gw=gateway", "gw= wants the address of a host" },
		{ "tap:a,gw=198.18.0.1,gw=198.18.0.3", "two IPv4 gateways" },
		{ "tap:a,mtu=575", "mtu= wants 576 to 9216" },
		{ "tap:a,mtu=", "mtu= wants 576 to 9216" },
		{ "tap:a,ip6=2001:db8::1/64,mtu=1279",
		  "mtu= below 1280 does not carry IPv6 (RFC 8200)" },
		{ "tap:a,mac=02:00:00:00:00:01", "knows ip=, ip6=, gw= and mtu=" },
		{ "tap:a,", "knows ip=, ip6=, gw= and mtu=" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char line[256], message[256];

		snprintf(line, sizeof(line), "sluice --psk-file k --port %s", bad[i][0]);
		snprintf(message, sizeof(message), "sluice: --port: %s (%s)\n", bad[i][1],
			 bad[i][0]);
		refuses(line, message);
	}
}

static void ports_against_each_other(void **state)
{
	(void)state;
	refuses("sluice --psk-file k", "sluice: --port: none given\n");
	refuses("sluice --psk-file k --port tap:a --port tap:a",
		"sluice: --port: the same device twice (tap:a)\n");
	refuses("sluice --psk-file k --port tap:a,ip=198.18.0.1/24 --port tap:b,ip=198.18.0.1/24",
		"sluice: --port: an address of another port (tap:b)\n");
	refuses("sluice --psk-file k --port 0",
		"sluice: --port: a number needs EAL options before a -- (0)\n");
	refuses("sluice -l 0 -- --psk-file k --port 0 --port tap:b",
		"sluice: --port: numbers and devices do not mix\n");
	refuses("sluice -l 0 -- --psk-file k --port 8",
		"sluice: --port: wants a port number below 8 (8)\n");
}

static void listen_addresses(void **state)
{
	struct run r =
		accepts("sluice --psk-file k --port tap:a,ip=198.18.0.2/24,ip6=2001:db8::2/64 "
			"--listen 198.18.0.2:5684 --listen [2001:db8::2]:61616 "
			"--listen 0.0.0.0:1000 --listen [::]:1001 --listen :65535");
	const struct listen_spec *l = r.opt.listen;

	(void)state;
	assert_int_equal(r.opt.n_listen, 5); /* the default is not among them */
	assert_false(l[0].any4 || l[0].any6);
	assert_memory_equal(l[0].ip, r.opt.ports[0].addrs[0].ip, 16);
	assert_int_equal(l[0].port, 5684);
	assert_memory_equal(l[1].ip, r.opt.ports[0].addrs[1].ip, 16);
	assert_int_equal(l[1].port, 61616);
	assert_true(l[2].any4 && !l[2].any6);
	assert_true(!l[3].any4 && l[3].any6);
	assert_true(l[4].any4 && l[4].any6);
	assert_int_equal(l[4].port, 65535);
	end(&r);
}

static void bad_listen(void **state)
{
	(void)state;
	refuses(BASE "--listen 198.18.0.2",
		"sluice: --listen: wants ADDR:PORT with a port from 1 to 65535 (198.18.0.2)\n");
	refuses(BASE "--listen :0",
		"sluice: --listen: wants ADDR:PORT with a port from 1 to 65535 (:0)\n");
	refuses(BASE "--listen :65536",
		"sluice: --listen: wants ADDR:PORT with a port from 1 to 65535 (:65536)\n");
	refuses(BASE "--listen 2001:db8::2:5684",
		"sluice: --listen: wants ADDR:PORT with an IPv4 address, or [ADDR]:PORT "
		"(2001:db8::2:5684)\n");
	refuses(BASE "--listen [2001:db8::2:5684",
		"sluice: --listen: wants ADDR:PORT, [ADDR]:PORT or :PORT ([2001:db8::2:5684)\n");
	refuses(BASE "--listen [198.18.0.2]:5684",
		"sluice: --listen: wants [ADDR]:PORT with an IPv6 address ([198.18.0.2]:5684)\n");
	refuses(BASE "--listen [ff02::1]:5684",
		"sluice: --listen: not an address of a host ([ff02::1]:5684)\n");
	refuses(BASE "--listen 198.18.0.3:5684",
		"sluice: --listen: no port has this address (198.18.0.3:5684)\n");
	/* Taken, this would have listened on nothing, which to the path means on everything. */
	refuses("sluice --port tap:t0,ip=198.18.0.2/15 --psk-file p --listen [::]:6000",
		"sluice: --listen: no port has this address ([::]:6000)\n");
	refuses("sluice --port tap:t0,ip6=2001:db8::2/64 --psk-file p --listen 0.0.0.0:6000",
		"sluice: --listen: no port has this address (0.0.0.0:6000)\n");
}

#define RATES                                                                                      \
	"wants off, or two rates a second, of an address and of its network, 1 to 100k each, "     \
	"like 100,1k"

static const char *const bad_values[][3] = {
	{ "config", "0,0,1", "wants (port,queue,lcore),..." },
	{ "config", "(0,0,1),", "wants (port,queue,lcore),..." },
	{ "config", "(0,0)", "wants (port,queue,lcore),..." },
	{ "config", "(0,0,1)(0,1,1)", "wants (port,queue,lcore),..." },
	{ "config", "(0,0,65536)", "wants (port,queue,lcore),..." },
	{ "workers", "1,", "wants a list of cores below 128, like 1,3-5" },
	{ "workers", "5-3", "wants a list of cores below 128, like 1,3-5" },
	{ "handshake-cores", "128", "wants a list of cores below 128, like 1,3-5" },
	{ "main-core", "1-2", "wants a core below 128" },
	{ "rxd", "31", "wants auto or 32 to 32k" },
	{ "txd", "64k", "wants auto or 32 to 32k" },
	{ "burst", "0", "wants auto or 1 to 64" },
	{ "burst", "65", "wants auto or 1 to 64" },
	{ "mbufs", "-5", "wants auto or 512 to 64m" },
	{ "mbufs", "10q", "wants auto or 512 to 64m" },
	{ "suites", "TLS_RSA_WITH_AES_128_CBC_SHA", "a suite unknown or not in this build" },
	{ "suites", "AES_128_CCM,", "a suite unknown or not in this build" },
	{ "suites", "AES_128_CCM,aes-128-ccm", "the same suite twice" },
	{ "min-version", "1.1", "wants 1.2 or 1.3" },
	{ "max-sessions", "0", "wants auto or 1 to 256m" },
	{ "max-sessions", "99999999999999999999", "wants auto or 1 to 256m" },
	{ "max-handshakes", "auto", "wants 1 to 1m" },
	{ "handshake-rate", "100", RATES },
	{ "handshake-rate", "100,", RATES },
	{ "handshake-rate", ",100", RATES },
	{ "handshake-rate", "0,100", RATES },
	{ "handshake-rate", "auto,100", RATES },
	{ "handshake-rate", "1,100001", RATES },
	{ "handshake-rate", "1,2,3", RATES },
	{ "handshake-rate", "100,99", "a network has no fewer than one of its addresses" },
	{ "psk-timeout", "9ms", "wants 10ms to 60s" },
	{ "psk-timeout", "2m", "wants 10ms to 60s" },
	{ "psk-socket",
	  "/0123456789012345678901234567890123456789012345678901234567890"
	  "1234567890123456789012345678901234567890123456",
	  "wants 107 bytes at most" },
	{ "session-timeout", "0", "wants 1s to 3650d" },
	{ "session-timeout", "5x", "wants 1s to 3650d" },
	{ "handshake-timeout", "61s", "wants 50ms to 60s" },
	{ "rekey-after", "0", "wants auto or 16 to 1024m" },
	{ "rekey-after", "15", "wants auto or 16 to 1024m" },
	{ "rekey-after", "2g", "wants auto or 16 to 1024m" },
	{ "replay-window", "0", "wants a multiple of 64 up to 1024" },
	{ "replay-window", "96", "wants a multiple of 64 up to 1024" },
	{ "replay-window", "2k", "wants a multiple of 64 up to 1024" },
	{ "aead-engine", "fast", "wants auto, mb64 or ipsec-mb" },
	{ "sink", "file:", "wants null, stdout or file:PATH" },
	{ "sink", "/var/log/x", "wants null, stdout or file:PATH" },
	{ "ack", "maybe", "wants enqueue or delivered" },
	{ "log-level", "loud", "wants error, warning, notice, info or debug" },
	{ "stats-period", "1ms", "wants off or 100ms to 1d" },
	{ "test-mode", "perhaps", "wants yes or no" },
};

static void bad_values_name_option_and_value(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++) {
		char line[256], message[256];

		snprintf(line, sizeof(line), BASE "--%s=%s", bad_values[i][0], bad_values[i][1]);
		snprintf(message, sizeof(message), "sluice: --%s: %s (%s)\n", bad_values[i][0],
			 bad_values[i][2], bad_values[i][1]);
		refuses(line, message);
	}
}

static void unknown_and_stray_arguments(void **state)
{
	(void)state;
	refuses(BASE "--frobnicate 1", "sluice: --frobnicate: unknown option\n");
	refuses(BASE "--frobnicate=1", "sluice: --frobnicate: unknown option\n");
	refuses(BASE "--work 1", "sluice: --work: unknown option\n"); /* no abbreviations */
	refuses(BASE "--an-option-with-quite-a-long-name-indeed",
		"sluice: --an-option-with-quite-a-long-name-indeed: unknown option\n");
	refuses(BASE "-x", "sluice: -x: unknown option\n");
	refuses(BASE "--f x", "sluice: --f: unknown option\n");
	refuses(BASE "veth0", "sluice: veth0: not an option\n");
	refuses(BASE "--workers", "sluice: --workers: wants a value\n");
	refuses(BASE "--workers --burst 3", "sluice: --workers: wants a value\n");
	refuses(BASE "--workers=", "sluice: --workers: wants a value\n");
	refuses(BASE "--help=yes", "sluice: --help: takes no value (yes)\n");
}

static void resumption(void **state)
{
	struct run r = run_line(BASE "--session-lifetime 7d --session-cache 1m --ticket-key-file t "
				     "--no-resumption");

	(void)state;
	assert_int_equal(r.result, OPTIONS_GO);
	assert_int_equal(r.opt.session_lifetime_s, 7 * 86400);
	assert_int_equal(r.opt.session_cache, 1 << 20);
	assert_string_equal(r.opt.ticket_key_file, "t");
	assert_true(r.opt.no_resumption);
	assert_int_equal(r.opt.tickets, 1);
	end(&r);
	r = run_line(BASE "--session-cache 0 --session-lifetime 1s --tickets 3");
	assert_int_equal(r.opt.tickets, 3);
	assert_int_equal(r.opt.session_cache, 0);
	assert_int_equal(r.opt.session_lifetime_s, 1);
	end(&r);
	refuses(BASE "--session-lifetime 999ms",
		"sluice: --session-lifetime: wants 1s to 7d (999ms)\n");
	refuses(BASE "--session-lifetime 8d", "sluice: --session-lifetime: wants 1s to 7d (8d)\n");
	refuses(BASE "--tickets 0", "sluice: --tickets: wants 1 to 3 (0)\n");
	refuses(BASE "--tickets 4", "sluice: --tickets: wants 1 to 3 (4)\n");
	refuses(BASE "--session-cache auto", "sluice: --session-cache: wants 0 to 16m (auto)\n");
	refuses(BASE "--session-cache 17m", "sluice: --session-cache: wants 0 to 16m (17m)\n");
}

static void control_characters_are_refused(void **state)
{
	char *const argv[] = { "sluice", "--psk-file", "keys\nsink = null" };
	struct run r = run_argv(3, argv);

	(void)state;
	assert_int_equal(r.result, OPTIONS_ERROR);
	assert_string_equal(r.err, "sluice: --psk-file: a control character in the value\n");
	end(&r);
}

#define NODE BASE "--cid-key-file k --node-id 1 "

static void connection_ids(void **state)
{
	struct run r = accepts(BASE);

	(void)state;
	assert_int_equal(r.opt.cid_length, 8);
	assert_true(r.opt.policy.cid && r.opt.policy.rrc);
	assert_int_equal(r.opt.policy.cid_len, 8);
	assert_null(r.opt.cid_key_file);
	assert_int_equal(r.opt.node_id, 0);
	assert_int_equal(r.opt.n_nodes, 0);
	end(&r);
	r = accepts(BASE "--cid-length 0");
	assert_int_equal(r.opt.cid_length, 0);
	assert_false(r.opt.policy.cid || r.opt.policy.rrc);
	end(&r);
	r = accepts(BASE "--cid-length 16 --cid-key-file k --node-id 255");
	assert_int_equal(r.opt.policy.cid_len, 16);
	assert_string_equal(r.opt.cid_key_file, "k");
	assert_int_equal(r.opt.node_id, 255);
	end(&r);
	refuses(BASE "--cid-length 7", "sluice: --cid-length: wants 0 or 8 to 16 (7)\n");
	refuses(BASE "--cid-length 17", "sluice: --cid-length: wants 0 or 8 to 16 (17)\n");
	refuses(BASE "--cid-length auto", "sluice: --cid-length: wants 0 or 8 to 16 (auto)\n");
	refuses(BASE "--node-id 256", "sluice: --node-id: wants 0 to 255 (256)\n");
	refuses(BASE "--node-id -1", "sluice: --node-id: wants 0 to 255 (-1)\n");
}

static void nodes(void **state)
{
	static const uint8_t second[] = { 198, 18, 0, 12 };
	struct run r = accepts(NODE "--node 2=198.18.0.12 --node 3=198.18.0.13:5700");

	(void)state;
	assert_int_equal(r.opt.n_nodes, 2);
	assert_int_equal(r.opt.nodes[0].id, 2);
	assert_int_equal(r.opt.nodes[0].port, 5684);
	assert_memory_equal(r.opt.nodes[0].ip + 12, second, 4);
	assert_int_equal(r.opt.nodes[1].port, 5700);
	assert_false(r.opt.node_reply_direct);
	end(&r);
	r = accepts("sluice --port tap:a,ip6=2001:db8::1/64,gw=2001:db8::99 --psk-file keys "
		    "--cid-key-file k --node 2=[2001:db8::2] --node 3=[2001:db8:1::3]:1 "
		    "--node-reply direct");
	assert_int_equal(r.opt.n_nodes, 2);
	assert_int_equal(r.opt.nodes[0].ip[0], 0x20);
	assert_int_equal(r.opt.nodes[1].port, 1);
	assert_true(r.opt.node_reply_direct);
	end(&r);
}

static void bad_nodes(void **state)
{
	static const char *const shapes[] = {
		"2",      "=198.18.0.12",     "256=198.18.0.12", "x=198.18.0.12",   "2=",
		"2=host", "2=198.18.0.12/24", "2=2001:db8::1",   "2=[198.18.0.12]", "2=[2001:db8::1"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		char line[200], message[200];

		snprintf(line, sizeof(line), NODE "--node %s", shapes[i]);
		snprintf(message, sizeof(message),
			 "sluice: --node: wants N=ADDR[:PORT], N from 0 to 255, IPv6 as [ADDR] "
			 "(%s)\n",
			 shapes[i]);
		refuses(line, message);
	}
	refuses(NODE "--node 2=127.0.0.1",
		"sluice: --node: no address that a host can have (2=127.0.0.1)\n");
	refuses(NODE "--node 2=198.18.0.12:0",
		"sluice: --node: wants a port from 1 to 65535 (2=198.18.0.12:0)\n");
	refuses(NODE "--node 2=198.18.0.12 --node 2=198.18.0.13",
		"sluice: --node: the same node twice (2=198.18.0.13)\n");
	refuses(NODE "--node 2=198.18.0.12 --node 3=198.18.0.12",
		"sluice: --node: the same address twice (3=198.18.0.12)\n");
	refuses(NODE "--node 1=198.18.0.12", "sluice: --node: this node's own --node-id\n");
	refuses(NODE "--node 2=198.18.0.2", "sluice: --node: this node's own address\n");
	refuses(NODE "--node 2=198.19.0.2",
		"sluice: --node: no --port has its network or a gateway\n");
	refuses(NODE "--node 2=[2001:db8::2]",
		"sluice: --node: no --port has its network or a gateway\n");
	refuses(BASE "--node 2=198.18.0.12",
		"sluice: --node: wants --cid-key-file, the same on every node\n");
	refuses(NODE "--cid-length 0 --node 2=198.18.0.12", "sluice: --node: wants --cid-length\n");
	refuses(NODE "--node-reply maybe",
		"sluice: --node-reply: wants through or direct (maybe)\n");
	refuses(NODE "--node 2=198.18.0.12 --node-reply direct",
		"sluice: --node-reply: direct wants a --port with gw=\n");
}

/* A version is spoken when it is wanted and a suite of it is there. */
static void versions(void **state)
{
	struct run r = accepts(BASE "--max-version 1.2");

	(void)state;
	assert_int_equal(r.opt.policy.max_version, DTLS_1_2);
	for (size_t i = 0; i < r.opt.policy.n_suites; i++)
		assert_false(suite_is_13(r.opt.policy.suites[i]));
	end(&r);
	r = accepts(BASE "--min-version 1.3");
	assert_int_equal(r.opt.policy.min_version, DTLS_1_3);
	assert_int_equal(r.opt.policy.n_suites, 4);
	for (size_t i = 0; i < r.opt.policy.n_suites; i++)
		assert_true(suite_is_13(r.opt.policy.suites[i]));
	end(&r);
	r = accepts(BASE "--suites AES_128_CCM");
	assert_int_equal(r.opt.policy.max_version, DTLS_1_2);
	end(&r);
	r = accepts(BASE "--suites tls-aes-128-ccm-8,TLS_AES_128_CCM");
	assert_int_equal(r.opt.policy.min_version, DTLS_1_3);
	assert_int_equal(r.opt.policy.n_suites, 2);
	assert_int_equal(r.opt.policy.suites[0]->id, TLS_AES_128_CCM_8_SHA256);
	assert_int_equal(r.opt.policy.suites[1]->id, TLS_AES_128_CCM_SHA256);
	end(&r);
	/* Either kind of credential goes with a suite of 1.3. */
	r = accepts("sluice --port tap:a --cert c --key k --client-auth none --min-version 1.3");
	assert_int_equal(r.opt.policy.n_suites, 4);
	end(&r);
	refuses(BASE "--min-version 1.3 --max-version 1.2",
		"sluice: --max-version: older than --min-version\n");
	refuses(BASE "--min-version 1.3 --suites AES_128_CCM",
		"sluice: --suites: none of them goes with the versions and credentials\n");
}

static void psk_modes(void **state)
{
	struct run r = accepts(BASE "--psk-modes psk_dhe_ke");

	(void)state;
	assert_false(r.opt.policy.psk_ke);
	end(&r);
	refuses(BASE "--psk-modes psk_ke",
		"sluice: --psk-modes: wants psk_dhe_ke, or psk_dhe_ke,psk_ke (psk_ke)\n");
}

static void absent_values(void **state)
{
	(void)state;
	refuses(BASE "--metrics 127.0.0.1:9",
		"sluice: --metrics: not in this build (127.0.0.1:9)\n");
	refuses(BASE "--control /run/s", "sluice: --control: not in this build (/run/s)\n");
	refuses(BASE "--sink kafka:b/t", "sluice: --sink: not in this build (kafka:b/t)\n");
}

/* An engine that this CPU cannot run is refused at once, by the option's name. */
static void engine_of_other_cpus(void **state)
{
	struct aead *a = aead_new(AEAD_ENGINE_MB64);

	(void)state;
	if (a == NULL) {
		refuses(BASE "--aead-engine mb64",
			"sluice: --aead-engine: this CPU lacks instructions that it needs "
			"(mb64)\n");
	} else {
		struct run r = run_line(BASE "--aead-engine mb64");

		assert_int_equal(r.result, OPTIONS_SERVE);
		assert_int_equal(r.opt.aead_engine, AEAD_ENGINE_MB64);
		end(&r);
	}
	aead_free(a);
}

/* Nothing of the contract may be missing from the table. */
static void every_option_of_the_contract_is_known(void **state)
{
	static const char contract[] =
		"port listen config workers handshake-cores main-core rxd txd burst mbufs psk-file "
		"psk-derive cert key client-ca crl client-auth rpk-file deny-file device-name "
		"min-version max-version suites psk-modes groups max-sessions max-handshakes "
		"session-timeout "
		"replay-window rekey-after cid-length cid-key-file node-id node node-reply "
		"session-lifetime "
		"ticket-key-file no-resumption aead-engine sink ack metrics control log-level "
		"stats-period f show-layout check-config dump-config version help test-mode";
	char copy[sizeof(contract)];

	(void)state;
	memcpy(copy, contract, sizeof(contract));
	for (char *name = strtok(copy, " "); name != NULL; name = strtok(NULL, " "))
		assert_non_null(option_find(&options_table, name));
}

static void suites_in_order(void **state)
{
	struct run r =
		accepts(BASE "--suites aes-128-ccm-8,TLS_PSK_WITH_AES_128_GCM_SHA256,"
			     "chacha20_poly1305:AES_256_GCM_SHA384,TLS_PSK_WITH_AES_128_CCM");
	static const uint16_t ids[] = { 0xc0a8, 0x00a8, 0xccab, 0x00a9, 0xc0a4 };

	(void)state;
	assert_int_equal(r.opt.policy.n_suites, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(r.opt.policy.suites[i]->id, ids[i]);
	end(&r);
	r = accepts(BASE CERTS
		    "--client-ca ca --suites ecdhe-ecdsa-aes-128-ccm-8,ECDHE_PSK_AES_128_CCM_8,"
		    "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305,PSK_AES_128_CCM_8");
	assert_int_equal(r.opt.policy.n_suites, 4);
	assert_int_equal(r.opt.policy.suites[0]->id, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8);
	assert_int_equal(r.opt.policy.suites[1]->id, TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256);
	assert_int_equal(r.opt.policy.suites[2]->id, TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256);
	assert_int_equal(r.opt.policy.suites[3]->id, TLS_PSK_WITH_AES_128_CCM_8);
	end(&r);
	r = accepts(BASE "--suites AES_128_CCM");
	assert_int_equal(r.opt.policy.n_suites, 1);
	assert_int_equal(r.opt.policy.suites[0]->id, TLS_PSK_WITH_AES_128_CCM);
	end(&r);
}

static void certificates(void **state)
{
	struct run r =
		accepts(BASE CERTS "--client-ca ca --crl crl --cert c2 --key k2 --device-name uri "
				   "--crl-expired accept --groups secp256r1");

	(void)state;
	assert_int_equal(r.opt.certificates.n_own, 2);
	assert_string_equal(r.opt.certificates.chains[1], "c2");
	assert_string_equal(r.opt.certificates.keys[0], "k");
	assert_string_equal(r.opt.certificates.trust.ca_path, "ca");
	assert_string_equal(r.opt.certificates.trust.crl_path, "crl");
	assert_true(r.opt.certificates.trust.crl_expired_good);
	assert_int_equal(r.opt.certificates.trust.name, X509_NAME_URI);
	assert_int_equal(r.opt.policy.client_auth, CLIENT_AUTH_REQUIRED);
	assert_true(r.opt.policy.client_x509);
	assert_false(r.opt.policy.client_rpk);
	assert_int_equal(r.opt.policy.n_suites, SUITE_N - 1);
	assert_int_equal(r.opt.policy.n_groups, 1);
	end(&r);
	r = accepts("sluice --port tap:t0 " CERTS "--client-auth none");
	assert_null(r.opt.psk_file);
	assert_int_equal(r.opt.policy.client_auth, CLIENT_AUTH_NONE);
	assert_int_equal(r.opt.policy.n_suites, 5 + 4);
	end(&r);
	r = accepts(BASE CERTS "--rpk-file keys --client-auth optional");
	assert_int_equal(r.opt.policy.client_auth, CLIENT_AUTH_OPTIONAL);
	assert_true(r.opt.policy.client_rpk);
	end(&r);
}

static void certificates_that_do_not_fit(void **state)
{
	(void)state;
	refuses(BASE "--cert c", "sluice: --key: wants one for each --cert\n");
	refuses(BASE CERTS "--key k2", "sluice: --key: wants one for each --cert\n");
	refuses(BASE CERTS "--crl x", "sluice: --crl: wants --client-ca\n");
	refuses(BASE CERTS "--client-auth required",
		"sluice: --client-auth: wants --client-ca or --rpk-file\n");
	/* Nobody opens his endpoint to everybody by giving it a certificate. */
	refuses(BASE CERTS,
		"sluice: --client-auth: without --client-ca or --rpk-file anybody could "
		"log in: say none if that is meant\n");
	refuses(BASE "--rpk-file x",
		"sluice: --cert: none given: devices with certificates want to see ours\n");
	refuses(BASE "--suites ECDHE_ECDSA_AES_128_CCM_8",
		"sluice: --suites: none of them goes with the versions and credentials\n");
	refuses(BASE CERTS "--client-auth yes",
		"sluice: --client-auth: wants none, optional or required (yes)\n");
	refuses(BASE CERTS "--device-name x",
		"sluice: --device-name: wants cn, dns, uri or fingerprint (x)\n");
	refuses(BASE CERTS "--crl-expired x", "sluice: --crl-expired: wants fail or accept (x)\n");
	refuses(BASE "--groups secp384r1",
		"sluice: --groups: wants x25519 or secp256r1, or both (secp384r1)\n");
	refuses(BASE "--groups x25519,x25519",
		"sluice: --groups: the same group twice (x25519,x25519)\n");
}

static void last_value_counts(void **state)
{
	struct run r = accepts(BASE "--burst 8 --burst 9 --test-mode --test-mode=no");

	(void)state;
	assert_int_equal(r.opt.burst, 9);
	assert_false(r.opt.test_mode);
	end(&r);
}

static void two_front_doors(void **state)
{
	struct run r = accepts("sluice -l 0-1 --vdev net_null0 -- --port 0,ip=198.18.0.2/24 "
			       "--psk-file k");

	(void)state;
	assert_true(r.opt.has_eal_args);
	assert_int_equal(r.opt.n_eal_args, 4);
	assert_string_equal(r.opt.eal_args[0], "-l");
	assert_string_equal(r.opt.eal_args[3], "net_null0");
	assert_int_equal(r.opt.ports[0].kind, PORT_NUMBER);
	assert_int_equal(r.opt.ports[0].number, 0);
	end(&r);
	r = accepts("sluice -- --port tap:a --psk-file k");
	assert_true(r.opt.has_eal_args);
	assert_int_equal(r.opt.n_eal_args, 0);
	end(&r);
	refuses("sluice -- --port tap:a --psk-file k --", "sluice: --: unknown option\n");
}

static void admission_and_stores(void **state)
{
	struct run r;

	(void)state;
	r = accepts("sluice --port tap:a --psk-socket /run/keys --psk-timeout 250ms");
	assert_string_equal(r.opt.psk_socket, "/run/keys");
	assert_int_equal(r.opt.psk_timeout_ns, 250000000);
	assert_int_equal(r.opt.rate_address, 100);
	assert_int_equal(r.opt.rate_network, 1024);
	end(&r);
	r = accepts("sluice --port tap:a --psk-file f --handshake-rate 5,2k");
	assert_int_equal(r.opt.rate_address, 5);
	assert_int_equal(r.opt.rate_network, 2048);
	end(&r);
	r = accepts("sluice --port tap:a --psk-file f --handshake-rate off");
	assert_int_equal(r.opt.rate_address, 0);
	assert_int_equal(r.opt.rate_network, 0);
	end(&r);
}

static void commands(void **state)
{
	struct run r = accepts("sluice --port tap:a --show-layout");

	(void)state;
	assert_int_equal(r.opt.action, OPTIONS_SHOW_LAYOUT); /* needs no credentials */
	end(&r);
	r = accepts(BASE "--check-config");
	assert_int_equal(r.opt.action, OPTIONS_CHECK_CONFIG);
	end(&r);
	refuses("sluice --port tap:a", "sluice: --psk-file: none given: no device could log in\n");
	r = accepts("sluice --port tap:a --psk-derive m");
	assert_string_equal(r.opt.psk_derive, "m");
	assert_int_equal(r.opt.policy.suites[0]->kx, KX_ECDHE_PSK);
	end(&r);
	refuses("sluice --port tap:a --check-config",
		"sluice: --psk-file: none given: no device could log in\n");
	r = run_line("sluice --version");
	assert_int_equal(r.result, OPTIONS_DONE);
	assert_memory_equal(r.out, "sluice ", 7);
	end(&r);
}

static void help_names_every_option_and_default(void **state)
{
	struct run r = run_line("sluice -h");
	char name[64];

	(void)state;
	assert_int_equal(r.result, OPTIONS_DONE);
	for (size_t i = 0; i < options_table.n_rows; i++) {
		snprintf(name, sizeof(name), "  %s%s",
			 strcmp(options_table.rows[i].name, "f") == 0 ? "-" : "--",
			 options_table.rows[i].name);
		assert_non_null(strstr(r.out, name));
		if (options_table.rows[i].fallback != NULL) {
			snprintf(name, sizeof(name), "[%s]\n", options_table.rows[i].fallback);
			assert_non_null(strstr(r.out, name));
		}
	}
	end(&r);
}

static struct run run_file(const char *arguments, const char *text)
{
	char line[512];

	write_file(text);
	snprintf(line, sizeof(line), "sluice %s -f %s", arguments, path);
	return run_line(line);
}

static void refuses_file(const char *text, const char *format)
{
	struct run r = run_file("", text);
	char message[256];

	snprintf(message, sizeof(message), format, path);
	assert_string_equal(r.err, message);
	assert_int_equal(r.result, OPTIONS_ERROR);
	end(&r);
}

static void file_gives_the_same_options(void **state)
{
	struct run r = run_file("", "# fleet\n; comment\n[sluice]\n"
				    "port = tap:a,ip=198.18.0.2/24\n"
				    "  port=tap:b,ip6=2001:db8::2/64\n\n"
				    "psk-file = /etc/keys ; not a comment\n"
				    "test-mode = on\nconfig = (0,0,1), (1,0,1)\n"
				    "listen = [2001:db8::2]:5684\n");

	(void)state;
	assert_string_equal(r.err, "");
	assert_int_equal(r.result, OPTIONS_GO);
	assert_int_equal(r.opt.n_ports, 2);
	assert_string_equal(r.opt.psk_file, "/etc/keys ; not a comment");
	assert_true(r.opt.test_mode);
	assert_int_equal(r.opt.n_queues, 2);
	assert_int_equal(r.opt.listen[0].port, 5684);
	end(&r);
}

static void command_line_wins(void **state)
{
	struct run r = run_file("--burst 4 --port tap:cli --test-mode=no",
				"burst = 8\nport = tap:a\nport = tap:b\ntest-mode = yes\n"
				"psk-file = k\nrxd = 64\n");

	(void)state;
	assert_string_equal(r.err, "");
	assert_int_equal(r.opt.burst, 4);
	assert_int_equal(r.opt.n_ports, 1);
	assert_string_equal(r.opt.ports[0].dev, "tap:cli");
	assert_false(r.opt.test_mode);
	assert_int_equal(r.opt.rxd, 64);
	end(&r);
}

static void file_errors_name_the_line(void **state)
{
	(void)state;
	refuses_file("port = tap:a\nfrob = 1\n", "sluice: --frob: unknown option at %s:2 (1)\n");
	refuses_file("port = tap:a\nburst = 65\n",
		     "sluice: --burst: wants auto or 1 to 64 at %s:2 (65)\n");
	refuses_file("port = tap:a\n\nburst = 3\nburst = 4\n",
		     "sluice: --burst: given twice at %s:4 (4)\n");
	refuses_file("port = tap:a\nburst =\n", "sluice: --burst: wants a value at %s:2\n");
	refuses_file("port = tap:a\nport = tap:a\n",
		     "sluice: --port: the same device twice at %s:2 (tap:a)\n");
	refuses_file("help = yes\n", "sluice: --help: for the command line only at %s:1 (yes)\n");
	refuses_file("f = other\n", "sluice: --f: for the command line only at %s:1 (other)\n");
	refuses_file("port = tap:a\nnonsense\nburst = 99\n",
		     "sluice: -f: not a line name = value at %s:2\n");
	refuses_file("port = tap:a\n[sluice\n", "sluice: -f: not a line name = value at %s:2\n");
}

static void file_with_an_endless_line(void **state)
{
	char *text = malloc(20001), message[128];
	struct run r;

	(void)state;
	memset(text, 'x', 20000);
	memcpy(text, "rxd = 64\npsk-file = ", 20);
	text[20000] = '\0';
	r = run_file("", text);
	snprintf(message, sizeof(message), "sluice: -f: line too long at %s:2\n", path);
	assert_string_equal(r.err, message);
	end(&r);
	free(text);
}

static void file_with_a_nul_byte(void **state)
{
	FILE *f = fopen(path, "w");
	char line[128], message[128];

	(void)state;
	fwrite("rxd = 64\nburst = 1\0"
	       "6\n",
	       1, 21, f);
	fclose(f);
	snprintf(line, sizeof(line), "sluice -f %s", path);
	snprintf(message, sizeof(message), "sluice: -f: a NUL byte at %s:2\n", path);
	refuses(line, message);
}

static void file_that_cannot_be_read(void **state)
{
	(void)state;
	refuses("sluice -f /nonexistent/f",
		"sluice: -f: No such file or directory (/nonexistent/f)\n");
	refuses("sluice -f /tmp", "sluice: -f: cannot be read (/tmp)\n");
	refuses("sluice -f", "sluice: -f: wants a value\n");
	refuses("sluice -f a -f b", "sluice: -f: given twice (b)\n");
}

static char *dump(const char *line)
{
	struct run r = run_line(line);
	char *text = strdup(r.out);

	assert_string_equal(r.err, "");
	assert_int_equal(r.result, OPTIONS_DONE);
	end(&r);
	return text;
}

/* The lines that are not comments. */
static char *without_origins(char *text)
{
	char *out;
	size_t len;
	FILE *f = open_memstream(&out, &len);

	for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
		if (*line != '#')
			fprintf(f, "%s\n", line);
	}
	fclose(f);
	free(text);
	return out;
}

static void dump_tells_where_from(void **state)
{
	char line[128], expected[256], *text;

	(void)state;
	write_file("txd = 128\n");
	snprintf(line, sizeof(line), "sluice --port tap:a --port tap:b -f %s --dump-config", path);
	text = dump(line);
	snprintf(expected, sizeof(expected), "# from %s:1\ntxd = 128\n", path);
	assert_non_null(strstr(text, expected));
	assert_non_null(strstr(text, "# from the command line\nport = tap:a\n"
				     "# from the command line\nport = tap:b\n"));
	assert_non_null(strstr(text, "# default\nburst = auto\n"));
	assert_non_null(strstr(text, "# not given\n# psk-file =\n"));
	free(text);
}

static void dump_reads_back(void **state)
{
	char line[128], *first, *second;
	struct run r;

	(void)state;
	first = dump(BASE
		     "--port 00:01.0,mtu=9000 --config (0,0,3),(1,0,4) --workers 5 --test-mode "
		     "--sink file:/tmp/a=b;c#d --listen :1 --listen [::]:2 --stats-period 2 "
		     "--suites AES_128_CCM --dump-config");
	write_file(first);
	snprintf(line, sizeof(line), "sluice -f %s --dump-config", path);
	second = dump(line);
	first = without_origins(first);
	second = without_origins(second);
	assert_string_equal(first, second);
	assert_non_null(strstr(first, "sink = file:/tmp/a=b;c#d\n"));
	free(first);
	free(second);
	snprintf(line, sizeof(line), "sluice -f %s", path);
	r = accepts(line);
	assert_string_equal(r.opt.sink, "file:/tmp/a=b;c#d");
	assert_int_equal(r.opt.n_listen, 2);
	assert_int_equal(r.opt.queues[1].lcore, 4);
	end(&r);
}

/* BASE, or the like, and n times a word with a number behind it. */
static const char *repeat(const char *base, const char *word, int n)
{
	static char line[1024];
	size_t len = (size_t)snprintf(line, sizeof(line), "%s", base);

	for (int i = 1; i <= n; i++)
		len += (size_t)snprintf(line + len, sizeof(line) - len, " %s%d", word, i);
	return line;
}

static void too_many_of_a_kind(void **state)
{
	struct run r = accepts(repeat(BASE, "--listen :", 16));

	(void)state;
	assert_int_equal(r.opt.n_listen, 16);
	assert_int_equal(r.opt.listen[15].port, 16);
	end(&r);
	refuses(repeat(BASE, "--listen :", 17), "sluice: --listen: given too often (:17)\n");
	refuses(repeat("sluice --psk-file k", "--port tap:t", 9),
		"sluice: --port: more than 8 ports (tap:t9)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_value),
		cmocka_unit_test(test_mode_makes_pools_small),
		cmocka_unit_test(port_with_everything),
		cmocka_unit_test(every_kind_of_device),
		cmocka_unit_test(bad_ports),
		cmocka_unit_test(ports_against_each_other),
		cmocka_unit_test(listen_addresses),
		cmocka_unit_test(bad_listen),
		cmocka_unit_test(bad_values_name_option_and_value),
		cmocka_unit_test(unknown_and_stray_arguments),
		cmocka_unit_test(resumption),
		cmocka_unit_test(control_characters_are_refused),
		cmocka_unit_test(connection_ids),
		cmocka_unit_test(nodes),
		cmocka_unit_test(bad_nodes),
		cmocka_unit_test(versions),
		cmocka_unit_test(psk_modes),
		cmocka_unit_test(absent_values),
		cmocka_unit_test(engine_of_other_cpus),
		cmocka_unit_test(every_option_of_the_contract_is_known),
		cmocka_unit_test(suites_in_order),
		cmocka_unit_test(certificates),
		cmocka_unit_test(certificates_that_do_not_fit),
		cmocka_unit_test(last_value_counts),
		cmocka_unit_test(two_front_doors),
		cmocka_unit_test(admission_and_stores),
		cmocka_unit_test(commands),
		cmocka_unit_test(help_names_every_option_and_default),
		cmocka_unit_test(file_gives_the_same_options),
		cmocka_unit_test(command_line_wins),
		cmocka_unit_test(file_errors_name_the_line),
		cmocka_unit_test(file_with_an_endless_line),
		cmocka_unit_test(file_with_a_nul_byte),
		cmocka_unit_test(file_that_cannot_be_read),
		cmocka_unit_test(dump_tells_where_from),
		cmocka_unit_test(dump_reads_back),
		cmocka_unit_test(too_many_of_a_kind),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
