/* SPDX-License-Identifier: BSD-3-Clause */
#include "hellos.h"
#include "hs_steps.h"

/* A server handshake that starts with this datagram, as if the gate had admitted it. */
static void admit(const uint8_t *bytes, size_t len)
{
	uint8_t *exact = malloc(len ? len : 1);

	memcpy(exact, bytes, len);
	p.server.h = handshake_new(&p.server.cfg, HANDSHAKE_SERVER, p.now);
	assert_non_null(p.server.h);
	p.server.last_input = handshake_input(p.server.h, p.now, exact, len);
	pair_drain(&p, &p.server);
	free(exact);
}

static struct pair_datagram made_hello(const struct hello_parts *parts)
{
	uint8_t body[HELLO_MAX];
	size_t len = hello_body(body, parts);

	return steps_message(HS_CLIENT_HELLO, 1, body, len);
}

static void expect_refused(const struct hello_parts *parts, enum status why, enum alert alert)
{
	struct pair_datagram d = made_hello(parts);

	admit(d.bytes, d.len);
	steps_expect_failed(why, alert);
	steps_end();
}

/* The ServerHello of the server's first flight. */
static struct server_hello answered(void)
{
	static struct pair_datagram d;
	struct server_hello sh;
	struct hs_fragment f;
	struct record rec;
	struct rd r;

	d = steps_take();
	r = rd_of(d.bytes, d.len);
	assert_int_equal(record_next(&r, &rec), STATUS_OK);
	assert_int_equal(rec.version, DTLS_1_2);
	assert_true(hs_fragment_next(&rec.body, &f));
	assert_int_equal(f.type, HS_SERVER_HELLO);
	assert_int_equal(server_hello_parse(f.body, &sh), HS_PARSE_OK);
	return sh;
}

/* bad-input C1: every truncation of a verified hello: decode_error, no over-read. Where it ends
 * between optional parts it is a hello. */
static void test_truncated_hello(void **state)
{
	struct hello_parts parts = hello_plain();
	uint8_t body[HELLO_MAX];
	size_t len;
	unsigned n_whole = 0;

	(void)state;
	parts.extensions = HELLO_BYTES(0, 23, 0, 0);
	len = hello_body(body, &parts);
	for (size_t n = 0; n <= len; n++) {
		struct pair_datagram d;

		steps_begin();
		d = steps_message(HS_CLIENT_HELLO, 1, body, n);
		admit(d.bytes, d.len);
		if (p.server.failed) {
			steps_expect_failed(STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		} else {
			n_whole++;
			assert_true(n == len || n == len - 6);
		}
		p.n_queue = 0;
		steps_end();
	}
	assert_int_equal(n_whole, 2);
}

/* Every truncation of the datagram: not a hello at all, so nothing happens. */
static void test_truncated_datagram(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(hello_gnutls); n++) {
		steps_begin();
		admit(hello_gnutls, n);
		assert_false(p.server.failed);
		assert_int_equal(p.n_queue, 0);
		assert_int_not_equal(p.server.last_input, STATUS_OK);
		steps_end();
	}
}

