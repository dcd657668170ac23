/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records after the handshake of DTLS 1.3, one after another, to either end.
 *
 *   BYTES of the input
 *     1    bit 0: a client; bit 1: tickets of ours are under way; bit 2: an update of our keys,
 *          bit 3: of both
 *   then records:
 *     1    bit 0: an ACK; bit 1: under the epoch before the newest; bit 2: a timeout comes first
 *     1    length of the content that follows
 */
#include "post_handshake.h"
#include "record.h"

#include <stdlib.h>

static struct post_handshake p;
static uint64_t n_sealed;

static void *give(void *arg, size_t len)
{
	(void)arg;
	return malloc(len);
}

static void take_back(void *arg, void *m)
{
	(void)arg;
	free(m);
}

static enum status take_ticket(void *arg, const struct hs_fragment *m, struct rd record,
			       enum alert *alert)
{
	(void)arg;
	(void)record;
	*alert = ALERT_UNEXPECTED_MESSAGE;
	return m->type == HS_NEW_SESSION_TICKET ? STATUS_OK : STATUS_HS_UNEXPECTED;
}

static struct post_handshake_config cfg = {
	.timeout_ns = 1, .timeout_max_ns = 64, .repeats = 5, .alloc = give, .release = take_back
};

static void drain(void)
{
	uint8_t out[128];
	uint16_t token;
	size_t len;

	while (post_handshake_output(&p, sizeof(out), out, &len, &token))
		post_handshake_sealed(&p, token, (uint64_t)p.tx_epoch << 48 | n_sealed++);
}

static void begin(uint8_t how)
{
	struct flight *f;
	struct wr w;

	p = (struct post_handshake){ .rx_epoch = 3, .tx_epoch = 3, .suite = 0x1301 };
	n_sealed = 0;
	cfg.message = how & 1 ? take_ticket : NULL;
	if (how & 2) {
		f = post_handshake_open(&p, &cfg);
		w = flight_open(f);
		wr_bytes(&w, "a ticket", 8);
		if (!flight_close(f, &w, 3, HS_NEW_SESSION_TICKET, p.tx_seq++))
			abort();
		flight_send(f, 0, false);
	}
	if (how & 4 && !post_handshake_update(&p, &cfg, 0, how & 8))
		abort();
	drain();
}

/* What holds whatever came. */
static void check(const struct post_handshake *before, const struct post_handshake_result *r)
{
	if (p.rx_epoch != before->rx_epoch + (r->rx_keys ? 1 : 0) && !r->ends)
		abort();
	if (p.tx_epoch != before->tx_epoch + (r->tx_keys ? 1 : 0))
		abort();
	if (r->tx_keys && before->flight == NULL)
		abort();
}

static bool record(struct rd *in, uint64_t now)
{
	struct post_handshake_record one = { .type = RECORD_HANDSHAKE };
	struct post_handshake before;
	struct post_handshake_result r;
	uint8_t how, len;

	if (!rd_u8(in, &how) || !rd_u8(in, &len))
		return false;
	if (len > rd_len(in))
		len = (uint8_t)rd_len(in);
	if (!rd_sub(in, len, &one.content))
		return false;
	if (how & 1)
		one.type = RECORD_ACK;
	if (how & 4)
		(void)post_handshake_timeout(&p, &cfg, now);
	drain();
	one.number = (uint64_t)(p.rx_epoch - (how & 2 && p.rx_epoch > 3 ? 1 : 0)) << 48 | now;
	before = p;
	post_handshake_input(&p, &cfg, now, &one, &r);
	check(&before, &r);
	drain();
	return !r.ends;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd in = rd_of(data, size);
	uint64_t now = 100;
	uint8_t how;

	if (!rd_u8(&in, &how))
		return 0;
	begin(how);
	while (record(&in, now))
		now += 100;
	post_handshake_wipe(&p, &cfg);
	return 0;
}
