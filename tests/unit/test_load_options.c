/* SPDX-License-Identifier: BSD-3-Clause */
#include "load_options.h"
#include "load_options_table.h"
#include "record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS     UINT64_C(1000000)
#define SECOND UINT64_C(1000000000)
#define KEY    "000102030405060708090a0b0c0d0e0f"

#define KERNEL "sluice-load --port kernel --target 127.0.0.1:5684 --master-key " KEY " "
#define DPDK                                                                                       \
	"sluice-load --port tap:t0,ip=198.18.0.10/24 --target 198.18.0.1:5684 --master-key " KEY " "

/* One run of the parser and what it printed. */
struct run {
	enum options_result result;
	struct load_options opt;
	char *out, *err;
	char *line;
	char *argv[128];
};

/* Splits a line at its blanks; values in these tests have none. */
static struct run *run_line(const char *line)
{
	struct run *r = calloc(1, sizeof(*r));
	size_t out_len, err_len;
	FILE *out = open_memstream(&r->out, &out_len), *err = open_memstream(&r->err, &err_len);
	int argc = 0;

	r->line = strdup(line);
	for (char *p = strtok(r->line, " "); p != NULL; p = strtok(NULL, " "))
		r->argv[argc++] = p;
	r->result = load_options_parse(&r->opt, out, err, argc, r->argv);
	fclose(out);
	fclose(err);
	return r;
}

static void end(struct run *r)
{
	load_options_free(&r->opt);
	free(r->out);
	free(r->err);
	free(r->line);
	free(r);
}

static struct run *accepts(const char *line)
{
	struct run *r = run_line(line);

	assert_string_equal(r->err, "");
	assert_int_equal(r->result, OPTIONS_GO);
	return r;
}

/* What a line must be refused with: exactly this on stderr, and nothing on stdout. */
static void refuses(const char *line, const char *message)
{
	struct run *r = run_line(line);
	char expected[300];

	snprintf(expected, sizeof(expected), "sluice-load: %s\n", message);
	assert_string_equal(r->err, expected);
	assert_int_equal(r->result, OPTIONS_ERROR);
	assert_string_equal(r->out, "");
	end(r);
}

#define assert_about(a, b) assert_true((a) - (b) < 1e-9 && (b) - (a) < 1e-9)

static void defaults(void **state)
{
	struct run *r = accepts(KERNEL);
	const struct load_options *o = &r->opt;

	(void)state;
	assert_int_equal(o->action, LOAD_RUN);
	assert_true(o->kernel);
	assert_int_equal(o->n_ports, 0);
	assert_int_equal(o->threads, 1);
	assert_int_equal(o->storm, 0);
	assert_int_equal(core_set_count(&o->cores), 0);
	assert_int_equal(o->sources.n_addrs, 0); /* the kernel's choice */
	assert_int_equal(o->devices, 1000);
	assert_null(o->identities);
	assert_true(o->policy.n_suites > 0);
	for (size_t i = 0; i < o->policy.n_suites; i++)
		assert_int_equal(o->policy.suites[i]->kx, KX_PSK);
	assert_int_equal(o->policy.suites[0]->id, TLS_PSK_WITH_AES_128_GCM_SHA256);
	assert_about(o->rate, 1000);
	assert_int_equal(o->ramp_ns, 0);
	assert_int_equal(o->warmup_ns, SECOND);
	assert_int_equal(o->duration_ns, 10 * SECOND);
	assert_int_equal(o->payload_min, 64);
	assert_int_equal(o->payload_max, 64);
	assert_about(o->con_share, 1);
	assert_string_equal(o->path, "s/load");
	assert_int_equal(o->inflight, LOAD_INFLIGHT);
	assert_int_equal(o->window, LOAD_INFLIGHT_MAX);
	assert_int_equal(o->retransmit, LOAD_RETRANSMIT_COAP);
	assert_int_equal(o->answer_timeout_ns, 93 * SECOND);
	assert_int_equal(o->late_ns, MS);
	assert_about(o->handshake_rate, 0);
	assert_int_equal(o->handshakes_at_once, 256);
	assert_about(o->loss + o->reorder + o->duplicate + o->hostile, 0);
	assert_about(o->resume_share + o->churn_share + o->migrate_share, 0);
	assert_false(o->policy.cid || o->policy.rrc);
	assert_int_equal(o->seed, 1);
	assert_int_equal(o->burst, 32);
	assert_true(o->progress);
	assert_false(o->test_mode);
	assert_null(o->json);
	assert_null(o->hgrm);
	end(r);
}

