/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate with DTLS 1.3, and its cookie. The first byte of the input says which bit to flip, the
 * rest is a datagram.
 *
 * No answer is more than three times as long as its question. Nothing of 1.3 is admitted but with a
 * MAC made here, from the same hello. Every HelloRetryRequest's cookie works in its hello, and in
 * none that does not repeat it.
 */
#include "fuzz_gate.h"
#include "hello_agree.h"
#include "hs_msg13.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAM_MAX = 2048, AT_MESSAGE = 13, AT_BODY = 25 };

/* Fixed, like the secrets. */
#define NOW_NS UINT64_C(1000000000000)

static struct gate *gate;
static struct cookie_secrets secrets;
static struct hello_policy policy = {
	.min_version = DTLS_1_2,
	.max_version = DTLS_1_3,
	.groups = { ECDHE_X25519, ECDHE_SECP256R1 },
	.n_groups = 2,
	.psk_ke = true,
};

static void set_up(void)
{
	if (gate != NULL)
		return;
	for (size_t i = 0; i < SUITE_N; i++)
		policy.suites[policy.n_suites++] = suite_at(i);
	gate = gate_new(&policy);
	must(gate != NULL);
	secrets_fix(&secrets);
}

static struct gate_item ask(const uint8_t *bytes, size_t len)
{
	struct gate_item item = { .flow = &flow, .datagram = rd_of(bytes, len) };

	gate_burst(gate, &secrets, NOW_NS, &item, 1);
	must(item.reply_len <= 3 * len);
	return item;
}

static void check_admitted(const struct gate_item *item)
{
	struct client_hello ch = hello_of(item->datagram);
	uint8_t input[RETRY_INPUT_MAX], mac[HMAC_SHA256_LEN];
	struct retry_cookie c;
	size_t len;

	must(item->reply_len == 0);
	if (hello_agree_version(&ch, &policy) != DTLS_1_3)
		return;
	must(retry_cookie_parse(ch.retry_cookie, &c));
	len = retry_input(&flow, &ch, &c, input);
	must(len > 0);
	hmac_one(&secrets.keys[c.secret], input, len, mac);
	must(memcmp(mac, ch.retry_cookie.end - COOKIE_MAC_LEN, COOKIE_MAC_LEN) == 0);
}

static struct rd cookie_of(const struct gate_item *item)
{
	struct rd r = rd_of(item->reply, item->reply_len);
	struct server_hello13 sh;
	struct hs_fragment f;
	struct record rec;

	must(record_next(&r, &rec) == STATUS_OK && rd_len(&r) == 0);
	must(hs_fragment_next(&rec.body, &f) && rd_len(&rec.body) == 0);
	must(server_hello13_parse(f.body, &sh) == HS_PARSE_OK && sh.retry);
	return sh.cookie;
}

/* The datagram's hello alone, with a cookie before its other extensions. */
static void with_cookie(struct wr *w, const struct rd *datagram, const struct client_hello *ch,
			struct rd cookie)
{
	size_t n = rd_len(&cookie), front = (size_t)(ch->extensions.p - 2 - ch->body);
	uint32_t len = (uint32_t)(front + 2 + 4 + 2 + n + rd_len(&ch->extensions));
	size_t record;

	wr_bytes(w, datagram->p, AT_MESSAGE - 2);
	record = wr_open(w, 2);
	hs_header_write(w, HS_CLIENT_HELLO, len, bytes_u16(datagram->p + AT_MESSAGE + 4), 0, len);
	wr_bytes(w, ch->body, front);
	wr_uint(w, 2, 4 + 2 + n + rd_len(&ch->extensions));
	wr_u16(w, EXT_COOKIE);
	wr_uint(w, 2, 2 + n);
	wr_uint(w, 2, n);
	wr_bytes(w, cookie.p, n);
	wr_bytes(w, ch->extensions.p, rd_len(&ch->extensions));
	wr_close(w, 2, record);
}

static void check_retry(const struct gate_item *item, uint8_t flip)
{
	uint8_t second[DATAGRAM_MAX + RETRY_COOKIE_MAX + 6];
	struct wr w = wr_of(second, sizeof(second));
	struct client_hello ch = hello_of(item->datagram);
	enum status s;
	size_t len, bit;

	must(hello_agree_version(&ch, &policy) == DTLS_1_3);
	with_cookie(&w, &item->datagram, &ch, cookie_of(item));
	must(wr_finish(&w, &len));
	s = ask(second, len).status;
	/* With 32 extensions there is no room for another. */
	must(s == STATUS_OK || s == STATUS_HELLO_MALFORMED);
	bit = flip * 37u % (HS_RANDOM_LEN * 8);
	second[AT_BODY + 2 + bit / 8] ^= (uint8_t)(1u << bit % 8);
	must(ask(second, len).status != STATUS_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_item item;

	set_up();
	if (size < 1 || size > DATAGRAM_MAX)
		return 0;
	item = ask(data + 1, size - 1);
	if (item.status == STATUS_OK)
		check_admitted(&item);
	else if (item.status == STATUS_HELLO_RETRY_SENT)
		check_retry(&item, data[0]);
	return 0;
}
