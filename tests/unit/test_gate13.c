/* SPDX-License-Identifier: BSD-3-Clause */
/* The gate with DTLS 1.3 beside 1.2 (gate.c); test_gate.c has the rest. */
#include "gate.h"

#include "hellos13.h"
#include "hs_msg13.h"
#include "key_schedule13.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SECOND_NS UINT64_C(1000000000)

static const struct flow a_flow = {
	.local_ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 },
	.remote_ip = { [10] = 0xff, 0xff, 198, 18, 0, 1 },
	.local_port = 5684,
	.remote_port = 40000,
};

static struct {
	struct gate *gate;
	struct cookie_secrets secrets;
	struct hello_policy policy;
	uint64_t now_ns;
} g;

static int set_up(void **state)
{
	(void)state;
	g.policy = (struct hello_policy){ .min_version = DTLS_1_2,
					  .max_version = DTLS_1_3,
					  .groups = { ECDHE_X25519, ECDHE_SECP256R1 },
					  .n_groups = 2,
					  .psk_ke = true };
	for (size_t i = 0; i < SUITE_N; i++)
		g.policy.suites[g.policy.n_suites++] = suite_at(i);
	g.now_ns = 1000 * SECOND_NS;
	g.gate = gate_new(&g.policy);
	assert_non_null(g.gate);
	assert_true(cookie_secrets_init(&g.secrets));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	gate_free(g.gate);
	return 0;
}

/* One datagram through the gate, from heap memory that ends where it ends. Whatever it was, what
 * comes back is no more than three times as long (bad-input E6; checklist 23). */
static struct gate_item ask_on(const struct flow *flow, const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct gate_item item = { .flow = flow, .reply_len = 99, .status = STATUS_N };

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	item.datagram = rd_of(copy + 1, len);
	gate_burst(g.gate, &g.secrets, g.now_ns, &item, 1);
	free(copy);
	assert_true(item.reply_len <= 3 * len);
	return item;
}

static struct gate_item ask(const struct hello13 *h)
{
	uint8_t bytes[HELLO_MAX];

	return ask_on(&a_flow, bytes, hello13_datagram(bytes, h));
}

/* What a reply is: a HelloRetryRequest alone in its record. */
static struct server_hello13 retry_of(const struct gate_item *item)
{
	struct rd r = rd_of(item->reply, item->reply_len);
	struct server_hello13 sh;
	struct hs_fragment f;
	struct record rec;

	assert_int_equal(item->status, STATUS_HELLO_RETRY_SENT);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rd_len(&r), 0);
	assert_int_equal(rec.type, RECORD_HANDSHAKE);
	assert_int_equal(rec.version, DTLS_1_2);
	assert_int_equal(rec.epoch, 0);
	assert_true(hs_fragment_next(&rec.body, &f) && rd_len(&rec.body) == 0);
	assert_int_equal(f.type, HS_SERVER_HELLO);
	assert_int_equal(f.len, rd_len(&f.body));
	assert_int_equal(server_hello13_parse(f.body, &sh), HS_PARSE_OK);
	assert_true(sh.retry && sh.version == DTLS_1_3 && rd_len(&sh.session_id) == 0);
	return sh;
}

/* Or an alert alone in its record. */
static void refused(const struct gate_item *item, enum status why, enum alert alert)
{
	struct rd r = rd_of(item->reply, item->reply_len);
	struct record rec;

	assert_int_equal(item->status, why);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rd_len(&r), 0);
	assert_int_equal(rec.type, RECORD_ALERT);
	assert_int_equal(rd_len(&rec.body), 2);
	assert_int_equal(rec.body.p[0], ALERT_FATAL);
	assert_int_equal(rec.body.p[1], alert);
}

