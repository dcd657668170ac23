/* SPDX-License-Identifier: BSD-3-Clause */
/* Connection IDs and return routability in handshakes of both versions and roles, over records and
 * through the gate: checklist 36, 37, 38; RFC 9146, RFC 9147 §9, RFC 9853 §3. */
#include "hello_cid.h"

#include "hs_pair.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct aead *aead;
static struct gate *gate;
static struct pair p;

static void begin(uint16_t version)
{
	gate = gate_new(&p.server_policy);
	assert_non_null(gate);
	pair_begin(&p, 11, aead, gate);
	if (version == DTLS_1_3)
		pair_use13(&p, 0);
}

static void end(void)
{
	pair_finish(&p);
	assert_int_equal(p.client.memory.n_blocks, 0);
	assert_int_equal(p.server.memory.n_blocks, 0);
	gate_free(gate);
}

static void run(void)
{
	assert_true(pair_start(&p));
	pair_flush(&p);
}

/* A byte in a record of the session, which has the receiver's ID where its version has it. */
static void say(struct pair_side *from, struct pair_side *to)
{
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	const size_t cid_len = rd_len(&to->session.rx_cid);
	const size_t len = pair_seal(from, RECORD_APPDATA, (const uint8_t *)"!", 1, out);
	const unsigned before = to->n_data;

	if (from->version == DTLS_1_3) {
		assert_int_equal((out[0] & RECORD13_CID) != 0, cid_len != 0);
		assert_memory_equal(out + 1, to->own_cid, cid_len);
	} else {
		assert_int_equal(out[0], cid_len != 0 ? RECORD_CID : RECORD_APPDATA);
		assert_memory_equal(out + 11, to->own_cid, cid_len);
	}
	pair_deliver(&p, to == &p.server, out, len);
	assert_int_equal(to->n_data, before + 1);
	assert_int_equal(to->data[before], '!');
}

static void expect_cids(size_t client_len, size_t server_len)
{
	if (p.server.failed || p.client.failed)
		fail_msg("server: %s, client: %s", status_label(p.server.why),
			 status_label(p.client.why));
	assert_true(p.client.installed && p.server.installed);
	assert_int_equal(rd_len(&p.client.session.rx_cid), client_len);
	assert_int_equal(rd_len(&p.server.session.tx_cid), client_len);
	assert_int_equal(rd_len(&p.server.session.rx_cid), server_len);
	assert_int_equal(rd_len(&p.client.session.tx_cid), server_len);
	assert_memory_equal(p.client.own_cid, p.server.peer_cid, client_len);
	assert_memory_equal(p.server.own_cid, p.client.peer_cid, server_len);
	say(&p.client, &p.server);
	say(&p.server, &p.client);
	assert_false(p.client.nonce_repeated || p.server.nonce_repeated);
}

static const uint16_t versions[] = { DTLS_1_2, DTLS_1_3 };
static const uint8_t lengths[] = { 0, 1, 8, 255 };

/* Checklist 36: peers' IDs of any length come back, ours is asked for once. */
static void test_lengths(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < 16; i++) {
			const uint8_t client = lengths[i / 4], server = lengths[i % 4];

			begin(versions[v]);
			pair_use_cids(&p, client, server);
			run();
			expect_cids(client, server);
			assert_true(p.client.rrc && p.server.rrc);
			assert_int_equal(p.client.n_issued, client != 0);
			assert_int_equal(p.server.n_issued, server != 0);
			end();
		}
	}
}

static void test_every_suite(void **state)
{
	(void)state;
	for (size_t i = 0; i < SUITE_N; i++) {
		begin(suite_is_13(suite_at(i)) ? DTLS_1_3 : DTLS_1_2);
		p.client_policy.suites[0] = p.server_policy.suites[0] = suite_at(i);
		p.client_policy.n_suites = p.server_policy.n_suites = 1;
		pair_use_cids(&p, 20, 8);
		if (suite_is_13(suite_at(i)) || suite_has_psk(suite_at(i))) {
			run();
			expect_cids(20, 8);
		}
		end();
	}
}

/* RFC 9146 §3: agreed on by both or not at all; RFC 9853 §3: rrc only with it. */
static void test_either_may_do_without(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (unsigned without = 0; without < 4; without++) {
			begin(versions[v]);
			pair_use_cids(&p, 8, 8);
			p.client_policy.cid = without != 0;
			p.server_policy.cid = without != 1;
			p.client_policy.rrc = without != 2;
			p.server_policy.rrc = without != 3;
			run();
			expect_cids(without < 2 ? 0 : 8, without < 2 ? 0 : 8);
			assert_false(p.client.rrc || p.server.rrc);
			assert_int_equal(p.server.n_issued, without >= 2);
			end();
		}
	}
}

