/* SPDX-License-Identifier: BSD-3-Clause */
#include "gate.h"

#include "hellos.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Where the parts of a reply are. */
enum { REPLY_SEQ = 5, REPLY_MESSAGE = 13, REPLY_MESSAGE_SEQ = 17, REPLY_COOKIE = 28 };

struct fixture {
	struct gate *gate;
	struct cookie_secrets secrets;
	uint64_t now_ns;
};

static const struct flow a_flow = {
	.local_ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 },
	.remote_ip = { [10] = 0xff, 0xff, 198, 18, 0, 1 },
	.local_port = 5684,
	.remote_port = 40000,
};

static int set_up(void **state)
{
	static struct fixture f;

	f.gate = gate_new(NULL);
	assert_non_null(f.gate);
	assert_true(cookie_secrets_init(&f.secrets));
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	gate_free(f->gate);
	return 0;
}

/* One datagram through the gate, from heap memory that ends where it ends. Whatever it was, the
 * answer is not longer (bad-input E6), and only the two statuses that may carry bytes do. */
static struct gate_item ask(struct fixture *f, const struct flow *flow, const uint8_t *bytes,
			    size_t len)
{
	uint8_t *copy = malloc(len + 1);
	struct gate_item item = { .flow = flow, .reply_len = 99, .status = STATUS_N };

	assert_non_null(copy);
	memcpy(copy + 1, bytes, len);
	item.datagram = rd_of(copy + 1, len);
	gate_burst(f->gate, &f->secrets, f->now_ns, &item, 1);
	free(copy);
	item.datagram = rd_of(bytes, len);
	assert_true(item.reply_len <= len);
	assert_int_equal(item.reply_len,
			 item.status == STATUS_HELLO_VERIFY_SENT ? GATE_VERIFY_LEN : 0);
	return item;
}

static enum status status_of(struct fixture *f, const uint8_t *bytes, size_t len)
{
	return ask(f, &a_flow, bytes, len).status;
}

static struct gate_item ask_parts(struct fixture *f, const struct hello_parts *p)
{
	uint8_t bytes[HELLO_MAX];

	return ask(f, &a_flow, bytes, hello_datagram(bytes, p));
}

/* The cookie that the gate gives to a hello. */
static void get_cookie(struct fixture *f, const struct flow *flow, const uint8_t *hello, size_t len,
		       uint8_t out[COOKIE_LEN])
{
	struct gate_item item = ask(f, flow, hello, len);

	assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
	memcpy(out, item.reply + REPLY_COOKIE, COOKIE_LEN);
}

/* A hello of ours with the cookie it was given; returns its length. */
static size_t second_hello(struct fixture *f, uint8_t out[HELLO_MAX], const struct hello_parts *p)
{
	uint8_t first[HELLO_MAX], cookie[COOKIE_LEN];
	size_t len = hello_datagram(first, p);

	get_cookie(f, &a_flow, first, len, cookie);
	return hello_with_cookie(out, first, len, cookie, sizeof(cookie));
}

/* checklist 18, 22: the whole exchange with what real clients send. */
static void real_clients_get_through(void **state)
{
	const struct {
		const uint8_t *bytes;
		size_t len;
	} clients[] = { { hello_openssl, sizeof(hello_openssl) },
			{ hello_gnutls, sizeof(hello_gnutls) } };

	for (size_t i = 0; i < 2; i++) {
		uint8_t cookie[COOKIE_LEN], second[HELLO_MAX];
		size_t len;

		get_cookie(*state, &a_flow, clients[i].bytes, clients[i].len, cookie);
		len = hello_with_cookie(second, clients[i].bytes, clients[i].len, cookie,
					COOKIE_LEN);
		assert_int_equal(len, clients[i].len + COOKIE_LEN);
		assert_int_equal(status_of(*state, second, len), STATUS_OK);
	}
}