/* The next hello of the client: with the cookie it was given. */
static void answer(struct hello13 *h, uint8_t cookie[RETRY_COOKIE_MAX])
{
	struct gate_item item = ask(h);
	struct server_hello13 sh = retry_of(&item);

	memcpy(cookie, sh.cookie.p, rd_len(&sh.cookie));
	h->p.cookie = rd_of(cookie, rd_len(&sh.cookie));
	h->message_seq++;
	h->record_seq++;
	if (!sh.has_share)
		return;
	h->shares[0] =
		(struct hs_share){ sh.group, (uint16_t)ecdhe_public_len(sh.group), hello13_key };
	h->p.n_shares = 1;
}

/* checklist 18 */
static void client_gets_through(void **state)
{
	uint8_t cookie[RETRY_COOKIE_MAX];
	struct gate_item item;
	struct hello13 h;

	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++)
		for (unsigned shares = 0; shares < 2; shares++) {
			hello13_plain(&h);
			h.suites[0] = suite_at(i)->id;
			h.p.n_shares = (uint8_t)shares;
			item = ask(&h);
			assert_int_equal(retry_of(&item).suite, h.suites[0]);
			/* not asked for what is there */
			assert_int_equal(retry_of(&item).has_share, !shares);
			answer(&h, cookie);
			item = ask(&h);
			assert_int_equal(item.status, STATUS_OK);
			assert_int_equal(item.reply_len, 0);
		}
}

/* checklist 22's rules for numbers hold for this one too */
static void numbers_are_the_hellos(void **state)
{
	const uint8_t head[] = {
		22, 0xfe, 0xfd, 0,   0, 1, 2, 3, 4, 5, 6, 0,   121, /* record */
		2,  0,    0,    109, 0, 7, 0, 0, 0, 0, 0, 109,      /* message */
	};
	struct gate_item item;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.message_seq = 7;
	h.record_seq = 0x010203040506;
	item = ask(&h);
	assert_int_equal(item.status, STATUS_HELLO_RETRY_SENT);
	assert_memory_equal(item.reply, head, sizeof(head));
}

/* checklist 20: what is in the cookie is what the transcript needs. */
static void cookie_has_the_hash_of_the_first_hello(void **state)
{
	(void)state;
	for (size_t i = SUITE_12_N; i < SUITE_N; i++) {
		uint8_t message[HELLO_MAX], hash[HASH_MAX];
		struct wr w = wr_of(message, sizeof(message));
		struct retry_cookie c;
		struct gate_item item;
		struct server_hello13 sh;
		struct hello13 h;
		struct rd all;

		hello13_plain(&h);
		h.suites[0] = suite_at(i)->id;
		item = ask(&h);
		sh = retry_of(&item);
		assert_true(retry_cookie_parse(sh.cookie, &c));
		assert_ptr_equal(c.suite, suite_at(i));
		assert_int_equal(c.time_s, 1000);
		assert_int_equal(c.group, ECDHE_NONE);
		/* the form of TLS: no message_seq, no fragment (checklist 34) */
		wr_u8(&w, HS_CLIENT_HELLO);
		wr_u24(&w, 0);
		(void)client_hello13_write(&w, &h.p);
		bytes_put_u16(message + 2, (uint16_t)(wr_len(&w) - 4));
		all = rd_of(message, wr_len(&w));
		assert_true(hash13(c.suite->hash, &all, 1, hash));
		assert_memory_equal(c.hash, hash, hash13_len(c.suite->hash));
	}
}

/* HMAC-SHA256(secret, 0xff | flow | cookie before it | SHA-256(what must be repeated)): computed
 * with Python's hmac and hashlib modules for hello13_plain. */
static void cookie_has_the_documented_mac(void **state)
{
	const uint8_t expected[COOKIE_MAC_LEN] = { 0xe3, 0x36, 0x14, 0x61, 0x90, 0xf3, 0x08, 0xdd,
						   0xe7, 0x70, 0xbc, 0x8f, 0xcf, 0xc0, 0x76, 0xd6 };
	struct server_hello13 sh;
	struct gate_item item;
	struct hello13 h;
	uint8_t key[32];

	(void)state;
	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	hmac_key_init(&g.secrets.keys[1], key);
	g.secrets.current = 1;
	hello13_plain(&h);
	item = ask(&h);
	sh = retry_of(&item);
	assert_int_equal(rd_len(&sh.cookie), 57);
	assert_memory_equal(sh.cookie.end - COOKIE_MAC_LEN, expected, COOKIE_MAC_LEN);
}