static bool issue_none(void *arg, uint8_t core, uint8_t *out)
{
	(void)arg;
	(void)core;
	(void)out;
	return false;
}

static void test_none_to_be_had(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		begin(versions[v]);
		pair_use_cids(&p, 8, 8);
		p.server.cfg.cid_issue = issue_none;
		run();
		assert_true(p.server.failed && p.client.failed);
		assert_int_equal(p.server.why, STATUS_HS_INTERNAL);
		end();
	}
}

static bool issue_core(void *arg, uint8_t core, uint8_t *out)
{
	(void)arg;
	*out = core;
	return true;
}

/* Ours says to which core the session will belong. */
static void test_owner(void **state)
{
	const struct handshake_config *cfg = &p.server.cfg;
	struct handshake *h;

	(void)state;
	begin(DTLS_1_2);
	pair_use_cids(&p, 1, 1);
	p.server.cfg.cid_issue = issue_core;
	h = handshake_new(cfg, HANDSHAKE_SERVER, p.now);
	assert_non_null(h);
	handshake_owner(h, 7);
	h->choice.cid = true;
	assert_true(hello_cid_answer(h, &(struct client_hello){ .has_cid = true }));
	assert_int_equal(hello_cid_params(h).len, 1);
	assert_int_equal(hello_cid_params(h).cid[0], 7);
	handshake_free(h);
	end();
}

/* Every datagram lost once, and so each last flight repeated: with the IDs. */
static void test_loss(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (unsigned lost = 0; lost < 8; lost++) {
			begin(versions[v]);
			pair_use_cids(&p, lost % 2 ? 255 : 4, 8);
			assert_true(pair_start(&p));
			for (unsigned n = 0; n < 100 && !(p.client.installed && p.server.installed);
			     p.now = pair_deadline(&p), pair_timers(&p))
				for (; pair_take(&p, &d); n++)
					if (n != lost)
						pair_deliver(&p, d.to_server, d.bytes, d.len);
			pair_flush(&p);
			expect_cids(lost % 2 ? 255 : 4, 8);
			end();
		}
	}
}

/* Checklist 38: a session that is resumed has other IDs, or none, or gets some. */
static void test_resumption(void **state)
{
	uint8_t before[8];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		begin(i == 2 ? DTLS_1_3 : DTLS_1_2);
		p.server.cfg.session_ids = i == 0;
		p.server.cfg.tickets = i != 0;
		pair_use_cids(&p, 8, 8);
		run();
		expect_cids(8, 8);
		memcpy(before, p.server.own_cid, sizeof(before));
		pair_again(&p);
		run();
		assert_true(p.client.resumed && p.server.resumed);
		expect_cids(8, 8);
		assert_memory_not_equal(before, p.server.own_cid, sizeof(before));
		pair_again(&p);
		p.client_policy.cid = false;
		run();
		assert_true(p.client.resumed && p.server.resumed);
		expect_cids(0, 0);
		assert_false(p.server.rrc);
		pair_again(&p);
		pair_use_cids(&p, 0, 3);
		run();
		assert_true(p.client.resumed && p.server.resumed);
		expect_cids(0, 3);
		end();
	}
}

/* The datagram that has this ID; d is it. */
static bool take_with(const struct connection_copy *cid, struct pair_datagram *d, size_t *at)
{
	while (pair_take(&p, d)) {
		for (*at = 0; *at + cid->len <= d->len; ++*at)
			if (memcmp(d->bytes + *at, cid->bytes, cid->len) == 0)
				return true;
		pair_deliver(&p, d->to_server, d->bytes, d->len);
	}
	return false;
}

/* RFC 8446 §4.1.2: the second hello has the ID of the first (bad-input C10). */
static void test_second_hello(void **state)
{
	struct pair_datagram d;
	size_t at;

	(void)state;
	begin(DTLS_1_3);
	pair_use_cids(&p, 8, 8);
	assert_true(pair_start(&p));
	assert_true(take_with(&p.client.h->own_cid, &d, &at));
	pair_deliver(&p, true, d.bytes, d.len);
	assert_int_equal(p.server.last_input, STATUS_HELLO_RETRY_SENT);
	assert_true(take_with(&p.client.h->own_cid, &d, &at));
	d.bytes[at] ^= 1;
	pair_deliver(&p, true, d.bytes, d.len);
	assert_int_equal(p.server.last_input, STATUS_HELLO_COOKIE);
	assert_null(p.server.h);
	p.n_queue = 0; /* the alert */
	d.bytes[at] ^= 1;
	pair_deliver(&p, true, d.bytes, d.len);
	assert_non_null(p.server.h);
	pair_flush(&p);
	expect_cids(8, 8);
	assert_int_equal(p.client.n_issued, 1);
	end();
}

