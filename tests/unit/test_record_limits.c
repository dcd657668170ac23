/* SPDX-License-Identifier: BSD-3-Clause */
#include "record_limits.h"

#include "cert_steps.h"

/* What each side sent behind the ServerHello: its longest record in the clear, how many there were.
 */
struct seen {
	size_t longest;
	unsigned n;
};

static void look(struct seen *seen, const struct pair_datagram *d)
{
	struct rd left = rd_of(d->bytes, d->len);
	struct record rec;

	while (rd_len(&left) > 0 && record_next(&left, &rec) == STATUS_OK) {
		if (rec.epoch != 0)
			continue;
		seen->n++;
		seen->longest =
			rd_len(&rec.body) > seen->longest ? rd_len(&rec.body) : seen->longest;
	}
}

/* The rest of a handshake, from the hello with its cookie on; [0] is the server's. */
static void watch(struct seen seen[2])
{
	struct pair_datagram d = steps_hello();

	memset(seen, 0, 2 * sizeof(*seen));
	pair_deliver(&p, true, d.bytes, d.len);
	while (pair_take(&p, &d)) {
		look(&seen[d.to_server], &d);
		pair_deliver(&p, d.to_server, d.bytes, d.len);
	}
}

static void begin_with_certificates(void)
{
	steps_begin();
	pair_use_certs(&p, suite_by_id(TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8), CLIENT_AUTH_REQUIRED);
}

/* checklist 56: certificates of both sides in pieces that fit. */
static void max_fragment_length_cuts_both_ways(void **state)
{
	struct seen free_of[2], seen[2];

	(void)state;
	begin_with_certificates();
	watch(free_of);
	assert_true(p.server.installed && p.client.installed);
	assert_in_range(free_of[0].longest, 513, 1200);
	assert_int_equal(p.server.tx_limit, RECORD_PLAINTEXT_MAX);
	assert_int_equal(p.server.rx_limit, RECORD_PLAINTEXT_MAX);
	steps_end();
	for (unsigned code = 1; code <= HS_FRAGMENT_LENGTHS; code++) {
		uint16_t limit = (uint16_t)(256U << code);

		begin_with_certificates();
		p.client.cfg.max_fragment_length = (uint8_t)code;
		watch(seen);
		assert_true(p.server.installed && p.client.installed);
		for (int side = 0; side < 2; side++)
			assert_in_range(seen[side].longest, 1, limit);
		assert_int_equal(p.server.tx_limit, limit);
		assert_int_equal(p.server.rx_limit, limit);
		assert_int_equal(p.client.tx_limit, limit);
		assert_int_equal(p.client.rx_limit, limit);
		if (code == 1)
			assert_true(seen[0].n > free_of[0].n);
		steps_end();
	}
}

/* checklist 55: each side has its own, and what is in the clear is not meant. */
static void record_size_limit_is_for_protected_records(void **state)
{
	static const uint16_t limits[] = { 64, 65, 511, RECORD_PLAINTEXT_MAX };
	struct seen seen[2];

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		begin_with_certificates();
		p.client.cfg.record_size_limit = limits[i];
		watch(seen);
		assert_true(p.server.installed && p.client.installed);
		assert_in_range(seen[0].longest, 513, 1200);
		assert_int_equal(p.server.tx_limit, limits[i]);
		assert_int_equal(p.server.rx_limit, RECORD_PLAINTEXT_MAX);
		assert_int_equal(p.client.tx_limit, RECORD_PLAINTEXT_MAX);
		assert_int_equal(p.client.rx_limit, limits[i]);
		steps_end();
	}
}

/* checklist 55: it beats max_fragment_length. */
static void record_size_limit_wins(void **state)
{
	(void)state;
	steps_begin();
	p.client.cfg.record_size_limit = 100;
	p.client.cfg.max_fragment_length = 1;
	steps_run();
	assert_true(p.server.installed && p.client.installed);
	assert_int_equal(p.server.tx_limit, 100);
	assert_int_equal(p.server.rx_limit, RECORD_PLAINTEXT_MAX);
	steps_end();
}

