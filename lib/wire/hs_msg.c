/* SPDX-License-Identifier: BSD-3-Clause */
#include "hs_msg.h"

#include "record.h"

/* RFC 5746 §3.3, RFC 7507 §4: values in the suite list that are signals, not suites. */
enum { SCSV_RENEGOTIATION_INFO = 0x00ff, SCSV_FALLBACK = 0x5600 };

/* RFC 6066 §4: 2^9, 2^10, 2^11, 2^12. */
enum { MAX_FRAGMENT_LENGTH_FIRST = 1, MAX_FRAGMENT_LENGTH_LAST = 4 };

/* Hellos are parsed before the cookie, so the search for duplicates must stay small whatever is
 * in them; real ones have at most some twenty extensions. */
enum { EXTENSIONS_MAX = 32 };

/* An extensions block while it is walked. */
struct extension_walk {
	struct rd left;
	uint16_t seen[EXTENSIONS_MAX];
	size_t n_seen;
};

struct extension_item {
	uint16_t type;
	struct rd body;
};

bool hs_fragment_next(struct rd *record, struct hs_fragment *out)
{
	struct rd at = *record;
	struct hs_fragment f;
	uint32_t frag_len;

	if (!rd_u8(&at, &f.type) || !rd_u24(&at, &f.len) || !rd_u16(&at, &f.seq) ||
	    !rd_u24(&at, &f.off) || !rd_u24(&at, &frag_len) || !rd_sub(&at, frag_len, &f.body))
		return false;
	if (f.off > f.len || frag_len > f.len - f.off)
		return false;
	*record = at;
	*out = f;
	return true;
}

void hs_header_write(struct wr *w, uint8_t type, uint32_t len, uint16_t seq, uint32_t off,
		     uint32_t frag_len)
{
	wr_u8(w, type);
	wr_u24(w, len);
	wr_u16(w, seq);
	wr_u24(w, off);
	wr_u24(w, frag_len);
}

/* Decode errors outrank illegal values: only a well-formed message has values. */
static enum hs_parse worse(enum hs_parse a, enum hs_parse b)
{
	if (a == HS_PARSE_DECODE_ERROR || b == HS_PARSE_DECODE_ERROR)
		return HS_PARSE_DECODE_ERROR;
	return a == HS_PARSE_OK ? b : a;
}

static enum hs_parse decode(bool well_formed)
{
	return well_formed ? HS_PARSE_OK : HS_PARSE_DECODE_ERROR;
}

/* The extensions block at the end of a hello: absent, or all that is left. */
static bool extensions_block(struct rd *body, struct rd *out, bool *present)
{
	*out = rd_of(body->end, 0);
	*present = rd_len(body) > 0;
	return !*present || (rd_vec(body, 2, out) && rd_len(body) == 0);
}

static bool extension_is_new(struct extension_walk *w, uint16_t type)
{
	for (size_t i = 0; i < w->n_seen; i++)
		if (w->seen[i] == type)
			return false;
	if (w->n_seen == EXTENSIONS_MAX)
		return false;
	w->seen[w->n_seen++] = type;
	return true;
}

static bool extension_next(struct extension_walk *w, struct extension_item *out)
{
	return rd_u16(&w->left, &out->type) && rd_vec(&w->left, 2, &out->body) &&
	       extension_is_new(w, out->type);
}

/* RFC 5746 §3.2: opaque renegotiated_connection<0..255>. */
static bool renegotiation_info_parse(struct rd body, bool *empty)
{
	struct rd verify_data;

	if (!rd_vec(&body, 1, &verify_data) || rd_len(&body) != 0)
		return false;
	*empty = rd_len(&verify_data) == 0;
	return true;
}

/* RFC 6066 §3: ServerNameList<1..2^16-1> of { type, opaque<1..2^16-1> }. The names themselves are
 * not used: a device proves itself by its key, and there is one virtual host. */
static bool server_name_parse(struct rd body)
{
	struct rd list, name;
	uint8_t type;

	if (!rd_vec(&body, 2, &list) || rd_len(&body) != 0 || rd_len(&list) == 0)
		return false;
	while (rd_len(&list) > 0)
		if (!rd_u8(&list, &type) || !rd_vec(&list, 2, &name) || rd_len(&name) == 0)
			return false;
	return true;
}

static enum hs_parse max_fragment_length_parse(struct rd body, uint8_t *out)
{
	uint8_t code;