/* bad-input C6, C9, C13, D13, checklist 59: what the policy refuses, with its alert. */
static void test_refusals(void **state)
{
	struct hello_parts parts;

	(void)state;
	steps_begin();
	parts = hello_plain();
	parts.suites = HELLO_BYTES(0xc0, 0x2b, 0x00, 0x8c);
	expect_refused(&parts, STATUS_HS_NO_SUITE, ALERT_HANDSHAKE_FAILURE);

	steps_begin();
	parts = hello_plain();
	p.server_policy.require_ems = true;
	expect_refused(&parts, STATUS_HS_NO_EMS, ALERT_HANDSHAKE_FAILURE);

	steps_begin();
	parts = hello_plain();
	parts.extensions = HELLO_BYTES(0xff, 0x01, 0, 2, 1, 7);
	expect_refused(&parts, STATUS_HS_PARAMETER, ALERT_HANDSHAKE_FAILURE);

	steps_begin();
	parts = hello_plain();
	parts.version = DTLS_1_0;
	expect_refused(&parts, STATUS_HELLO_VERSION, ALERT_PROTOCOL_VERSION);

	steps_begin();
	parts = hello_plain();
	parts.tail = HELLO_BYTES(1, 2, 3);
	expect_refused(&parts, STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);

	steps_begin();
	parts = hello_plain();
	parts.compression = HELLO_BYTES(1);
	expect_refused(&parts, STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
}

/* checklist 35, bad-input C12: the end of ServerHello.random, of a server that has 1.3 or has not.
 */
static void test_downgrade_sentinel(void **state)
{
	static const uint8_t sentinel[] = { 0x44, 0x4f, 0x57, 0x4e, 0x47, 0x52, 0x44, 0x01 };

	(void)state;
	for (unsigned both = 0; both < 2; both++) {
		enum { AT_TAIL = HELLO_AT_BODY + 2 + HS_RANDOM_LEN - sizeof(sentinel) };
		struct pair_datagram d;

		steps_begin();
		p.server_policy.min_version = both ? DTLS_1_2 : 0;
		p.server_policy.max_version = both ? DTLS_1_3 : 0;
		d = steps_server_hello();
		assert_true(d.len > AT_TAIL + sizeof(sentinel));
		assert_int_equal(memcmp(d.bytes + AT_TAIL, sentinel, sizeof(sentinel)) == 0, both);
		p.n_queue = 0;
		steps_end();
	}
}

/* bad-input C16: what is guessed behind the hello is dropped. */
static void test_guesses_behind_the_hello(void **state)
{
	struct pair_datagram hello, guess;
	uint8_t body[HELLO_MAX], both[HELLO_MAX];
	struct hello_parts parts = hello_plain();
	struct steps_fragment cke = { .type = HS_CLIENT_KEY_EXCHANGE, .seq = 2, .len = 6, .n = 6 };
	size_t len;

	(void)state;
	/* in a record of its own */
	steps_begin();
	hello = made_hello(&parts);
	guess = steps_plain_fragment(&cke);
	hello = steps_join(&hello, &guess);
	guess = steps_plain(RECORD_ALERT, 0, "\2\50", 2);
	hello = steps_join(&hello, &guess);
	admit(hello.bytes, hello.len);
	steps_take();
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	assert_int_equal(p.server.h->in.next, 2);
	steps_end();
	/* in the hello's record */
	steps_begin();
	len = hello_body(body, &parts);
	hello = steps_message(HS_CLIENT_HELLO, 1, body, len);
	len = hello.len - RECORD_HEADER_LEN;
	memcpy(both, hello.bytes + RECORD_HEADER_LEN, len);
	len += steps_fragment(both + len, &cke);
	hello = steps_plain(RECORD_HANDSHAKE, 0, both, len);
	admit(hello.bytes, hello.len);
	steps_take();
	steps_expect_waiting(S12_CLIENT_KEY_EXCHANGE);
	steps_end();
}

/* bug 58: the first datagram of every content type, and of every other message. */
static void test_first_datagram_is_no_hello(void **state)
{
	struct pair_datagram d;

	(void)state;
	for (unsigned type = 0; type < 256; type++) {
		steps_begin();
		if (type != RECORD_HANDSHAKE) {
			d = steps_plain((uint8_t)type, 0, "\1\2\3", 3);
			admit(d.bytes, d.len);
			assert_int_not_equal(p.server.last_input, STATUS_OK);
			assert_int_equal(p.n_queue, 0);
			pair_end(&p.server);
		}
		if (type != HS_CLIENT_HELLO) {
			d = steps_message((uint8_t)type, 0, "\1\2\3", 3);
			admit(d.bytes, d.len);
			assert_int_equal(p.server.last_input, STATUS_HELLO_MALFORMED);
			assert_int_equal(p.n_queue, 0);
		}
		steps_end();
	}
}

/* Real clients' hellos; checklist 50 (EMS), 51 (RFC 5746 by suite value and by extension), 58. */
static void test_real_hellos(void **state)
{
	struct server_hello sh;

	(void)state;
	steps_begin();
	admit(hello_openssl, sizeof(hello_openssl));
	sh = answered();
	assert_true(sh.has_ems && sh.has_renegotiation_info); /* the SCSV */
	assert_int_equal(sh.suite, TLS_PSK_WITH_AES_128_GCM_SHA256);
	assert_int_equal(rd_len(&sh.session_id), 0);
	steps_end();
	steps_begin();
	admit(hello_gnutls, sizeof(hello_gnutls));
	sh = answered();
	assert_true(sh.has_ems && sh.has_renegotiation_info); /* the extension */
	steps_end();
}

/* checklist 58: nothing unsolicited. */
static void test_nothing_unsolicited(void **state)
{
	struct hello_parts parts = hello_plain();
	struct pair_datagram d = made_hello(&parts);
	struct server_hello sh;

	(void)state;
	steps_begin();
	admit(d.bytes, d.len);
	sh = answered();
	assert_false(sh.has_ems);
	assert_false(sh.has_renegotiation_info);
	steps_end();
}

/* bug 50 (CVE-2020-11501): randoms differ and are not constant. */
static void test_server_randoms_differ(void **state)
{
	uint8_t seen[32] = { 0 };

	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct server_hello sh;

		pair_begin(&p, 1000 + i, steps_aead, steps_gate);
		admit(hello_gnutls, sizeof(hello_gnutls));
		sh = answered();
		assert_memory_not_equal(sh.random, seen, 32);
		memcpy(seen, sh.random, 32);
		steps_end();
	}
}