static void every_value(void **state)
{
	struct run *r = accepts(
		KERNEL
		"--sources 127.1.0.0+40:2000-2999 --threads 2 --cores 1,3 --burst 8 --rxd "
		"4096 --txd auto "
		"--test-mode --devices 20k --suites AES_128_CCM_8 --version 1.2 "
		"--handshake-rate 2.5k --handshakes-at-once 1k --resume 50 --churn 1% "
		"--rate 1.5M/s --ramp 2s --warmup 500ms --duration 1m --payload 24-64 "
		"--mix non:20,con:80 --path a/bc --inflight 500 --retransmit off "
		"--answer-timeout 2s --late 200us --loss 0.5 --reorder 1% --duplicate 2 "
		"--cid 5 --cid-migrate 3% --hostile 10% --seed 17 --json j --hgrm h --progress=no");
	const struct load_options *o = &r->opt;

	(void)state;
	assert_int_equal(o->sources.n_addrs, 40);
	assert_int_equal(o->sources.first_ip[12], 127);
	assert_int_equal(o->sources.first_ip[13], 1);
	assert_int_equal(o->sources.first_port, 2000);
	assert_int_equal(o->sources.last_port, 2999);
	assert_int_equal(o->threads, 2);
	assert_int_equal(core_set_count(&o->cores), 2);
	assert_true(o->test_mode);
	assert_int_equal(o->devices, 20000);
	assert_int_equal(o->policy.n_suites, 1);
	assert_int_equal(o->policy.suites[0]->id, TLS_PSK_WITH_AES_128_CCM_8);
	assert_about(o->handshake_rate, 2500);
	assert_int_equal(o->handshakes_at_once, 1000);
	assert_about(o->resume_share, 0.5);
	assert_about(o->churn_share, 0.01);
	assert_true(o->policy.cid && o->policy.rrc);
	assert_int_equal(o->policy.cid_len, 5);
	assert_about(o->migrate_share, 0.03);
	assert_about(o->rate, 1.5e6);
	assert_int_equal(o->ramp_ns, 2 * SECOND);
	assert_int_equal(o->warmup_ns, 500 * MS);
	assert_int_equal(o->duration_ns, 60 * SECOND);
	assert_int_equal(o->payload_min, 24);
	assert_int_equal(o->payload_max, 64);
	assert_about(o->con_share, 0.8);
	assert_string_equal(o->path, "a/bc");
	assert_int_equal(o->inflight, 500);
	assert_int_equal(o->window, 500);
	assert_int_equal(o->retransmit, LOAD_RETRANSMIT_OFF);
	assert_int_equal(o->answer_timeout_ns, 2 * SECOND);
	assert_int_equal(o->late_ns, MS / 5);
	assert_about(o->loss, 0.005);
	assert_about(o->reorder, 0.01);
	assert_about(o->duplicate, 0.02);
	assert_about(o->hostile, 0.1);
	assert_int_equal(o->seed, 17);
	assert_int_equal(o->burst, 8);
	assert_int_equal(o->rxd, 4096);
	assert_int_equal(o->txd, 0);
	assert_string_equal(o->json, "j");
	assert_string_equal(o->hgrm, "h");
	assert_false(o->progress);
	end(r);
}

static void master_key(void **state)
{
	struct run *r = accepts(KERNEL);

	(void)state;
	assert_string_equal(r->opt.master_key, KEY);
	assert_null(r->opt.psk_derive);
	end(r);
	r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --psk-derive f");
	assert_string_equal(r->opt.psk_derive, "f");
	assert_null(r->opt.master_key);
	end(r);
	r = accepts(KERNEL "--master-key "
			   "00112233445566778899aabbccddeeFF" KEY);
	assert_int_equal(r->result, OPTIONS_GO);
	end(r);
}

static void small_devices(void **state)
{
	struct run *r = accepts(KERNEL);

	(void)state;
	assert_int_equal(r->opt.max_fragment_length, 0);
	assert_int_equal(r->opt.record_size_limit, 0);
	end(r);
	r = accepts(KERNEL "--max-fragment-length 4096 --record-size-limit 64");
	assert_int_equal(r->opt.max_fragment_length, 4);
	assert_int_equal(r->opt.record_size_limit, 64);
	end(r);
	r = accepts(KERNEL "--max-fragment-length 512 --record-size-limit 16384");
	assert_int_equal(r->opt.max_fragment_length, 1);
	assert_int_equal(r->opt.record_size_limit, 16384);
	end(r);
}

