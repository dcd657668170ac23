/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames in and out, and the checksum that is most of either: bursts of distinct frames, in cache.
 */
#include "benches.h"

#include "checksum.h"
#include "frame.h"
#include "record.h"

#include <stdio.h>
#include <string.h>

/* A record of 64 bytes, AES-128-GCM. */
enum { BURST = 32, PAYLOAD = RECORD_HEADER_LEN + RECORD_EXPLICIT_MAX + 64 + 16, ROOM = 256 };

static struct frame_host host = {
	.mac = { 2, 0, 0, 0, 0, 1 },
	.n_addrs = 2,
	.addrs = {
		{ .ip = { [10] = 0xff, 0xff, 198, 18, 0, 2 }, .prefix_len = 15 },
		{ .ip = { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 }, .prefix_len = 64 },
	},
};

struct burst {
	struct frame_out {
		struct flow flow;
		struct nexthop hop;
	} to[BURST]; /* from us to the peers */
	uint8_t payload[BURST][ROOM];
	uint8_t frame[BURST][ROOM]; /* from the peers to us */
	size_t len;
};

static void fill(struct burst *b, bool v6)
{
	uint64_t x = 88172645463325252;

	for (unsigned i = 0; i < BURST; i++) {
		struct frame_out *to = &b->to[i];
		struct nexthop hop = { .local_mac = { 2, 0, 0, 0, 0, 2 }, .vlan_tci = VLAN_NONE };
		struct flow flow = { .remote_port = 5684 };
		size_t headers_len;

		memcpy(flow.remote_ip, host.addrs[v6].ip, 16);
		memcpy(flow.local_ip, host.addrs[v6].ip, 16);
		flow.local_ip[15] = (uint8_t)(3 + i);
		flow.local_port = (uint16_t)(1024 + i * 1999);
		memcpy(hop.remote_mac, host.mac, sizeof(hop.remote_mac));
		for (unsigned k = 0; k < PAYLOAD; k++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			b->payload[i][k] = (uint8_t)x;
		}
		headers_len = frame_headers_len(&flow, &hop);
		memcpy(b->frame[i] + headers_len, b->payload[i], PAYLOAD);
		frame_write(&flow, &hop, 0, b->frame[i], b->frame[i] + headers_len, PAYLOAD);
		b->len = headers_len + PAYLOAD;
		memcpy(to->flow.local_ip, flow.remote_ip, 16);
		memcpy(to->flow.remote_ip, flow.local_ip, 16);
		to->flow.local_port = flow.remote_port;
		to->flow.remote_port = flow.local_port;
		memcpy(to->hop.local_mac, hop.remote_mac, sizeof(hop.remote_mac));
		memcpy(to->hop.remote_mac, hop.local_mac, sizeof(hop.local_mac));
		to->hop.vlan_tci = VLAN_NONE;
	}
}

static void parse(struct bench *b)
{
	static struct burst burst;
	static struct frame_out out[BURST];
	struct frame f = { 0 };
	unsigned bad = 0;

	frame_host_prepare(&host);
	fill(&burst, bench_arg(b, 0) == 6);
	while (bench_next(b)) {
		for (unsigned i = 0; i < BURST; i++)
			bad += frame_parse(&host, burst.frame[i], burst.len, 0, &out[i].flow,
					   &out[i].hop, &f) != STATUS_OK;
		bench_keep(out);
	}
	if (bad != 0 || f.payload_len != PAYLOAD)
		bench_fail(b, "not every frame was parsed");
	bench_items(b, BURST);
}

static void write(struct bench *b)
{
	static struct burst burst;
	static uint8_t out[BURST][ROOM];

	fill(&burst, bench_arg(b, 0) == 6);
	while (bench_next(b)) {
		for (unsigned i = 0; i < BURST; i++)
			frame_write(&burst.to[i].flow, &burst.to[i].hop, 0, out[i],
				    burst.payload[i], PAYLOAD);
		bench_keep(out);
	}
	bench_items(b, BURST);
}

static void sum(struct bench *b)
{
	static uint8_t bytes[BURST][1400];
	const size_t len = (size_t)bench_arg(b, 0);
	uint64_t all = 0;

	for (unsigned i = 0; i < BURST; i++)
		memset(bytes[i], (int)i, sizeof(bytes[i]));
	while (bench_next(b)) {
		for (unsigned i = 0; i < BURST; i++)
			all += checksum_fold(checksum_add(0, bytes[i], len));
		bench_keep(&all);
	}
	bench_items(b, BURST);
	bench_bytes(b, BURST * len);
}

void bench_frame_add(void)
{
	static const int64_t lens[] = { 20, 64, 110, 512, 1400 };
	char name[64];

	for (int64_t version = 4; version <= 6; version += 2) {
		snprintf(name, sizeof(name), "frame_parse/ip:%d", (int)version);
		bench_add(name, parse, &version, 1);
		snprintf(name, sizeof(name), "frame_write/ip:%d", (int)version);
		bench_add(name, write, &version, 1);
	}
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		snprintf(name, sizeof(name), "checksum/len:%d", (int)lens[i]);
		bench_add(name, sum, &lens[i], 1);
	}
}