/* Delivers a ClientKeyExchange with an identity of this length. */
static void key_exchange(size_t len, uint8_t fill)
{
	uint8_t body[1400];
	struct wr w = wr_of(body, sizeof(body));
	struct pair_datagram d;

	steps_begin();
	p.slow_jobs = true;
	steps_key_exchange();
	wr_u16(&w, (uint16_t)len);
	for (size_t i = 0; i < len && i < 700; i++)
		wr_u8(&w, fill);
	d = steps_message(HS_CLIENT_KEY_EXCHANGE, 2, body, wr_len(&w));
	steps_deliver(&d);
}

/* bad-input F2: identity lengths. */
static void test_identity_lengths(void **state)
{
	static const size_t good[] = { 1, 2, 127, 128 }, bad[] = { 0, 129, 700 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		key_exchange(good[i], 'i');
		assert_int_equal(handshake_job(p.server.h)->kind, JOB_PSK_LOOKUP);
		assert_int_equal(handshake_job(p.server.h)->identity_len, good[i]);
		steps_end();
	}
	for (size_t i = 0; i < 3; i++) {
		key_exchange(bad[i], 'i');
		steps_expect_failed(STATUS_HS_PARAMETER, ALERT_ILLEGAL_PARAMETER);
		steps_end();
	}
	/* a length past the end */
	key_exchange(65535, 'i');
	steps_expect_failed(STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
	steps_end();
}

/* bad-input F4, bug 49: bytes are bytes, NUL and not UTF-8. */
static void test_identity_is_bytes(void **state)
{
	const struct handshake_job *job;

	(void)state;
	for (unsigned fill = 0; fill < 256; fill += 51) {
		key_exchange(5, (uint8_t)fill);
		job = handshake_job(p.server.h);
		assert_int_equal(job->identity_len, 5);
		for (size_t i = 0; i < 5; i++)
			assert_int_equal(job->identity[i], fill);
		steps_end();
	}
}

/* What a peer sees of a handshake that cannot succeed, as text. */
static size_t outcome(char *text, size_t room, bool unknown)
{
	struct pair_datagram d, flight;
	size_t n = 0;

	steps_begin();
	p.slow_jobs = false;
	flight = steps_server_hello();
	if (unknown)
		p.client.h->identity[0] = 'x';
	else
		p.client.h->psk[0] ^= 1;
	steps_deliver(&flight);
	while (p.client.h != NULL && n + 64 < room) {
		while (pair_take(&p, &d)) {
			n += (size_t)snprintf(text + n, room - n, "%llu:%d:%u ",
					      (unsigned long long)(p.now / 1000000), d.to_server,
					      d.len);
			steps_deliver(&d);
		}
		p.now = pair_deadline(&p);
		pair_timers(&p);
	}
	n += (size_t)snprintf(text + n, room - n, "%s %s jobs %u", status_label(p.client.why),
			      status_label(p.server.why), p.n_jobs);
	assert_false(p.server.installed || p.client.installed);
	assert_int_equal(p.psk_unknown, unknown);
	steps_end();
	return n;
}

/* bad-input F1, checklist 48: an unknown identity looks like a wrong key, to the byte count, the
 * millisecond and the job. */
static void test_unknown_identity_looks_like_wrong_key(void **state)
{
	char wrong[1024], unknown[1024];

	(void)state;
	outcome(wrong, sizeof(wrong), false);
	outcome(unknown, sizeof(unknown), true);
	assert_string_equal(wrong, unknown);
	assert_non_null(strstr(wrong, "hs_alert hs_auth"));
}

/* Wrong key: decrypt_error with the client's second repetition, neither earlier nor later. */
static void test_wrong_key_is_told_at_the_third_finished(void **state)
{
	struct pair_datagram flight;
	uint64_t start;

	(void)state;
	steps_begin();
	p.psk[0] ^= 1;
	flight = steps_key_exchange();
	start = p.now;
	steps_deliver(&flight);
	for (unsigned i = 1; i <= 2; i++) {
		assert_false(p.server.failed);
		/* Both timers are due: the client's flight comes first. */
		p.n_queue = 0;
		p.now = pair_deadline(&p);
		pair_timers(&p);
		flight = steps_take();
		assert_true(flight.to_server);
		p.n_queue = 0;
		steps_deliver(&flight);
	}
	steps_expect_failed(STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
	assert_int_equal((p.now - start) / PAIR_SECOND, 3);
	steps_end();
}

/* A burst of forged Finished records does not end a handshake. */
static void test_forged_finished_burst(void **state)
{
	struct pair_datagram flight, cke, forged;

	(void)state;
	steps_begin();
	flight = steps_key_exchange();
	cke = steps_record(&flight, 0);
	steps_deliver(&cke);
	for (unsigned i = 0; i < 500; i++) {
		forged = steps_plain(RECORD_HANDSHAKE, 1,
				     "0123456789012345678901234567890123456789", 40);
		forged.bytes[9] = (uint8_t)(i >> 8);
		forged.bytes[10] = (uint8_t)i;
		steps_deliver(&forged);
		assert_int_equal(p.server.last_input, STATUS_RECORD_TAG);
	}
	steps_expect_completes(&flight);
	steps_end();
}

/* A Finished that opens but is wrong: decrypt_error at once. */
static void test_wrong_verify_data(void **state)
{
	static const uint8_t lengths[] = { 0, 11, 13, 12 };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct steps_fragment f = {
			.type = HS_FINISHED, .seq = 3, .len = lengths[i], .n = lengths[i]
		};
		struct pair_datagram flight, cke, d;

		steps_begin();
		flight = steps_key_exchange();
		cke = steps_record(&flight, 0);
		steps_deliver(&cke);
		d = steps_sealed_fragment(&f);
		steps_deliver(&d);
		if (lengths[i] == 12)
			steps_expect_failed(STATUS_HS_AUTH, ALERT_DECRYPT_ERROR);
		else
			steps_expect_failed(STATUS_HS_MALFORMED, ALERT_DECODE_ERROR);
		steps_end();
	}
}

static struct pair_datagram in_state(uint8_t state)
{
	struct pair_datagram flight, cke;

	steps_begin();
	flight = steps_key_exchange();
	if (state == S12_FINISHED) {
		cke = steps_record(&flight, 0);
		steps_deliver(&cke);
	}
	assert_int_equal(p.server.h->state, state);
	return flight;
}

static bool listed(uint8_t state, unsigned type, unsigned epoch)
{
	for (size_t i = 0; i < server12_n_rows; i++)
		if (server12_rows[i].state == state && server12_rows[i].type == type &&
		    server12_rows[i].epoch == epoch)
			return true;
	return false;
}

/* States x messages x epochs: what is not listed is unexpected_message; a Finished in the clear is
 * dropped; nothing advances. */
static void test_only_listed_messages_succeed(void **state)
{
	(void)state;
	for (uint8_t s = S12_CLIENT_KEY_EXCHANGE; s <= S12_FINISHED; s++) {
		for (unsigned n = 0; n < 512; n++) {
			unsigned type = n % 256, epoch = n / 256;
			uint16_t due = s == S12_FINISHED ? 3 : 2;
			const struct steps_fragment f = { .type = (uint8_t)type, .seq = due };
			struct pair_datagram d;

			if (s == S12_CERTIFICATE_VERIFY)
				continue; /* of other suites: test_auth12 */
			/* without keys epoch 1 is not read at all */
			if (listed(s, type, epoch) || (epoch == 1 && s != S12_FINISHED))
				continue;
			in_state(s);
			d = epoch ? steps_sealed_fragment(&f) : steps_plain_fragment(&f);
			steps_deliver(&d);
			if (epoch == 0 && listed(s, type, 1))
				steps_expect_waiting(s);
			else
				steps_expect_failed(STATUS_HS_UNEXPECTED, ALERT_UNEXPECTED_MESSAGE);
			steps_end();
		}
	}
}

/* A retransmission after the failure gets no second alert: the connection is over. */
static void test_alert_is_sent_once(void **state)
{
	struct hello_parts parts = hello_plain();
	struct pair_datagram d;
	uint8_t out[HANDSHAKE_DATAGRAM_MAX];
	struct handshake *h;
	size_t len;

	(void)state;
	steps_begin();
	parts.suites = HELLO_BYTES(0x00, 0x2f);
	d = made_hello(&parts);
	h = handshake_new(&p.server.cfg, HANDSHAKE_SERVER, p.now);
	assert_int_equal(handshake_input(h, p.now, d.bytes, d.len), STATUS_HS_NO_SUITE);
	assert_true(handshake_output(h, out, &len));
	assert_int_equal(len, RECORD_HEADER_LEN + 2);
	for (unsigned i = 0; i < 10; i++) {
		assert_int_equal(handshake_input(h, p.now, d.bytes, d.len), STATUS_HS_OLD);
		handshake_timeout(h, p.now + i * 100 * PAIR_SECOND);
		assert_false(handshake_output(h, out, &len));
	}
	handshake_free(h);
	steps_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_truncated_hello),
		cmocka_unit_test(test_truncated_datagram),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_downgrade_sentinel),
		cmocka_unit_test(test_guesses_behind_the_hello),
		cmocka_unit_test(test_first_datagram_is_no_hello),
		cmocka_unit_test(test_real_hellos),
		cmocka_unit_test(test_nothing_unsolicited),
		cmocka_unit_test(test_server_randoms_differ),
		cmocka_unit_test(test_identity_lengths),
		cmocka_unit_test(test_identity_is_bytes),
		cmocka_unit_test(test_unknown_identity_looks_like_wrong_key),
		cmocka_unit_test(test_wrong_key_is_told_at_the_third_finished),
		cmocka_unit_test(test_forged_finished_burst),
		cmocka_unit_test(test_wrong_verify_data),
		cmocka_unit_test(test_only_listed_messages_succeed),
		cmocka_unit_test(test_alert_is_sent_once),
	};

	return cmocka_run_group_tests_name("server12", tests, steps_setup, steps_teardown);
}