static void rate_max_keeps_a_number_under_way(void **state)
{
	struct run *r = accepts(KERNEL "--rate max");

	(void)state;
	assert_about(r->opt.rate, 0);
	assert_int_equal(r->opt.inflight, LOAD_INFLIGHT_MAX);
	assert_int_equal(r->opt.window, LOAD_INFLIGHT_MAX);
	end(r);
	r = accepts(KERNEL "--rate max --inflight 5k");
	assert_int_equal(r->opt.inflight, 5000);
	assert_int_equal(r->opt.window, 5000);
	end(r);
}

static void off_and_coap_have_their_timeouts(void **state)
{
	struct run *r = accepts(KERNEL "--retransmit off");

	(void)state;
	assert_int_equal(r->opt.answer_timeout_ns, SECOND);
	end(r);
	r = accepts(KERNEL "--search ndr --retransmit coap");
	assert_int_equal(r->opt.retransmit, LOAD_RETRANSMIT_COAP);
	end(r);
}

static void searches(void **state)
{
	struct run *r = accepts(KERNEL "--search ndr,pdr=0.1%");

	(void)state;
	assert_int_equal(r->opt.action, LOAD_SEARCH);
	assert_true(r->opt.search_ndr && r->opt.search_pdr);
	assert_about(r->opt.pdr_loss, 0.001);
	assert_int_equal(r->opt.retransmit, LOAD_RETRANSMIT_OFF); /* else nothing is ever lost */
	assert_int_equal(r->opt.answer_timeout_ns, SECOND);
	assert_int_equal(r->opt.inflight, LOAD_INFLIGHT);
	end(r);
	r = accepts(KERNEL "--search pdr");
	assert_false(r->opt.search_ndr);
	assert_about(r->opt.pdr_loss, 0.005);
	end(r);
}

static void other_actions(void **state)
{
	struct run *r = accepts(KERNEL "--handshakes-only --resume 100 --duration 3s");

	(void)state;
	assert_int_equal(r->opt.action, LOAD_HANDSHAKES);
	assert_about(r->opt.resume_share, 1);
	end(r);
	r = accepts(KERNEL "--handshakes-only=no");
	assert_int_equal(r->opt.action, LOAD_RUN);
	end(r);
	r = accepts(KERNEL "--report handshake-cost");
	assert_int_equal(r->opt.action, LOAD_HANDSHAKE_COST);
	end(r);
	r = accepts("sluice-load --write-psk f --master-key " KEY " --devices 1M");
	assert_int_equal(r->opt.action, LOAD_WRITE_PSK);
	assert_string_equal(r->opt.write_psk, "f");
	assert_int_equal(r->opt.devices, 1000000);
	end(r);
	end(accepts(DPDK "--rate 5k --write-psk f"));
}

static void sources_from_the_port(void **state)
{
	struct run *r = accepts(DPDK "--devices 1M");

	(void)state;
	assert_int_equal(r->opt.sources.first_ip[15], 10);
	assert_int_equal(r->opt.sources.n_addrs, 16); /* 64512 ports an address */
	assert_int_equal(r->opt.sources.first_port, 1024);
	end(r);
	r = accepts("sluice-load --port tap:t,ip=198.18.0.9/24,ip6=2001:db8::10/64 --target "
		    "[2001:db8::1]:5684 --identities f --devices 64513");
	assert_int_equal(r->opt.sources.first_ip[0], 0x20);
	assert_int_equal(r->opt.sources.n_addrs, 2);
	assert_string_equal(r->opt.identities, "f");
	end(r);
	refuses("sluice-load --port tap:t --target 198.18.0.1:5684 --identities f",
		"--sources: none given, and no --port has an address of the target's kind");
	refuses(DPDK "--devices 20M",
		"--sources: none given, and the port's network is too small for the devices");
	refuses("sluice-load --port tap:t,ip=198.18.0.1/24 --target 198.18.0.2:5684 "
		"--identities f --devices 100k",
		"--sources: the target is among them");
}

static void ip6_sources(void **state)
{
	struct run *r = accepts("sluice-load --port kernel --target [::1]:5684 --identities f "
				"--sources [2001:db8::5]+3:5000-5999 --devices 3k");

	(void)state;
	assert_int_equal(r->opt.sources.first_ip[15], 5);
	assert_int_equal(r->opt.sources.n_addrs, 3);
	assert_int_equal(r->opt.sources.last_port, 5999);
	end(r);
}

