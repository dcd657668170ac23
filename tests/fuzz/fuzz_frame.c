/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames: whatever comes in, what is accepted lies inside the frame, and no answer is larger than
 * its question. The first byte of the input holds what the port says it checked.
 */
#include "frame_single.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct frame_host host = {
	.mac = { 0x02, 0, 0, 0, 0, 0x01 },
	.n_addrs = 2,
	.addrs = {
		{ .ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 }, .prefix_len = 24 },
		{ .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 }, .prefix_len = 64 },
	},
};

static void must(bool truth)
{
	if (!truth)
		abort();
}

static bool is_ours(const uint8_t ip[16])
{
	return memcmp(ip, host.addrs[0].ip, 16) == 0 || memcmp(ip, host.addrs[1].ip, 16) == 0;
}

/* A host made ready for plain frames says the same of any frame as one that is not. */
static void check_plain(const uint8_t *frame, size_t len, unsigned checked)
{
	struct frame_host ready = host;
	struct flow flow[2];
	struct nexthop hop[2] = { { .port_id = 7 }, { .port_id = 7 } };
	struct frame f[2];
	enum status s = frame_parse(&host, frame, len, checked, &flow[0], &hop[0], &f[0]);

	frame_host_prepare(&ready);
	must(frame_parse(&ready, frame, len, checked, &flow[1], &hop[1], &f[1]) == s);
	if (s != STATUS_OK)
		return;
	must(memcmp(&flow[0], &flow[1], sizeof(flow[0])) == 0);
	must(memcmp(&hop[0], &hop[1], sizeof(hop[0])) == 0);
	must(f[0].payload_off == f[1].payload_off && f[0].payload_len == f[1].payload_len);
	must(f[0].checksum_partial == f[1].checksum_partial);
}

/* A datagram that is one record of DTLS 1.2, or of 1.3. */
static void check_record(bool of_13, struct rd left)
{
	const size_t len = rd_len(&left);
	struct record13 r13;
	struct record r;

	if (of_13) {
		must(record13_next(&left, 0, &r13) == STATUS_OK || len > RECORD13_CIPHERTEXT_MAX);
		must(rd_len(&left) == 0);
		return;
	}
	must(record_next(&left, &r) == STATUS_OK || len > RECORD_CIPHERTEXT_MAX);
	must(rd_len(&left) == 0 && (r.type == 0 || (r.type == RECORD_APPDATA && r.epoch == 1)));
}

/* What is taken for a frame of one record is one, and says the same. */
static FRAME_SINGLE_TARGET void check_single(const struct frame_single_form *form,
					     const uint8_t *frame, size_t len, unsigned checked)
{
	uint8_t ends[FRAME_SINGLE_ENDS] __attribute__((aligned(64)));
	struct frame_host ready = host;
	struct nexthop hop = { 0 };
	struct flow flow;
	struct frame f;

	frame_host_prepare(&ready);
	if (len < FRAME_SINGLE_MIN || !frame_single_usable() ||
	    !frame_single_parse(form, &ready.plain, frame, (uint16_t)len, checked, ends))
		return;
	must(frame_parse(&host, frame, len, checked, &flow, &hop, &f) == STATUS_OK);
	must(f.payload_off == FRAME_PLAIN_LEN && f.payload_off + (size_t)f.payload_len == len);
	must(!f.checksum_partial);
	hop.port_id = 0;
	must(memcmp(ends, &flow, sizeof(flow)) == 0);
	must(memcmp(ends + sizeof(flow), &hop, sizeof(hop)) == 0);
	check_record(form == &frame_single_13, rd_of(frame + f.payload_off, f.payload_len));
}

static void check_parse(const uint8_t *frame, size_t len, unsigned checked)
{
	uint8_t answer[FRAME_HEADERS_MAX + UINT16_MAX];
	struct frame_host peer = { .n_addrs = 1 };
	struct flow flow, back_flow;
	struct nexthop hop, back_hop;
	struct frame f, back;
	size_t headers_len;

	if (frame_parse(&host, frame, len, checked, &flow, &hop, &f) != STATUS_OK)
		return;
	must(f.payload_off >= 14 + 20 + 8 && f.payload_off + (size_t)f.payload_len <= len);
	must(is_ours(flow.local_ip) && !is_ours(flow.remote_ip));
	must(flow.remote_port != 0 && !(hop.remote_mac[0] & 1));

	/* What is written back to it parses at the other end, if its address is one that can be. */
	headers_len = frame_headers_len(&flow, &hop);
	must(headers_len <= FRAME_HEADERS_MAX);
	memcpy(answer + headers_len, frame + f.payload_off, f.payload_len);
	frame_write(&flow, &hop, 0, answer, answer + headers_len, f.payload_len);
	memcpy(peer.mac, hop.remote_mac, 6);
	memcpy(peer.addrs[0].ip, flow.remote_ip, 16);
	peer.addrs[0].prefix_len = 32;
	if (flow.local_port == 0)
		return;
	must(frame_parse(&peer, answer, headers_len + f.payload_len, 0, &back_flow, &back_hop,
			 &back) == STATUS_OK);
	must(!back.checksum_partial && back.payload_len == f.payload_len);
	must(memcmp(back_flow.remote_ip, flow.local_ip, 16) == 0);
	must(back_flow.local_port == flow.remote_port && back_hop.vlan_tci == hop.vlan_tci);
}

static void check_answer(const uint8_t *frame, size_t len)
{
	const size_t cap = len < 60 ? 60 : len;
	uint8_t *copy = malloc(cap);
	size_t out_len = 0;

	if (copy == NULL)
		return;
	if (len > 0)
		memcpy(copy, frame, len);
	if (frame_answer(&host, copy, len, cap, &out_len) == STATUS_FRAME_ANSWERED) {
		must(out_len >= 42 && out_len <= cap);
		must(memcmp(copy + 6, host.mac, 6) == 0);
		/* To the one who asked, or to all nodes for duplicate address detection. */
		must(memcmp(copy, frame + 6, 6) == 0 ||
		     memcmp(copy, (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 6) == 0);
	} else {
		must(len == 0 || memcmp(copy, frame, len) == 0);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > UINT16_MAX)
		return 0;
	check_parse(data + 1, size - 1, data[0] & 3);
	check_plain(data + 1, size - 1, data[0] & 3);
	check_single(&frame_single_12, data + 1, size - 1, data[0] & 3);
	check_single(&frame_single_13, data + 1, size - 1, data[0] & 3);
	check_answer(data + 1, size - 1);
	return 0;
}