	if (!rd_u8(&body, &code) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (code < MAX_FRAGMENT_LENGTH_FIRST || code > MAX_FRAGMENT_LENGTH_LAST)
		return HS_PARSE_ILLEGAL_PARAMETER;
	*out = code;
	return HS_PARSE_OK;
}

static enum hs_parse client_extension(struct client_hello *ch, const struct extension_item *ext)
{
	switch (ext->type) {
	case EXT_SERVER_NAME:
		return decode(server_name_parse(ext->body));
	case EXT_MAX_FRAGMENT_LENGTH:
		return max_fragment_length_parse(ext->body, &ch->max_fragment_length);
	case EXT_EXTENDED_MASTER_SECRET:
		ch->has_ems = true;
		return decode(rd_len(&ext->body) == 0);
	case EXT_RENEGOTIATION_INFO:
		ch->has_renegotiation_info = true;
		return decode(renegotiation_info_parse(ext->body, &ch->renegotiation_info_empty));
	default: /* what we do not know is skipped (RFC 5246 §7.4.1.4) */
		return HS_PARSE_OK;
	}
}

static enum hs_parse client_extensions(struct client_hello *ch)
{
	struct extension_walk walk = { .left = ch->extensions };
	enum hs_parse result = HS_PARSE_OK;
	struct extension_item ext;

	while (rd_len(&walk.left) > 0 && result != HS_PARSE_DECODE_ERROR) {
		if (!extension_next(&walk, &ext))
			return HS_PARSE_DECODE_ERROR;
		result = worse(result, client_extension(ch, &ext));
	}
	return result;
}

static bool suites_parse(struct client_hello *ch)
{
	struct rd at = ch->suites;
	uint16_t suite;

	if (rd_len(&at) == 0 || rd_len(&at) % 2 != 0)
		return false;
	while (rd_u16(&at, &suite)) {
		ch->has_scsv |= suite == SCSV_RENEGOTIATION_INFO;
		ch->has_fallback_scsv |= suite == SCSV_FALLBACK;
	}
	return true;
}

/* RFC 5246 §7.4.1.2: "This vector MUST contain, and all implementations MUST support,
 * CompressionMethod.null." */
static bool compression_has_null(struct rd methods)
{
	uint8_t method;

	while (rd_u8(&methods, &method))
		if (method == 0)
			return true;
	return false;
}

/*
 * RFC 5246 §7.4.1.2, with the cookie of RFC 6347 §4.2.1:
 *   version 2 · random 32 · session_id <0..32> · cookie <0..255> · suites <2..2^16-2> ·
 *   compression <1..255> · extensions <0..2^16-1>, may be absent as a whole
 */
enum hs_parse client_hello_parse(struct rd body, struct client_hello *out)
{
	struct client_hello ch = { 0 };
	struct rd random;

	if (!rd_u16(&body, &ch.version) || !rd_sub(&body, HS_RANDOM_LEN, &random) ||
	    !rd_vec(&body, 1, &ch.session_id) || rd_len(&ch.session_id) > HS_SESSION_ID_MAX ||
	    !rd_vec(&body, 1, &ch.cookie) || !rd_vec(&body, 2, &ch.suites) || !suites_parse(&ch) ||
	    !rd_vec(&body, 1, &ch.compression) ||
	    !extensions_block(&body, &ch.extensions, &ch.has_extensions))
		return HS_PARSE_DECODE_ERROR;
	ch.random = random.p;

	enum hs_parse result = client_extensions(&ch);

	if (result == HS_PARSE_DECODE_ERROR)
		return result;
	if (!compression_has_null(ch.compression))
		result = HS_PARSE_ILLEGAL_PARAMETER;
	*out = ch;
	return result;
}

bool client_hello_offers(const struct client_hello *ch, uint16_t suite)
{
	struct rd at = ch->suites;
	uint16_t offered;

	while (rd_u16(&at, &offered))
		if (offered == suite)
			return true;
	return false;
}

/* RFC 5746 §3.4: in an initial handshake the server's must be empty. */
static enum hs_parse server_extension(struct server_hello *sh, const struct extension_item *ext)
{
	bool empty;

	switch (ext->type) {
	case EXT_EXTENDED_MASTER_SECRET:
		sh->has_ems = true;
		return decode(rd_len(&ext->body) == 0);
	case EXT_RENEGOTIATION_INFO:
		sh->has_renegotiation_info = true;
		if (!renegotiation_info_parse(ext->body, &empty))
			return HS_PARSE_DECODE_ERROR;
		return empty ? HS_PARSE_OK : HS_PARSE_ILLEGAL_PARAMETER;
	default:
		return HS_PARSE_ILLEGAL_PARAMETER;
	}
}

static enum hs_parse server_extensions(struct server_hello *sh, struct rd block)
{
	struct extension_walk walk = { .left = block };
	enum hs_parse result = HS_PARSE_OK;
	struct extension_item ext;