/* bad-input E1, E2; checklist 21: every bit of the cookie, any other one, another flow. */
static void forged_cookie_is_an_illegal_parameter(void **state)
{
	uint8_t cookie[RETRY_COOKIE_MAX], bytes[HELLO_MAX], junk[255];
	struct gate_item item;
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	answer(&h, cookie);
	len = hello13_datagram(bytes, &h);
	assert_int_equal(ask_on(&a_flow, bytes, len).status, STATUS_OK);
	for (size_t bit = 0; bit < 8 * rd_len(&h.p.cookie); bit++) {
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
		item = ask(&h);
		refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
		cookie[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof(struct flow); bit++) {
		struct flow f = a_flow;

		((uint8_t *)&f)[bit / 8] ^= (uint8_t)(1u << bit % 8);
		item = ask_on(&f, bytes, len);
		refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
	}
	srand(2);
	for (size_t n = 1; n <= sizeof(junk); n++) {
		for (size_t i = 0; i < n; i++)
			junk[i] = (uint8_t)rand();
		junk[0] &= 1;
		h.p.cookie = rd_of(junk, n);
		item = ask(&h);
		refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
	}
}

static void cookie_is_worth_something_for_a_minute(void **state)
{
	uint8_t cookie[RETRY_COOKIE_MAX];
	struct gate_item item;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	answer(&h, cookie);
	g.now_ns += 60 * SECOND_NS;
	assert_int_equal(ask(&h).status, STATUS_OK);
	g.now_ns += SECOND_NS;
	item = ask(&h);
	refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
	/* One of a core that is ahead by a turn is no older than now. */
	g.now_ns = 1000 * SECOND_NS - 1;
	assert_int_equal(ask(&h).status, STATUS_OK);
	g.now_ns -= SECOND_NS;
	assert_int_equal(ask(&h).status, STATUS_HELLO_COOKIE);
}

/* checklist 19 */
static void cookie_lives_through_one_rotation(void **state)
{
	uint8_t cookie[RETRY_COOKIE_MAX];
	struct cookie_secrets next;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	answer(&h, cookie);
	assert_true(cookie_secrets_rotate(&g.secrets, &next));
	g.secrets = next;
	assert_int_equal(ask(&h).status, STATUS_OK);
	assert_true(cookie_secrets_rotate(&g.secrets, &next));
	g.secrets = next;
	assert_int_equal(ask(&h).status, STATUS_HELLO_COOKIE);
}

/* bad-input C10, E5: test_retry has what counts as changed; here, that it counts. */
static void second_hello_repeats_the_first(void **state)
{
	uint8_t cookie[RETRY_COOKIE_MAX];
	struct gate_item item;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	answer(&h, cookie);
	h.suites[h.p.n_suites++] = TLS_AES_128_CCM_SHA256;
	item = ask(&h);
	refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
	h.p.n_suites--;
	h.p.server_name = rd_of("b", 1);
	assert_int_equal(ask(&h).status, STATUS_HELLO_COOKIE);
	h.p.server_name = rd_of(NULL, 0);
	hello13_psk(&h, 32);
	assert_int_equal(ask(&h).status, STATUS_HELLO_COOKIE); /* psk_key_exchange_modes is new */
	h.p.n_psk_modes = 0;
	assert_int_equal(ask(&h).status, STATUS_OK); /* pre_shared_key may change */
	h.p.n_psks = 0;
	assert_int_equal(ask(&h).status, STATUS_OK);
}

/* Whoever cannot be helped is told, in fewer bytes than it has sent. */
static void hopeless_hello_gets_an_alert(void **state)
{
	static const uint8_t cookie[] = { 7 };
	struct gate_item item;
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	h.suites[0] = TLS_PSK_WITH_AES_128_CCM_8;
	item = ask(&h);
	refused(&item, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);
	assert_int_equal(item.reply_len, 15);
	hello13_plain(&h);
	h.p.n_groups = 0;
	item = ask(&h);
	refused(&item, STATUS_HS_PARAMETER, ALERT_MISSING_EXTENSION);
	hello13_plain(&h);
	h.p.cookie = rd_of(cookie, 1);
	item = ask(&h);
	refused(&item, STATUS_HELLO_COOKIE, ALERT_ILLEGAL_PARAMETER);
}

/* RFC 9147 §5.3: "If a DTLS 1.3 ClientHello is received with any other value in [legacy_cookie]".
 */
static void cookie_of_12_is_illegal(void **state)
{
	uint8_t body[HELLO_MAX], bytes[HELLO_MAX];
	struct gate_item item;
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	len = hello13_body(body, &h);
	assert_int_equal(body[35], 0);
	memmove(body + 37, body + 36, len - 36);
	body[35] = 1;
	body[36] = 9;
	item = ask_on(&a_flow, bytes, hello_wrap(bytes, body, len + 1, 0, 0));
	refused(&item, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
}

/* checklist 18: HelloVerifyRequest for 1.2 and never for 1.3, on one port. */
static void both_versions_share_the_gate(void **state)
{
	struct hello_policy only_12 = g.policy;
	struct gate *gate;
	struct gate_item items[GATE_BURST];
	static uint8_t bytes[GATE_BURST][HELLO_MAX];
	struct hello13 h;

	(void)state;
	hello13_plain(&h);
	for (size_t i = 0; i < GATE_BURST; i++) {
		size_t len = sizeof(hello_gnutls);

		memcpy(bytes[i], hello_gnutls, len);
		if (i % 2)
			len = hello13_datagram(bytes[i], &h);
		items[i] = (struct gate_item){ .flow = &a_flow, .datagram = rd_of(bytes[i], len) };
	}
	gate_burst(g.gate, &g.secrets, g.now_ns, items, GATE_BURST);
	for (size_t i = 0; i < GATE_BURST; i++)
		assert_int_equal(items[i].status,
				 i % 2 ? STATUS_HELLO_RETRY_SENT : STATUS_HELLO_VERIFY_SENT);
	/* Where 1.3 is off, the same hello is one of 1.2 that offers too much. */
	only_12.max_version = DTLS_1_2;
	gate = gate_new(&only_12);
	assert_non_null(gate);
	gate_burst(gate, &g.secrets, g.now_ns, &items[1], 1);
	assert_int_equal(items[1].status, STATUS_HELLO_VERIFY_SENT);
	gate_free(gate);
}

/* RFC 9147 §5.1: three times; the smallest hello there is gets its answer whole. */
static void smallest_hello_is_answered_within_the_limit(void **state)
{
	static const uint8_t ke[] = { HS_PSK_KE };
	uint8_t bytes[HELLO_MAX];
	struct gate_item item;
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	hello13_psk(&h, 48);
	h.suites[0] = TLS_AES_256_GCM_SHA384; /* the longest cookie */
	h.psks[0].identity_len = 1;
	h.p.psk_modes = ke;
	h.p.n_psk_modes = 1;
	h.p.n_groups = h.p.n_shares = h.p.n_signature_algorithms = 0;
	len = hello13_datagram(bytes, &h);
	item = ask(&h);
	assert_int_equal(item.status, STATUS_HELLO_RETRY_SENT);
	assert_true(item.reply_len > GATE_VERIFY_LEN && item.reply_len <= 3 * len);
}

/* A hello as records with a part of it each, in one datagram; returns its length. */
static size_t in_parts(uint8_t *out, const struct hello13 *h, uint32_t from, uint32_t to,
		       uint32_t part)
{
	uint8_t body[HELLO_MAX];
	uint32_t len = (uint32_t)hello13_body(body, h);
	struct wr w = wr_of(out, HELLO_MAX);

	for (uint32_t at = from; at < (to < len ? to : len); at += part) {
		uint32_t n = len - at < part ? len - at : part;

		record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, h->record_seq + at,
				    (uint16_t)(HS_HEADER_LEN + n));
		hs_header_write(&w, HS_CLIENT_HELLO, len, h->message_seq, at, n);
		wr_bytes(&w, body + at, n);
	}
	assert_false(w.failed);
	return wr_len(&w);
}

/* A client whose hellos are larger than its records gets through as if they were not (bad-input
 * B13, C14), and the handshake is given the hello as one. */
static void hello_in_parts_gets_through(void **state)
{
	static const uint8_t large[1300];
	uint8_t cookie[RETRY_COOKIE_MAX], bytes[HELLO_MAX], one[HELLO_MAX];
	struct gate_item item, whole;
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	h.groups[h.p.n_groups++] = 0x11ec; /* X25519MLKEM768 */
	h.shares[h.p.n_shares++] = (struct hs_share){ 0x11ec, sizeof(large), large };
	whole = ask(&h);
	len = in_parts(bytes, &h, 0, 1000, 1000);
	item = ask_on(&a_flow, bytes, len);
	assert_int_equal(item.status, STATUS_HELLO_FRAGMENT);
	assert_int_equal(item.reply_len, 0);
	len = in_parts(bytes, &h, 1000, 5000, 1000);
	item = ask_on(&a_flow, bytes, len);
	/* but for the record's number */
	assert_int_equal(item.status, STATUS_HELLO_RETRY_SENT);
	assert_memory_equal(item.reply + 11, whole.reply + 11, whole.reply_len - 11);

	answer(&h, cookie);
	len = in_parts(bytes, &h, 0, 5000, 200); /* all of them in one datagram */
	item = (struct gate_item){ .flow = &a_flow, .datagram = rd_of(bytes, len) };
	gate_burst(g.gate, &g.secrets, g.now_ns, &item, 1);
	assert_int_equal(item.status, STATUS_OK);
	len = hello13_datagram(one, &h);
	assert_int_equal(rd_len(&item.datagram), len);
	assert_memory_equal(item.datagram.p + 11, one + 11, len - 11);
}

/* bad-input C1: no part of a hello is answered, and none reads beyond itself. */
static void no_part_of_a_hello_is_answered(void **state)
{
	uint8_t bytes[HELLO_MAX], cookie[RETRY_COOKIE_MAX];
	struct hello13 h;
	size_t len;

	(void)state;
	hello13_plain(&h);
	answer(&h, cookie);
	hello13_psk(&h, 32);
	len = hello13_datagram(bytes, &h);
	for (size_t n = 0; n < len; n++) {
		struct gate_item item = ask_on(&a_flow, bytes, n);

		assert_int_equal(item.reply_len, 0);
		assert_int_not_equal(item.status, STATUS_OK);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(client_gets_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(numbers_are_the_hellos, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cookie_has_the_hash_of_the_first_hello, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(cookie_has_the_documented_mac, set_up, tear_down),
		cmocka_unit_test_setup_teardown(forged_cookie_is_an_illegal_parameter, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(cookie_is_worth_something_for_a_minute, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(cookie_lives_through_one_rotation, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(second_hello_repeats_the_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(hopeless_hello_gets_an_alert, set_up, tear_down),
		cmocka_unit_test_setup_teardown(cookie_of_12_is_illegal, set_up, tear_down),
		cmocka_unit_test_setup_teardown(both_versions_share_the_gate, set_up, tear_down),
		cmocka_unit_test_setup_teardown(smallest_hello_is_answered_within_the_limit, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(hello_in_parts_gets_through, set_up, tear_down),
		cmocka_unit_test_setup_teardown(no_part_of_a_hello_is_answered, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