static void bad_sources(void **state)
{
	static const char *const bad[] = { "x",
					   "127.0.0.1+",
					   "127.0.0.1+0",
					   "127.0.0.1+70000",
					   "127.0.0.1:5",
					   "127.0.0.1:0-5",
					   "127.0.0.1:6-5",
					   "127.0.0.1:1-65536",
					   "127.0.0.1+2x",
					   "[::1",
					   "[127.0.0.1]",
					   "::1" };
	char line[200], message[200];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		snprintf(line, sizeof(line), KERNEL "--sources %s", bad[i]);
		snprintf(message, sizeof(message),
			 "--sources: wants ADDR[+COUNT][:PORT-PORT], IPv6 as [ADDR] (%s)", bad[i]);
		refuses(line, message);
	}
	refuses(KERNEL "--sources 127.0.0.2:1000-1998",
		"--sources: fewer than devices (127.0.0.2:1000-1998)");
	refuses(KERNEL "--sources [2001:db8::1]",
		"--sources: not of the target's kind of address ([2001:db8::1])");
	refuses(KERNEL "--sources 223.255.255.255+2",
		"--sources: not addresses of hosts (223.255.255.255+2)");
	refuses(DPDK "--sources 127.0.0.1", "--sources: not addresses of hosts (127.0.0.1)");
	refuses(DPDK "--sources 198.18.0.0+5",
		"--sources: the target is among them (198.18.0.0+5)");
}