	while (rd_len(&walk.left) > 0 && result != HS_PARSE_DECODE_ERROR) {
		if (!extension_next(&walk, &ext))
			return HS_PARSE_DECODE_ERROR;
		result = worse(result, server_extension(sh, &ext));
	}
	return result;
}

/*
 * RFC 5246 §7.4.1.3:
 *   version 2 · random 32 · session_id <0..32> · suite 2 · compression 1 · extensions, may be
 * absent
 */
enum hs_parse server_hello_parse(struct rd body, struct server_hello *out)
{
	struct server_hello sh = { 0 };
	struct rd random, extensions;
	bool present;

	if (!rd_u16(&body, &sh.version) || !rd_sub(&body, HS_RANDOM_LEN, &random) ||
	    !rd_vec(&body, 1, &sh.session_id) || rd_len(&sh.session_id) > HS_SESSION_ID_MAX ||
	    !rd_u16(&body, &sh.suite) || !rd_u8(&body, &sh.compression) ||
	    !extensions_block(&body, &extensions, &present))
		return HS_PARSE_DECODE_ERROR;
	sh.random = random.p;

	enum hs_parse result = server_extensions(&sh, extensions);

	if (result == HS_PARSE_OK)
		*out = sh;
	return result;
}

/* RFC 6347 §4.2.1: version 2 · cookie <0..255>. The version is 1.0 from servers that follow the
 * RFC's advice, and says nothing about what will be negotiated. */
enum hs_parse hello_verify_request_parse(struct rd body, struct rd *cookie)
{
	uint16_t version;
	struct rd c;

	if (!rd_u16(&body, &version) || !rd_vec(&body, 1, &c) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	if (version != DTLS_1_0 && version != DTLS_1_2)
		return HS_PARSE_ILLEGAL_PARAMETER;
	*cookie = c;
	return HS_PARSE_OK;
}

/* RFC 4279 §2: opaque <0..2^16-1>, alone in its message. */
enum hs_parse psk_identity_parse(struct rd body, struct rd *identity)
{
	struct rd id;

	if (!rd_vec(&body, 2, &id) || rd_len(&body) != 0)
		return HS_PARSE_DECODE_ERROR;
	*identity = id;
	return HS_PARSE_OK;
}

static void extension_write(struct wr *w, enum extension type, const void *body, size_t len)
{
	size_t mark;

	wr_u16(w, (uint16_t)type);
	mark = wr_open(w, 2);
	wr_bytes(w, body, len);
	wr_close(w, 2, mark);
}

/* Both extensions of ours: an empty extended_master_secret (RFC 7627 §5.1), and a
 * renegotiation_info whose one vector is empty (RFC 5746 §3.4, §3.6). A block of length zero would
 * be legal, but old peers choke on it: no block when there is nothing in it. */
static void extensions_write(struct wr *w, bool ems, bool renegotiation_info)
{
	static const uint8_t no_verify_data[1] = { 0 };
	size_t mark;

	if (!ems && !renegotiation_info)
		return;
	mark = wr_open(w, 2);
	if (renegotiation_info)
		extension_write(w, EXT_RENEGOTIATION_INFO, no_verify_data, sizeof(no_verify_data));
	if (ems)
		extension_write(w, EXT_EXTENDED_MASTER_SECRET, NULL, 0);
	wr_close(w, 2, mark);
}

void client_hello_write(struct wr *w, const struct client_hello_params *p)
{
	size_t mark;

	wr_u16(w, DTLS_1_2);
	wr_bytes(w, p->random, HS_RANDOM_LEN);
	wr_u8(w, 0); /* session_id: nothing to resume */
	wr_u8(w, p->cookie_len);
	wr_bytes(w, p->cookie, p->cookie_len);
	mark = wr_open(w, 2);
	for (size_t i = 0; i < p->n_suites; i++)
		wr_u16(w, p->suites[i]);
	wr_close(w, 2, mark);
	wr_u8(w, 1); /* compression: null only */
	wr_u8(w, 0);
	extensions_write(w, p->ems, true);
}

void server_hello_write(struct wr *w, const uint8_t random[HS_RANDOM_LEN], uint16_t suite, bool ems,
			bool renegotiation_info)
{
	wr_u16(w, DTLS_1_2);
	wr_bytes(w, random, HS_RANDOM_LEN);
	wr_u8(w, 0); /* session_id: not resumable */
	wr_u16(w, suite);
	wr_u8(w, 0); /* compression: null */
	extensions_write(w, ems, renegotiation_info);
}

void hello_verify_request_write(struct wr *w, const uint8_t *cookie, uint8_t cookie_len)
{
	wr_u16(w, DTLS_1_0);
	wr_u8(w, cookie_len);
	wr_bytes(w, cookie, cookie_len);
}

void psk_identity_write(struct wr *w, const uint8_t *identity, uint16_t len)
{
	wr_u16(w, len);
	wr_bytes(w, identity, len);
}
