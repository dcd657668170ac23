/* SPDX-License-Identifier: BSD-3-Clause */
#include "addr_text.h"

#include "flow.h"

#include <arpa/inet.h>

bool addr_text_ip4(uint8_t out[16], const char *text)
{
	uint8_t ip4[4];

	if (inet_pton(AF_INET, text, ip4) != 1)
		return false;
	flow_ip_map(out, ip4);
	return true;
}

bool addr_text_ip6(uint8_t out[16], const char *text)
{
	return inet_pton(AF_INET6, text, out) == 1 && !flow_ip_is_mapped(out);
}

bool addr_text_is_host(const uint8_t ip[16])
{
	static const uint8_t zero[15];

	if (flow_ip_is_mapped(ip))
		return ip[12] != 0 && ip[12] != 127 && ip[12] < 224;
	return ip[0] != 0xff && (memcmp(ip, zero, sizeof(zero)) != 0 || ip[15] > 1);
}

bool addr_text_split(struct addr_text *out, const char *text, size_t len)
{
	out->is_ip6 = len > 0 && text[0] == '[';
	if (out->is_ip6) {
		if (len < 2 || text[len - 1] != ']')
			return false;
		text++;
		len -= 2;
	}
	if (len >= sizeof(out->ip))
		return false;
	memcpy(out->ip, text, len);
	out->ip[len] = '\0';
	return true;
}
