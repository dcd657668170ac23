/* SPDX-License-Identifier: BSD-3-Clause */
/* What other nodes forward: a header that is taken is one that forwarded_put makes, byte by byte
 * but for its MAC. */
#include "forwarded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
	if (!truth)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[FORWARDED_HEADER_LEN];
	struct forwarded f;

	if (!forwarded_parse(data, size, &f))
		return 0;
	must(forwarded_is(data, size) && size > FORWARDED_HEADER_LEN);
	must(flow_ip_is_mapped(f.flow.local_ip) == flow_ip_is_mapped(f.flow.remote_ip));
	must(f.hop.port_id == 0);
	forwarded_put(again, &f);
	must(memcmp(again, data, FORWARDED_MAC_AT) == 0);
	return 0;
}
