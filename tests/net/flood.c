/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flood IF DST_MAC DST_IPV4 COUNT: ClientHellos without a cookie from random source addresses, as
 * frames on a packet socket. For tests in a namespace of their own.
 */
#include "frame.h"
#include "hs_msg.h"
#include "record.h"
#include "suite.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BURST = 64, FRAME_LEN_MAX = 256 };

static size_t hello(uint8_t *out, size_t cap)
{
	static const uint16_t suites[] = { TLS_PSK_WITH_AES_128_GCM_SHA256,
					   TLS_PSK_WITH_AES_128_CCM_8 };
	static const uint8_t random[HS_RANDOM_LEN] = { 1, 2, 3 };
	const struct client_hello_params params = {
		.random = random, .suites = suites, .n_suites = 2, .ems = true
	};
	uint8_t body[FRAME_LEN_MAX];
	struct wr b = wr_of(body, sizeof(body)), w = wr_of(out, cap);
	uint32_t len;

	client_hello_write(&b, &params);
	len = (uint32_t)wr_len(&b);
	record_write_header(&w, RECORD_HANDSHAKE, DTLS_1_0, 0, 0, (uint16_t)(len + HS_HEADER_LEN));
	hs_header_write(&w, HS_CLIENT_HELLO, len, 0, 0, len);
	wr_bytes(&w, body, len);
	return wr_len(&w);
}

/* A source that a peer can have: 198.18.0.0/15 but our own two addresses. */
static void random_source(struct flow *flow)
{
	uint32_t r = (uint32_t)random();

	flow->local_ip[13] = 18 + (r & 1);
	flow->local_ip[14] = (uint8_t)(r >> 1) | 1;
	flow->local_ip[15] = (uint8_t)(1 + (r >> 9) % 254);
	flow->local_port = (uint16_t)(1024 + (r >> 16) % 60000);
}

static bool send_burst(int fd, struct flow *flow, const struct nexthop *hop, unsigned n)
{
	uint8_t frames[BURST][FRAME_LEN_MAX];
	struct mmsghdr msgs[BURST] = { 0 };
	struct iovec iov[BURST];
	unsigned sent = 0;

	for (unsigned i = 0; i < n; i++) {
		size_t headers = frame_headers_len(flow, hop);
		size_t len = hello(frames[i] + headers, FRAME_LEN_MAX - headers);

		random_source(flow);
		frame_write(flow, hop, 0, frames[i], frames[i] + headers, len);
		iov[i] = (struct iovec){ frames[i], headers + len };
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	while (sent < n) {
		int rc = sendmmsg(fd, msgs + sent, n - sent, 0);

		if (rc <= 0)
			return false;
		sent += (unsigned)rc;
	}
	return true;
}

static bool parse(char **argv, struct flow *flow, struct nexthop *hop)
{
	unsigned mac[6];
	struct in_addr dst;

	if (sscanf(argv[2], "%x:%x:%x:%x:%x:%x", &mac[0], &mac[1], &mac[2], &mac[3], &mac[4],
		   &mac[5]) != 6 ||
	    inet_pton(AF_INET, argv[3], &dst) != 1)
		return false;
	*flow = (struct flow){ .remote_port = 5684 };
	flow->local_ip[10] = flow->local_ip[11] = 0xff;
	flow->local_ip[12] = 198;
	flow->remote_ip[10] = flow->remote_ip[11] = 0xff;
	memcpy(flow->remote_ip + 12, &dst, 4);
	*hop = (struct nexthop){ .local_mac = { 2, 0, 0, 0, 0, 9 }, .vlan_tci = VLAN_NONE };
	for (int i = 0; i < 6; i++)
		hop->remote_mac[i] = (uint8_t)mac[i];
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };
	struct nexthop hop;
	struct flow flow;
	unsigned long left;
	int fd;

	if (argc != 5 || !parse(argv, &flow, &hop)) {
		fprintf(stderr, "usage: flood IF DST_MAC DST_IPV4 COUNT\n");
		return 2;
	}
	left = strtoul(argv[4], NULL, 10);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	addr.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
		perror("flood");
		return EXIT_FAILURE;
	}
	while (left > 0) {
		unsigned n = left < BURST ? (unsigned)left : BURST;

		if (!send_burst(fd, &flow, &hop, n)) {
			perror("flood: send");
			return EXIT_FAILURE;
		}
		left -= n;
	}
	close(fd);
	return EXIT_SUCCESS;
}