static const char *const bad_values[][2] = {
	{ "--target 127.0.0.1", "--target: wants ADDR:PORT, or [ADDR]:PORT for IPv6 (127.0.0.1)" },
	{ "--target 127.0.0.1:0",
	  "--target: wants ADDR:PORT, or [ADDR]:PORT for IPv6 (127.0.0.1:0)" },
	{ "--target 224.0.0.1:5", "--target: not an address of a host (224.0.0.1:5)" },
	{ "--target 0.0.0.0:5", "--target: not an address of a host (0.0.0.0:5)" },
	{ "--devices 0", "--devices: wants 1 to 100m (0)" },
	{ "--devices 1.5", "--devices: wants 1 to 100m (1.5)" },
	{ "--rate 0", "--rate: wants max, or a rate a second above 0, like 250k or 1.5M (0)" },
	{ "--rate 1e6", "--rate: wants max, or a rate a second above 0, like 250k or 1.5M (1e6)" },
	{ "--rate -1", "--rate: wants max, or a rate a second above 0, like 250k or 1.5M (-1)" },
	{ "--payload 1025", "--payload: wants SIZE or MIN-MAX, up to 1024 (1025)" },
	{ "--payload 9-8", "--payload: wants SIZE or MIN-MAX, up to 1024 (9-8)" },
	{ "--mix con:80", NULL },
	{ "--mix con:80,non:10", "--mix: the parts are not 100 together (con:80,non:10)" },
	{ "--mix con:80,con:20", "--mix: wants con:PCT,non:PCT (con:80,con:20)" },
	{ "--mix con:80,", "--mix: wants con:PCT,non:PCT (con:80,)" },
	{ "--mix get:80,non:20", "--mix: wants con:PCT,non:PCT (get:80,non:20)" },
	{ "--path /s", "--path: wants segments like s/load, 128 bytes at most (/s)" },
	{ "--path s//a", "--path: an empty segment (s//a)" },
	{ "--path s/", "--path: an empty segment (s/)" },
	{ "--max-fragment-length 256",
	  "--max-fragment-length: wants off, 512, 1024, 2048 or 4096 (256)" },
	{ "--max-fragment-length 5",
	  "--max-fragment-length: wants off, 512, 1024, 2048 or 4096 (5)" },
	{ "--record-size-limit 63", "--record-size-limit: wants off or 64 to 16384 (63)" },
	{ "--record-size-limit 16385", "--record-size-limit: wants off or 64 to 16384 (16385)" },
	{ "--loss 101", "--loss: wants a percentage from 0 to 100 (101)" },
	{ "--loss x", "--loss: wants a percentage from 0 to 100 (x)" },
	{ "--search ndr,mrr", "--search: wants ndr, pdr or pdr=PCT (ndr,mrr)" },
	{ "--search pdr=0", "--search: wants ndr, pdr or pdr=PCT (pdr=0)" },
	{ "--report all", "--report: wants handshake-cost (all)" },
	{ "--master-key 0011", "--master-key: wants 32 to 128 hex digits (0011)" },
	{ "--master-key :" KEY, "--master-key: wants 32 to 128 hex digits (:" KEY ")" },
	{ "--psk-mode psk", "--psk-mode: wants psk_dhe_ke or psk_ke (psk)" },
	{ "--psk-import=maybe", "--psk-import: wants yes or no (maybe)" },
	{ "--version 1.3 --suites AES_128_CCM",
	  "--suites: not all of them are of --version (AES_128_CCM)" },
	{ "--suites TLS_AES_128_CCM",
	  "--suites: not all of them are of --version (TLS_AES_128_CCM)" },
	{ "--version 1.1", "--version: wants 1.2 or 1.3 (1.1)" },
	{ "--suites none", "--suites: a suite unknown or not in this build (none)" },
	{ "--suites ECDHE_ECDSA_AES_128_GCM",
	  "--suites: certificates want --server-ca or --server-keys "
	  "(ECDHE_ECDSA_AES_128_GCM)" },
	{ "--resume-by cookie", "--resume-by: wants ticket or id (cookie)" },
	{ "--handshakes-at-once 0", "--handshakes-at-once: wants 1 to 1m (0)" },
	{ "--cert f", "--key: none given" },
	{ "--key f --server-ca g", "--cert: none given" },
	{ "--cert f --key f", "--cert: without --server-ca or --server-keys" },
	{ "--server-ca f --server-keys f", "--server-keys: not together with --server-ca" },
	{ "--suites ECDHE_PSK_AES_128_GCM", NULL },
	{ "--retransmit on", "--retransmit: wants auto, coap or off (on)" },
	{ "--burst 65", "--burst: wants 1 to 64 (65)" },
	{ "--rxd 31", "--rxd: wants auto or 32 to 32k (31)" },
	{ "--txd 32769", "--txd: wants auto or 32 to 32k (32769)" },
	{ "--cores 1-", "--cores: wants a list of cores below 128, like 1,3-5 (1-)" },
	{ "--threads 0", "--threads: wants 1 to 64 (0)" },
	{ "--threads 65", "--threads: wants 1 to 64 (65)" },
	{ "--cid 21", "--cid: wants off or 0 to 20 (21)" },
	{ "--cid -1", "--cid: wants off or 0 to 20 (-1)" },
	{ "--cid yes", "--cid: wants off or 0 to 20 (yes)" },
	{ "--cid off", NULL },
	{ "--cid 0 --cid-migrate 100", NULL },
	{ "--cid 8 --cid-migrate 101", "--cid-migrate: wants a percentage from 0 to 100 (101)" },
	{ "--cid-migrate 5", "--cid-migrate: without --cid: the server would not know them" },
	{ "--cid off --cid-migrate 5",
	  "--cid-migrate: without --cid: the server would not know them" },
	{ "--devices 3 --cid 8 --cid-migrate 5 --sources 127.0.0.1:1-5",
	  "--sources: fewer than two for a device, and --cid-migrate (127.0.0.1:1-5)" },
	{ "--devices 3 --cid 8 --cid-migrate 5 --sources 127.0.0.1:1-6", NULL },
	{ "--key-update 3", "--key-update: wants off, or 4 to 16m (3)" },
	{ "--storm many", "--storm: wants 0 to 100m (many)" },
	{ "--storm 10 --storm-at 2h", "--storm-at: wants 0 to 1h (2h)" },
	{ "--late 0", "--late: wants 1us to 1h (0)" },
	{ "--inflight 0", "--inflight: wants auto or 1 to 16m (0)" },
	{ "--psk-file x", "--psk-file: unknown option" },
};

static void bad_values_name_option_and_value(void **state)
{
	char line[300];

	(void)state;
	for (size_t i = 0; i < sizeof(bad_values) / sizeof(*bad_values); i++) {
		snprintf(line, sizeof(line), KERNEL "%s", bad_values[i][0]);
		if (bad_values[i][1] != NULL)
			refuses(line, bad_values[i][1]);
		else
			end(accepts(line));
	}
}