/* checklist 22: both versions 1.0, the record's number copied, whole, message_seq 0. */
static void reply_is_the_rfcs_hello_verify_request(void **state)
{
	const uint8_t expected[REPLY_COOKIE] = {
		22,   0xfe, 0xff, 0,  0, 1, 2, 3, 4, 5, 6, 0,  32, /* record */
		3,    0,    0,    20, 0, 0, 0, 0, 0, 0, 0, 20,     /* message */
		0xfe, 0xff, 17,
	};
	struct hello_parts p = hello_plain();
	struct gate_item item;

	p.record_seq = 0x010203040506;
	item = ask_parts(*state, &p);
	assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
	assert_int_equal(item.reply_len, REPLY_COOKIE + COOKIE_LEN);
	assert_memory_equal(item.reply, expected, sizeof(expected));
}

/* The cookie is HMAC-SHA256(secret, flow | version | random | lists): computed with Python's hmac
 * module for the hello captured from openssl. */
static void cookie_is_the_documented_mac(void **state)
{
	const uint8_t expected[COOKIE_LEN] = { 0x01, 0x76, 0x76, 0xdc, 0x09, 0x25, 0xd4, 0x37, 0xce,
					       0x90, 0xb4, 0xb4, 0x43, 0x80, 0x7a, 0xc6, 0x06 };
	struct fixture f = { .gate = ((struct fixture *)*state)->gate };
	uint8_t key[32], cookie[COOKIE_LEN];

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	hmac_key_init(&f.secrets.keys[1], key);
	f.secrets.current = 1;
	get_cookie(&f, &a_flow, hello_openssl, sizeof(hello_openssl), cookie);
	assert_memory_equal(cookie, expected, COOKIE_LEN);
}

/* A client whose cookie went stale waits for the next message_seq (openssl and gnutls drop others).
 */
static void message_seq_follows_the_hellos(void **state)
{
	for (uint16_t seq = 0; seq <= 16; seq++) {
		struct hello_parts p = hello_plain();
		struct gate_item item;

		p.message_seq = seq;
		item = ask_parts(*state, &p);
		assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
		assert_int_equal(item.reply[REPLY_MESSAGE_SEQ], 0);
		assert_int_equal(item.reply[REPLY_MESSAGE_SEQ + 1], seq);
	}
}

/* bad-input B9 */
static void message_seq_far_ahead_is_refused(void **state)
{
	const uint16_t seqs[] = { 17, 255, 256, 32768, 65535 };

	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		struct hello_parts p = hello_plain();

		p.message_seq = seqs[i];
		assert_int_equal(ask_parts(*state, &p).status, STATUS_HELLO_MALFORMED);
	}
}

/* bad-input E1: any length, any content: a fresh request of the same size, which then works. */
static void random_cookie_is_no_cookie(void **state)
{
	uint8_t cookie[255], good[COOKIE_LEN], bytes[HELLO_MAX];
	const struct hello_parts plain = hello_plain();
	struct hello_parts p = plain;

	get_cookie(*state, &a_flow, bytes, hello_datagram(bytes, &plain), good);
	srand(1);
	for (size_t len = 0; len <= sizeof(cookie); len++)
		for (unsigned first = 0; first < 3; first++) {
			struct gate_item item;

			for (size_t i = 0; i < len; i++)
				cookie[i] = (uint8_t)rand();
			cookie[0] = (uint8_t)first;
			p.cookie = (struct hello_bytes){ cookie, len };
			item = ask_parts(*state, &p);
			assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
			p.cookie = (struct hello_bytes){ item.reply + REPLY_COOKIE, COOKIE_LEN };
			assert_int_equal(ask_parts(*state, &p).status, STATUS_OK);
		}
	/* What a hello without a cookie gets is what one with a bad cookie gets. */
	cookie[0] = 77;
	p.cookie = (struct hello_bytes){ cookie, COOKIE_LEN };
	assert_memory_equal(ask_parts(*state, &p).reply + REPLY_COOKIE, good, COOKIE_LEN);
}

/* bad-input E1: one flipped bit anywhere in a cookie. */
static void every_bit_of_the_cookie_counts(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	size_t len = second_hello(*state, bytes, &p);

	assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
	for (size_t bit = 0; bit < (size_t)COOKIE_LEN * 8; bit++) {
		uint8_t *byte = &bytes[HELLO_AT_SESSION_ID + 2 + bit / 8];

		*byte ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(status_of(*state, bytes, len), STATUS_HELLO_VERIFY_SENT);
		*byte ^= (uint8_t)(1u << bit % 8);
	}
}

