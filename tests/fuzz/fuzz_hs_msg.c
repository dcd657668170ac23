/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handshake messages: the first byte chooses the parser. What is accepted is accounted for to the
 * last byte: written again from its parts, it is the same message.
 */
#include "hs_auth.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGE_MAX = 1 << 16 };

static uint8_t rebuilt[2 * MESSAGE_MAX];

static void must(bool truth)
{
	if (!truth)
		abort();
}

static void put_vec(struct wr *w, size_t n, const struct rd *vec)
{
	wr_uint(w, n, rd_len(vec));
	wr_bytes(w, vec->p, rd_len(vec));
}

static void must_be(const struct wr *w, const struct rd *body)
{
	size_t len;

	must(wr_finish(w, &len) && len <= rd_len(body) && memcmp(rebuilt, body->p, len) == 0);
}

static void check_fragments(struct rd record)
{
	struct hs_fragment f;
	size_t left = rd_len(&record);

	while (hs_fragment_next(&record, &f)) {
		must(left - rd_len(&record) == HS_HEADER_LEN + rd_len(&f.body));
		must((uint64_t)f.off + rd_len(&f.body) <= f.len);
		must(f.body.end == record.p);
		left = rd_len(&record);
	}
	must(rd_len(&record) == left);
}

static void check_client_hello(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct client_hello ch;
	size_t len;

	if (client_hello_parse(body, &ch) == HS_PARSE_DECODE_ERROR)
		return;
	wr_u16(&w, ch.version);
	wr_bytes(&w, ch.random, HS_RANDOM_LEN);
	put_vec(&w, 1, &ch.session_id);
	put_vec(&w, 1, &ch.cookie);
	put_vec(&w, 2, &ch.suites);
	put_vec(&w, 1, &ch.compression);
	if (ch.has_extensions)
		put_vec(&w, 2, &ch.extensions);
	must_be(&w, &body);
	must(wr_finish(&w, &len) && len == rd_len(&body));
	must(rd_len(&ch.suites) >= 2 && rd_len(&ch.suites) % 2 == 0);
	must(rd_len(&ch.session_id) <= HS_SESSION_ID_MAX && ch.max_fragment_length <= 4);
	must(ch.has_scsv == client_hello_offers(&ch, 0x00ff));
	must(ch.has_fallback_scsv == client_hello_offers(&ch, 0x5600));
	must(ch.has_ticket || rd_len(&ch.ticket) == 0);
	must(rd_len(&ch.ticket) == 0 ||
	     (ch.ticket.p >= ch.extensions.p && ch.ticket.end <= ch.extensions.end));
	must(ch.has_extensions ||
	     !(ch.has_ems || ch.has_ticket || ch.has_renegotiation_info || ch.max_fragment_length));
}

static void check_server_hello(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct server_hello sh;

	if (server_hello_parse(body, &sh) != HS_PARSE_OK)
		return;
	wr_u16(&w, sh.version);
	wr_bytes(&w, sh.random, HS_RANDOM_LEN);
	put_vec(&w, 1, &sh.session_id);
	wr_u16(&w, sh.suite);
	wr_u8(&w, sh.compression);
	must_be(&w, &body);
	/* Behind that at most what we know, each once; all of it is short. */
	must(rd_len(&body) - wr_len(&w) <= 2 + 64);
}

static void check_small(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	uint32_t lifetime_s;
	struct rd vec;

	if (psk_identity_parse(body, &vec) == HS_PARSE_OK) {
		psk_identity_write(&w, vec.p, (uint16_t)rd_len(&vec));
		must_be(&w, &body);
		must(wr_len(&w) == rd_len(&body));
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (hello_verify_request_parse(body, &vec) == HS_PARSE_OK) {
		hello_verify_request_write(&w, vec.p, (uint8_t)rd_len(&vec));
		must(wr_len(&w) == rd_len(&body));
		must(memcmp(rebuilt + 2, body.p + 2, wr_len(&w) - 2) == 0);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (new_session_ticket_parse(body, &lifetime_s, &vec) == HS_PARSE_OK) {
		new_session_ticket_write(&w, lifetime_s, vec.p, (uint16_t)rd_len(&vec));
		must_be(&w, &body);
		must(wr_len(&w) == rd_len(&body));
	}
}

static void written(const struct wr *w, const struct rd *body)
{
	must_be(w, body);
	must(wr_len(w) == rd_len(body));
}

static void check_certificates(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct certificate_request cr;
	struct hs_signature sig;
	struct rd content;

	if (certificate_parse(body, &content) == HS_PARSE_OK) {
		put_vec(&w, 3, &content);
		written(&w, &body);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (certificate_request_parse(body, &cr) == HS_PARSE_OK) {
		put_vec(&w, 1, &cr.types);
		put_vec(&w, 2, &cr.signature_algorithms);
		put_vec(&w, 2, &cr.authorities);
		written(&w, &body);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (certificate_verify_parse(body, &sig) == HS_PARSE_OK) {
		hs_signature_write(&w, sig.scheme, sig.bytes.p, rd_len(&sig.bytes));
		written(&w, &body);
	}
}

static void check_key_exchanges(struct rd body)
{
	struct wr w = wr_of(rebuilt, sizeof(rebuilt));
	struct rd identity, point;
	struct ecdhe_server s;

	if (ecdhe_psk_server_parse(body, &s) == HS_PARSE_OK) {
		put_vec(&w, 2, &s.hint);
		ecdhe_params_write(&w, s.group, s.point.p, rd_len(&s.point));
		written(&w, &body);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (ecdhe_signed_server_parse(body, &s) == HS_PARSE_OK) {
		wr_bytes(&w, s.params.p, rd_len(&s.params));
		hs_signature_write(&w, s.signature.scheme, s.signature.bytes.p,
				   rd_len(&s.signature.bytes));
		written(&w, &body);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (ecdhe_client_parse(body, &point) == HS_PARSE_OK) {
		ecdhe_point_write(&w, point.p, rd_len(&point));
		written(&w, &body);
	}
	w = wr_of(rebuilt, sizeof(rebuilt));
	if (ecdhe_psk_client_parse(body, &identity, &point) == HS_PARSE_OK) {
		put_vec(&w, 2, &identity);
		ecdhe_point_write(&w, point.p, rd_len(&point));
		written(&w, &body);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MESSAGE_MAX)
		return 0;

	struct rd body = rd_of(data + 1, size - 1);

	switch (data[0] < 128 ? data[0] % 4 : 4 + data[0] % 2) {
	case 0:
		check_fragments(body);
		break;
	case 1:
		check_client_hello(body);
		break;
	case 2:
		check_server_hello(body);
		break;
	case 4:
		check_certificates(body);
		break;
	case 5:
		check_key_exchanges(body);
		break;
	default:
		check_small(body);
	}
	return 0;
}
