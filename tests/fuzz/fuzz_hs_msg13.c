/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Messages of DTLS 1.3: the first byte chooses the parser. What is accepted is written again from
 * its parts, which parses alike; what has one form only is the same to the last byte.
 */
#include "bytes.h"
#include "hs_msg13.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 1 << 16 };

static uint8_t rebuilt[2 * MESSAGE_MAX];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool same(struct rd a, struct rd b)
{
	return rd_len(&a) == rd_len(&b) && (rd_len(&a) == 0 || memcmp(a.p, b.p, rd_len(&a)) == 0);
}

static bool within(struct rd part, struct rd whole)
{
	return rd_len(&part) == 0 || (part.p >= whole.p && part.end <= whole.end);
}

static struct rd written(const struct wr *w)
{
	size_t len;

	must(wr_finish(w, &len));
	return rd_of(rebuilt, len);
}

/* The pieces are of the body, and what was extensions is in the order of their numbers. */
static void check_repeats(const struct client_hello *ch, struct rd body)
{
	struct rd pieces[HS_REPEATS_MAX];
	size_t n = client_hello_repeats(ch, pieces);

	must(n >= 2 && n <= HS_REPEATS_MAX);
	for (size_t i = 0; i < n; i++) {
		must(within(pieces[i], body) && pieces[i].p < pieces[i].end);
		must(i < 3 || bytes_u16(pieces[i - 1].p) < bytes_u16(pieces[i].p));
	}
}

static void check_client_hello(struct rd body)
{
	struct client_hello ch;
	struct rd identities, binders, key;
	struct hs_psk psk;
	size_t n = 0;

	if (client_hello_parse(body, &ch) == HS_PARSE_DECODE_ERROR)
		return;
	must(client_hello_shares(&ch) <= HS_KEY_SHARES_MAX);
	must(!client_hello_share(&ch, 29, &key) || (within(key, body) && rd_len(&key) > 0));
	must(within(ch.retry_cookie, body) && within(ch.supported_versions, body));
	identities = ch.psk_identities;
	binders = ch.psk_binders;
	for (; hs_psk_next(&identities, &binders, &psk); n++)
		must(within(psk.identity, ch.psk_identities) && within(psk.binder, ch.psk_binders));
	must((n > 0) == (rd_len(&ch.psk_identities) > 0));
	must(n == 0 || body.p + ch.binders_at + 2 == ch.psk_binders.p);
	check_repeats(&ch, body);
}

static void check_server_hello(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct server_hello13 sh, again;

	if (server_hello13_parse(body, &sh) != HS_PARSE_OK || sh.version == 0)
		return;
	must(within(sh.share, body) && within(sh.cookie, body));
	if (sh.retry) {
		hello_retry_write(&w, sh.suite, sh.group, sh.cookie);
	} else {
		const struct server_hello13_params p = {
			.random = sh.random,
			.suite = sh.suite,
			.share = { sh.group, (uint16_t)rd_len(&sh.share), sh.share.p },
			.has_psk = sh.has_psk,
			.psk = sh.psk,
		};

		server_hello13_write(&w, &p);
	}
	must(server_hello13_parse(written(&w), &again) == HS_PARSE_OK);
	must(again.suite == sh.suite && again.retry == sh.retry && again.group == sh.group);
	must(again.psk == sh.psk && same(again.cookie, sh.cookie));
	must(sh.group == 0 || same(again.share, sh.share));
}

static void check_certificates(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct certificate_request13 cr;
	struct certificate13 c, again;
	struct rd one, other;

	if (certificate_request13_parse(body, &cr) == HS_PARSE_OK)
		must(rd_len(&cr.signature_algorithms) >= 2 && within(cr.context, body));
	if (certificate13_parse(body, &c) != HS_PARSE_OK)
		return;
	certificate13_list(&w, c.entries);
	one = written(&w);
	w = wr_of(rebuilt + rd_len(&one), sizeof(rebuilt) - rd_len(&one));
	certificate13_write(&w, one);
	must(!w.failed);
	must(certificate13_parse(rd_of(w.start, wr_len(&w)), &again) == HS_PARSE_OK);
	while (certificate13_next(&c.entries, &one))
		must(certificate13_next(&again.entries, &other) && same(one, other));
	must(rd_len(&c.entries) == 0 && rd_len(&again.entries) == 0);
}

static void check_ack(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct hs_ack numbers[MESSAGE_MAX / 16];
	struct rd list;
	size_t n = 0;

	if (ack_parse(body, &list) != HS_PARSE_OK)
		return;
	while (ack_next(&list, &numbers[n]))
		n++;
	ack_write(&w, numbers, n);
	must(same(written(&w), body));
}

/* What was written is read, and written, as the same. */
static void check_extensions(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct encrypted_extensions e, again;
	struct rd once;

	if (encrypted_extensions_parse(body, &e) != HS_PARSE_OK)
		return;
	encrypted_extensions_write(&w, &e);
	once = written(&w);
	must(encrypted_extensions_parse(once, &again) == HS_PARSE_OK);
	w = wr_of(rebuilt + rd_len(&once), sizeof(rebuilt) - rd_len(&once));
	encrypted_extensions_write(&w, &again);
	must(!w.failed && same(once, rd_of(w.start, wr_len(&w))));
}

static void check_small(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct new_session_ticket13 t, t_again;
	bool requested;

	check_extensions(body);
	if (new_session_ticket13_parse(body, &t) == HS_PARSE_OK) {
		new_session_ticket13_write(&w, &t);
		must(new_session_ticket13_parse(written(&w), &t_again) == HS_PARSE_OK);
		must(same(t.nonce, t_again.nonce) && same(t.ticket, t_again.ticket));
		must(t.lifetime_s == t_again.lifetime_s && t.age_add == t_again.age_add);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (key_update_parse(body, &requested) == HS_PARSE_OK) {
		key_update_write(&w, requested);
		must(same(written(&w), body));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct rd body) = {
		check_client_hello, check_server_hello, check_certificates, check_ack, check_small,
	};

	if (size > 0 && size <= MESSAGE_MAX)
		checks[data[0] % 5](rd_of(data + 1, size - 1));
	return 0;
}