static void contradictions_name_the_option(void **state)
{
	static const char *const rows[][2] = {
		{ "--search ndr --rate 5", "--rate: not together with --search" },
		{ "--search ndr --ramp 5s", "--ramp: not together with --search" },
		{ "--search ndr --hgrm f", "--hgrm: not together with --search" },
		{ "--search ndr --handshakes-only",
		  "--search: not together with --handshakes-only" },
		{ "--report handshake-cost --search ndr", "--search: not together with --report" },
		{ "--handshakes-only --rate 5", "--rate: not together with --handshakes-only" },
		{ "--handshakes-only --payload 5",
		  "--payload: not together with --handshakes-only" },
		{ "--handshakes-only --churn 5", "--churn: not together with --handshakes-only" },
		{ "--report handshake-cost --resume 5", "--resume: not together with --report" },
		{ "--report handshake-cost --duration 5s",
		  "--duration: not together with --report" },
		{ "--rate max --ramp 1s", "--ramp: not together with --rate max" },
		{ "--key-update 100", "--key-update: --version 1.2 has none" },
		{ "--version 1.3 --handshakes-only --key-update 100",
		  "--key-update: not together with --handshakes-only" },
		{ "--resume 50",
		  "--resume: nobody connects twice: --churn, --storm or --handshakes-only" },
		{ "--devices 100 --storm 99",
		  "--storm: leaves fewer than two devices a generator core (99)" },
		{ "--devices 100 --threads 4 --storm 93",
		  "--storm: leaves fewer than two devices a generator core (93)" },
		{ "--handshakes-only --cid 0 --cid-migrate 1",
		  "--cid-migrate: not together with --handshakes-only" },
		{ "--storm 10 --churn 1", "--churn: not together with --storm" },
		{ "--storm 10 --duration 1s --storm-at 1s",
		  "--storm-at: not within --duration (1s)" },
		{ "--storm-at 1s", "--storm-at: without --storm" },
		{ "--search ndr --storm 10", "--storm: not together with --search" },
		{ "--identities f", "--master-key: not together with --identities FILE" },
		{ "--psk-derive g", "--master-key: not together with --psk-derive" },
		{ "--psk-derive g --identities f",
		  "--psk-derive: not together with --identities FILE" },
		{ "--port tap:a", "--port: kernel and devices do not mix (tap:a)" },
		{ "--cores 1-3", "--cores: not as many as --threads (1-3)" },
		{ "--json f --hgrm f", "--hgrm: the same file as --json (f)" },
	};
	char line[300];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		snprintf(line, sizeof(line), KERNEL "%s", rows[i][0]);
		refuses(line, rows[i][1]);
	}
	refuses(DPDK "--threads 2", "--threads: for --port kernel; DPDK ports have a core each");
	refuses(DPDK "--cores 1,2", "--cores: not as many as ports (1,2)");
	refuses("sluice-load --write-psk f --identities g",
		"--write-psk: not together with --identities FILE");
}

static void what_is_missing(void **state)
{
	(void)state;
	refuses("sluice-load --target 127.0.0.1:5 --identities f", "--port: none given");
	refuses("sluice-load --port kernel --identities f", "--target: none given");
	refuses("sluice-load --port kernel --target 127.0.0.1:5",
		"--psk-derive: none given, nor --master-key, and identities are derived");
	refuses("sluice-load --write-psk f",
		"--psk-derive: none given, nor --master-key, and identities are derived");
}

/* Without a suite of keys nobody needs any, and the suite that RFC 7252 §9.1.3.3 names is offered.
 */
static void certificates_need_no_keys(void **state)
{
	struct run *r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --server-ca a "
				"--cert b --key c --resume-by id");

	(void)state;
	assert_string_equal(r->opt.server_ca, "a");
	assert_string_equal(r->opt.cert, "b");
	assert_string_equal(r->opt.key, "c");
	assert_true(r->opt.resume_by_id);
	assert_false(r->opt.policy.client_rpk);
	assert_int_equal(r->opt.policy.n_suites, 1);
	assert_int_equal(r->opt.policy.suites[0]->id, TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8);
	assert_false(load_options_need_keys(&r->opt));
	end(r);
	r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --server-keys a");
	assert_true(r->opt.policy.client_rpk);
	end(r);
	refuses("sluice-load --port kernel --target 127.0.0.1:5684 --server-ca a --suites "
		"PSK_AES_128_CCM_8,ECDHE_ECDSA_AES_128_CCM_8",
		"--psk-derive: none given, nor --master-key, and identities are derived");
}