/* Until the server's handshake has begun: its answer is on its way. */
static void meet_server(void)
{
	struct pair_datagram d;

	assert_true(pair_start(&p));
	while (p.server.h == NULL) {
		assert_true(pair_take(&p, &d));
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
}

/* A client refuses what it did not offer. */
static void test_unsolicited(void **state)
{
	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (unsigned rrc = 0; rrc < 2; rrc++) {
			begin(versions[v]);
			pair_use_cids(&p, 8, 8);
			meet_server();
			p.client.h->cid = rrc;
			p.client.h->rrc = false;
			pair_flush(&p);
			assert_true(p.client.failed);
			assert_int_equal(p.client.why, STATUS_HS_PARAMETER);
			end();
		}
	}
}

/* The client's flight that has its Finished is the next to be taken. */
static void meet_finished(void)
{
	struct pair_datagram d;

	meet_server();
	while (!p.queue[0].to_server) {
		assert_true(pair_take(&p, &d));
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
}

/* The client's timer expires, and it sends with these IDs. */
static void repeat_with(struct rd cid)
{
	p.n_queue = 0;
	p.client.h->protect.tx_cid = cid;
	p.now = handshake_deadline(p.client.h);
	pair_timers(&p);
	pair_flush(&p);
}

/* Checklist 37: a Finished without the ID, or with another, is none; nothing ends, and the genuine
 * one is taken afterwards. */
static void test_wrong_id(void **state)
{
	static const uint8_t other[8];

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct rd right;

		begin(versions[i / 2]);
		pair_use_cids(&p, 8, 8);
		meet_finished();
		right = p.client.h->protect.tx_cid;
		repeat_with(rd_of(other, i % 2 ? sizeof(other) : 0));
		assert_false(p.server.installed || p.server.failed || p.client.installed);
		repeat_with(right);
		expect_cids(8, 8);
		end();
	}
}

/* bad-input I8: behind a record with another ID nothing counts. */
static void test_rest_is_discarded(void **state)
{
	uint8_t wire[RECORD_HEADER_LEN + 8 + 32 + HANDSHAKE_DATAGRAM_MAX] = { 0 };
	const uint8_t *other = (const uint8_t *)"otherone";
	struct pair_datagram d;
	size_t len;

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		begin(versions[v]);
		pair_use_cids(&p, 0, 8);
		meet_finished();
		assert_true(pair_take(&p, &d));
		if (versions[v] == DTLS_1_3)
			record13_put_cid_header(wire, 2, 0, other, 8, 32);
		else
			record_put_cid_header(wire, 1, 0, other, 8, 32);
		len = (versions[v] == DTLS_1_3 ? RECORD13_HEADER_LEN : RECORD_HEADER_LEN) + 8 + 32;
		memcpy(wire + len, d.bytes, d.len);
		pair_deliver(&p, true, wire, len + d.len);
		assert_false(p.server.installed);
		pair_deliver(&p, true, d.bytes, d.len);
		pair_flush(&p);
		expect_cids(0, 8);
		end();
	}
}

/* Memory follows what the peer sent: the hello while it is there, and the ID in it. */
static void test_memory(void **state)
{
	size_t peak[2];

	(void)state;
	for (size_t v = 0; v < 2; v++) {
		for (size_t i = 0; i < 2; i++) {
			begin(versions[v]);
			pair_use_cids(&p, i ? 255 : 0, 0);
			run();
			expect_cids(i ? 255 : 0, 0);
			peak[i] = p.server.memory.peak;
			end();
		}
		assert_in_range(peak[1] - peak[0], 255, 510);
	}
}

static int setup(void **state)
{
	(void)state;
	aead = aead_new(AEAD_ENGINE_LIBCRYPTO);
	return aead == NULL;
}

static int teardown(void **state)
{
	(void)state;
	aead_free(aead);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_every_suite),
		cmocka_unit_test(test_either_may_do_without),
		cmocka_unit_test(test_none_to_be_had),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_loss),
		cmocka_unit_test(test_resumption),
		cmocka_unit_test(test_second_hello),
		cmocka_unit_test(test_unsolicited),
		cmocka_unit_test(test_wrong_id),
		cmocka_unit_test(test_rest_is_discarded),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