/* What a client takes of a server, after it asked for a code and a limit. */
static void odd_answers_are_refused(void **state)
{
	static const struct {
		uint8_t asked_code, code;
		uint16_t asked_limit, limit;
		bool taken;
		uint16_t tx, rx;
	} rows[] = {
		{ 0, 0, 0, 0, true, 16384, 16384 }, { 1, 0, 0, 0, true, 16384, 16384 },
		{ 2, 2, 0, 0, true, 1024, 1024 },   { 2, 1, 0, 0, false, 0, 0 },
		{ 0, 1, 0, 0, false, 0, 0 },        { 0, 0, 100, 0, true, 16384, 16384 },
		{ 0, 0, 100, 64, true, 64, 100 },   { 0, 0, 100, 16384, true, 16384, 100 },
		{ 0, 0, 100, 16385, false, 0, 0 },  { 0, 0, 0, 64, false, 0, 0 },
		{ 1, 1, 100, 0, true, 512, 512 },   { 1, 0, 100, 64, true, 64, 100 },
		{ 1, 1, 100, 64, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct record_limits theirs = { rows[i].code, rows[i].limit };

		steps_begin();
		p.client.cfg.max_fragment_length = rows[i].asked_code;
		p.client.cfg.record_size_limit = rows[i].asked_limit;
		assert_true(pair_start(&p));
		assert_int_equal(record_limits_take(p.client.h, &theirs), rows[i].taken);
		if (rows[i].taken) {
			assert_int_equal(record_limits_room(p.client.h, 1), rows[i].tx);
			assert_int_equal(p.client.h->rx_limit, rows[i].rx);
			assert_int_equal(record_limits_room(p.client.h, 0),
					 rows[i].code != 0 ? rows[i].tx : 16384);
		}
		steps_end();
	}
}

/* RFC 8449 §4: in 1.3 the content type is counted. */
static void content_type_counts_in_13(void **state)
{
	const struct record_limits least = { .record_size_limit = 64 },
				   most = { .record_size_limit = 16385 },
				   more = { .record_size_limit = 16386 };
	const struct hello_choice choice = { .record_size_limit = 100 };

	(void)state;
	steps_begin();
	p.client.cfg.record_size_limit = 200;
	assert_true(pair_start(&p));
	p.client.h->version = DTLS_1_3;
	assert_true(record_limits_take(p.client.h, &least));
	assert_int_equal(record_limits_room(p.client.h, 3), 63);
	assert_int_equal(p.client.h->rx_limit, 199);
	assert_true(record_limits_take(p.client.h, &most));
	assert_int_equal(record_limits_room(p.client.h, 3), RECORD_PLAINTEXT_MAX);
	assert_false(record_limits_take(p.client.h, &more));
	record_limits_choose(p.client.h, &choice);
	assert_int_equal(record_limits_room(p.client.h, 2), 99);
	p.client.h->choice = choice;
	assert_int_equal(record_limits_own(p.client.h).record_size_limit, 16385);
	steps_end();
}

/* "Discard the message"; whoever can forge it must not end a handshake by it. */
static void long_records_in_the_clear_are_dropped(void **state)
{
	struct pair_datagram d;

	(void)state;
	steps_begin();
	p.client.cfg.max_fragment_length = 1;
	d = steps_server_hello();
	for (unsigned len = 512; len <= 513; len++) {
		struct wr w = wr_of(d.bytes, sizeof(d.bytes));
		uint8_t zeros[513] = { 0 };

		zeros[0] = ALERT_WARNING;
		record_write_header(&w, RECORD_ALERT, DTLS_1_2, 0, 9, (uint16_t)len);
		wr_bytes(&w, zeros, len);
		d.len = (uint16_t)wr_len(&w);
		d.to_server = true;
		steps_deliver(&d);
		assert_int_equal(p.server.last_input,
				 len == 512 ? STATUS_HS_MALFORMED : STATUS_RECORD_LENGTH);
	}
	assert_false(p.server.failed);
	steps_end();
}

/* The peer itself said it: an alert, and the end. */
static void long_protected_records_end_the_handshake(void **state)
{
	uint8_t zeros[513] = { 0 };
	struct pair_datagram d;

	(void)state;
	steps_begin();
	p.client.cfg.max_fragment_length = 1;
	d = steps_key_exchange();
	/* ClientKeyExchange alone: the server has its keys, and waits for the Finished. */
	d = steps_record(&d, 0);
	steps_deliver(&d);
	d = steps_sealed(RECORD_HANDSHAKE, (const char *)zeros, sizeof(zeros));
	steps_deliver(&d);
	assert_true(p.server.failed);
	assert_int_equal(p.server.why, STATUS_HS_RECORD_SIZE);
	steps_end();
}

/* RFC 6066 §4: a session has one for as long as it is resumed; RFC 8449's is agreed on anew. */
static void resumption_keeps_max_fragment_length(void **state)
{
	static const struct {
		uint8_t first, then;
		uint16_t first_limit, then_limit;
		bool resumed;
	} rows[] = {
		{ 1, 1, 0, 0, true },   { 0, 0, 0, 0, true },  { 1, 2, 0, 0, false },
		{ 1, 0, 0, 0, false },  { 0, 1, 0, 0, false }, { 0, 0, 64, 100, true },
		{ 1, 0, 0, 64, false }, { 0, 0, 64, 0, true }, { 1, 1, 64, 64, true },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		steps_begin();
		p.server.cfg.session_ids = i % 2;
		p.server.cfg.tickets = !p.server.cfg.session_ids;
		p.client.cfg.max_fragment_length = rows[i / 2].first;
		p.client.cfg.record_size_limit = rows[i / 2].first_limit;
		steps_run();
		assert_true(p.has_session);
		pair_again(&p);
		p.client.cfg.max_fragment_length = rows[i / 2].then;
		p.client.cfg.record_size_limit = rows[i / 2].then_limit;
		/* A client of ours would not even offer it. */
		if (!rows[i / 2].resumed)
			p.session.max_fragment_length = rows[i / 2].then;
		steps_run();
		assert_true(p.server.installed && p.client.installed);
		assert_int_equal(p.server.resumed, rows[i / 2].resumed);
		assert_int_equal(p.client.tx_limit,
				 rows[i / 2].then != 0 && rows[i / 2].then_limit == 0
					 ? 256 << rows[i / 2].then
					 : RECORD_PLAINTEXT_MAX);
		assert_int_equal(p.client.rx_limit, p.server.tx_limit);
		steps_end();
	}
}

static void a_client_offers_no_other_session(void **state)
{
	(void)state;
	steps_begin();
	p.server.cfg.tickets = true;
	p.client.cfg.max_fragment_length = 1;
	steps_run();
	assert_int_equal(p.session.max_fragment_length, 1);
	pair_again(&p);
	p.client.cfg.max_fragment_length = 2;
	assert_false(pair_start(&p));
	steps_end();
}

/* A server that resumes and forgets what was agreed on. */
static void a_resumed_session_without_its_length_is_refused(void **state)
{
	(void)state;
	steps_begin();
	p.server.cfg.tickets = true;
	steps_run();
	pair_again(&p);
	/* The client thinks that the session had one. */
	p.client.cfg.max_fragment_length = 1;
	p.session.max_fragment_length = 1;
	assert_true(pair_start(&p));
	/* The hello that asks for none, as the server's session has it. */
	p.client.cfg.max_fragment_length = 0;
	{
		struct pair_datagram d = steps_take();

		pair_deliver(&p, true, d.bytes, d.len);
		d = steps_take();
		pair_deliver(&p, false, d.bytes, d.len);
	}
	pair_flush(&p);
	assert_true(p.client.failed);
	assert_int_equal(p.client.why, STATUS_HS_PARAMETER);
	steps_end();
}

static void own_replace(struct x509_own **own, struct pki_dir *dir, const struct pki_cert *cert,
			const char *name)
{
	x509_own_put(*own);
	*own = pair_own_chain(dir, cert, &pair_certs.root, name);
}

/* Certificates that do not fit 512 bytes. */
static int setup(void **state)
{
	int rc = cert_steps_setup(state);
	struct pki_dir dir;

	pki_dir_new(&dir);
	own_replace(&pair_certs.server_own, &dir, &pair_certs.server, "server");
	own_replace(&pair_certs.device_own, &dir, &pair_certs.device, "device");
	pki_dir_free(&dir);
	return rc;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(max_fragment_length_cuts_both_ways),
		cmocka_unit_test(record_size_limit_is_for_protected_records),
		cmocka_unit_test(record_size_limit_wins),
		cmocka_unit_test(odd_answers_are_refused),
		cmocka_unit_test(content_type_counts_in_13),
		cmocka_unit_test(long_records_in_the_clear_are_dropped),
		cmocka_unit_test(long_protected_records_end_the_handshake),
		cmocka_unit_test(resumption_keeps_max_fragment_length),
		cmocka_unit_test(a_client_offers_no_other_session),
		cmocka_unit_test(a_resumed_session_without_its_length_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, cert_steps_teardown);
}
