/* SPDX-License-Identifier: BSD-3-Clause */
/* CoAP messages as sensors send them: parsed, and every option looked at. */
#include "benches.h"

#include "coap_msg.h"

#include <string.h>

enum { BURST = 32, ROOM = 128 };

/* {"t":21.5} to /s/42/temp, or a GET of it; distinct message IDs and tokens. */
static size_t request(uint8_t *out, bool post, uint16_t mid)
{
	static const char payload[] = "{\"t\":21.5,\"rh\":48,\"bat\":3.01}";
	const uint8_t token[4] = { 1, 2, (uint8_t)(mid >> 8), (uint8_t)mid };
	struct wr w = wr_of(out, ROOM);
	uint16_t number = 0;
	size_t len;

	coap_header_write(&w, COAP_CON, post ? COAP_POST : COAP_GET, mid, token, sizeof(token));
	coap_option_write(&w, &number, COAP_URI_PATH, "s", 1);
	coap_option_write(&w, &number, COAP_URI_PATH, "42", 2);
	coap_option_write(&w, &number, COAP_URI_PATH, "temp", 4);
	if (post) {
		coap_option_write_uint(&w, &number, COAP_CONTENT_FORMAT, 50);
		coap_payload_write(&w, payload, sizeof(payload) - 1);
	}
	return wr_finish(&w, &len) ? len : 0;
}

static void parse(struct bench *b)
{
	const bool post = bench_arg(b, 0) != 0;
	const unsigned n_options = post ? 4 : 3;
	uint8_t bytes[BURST][ROOM];
	size_t len[BURST], options = 0, turns = 0;

	for (unsigned i = 0; i < BURST; i++)
		len[i] = request(bytes[i], post, (uint16_t)(i * 257));
	for (; bench_next(b); turns++)
		for (unsigned i = 0; i < BURST; i++) {
			struct coap_msg msg;
			struct coap_opt opt;
			uint16_t number = 0;

			if (coap_msg_parse(rd_of(bytes[i], len[i]), &msg) != COAP_PARSE_OK)
				continue;
			while (coap_option_next(&msg.options, &number, &opt))
				options++;
			bench_keep(&msg);
		}
	if (options != turns * BURST * n_options)
		bench_fail(b, "not every option was seen");
	bench_items(b, BURST);
}

void bench_coap_add(void)
{
	static const int64_t get = 0, post = 1;

	bench_add("coap_parse/get", parse, &get, 1);
	bench_add("coap_parse/post", parse, &post, 1);
}
