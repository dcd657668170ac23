/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The gate: a burst of datagrams, each behind a 16-bit length. The first byte of the input says
 * which secret is current, the second which bit to flip.
 *
 * No reply is longer than its request. Nothing is admitted but with a MAC made here, from the same
 * hello, with these secrets. Every reply's cookie works, for its hello, and for no other; hellos
 * that differ in nothing but the session_id are one (cookie.h).
 */
#include "fuzz_gate.h"
#include "hello_pool.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	BURST_MAX = 8,
	DATAGRAM_MAX = 2048,
	AT_MESSAGE = RECORD_HEADER_LEN,
	AT_BODY = AT_MESSAGE + HS_HEADER_LEN,
	/* a hello as it comes in one datagram, or as the pool has made it whole */
	HELLO_MAX = AT_BODY + HELLO_POOL_MESSAGE_MAX,
};

/* The judge looks at cookies: what the gate's pool has made whole stands until its next burst. A
 * new gate for every input would take a hundred times as long as the input, so parts of hellos may
 * be left of those before; fuzz_hello_pool begins with an empty pool. */
static struct gate *gate, *judge;
static uint64_t now_ns;
static struct hmac_batch *hmac;
static struct cookie_secrets secrets;

static void set_up(void)
{
	if (gate != NULL)
		return;
	gate = gate_new(NULL);
	judge = gate_new(NULL);
	hmac = hmac_batch_new();
	must(gate != NULL && judge != NULL && hmac != NULL);
	secrets_fix(&secrets);
}

static struct gate_item ask(const uint8_t *bytes, size_t len)
{
	struct gate_item item = { .flow = &flow, .datagram = rd_of(bytes, len) };

	gate_burst(judge, &secrets, now_ns, &item, 1);
	return item;
}

static void check_admitted(const struct gate_item *item)
{
	struct client_hello ch = hello_of(item->datagram);
	uint8_t input[COOKIE_INPUT_MAX];
	struct hmac_op op = { .msg = input };

	must(item->reply_len == 0);
	must(rd_len(&ch.cookie) == COOKIE_LEN && ch.cookie.p[0] <= 1);
	op.len = (uint16_t)cookie_input(&flow, &ch, input);
	op.key = &secrets.keys[ch.cookie.p[0]];
	must(op.len > 0);
	hmac_batch_run(hmac, &op, 1);
	must(memcmp(op.mac, ch.cookie.p + 1, COOKIE_LEN - 1) == 0);
}

/* The datagram's hello with another cookie in it; returns where its compression ends. */
static size_t with_cookie(struct wr *w, const uint8_t *datagram, const struct client_hello *ch,
			  const uint8_t cookie[COOKIE_LEN])
{
	struct rd message = rd_of(datagram + AT_MESSAGE, AT_BODY - AT_MESSAGE);
	size_t record, front = (size_t)(ch->cookie.p - 1 - datagram);
	size_t behind = (size_t)(ch->compression.end - ch->cookie.end), end;
	uint32_t len = 0;

	must(rd_skip(&message, 1) && rd_u24(&message, &len));
	len = (uint32_t)(len - rd_len(&ch->cookie) + COOKIE_LEN);
	wr_bytes(w, datagram, AT_MESSAGE - 2);
	record = wr_open(w, 2);
	wr_u8(w, HS_CLIENT_HELLO);
	wr_u24(w, len);
	wr_bytes(w, datagram + AT_MESSAGE + 4, 5); /* message_seq, fragment_offset */
	wr_u24(w, len);
	wr_bytes(w, datagram + AT_BODY, front - AT_BODY);
	wr_u8(w, COOKIE_LEN);
	wr_bytes(w, cookie, COOKIE_LEN);
	wr_bytes(w, ch->cookie.end, behind);
	end = wr_len(w);
	wr_bytes(w, ch->compression.end, len - (end - AT_BODY));
	wr_close(w, 2, record);
	return end;
}

static void check_reply(const struct gate_item *item, size_t flip)
{
	uint8_t second[HELLO_MAX + COOKIE_LEN];
	struct wr w = wr_of(second, sizeof(second));
	struct client_hello ch = hello_of(item->datagram);
	size_t session_at = (size_t)(ch.session_id.p - item->datagram.p), len, bound;
	bool in_session;

	must(item->reply_len == GATE_VERIFY_LEN && item->reply_len <= rd_len(&item->datagram));
	bound = with_cookie(&w, item->datagram.p, &ch, item->reply + item->reply_len - COOKIE_LEN);
	must(wr_finish(&w, &len));
	must(ask(second, len).status == STATUS_OK);
	flip = (size_t)AT_BODY * 8 + flip * 37 % ((bound - AT_BODY) * 8);
	second[flip / 8] ^= (uint8_t)(1u << flip % 8);
	in_session = flip / 8 >= session_at && flip / 8 < session_at + rd_len(&ch.session_id);
	must((ask(second, len).status == STATUS_OK) == in_session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gate_item items[BURST_MAX];
	struct rd r = rd_of(data, size), datagram;
	uint8_t current, flip;
	size_t n = 0;

	set_up();
	if (!rd_u8(&r, &current) || !rd_u8(&r, &flip))
		return 0;
	secrets.current = current & 1;
	while (n < BURST_MAX && rd_vec(&r, 2, &datagram) && rd_len(&datagram) <= DATAGRAM_MAX)
		items[n++] = (struct gate_item){ .flow = &flow, .datagram = datagram };
	now_ns += HELLO_POOL_TIMEOUT_MS * UINT64_C(1000000); /* the pool's rate lets a burst in */
	gate_burst(gate, &secrets, now_ns, items, n);
	for (size_t i = 0; i < n; i++) {
		if (items[i].status == STATUS_OK)
			check_admitted(&items[i]);
		else if (items[i].status == STATUS_HELLO_VERIFY_SENT)
			check_reply(&items[i], flip);
		else
			must(items[i].reply_len == 0);
	}
	return 0;
}