/* bad-input E2 */
static void cookie_is_worth_nothing_on_another_flow(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	size_t len = second_hello(*state, bytes, &p);

	for (size_t i = 0; i < sizeof(struct flow); i++) {
		struct flow f = a_flow;

		((uint8_t *)&f)[i] ^= 1;
		assert_int_equal(ask(*state, &f, bytes, len).status, STATUS_HELLO_VERIFY_SENT);
	}
	assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
}

/* bad-input E4: the gate itself has nothing to fill; how often is for the admission limit. */
static void cookie_may_be_repeated_by_its_owner(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	size_t len = second_hello(*state, bytes, &p);

	for (int i = 0; i < 1000; i++)
		assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
}

/* Interoperation: Mbed TLS 2.28 with a ticket makes up an id for every hello. */
static void another_session_id_passes_with_the_old_cookie(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	size_t len;

	p.session_id = HELLO_BYTES(1, 2, 3);
	len = second_hello(*state, bytes, &p);
	bytes[HELLO_AT_SESSION_ID + 1] ^= 1;
	assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
}

/* bad-input E5, C10: every bit of version, random, suites and compression. */
static void changed_hello_does_not_pass_with_the_old_cookie(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	size_t len, cookie_at = HELLO_AT_SESSION_ID + 1;

	p.compression = HELLO_BYTES(0, 1);
	len = second_hello(*state, bytes, &p);
	assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
	for (size_t bit = (size_t)HELLO_AT_BODY * 8; bit < len * 8; bit++) {
		if (bit / 8 >= cookie_at && bit / 8 < cookie_at + 1 + COOKIE_LEN)
			continue;
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_not_equal(status_of(*state, bytes, len), STATUS_OK);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
}

/* bad-input E9, A8, A6: nothing in front of the cookie lets a hello around it. Every byte of a
 * first hello takes every value. */
static void no_byte_of_a_first_hello_routes_around_the_cookie(void **state)
{
	uint8_t bytes[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t len;

	p.extensions = HELLO_BYTES(0, 23, 0, 0, 0xff, 1, 0, 1, 0, 0, 1, 0, 1, 2);
	len = hello_datagram(bytes, &p);
	for (size_t at = 0; at < len; at++) {
		uint8_t was = bytes[at];

		for (unsigned value = 0; value < 256; value++) {
			bytes[at] = (uint8_t)value;
			assert_int_not_equal(status_of(*state, bytes, len), STATUS_OK);
		}
		bytes[at] = was;
	}
}

/* bad-input E9: versions are for after the cookie. */
static void any_client_version_is_verified_first(void **state)
{
	const uint16_t versions[] = { 0xfeff, 0xfefc, 0x0303, 0x0000, 0xffff };

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		struct hello_parts p = hello_plain();
		uint8_t bytes[HELLO_MAX];
		size_t len;

		p.version = versions[i];
		len = second_hello(*state, bytes, &p);
		assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
	}
}

/* bad-input C5, C6, D10, D13: refused by alert, so only once the cookie has verified. */
static void illegal_values_are_verified_first(void **state)
{
	struct hello_parts rows[4] = { hello_plain(), hello_plain(), hello_plain(), hello_plain() };

	rows[0].compression = HELLO_BYTES(1);
	rows[1].suites = HELLO_BYTES(0x13, 0x01);
	rows[2].extensions = HELLO_BYTES(0, 1, 0, 1, 5);
	rows[3].extensions = HELLO_BYTES(0xff, 1, 0, 2, 1, 0);
	for (size_t i = 0; i < 4; i++) {
		uint8_t bytes[HELLO_MAX];
		size_t len = second_hello(*state, bytes, &rows[i]);

		assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
	}
}

/* bad-input C1, A1, A2: every truncation, with lengths as they were and with all outer lengths
 * made to fit; also for a hello with a valid cookie. */
static void truncated_hellos_are_dropped(void **state)
{
	uint8_t with_cookie[HELLO_MAX], bytes[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t len = second_hello(*state, with_cookie, &p), n;

	assert_int_equal(status_of(*state, with_cookie, len), STATUS_OK);
	for (size_t cut = 0; cut < len; cut++) {
		enum status s = status_of(*state, with_cookie, cut);

		assert_int_equal(s, cut < 13 ? STATUS_RECORD_SHORT : STATUS_RECORD_LENGTH);
		if (cut < HELLO_AT_BODY)
			continue;
		n = hello_wrap(bytes, with_cookie + HELLO_AT_BODY, cut - HELLO_AT_BODY, 1, 1);
		assert_int_equal(status_of(*state, bytes, n), STATUS_HELLO_MALFORMED);
	}
}

/* bad-input C2, C4, C9, D1, D2: malformed is dropped, cookie or not. */
static void malformed_hellos_are_dropped(void **state)
{
	const uint8_t zeros[33] = { 0 };
	struct hello_parts rows[7];

	for (size_t i = 0; i < 7; i++)
		rows[i] = hello_plain();
	rows[0].session_id = (struct hello_bytes){ zeros, 33 };
	rows[1].suites = HELLO_BYTES(0, 0xa8, 0);
	rows[2].suites.len = 0;
	rows[3].has_extensions = true;
	rows[3].tail = HELLO_BYTES(0);
	rows[4].extensions = HELLO_BYTES(0, 23, 0, 0, 0, 23, 0, 0);
	rows[5].extensions = HELLO_BYTES(0, 23, 0, 1);
	rows[6].tail = HELLO_BYTES(0);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(ask_parts(*state, &rows[i]).status, STATUS_HELLO_MALFORMED);
}

/* bad-input B1, B6, B8, B14: one message, or a part of one, alone in its record. */
static void what_is_no_fragment_is_dropped(void **state)
{
	const struct {
		uint32_t len, off, frag_len;
	} rows[] = {
		{ 44, 0, 43 },      { 44, 1, 43 },        { 44, 0, 0 },
		{ 44, 44, 0 },      { 43, 0, 44 },        { 0xffffff, 0, 44 },
		{ 0xffffff, 0, 0 }, { 44, 0xffffff, 44 }, { 0xffffff, 0, 0xffffff },
		{ 45, 0, 45 },
	};
	uint8_t bytes[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t len = hello_datagram(bytes, &p);

	assert_int_equal(len, HELLO_AT_BODY + 44);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wr w = wr_of(bytes + HELLO_AT_MESSAGE, 12);

		hs_header_write(&w, HS_CLIENT_HELLO, rows[i].len, 0, rows[i].off, rows[i].frag_len);
		assert_int_equal(status_of(*state, bytes, len), STATUS_HELLO_MALFORMED);
	}
}

/* bad-input B14; and what stands in the same record behind a hello is not a second message. */
static void trailing_bytes_in_the_record_are_refused(void **state)
{
	uint8_t bytes[HELLO_MAX] = { 0 };
	struct hello_parts p = hello_plain();
	size_t len = hello_datagram(bytes, &p);

	for (size_t extra = 1; extra <= 40; extra++) {
		bytes[12] = (uint8_t)(len - 13 + extra);
		assert_int_equal(status_of(*state, bytes, len + extra), STATUS_HELLO_MALFORMED);
	}
}

/* bad-input A6, A8, A18, K9, J6: only a plain handshake record can be a hello. */
static void other_first_records_are_dropped(void **state)
{
	uint8_t bytes[HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t len = second_hello(*state, bytes, &p);

	for (unsigned type = 0; type < 256; type++) {
		bytes[0] = (uint8_t)type;
		assert_int_equal(status_of(*state, bytes, len) == STATUS_OK, type == 22);
	}
	bytes[0] = 22;
	bytes[2] = 0xfd;
	assert_int_equal(status_of(*state, bytes, len), STATUS_OK);
	for (unsigned epoch = 1; epoch < 65536; epoch += 257) { /* wolfSSL #6368 */
		bytes[3] = (uint8_t)(epoch >> 8);
		bytes[4] = (uint8_t)epoch;
		assert_int_equal(status_of(*state, bytes, len), STATUS_HELLO_MALFORMED);
	}
	bytes[3] = bytes[4] = 0;
	for (unsigned type = 0; type < 256; type++) {
		bytes[HELLO_AT_MESSAGE] = (uint8_t)type;
		assert_int_equal(status_of(*state, bytes, len),
				 type == HS_CLIENT_HELLO ? STATUS_OK : STATUS_HELLO_MALFORMED);
	}
}

/* bad-input C16: records behind the hello change nothing, be they guesses or rubbish. */
static void records_behind_the_hello_are_ignored(void **state)
{
	uint8_t bytes[HELLO_MAX], alone[GATE_VERIFY_LEN];
	struct hello_parts p = hello_plain();
	size_t len = hello_datagram(bytes, &p);
	struct gate_item item = ask(*state, &a_flow, bytes, len);

	memcpy(alone, item.reply, sizeof(alone));
	memset(bytes + len, 0xff, 100);
	item = ask(*state, &a_flow, bytes, len + 100);
	assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
	assert_memory_equal(item.reply, alone, sizeof(alone));
	memcpy(bytes + len, bytes, len); /* another hello */
	item = ask(*state, &a_flow, bytes, 2 * len);
	assert_memory_equal(item.reply, alone, sizeof(alone));
	len = second_hello(*state, bytes, &p);
	memset(bytes + len, 0xff, 100);
	assert_int_equal(status_of(*state, bytes, len + 100), STATUS_OK);
}

/* bad-input E6: the shortest hello there is, is longer than the reply. */
static void reply_is_never_longer_than_the_hello(void **state)
{
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX];
	struct gate_item item;

	p.suites.len = 2;
	p.compression.len = 0;
	item = ask(*state, &a_flow, bytes, hello_datagram(bytes, &p));
	assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
	assert_true(item.reply_len < rd_len(&item.datagram));
	assert_int_equal(item.reply_len, GATE_VERIFY_LEN);
}

/* bad-input E6: over random mutations of every hello here, `ask` compares the lengths. */
static void mutated_hellos_never_get_more_than_they_sent(void **state)
{
	uint8_t bytes[HELLO_MAX], base[3][HELLO_MAX];
	struct hello_parts p = hello_plain();
	size_t lens[3] = { sizeof(hello_openssl), sizeof(hello_gnutls) }, verified = 0;

	memcpy(base[0], hello_openssl, sizeof(hello_openssl));
	memcpy(base[1], hello_gnutls, sizeof(hello_gnutls));
	lens[2] = hello_datagram(base[2], &p);
	srand(7);
	for (unsigned i = 0; i < 30000; i++) {
		size_t len = lens[i % 3];
		enum status s;

		memcpy(bytes, base[i % 3], len);
		for (int flips = rand() % 4; flips >= 0; flips--)
			bytes[(size_t)rand() % len] = (uint8_t)rand();
		s = status_of(*state, bytes, rand() % 8 ? len : (size_t)rand() % (len + 1));
		assert_int_not_equal(s, STATUS_OK);
		verified += s == STATUS_HELLO_VERIFY_SENT;
	}
	assert_true(verified > 1000 && verified < 29000);
}

/* bad-input C14: of no size is anything read too far or kept. */
static void hello_of_any_size_is_decided(void **state)
{
	static uint8_t suites[2000], cookie[255];
	struct hello_parts p = hello_plain();
	enum status s;

	memset(suites, 0x5b, sizeof(suites));
	p.cookie = (struct hello_bytes){ cookie, sizeof(cookie) };
	for (size_t len = 2; len <= sizeof(suites); len += 2) {
		p.suites = (struct hello_bytes){ suites, len };
		s = ask_parts(*state, &p).status;
		assert_int_equal(s, len <= 438 ? STATUS_HELLO_VERIFY_SENT : STATUS_HELLO_MALFORMED);
	}
}

/* checklist 19: a cookie survives one rotation and not two; then the client gets another. */
static void rotation_overlaps(void **state)
{
	struct fixture *f = *state, rotated = { .gate = f->gate }, twice = { .gate = f->gate };
	struct hello_parts p = hello_plain();
	uint8_t bytes[HELLO_MAX], third[HELLO_MAX], cookie[COOKIE_LEN];
	size_t len = second_hello(f, bytes, &p);

	assert_true(cookie_secrets_rotate(&f->secrets, &rotated.secrets));
	assert_true(cookie_secrets_rotate(&rotated.secrets, &twice.secrets));
	assert_int_equal(status_of(&rotated, bytes, len), STATUS_OK);
	get_cookie(&twice, &a_flow, bytes, len, cookie);
	len = hello_with_cookie(third, bytes, len, cookie, COOKIE_LEN);
	assert_int_equal(status_of(&twice, third, len), STATUS_OK);
	assert_int_equal(status_of(f, third, len), STATUS_HELLO_VERIFY_SENT);
}

static void new_cookies_come_from_the_current_secret(void **state)
{
	struct fixture *f = *state, rotated = { .gate = f->gate };
	uint8_t cookie[COOKIE_LEN];

	get_cookie(f, &a_flow, hello_gnutls, sizeof(hello_gnutls), cookie);
	assert_int_equal(cookie[0], f->secrets.current);
	assert_true(cookie_secrets_rotate(&f->secrets, &rotated.secrets));
	get_cookie(&rotated, &a_flow, hello_gnutls, sizeof(hello_gnutls), cookie);
	assert_int_equal(cookie[0], rotated.secrets.current);
}

/* bad-input E1: a forged cookie in the elder secret's name gets one that works, for one MAC. */
static void forged_cookie_of_the_elder_secret_is_corrected(void **state)
{
	struct fixture *f = *state;
	uint8_t forged[COOKIE_LEN] = { f->secrets.current == 0 };
	struct hello_parts p = hello_plain();
	struct gate_item item;

	p.cookie = (struct hello_bytes){ forged, sizeof(forged) };
	item = ask_parts(f, &p);
	assert_int_equal(item.status, STATUS_HELLO_VERIFY_SENT);
	p.cookie.p = item.reply + REPLY_COOKIE;
	assert_int_equal(ask_parts(f, &p).status, STATUS_OK);
}

/* The hellos of a burst: first ones, second ones, malformed ones, none at all. */
static void fill_burst(struct fixture *f, struct gate_item items[GATE_BURST],
		       struct flow flows[GATE_BURST], uint8_t bytes[GATE_BURST][HELLO_MAX])
{
	for (size_t i = 0; i < GATE_BURST; i++) {
		struct hello_parts p = hello_plain();
		uint8_t cookie[COOKIE_LEN];
		size_t len;

		flows[i] = a_flow;
		flows[i].remote_port = (uint16_t)(1000 + i);
		p.random = (uint8_t)i;
		len = hello_datagram(bytes[i], &p);
		if (i % 4 == 1) {
			get_cookie(f, &flows[i], bytes[i], len, cookie);
			p.cookie = (struct hello_bytes){ cookie, COOKIE_LEN };
			len = hello_datagram(bytes[i], &p);
		}
		if (i % 4 == 2)
			bytes[i][HELLO_AT_SESSION_ID] = 33;
		items[i] = (struct gate_item){ .flow = &flows[i],
					       .datagram = rd_of(bytes[i], i % 8 == 3 ? 5 : len) };
	}
}

/* CVE-2015-0207's class: items of a burst do not touch one another. */
static void burst_decides_each_item_as_if_alone(void **state)
{
	static uint8_t bytes[GATE_BURST][HELLO_MAX];
	static struct gate_item items[GATE_BURST];
	static struct flow flows[GATE_BURST];
	struct fixture *f = *state;

	fill_burst(f, items, flows, bytes);
	for (size_t n = 0; n <= GATE_BURST; n++) {
		gate_burst(f->gate, &f->secrets, f->now_ns, items, n);
		for (size_t i = 0; i < n; i++) {
			struct gate_item alone =
				ask(f, &flows[i], items[i].datagram.p, rd_len(&items[i].datagram));

			assert_int_equal(items[i].status, alone.status);
			assert_int_equal(items[i].reply_len, alone.reply_len);
			assert_memory_equal(items[i].reply, alone.reply, alone.reply_len);
		}
	}
	assert_int_equal(items[0].status, STATUS_HELLO_VERIFY_SENT);
	assert_int_equal(items[1].status, STATUS_OK);
	assert_int_equal(items[2].status, STATUS_HELLO_MALFORMED);
	assert_int_equal(items[3].status, STATUS_RECORD_SHORT);
}

/* The sanitizer's own count where there is one, else the C library's. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t bytes_allocated(void)
{
	if (__sanitizer_get_current_allocated_bytes != NULL)
		return __sanitizer_get_current_allocated_bytes();
	return mallinfo2().uordblks;
}

/* bad-input B16, N1; checklist 19: 100,000 spoofed hellos, and not a byte of memory more. The
 * verdict on a hello is the same before and after: nothing was remembered. */
static void flood_leaves_nothing_behind(void **state)
{
	static uint8_t bytes[HELLO_MAX];
	static struct gate_item items[GATE_BURST];
	static struct flow flows[GATE_BURST];
	struct fixture *f = *state;
	struct hello_parts p = hello_plain();
	size_t len = hello_datagram(bytes, &p), before, in = 0, out = 0;
	uint8_t cookie[COOKIE_LEN], again[COOKIE_LEN];

	get_cookie(f, &a_flow, bytes, len, cookie);
	before = bytes_allocated();
	for (uint32_t i = 0; i < 100000; i += GATE_BURST) {
		for (uint32_t j = 0; j < GATE_BURST; j++) {
			uint32_t source = i + j;

			flows[j] = a_flow;
			memcpy(flows[j].remote_ip + 12, &source, 4);
			items[j].flow = &flows[j];
			items[j].datagram = rd_of(bytes, len);
		}
		gate_burst(f->gate, &f->secrets, f->now_ns, items, GATE_BURST);
		for (uint32_t j = 0; j < GATE_BURST; j++) {
			assert_int_equal(items[j].status, STATUS_HELLO_VERIFY_SENT);
			in += rd_len(&items[j].datagram);
			out += items[j].reply_len;
		}
	}
	assert_int_equal(bytes_allocated(), before);
	assert_true(out <= in);
	get_cookie(f, &a_flow, bytes, len, again);
	assert_memory_equal(cookie, again, COOKIE_LEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(real_clients_get_through),
		cmocka_unit_test(reply_is_the_rfcs_hello_verify_request),
		cmocka_unit_test(cookie_is_the_documented_mac),
		cmocka_unit_test(message_seq_follows_the_hellos),
		cmocka_unit_test(message_seq_far_ahead_is_refused),
		cmocka_unit_test(random_cookie_is_no_cookie),
		cmocka_unit_test(every_bit_of_the_cookie_counts),
		cmocka_unit_test(cookie_is_worth_nothing_on_another_flow),
		cmocka_unit_test(cookie_may_be_repeated_by_its_owner),
		cmocka_unit_test(another_session_id_passes_with_the_old_cookie),
		cmocka_unit_test(changed_hello_does_not_pass_with_the_old_cookie),
		cmocka_unit_test(no_byte_of_a_first_hello_routes_around_the_cookie),
		cmocka_unit_test(any_client_version_is_verified_first),
		cmocka_unit_test(illegal_values_are_verified_first),
		cmocka_unit_test(truncated_hellos_are_dropped),
		cmocka_unit_test(malformed_hellos_are_dropped),
		cmocka_unit_test(what_is_no_fragment_is_dropped),
		cmocka_unit_test(trailing_bytes_in_the_record_are_refused),
		cmocka_unit_test(other_first_records_are_dropped),
		cmocka_unit_test(records_behind_the_hello_are_ignored),
		cmocka_unit_test(reply_is_never_longer_than_the_hello),
		cmocka_unit_test(mutated_hellos_never_get_more_than_they_sent),
		cmocka_unit_test(hello_of_any_size_is_decided),
		cmocka_unit_test(rotation_overlaps),
		cmocka_unit_test(new_cookies_come_from_the_current_secret),
		cmocka_unit_test(forged_cookie_of_the_elder_secret_is_corrected),
		cmocka_unit_test(burst_decides_each_item_as_if_alone),
		cmocka_unit_test(flood_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