/* The suites of 1.3 go with keys and with certificates. */
static void version_13(void **state)
{
	struct run *r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --version 1.3 "
				"--identities f");

	(void)state;
	assert_int_equal(r->opt.policy.min_version, DTLS_1_3);
	assert_int_equal(r->opt.policy.max_version, DTLS_1_3);
	assert_int_equal(r->opt.policy.n_suites, 4);
	for (size_t i = 0; i < r->opt.policy.n_suites; i++)
		assert_true(suite_is_13(r->opt.policy.suites[i]));
	assert_int_equal(r->opt.policy.n_groups, ECDHE_GROUPS);
	assert_false(r->opt.policy.psk_ke);
	assert_false(r->opt.psk_import);
	assert_true(load_options_need_keys(&r->opt));
	end(r);
	r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --version 1.3 "
		    "--server-ca a --suites TLS_AES_128_CCM_8");
	assert_int_equal(r->opt.policy.n_suites, 1);
	assert_int_equal(r->opt.policy.suites[0]->id, TLS_AES_128_CCM_8_SHA256);
	assert_false(load_options_need_keys(&r->opt));
	end(r);
	r = accepts("sluice-load --port kernel --target 127.0.0.1:5684 --version 1.3 "
		    "--identities f --psk-mode psk_ke --psk-import");
	assert_true(r->opt.psk_import);
	assert_true(r->opt.policy.psk_ke);
	assert_int_equal(r->opt.policy.n_groups, 0);
	end(r);
}

static void two_front_doors(void **state)
{
	struct run *r = accepts("sluice-load -l 1 -- --port 0,ip=198.18.0.10/24 --target "
				"198.18.0.1:5684 --identities f");

	(void)state;
	assert_true(r->opt.has_eal_args);
	assert_int_equal(r->opt.n_eal_args, 2);
	assert_string_equal(r->opt.eal_args[1], "1");
	end(r);
	refuses("sluice-load --port 0,ip=198.18.0.10/24 --target 198.18.0.1:5684 --identities f",
		"--port: a number needs EAL options before a -- (0)");
	refuses("sluice-load -- --port kernel --target 127.0.0.1:5684 --identities f",
		"--port: kernel sockets take no EAL options");
}

static void help_and_version(void **state)
{
	struct run *r = run_line("sluice-load -h");
	char name[64];

	(void)state;
	assert_int_equal(r->result, OPTIONS_DONE);
	for (size_t i = 0; i < load_options_table.n_rows; i++) {
		const struct option_def *def = &load_options_table.rows[i];

		snprintf(name, sizeof(name), "  %s%s", strlen(def->name) == 1 ? "-" : "--",
			 def->name);
		assert_non_null(strstr(r->out, name));
	}
	end(r);
	r = run_line("sluice-load -V");
	assert_int_equal(r->result, OPTIONS_DONE);
	assert_memory_equal(r->out, "sluice-load ", 12);
	end(r);
	refuses("sluice-load --V", "--V: unknown option");
	refuses("sluice-load -Vx", "-Vx: unknown option");
	refuses("sluice-load --version", "--version: wants a value");
}

/* A default that its own parser refuses would end every run. */
static void defaults_are_legal(void **state)
{
	(void)state;
	for (size_t i = 0; i < load_options_table.n_rows; i++) {
		const struct option_def *def = &load_options_table.rows[i];
		struct load_options *opt = calloc(1, sizeof(*opt));

		if (def->fallback != NULL)
			assert_null(def->set(opt, def->fallback));
		free(opt);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults),
		cmocka_unit_test(every_value),
		cmocka_unit_test(master_key),
		cmocka_unit_test(small_devices),
		cmocka_unit_test(rate_max_keeps_a_number_under_way),
		cmocka_unit_test(off_and_coap_have_their_timeouts),
		cmocka_unit_test(searches),
		cmocka_unit_test(other_actions),
		cmocka_unit_test(sources_from_the_port),
		cmocka_unit_test(ip6_sources),
		cmocka_unit_test(bad_sources),
		cmocka_unit_test(bad_values_name_option_and_value),
		cmocka_unit_test(contradictions_name_the_option),
		cmocka_unit_test(what_is_missing),
		cmocka_unit_test(certificates_need_no_keys),
		cmocka_unit_test(version_13),
		cmocka_unit_test(two_front_doors),
		cmocka_unit_test(help_and_version),
		cmocka_unit_test(defaults_are_legal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
