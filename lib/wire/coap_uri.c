/* SPDX-License-Identifier: BSD-3-Clause */
#include "coap_uri.h"

/* RFC 3986: unreserved and sub-delims, but "&", which separates the arguments of a query. */
static bool is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("-._~!$'()*+,;=:@", c) != NULL);
}

static void write_encoded(struct wr *w, struct rd value, const char *also_plain)
{
	static const char hex[] = "0123456789ABCDEF";
	uint8_t c;

	while (rd_u8(&value, &c)) {
		if (is_plain(c) || (c != 0 && strchr(also_plain, c) != NULL)) {
			wr_u8(w, c);
			continue;
		}
		wr_u8(w, '%');
		wr_u8(w, (uint8_t)hex[c >> 4]);
		wr_u8(w, (uint8_t)hex[c & 15]);
	}
}

void coap_uri_path(struct wr *w, const struct coap_msg *msg)
{
	struct rd options = msg->options;
	uint16_t number = 0;
	struct coap_opt opt;
	bool any = false;

	while (coap_option_next(&options, &number, &opt)) {
		if (opt.number != COAP_URI_PATH)
			continue;
		wr_u8(w, '/');
		write_encoded(w, opt.value, "&");
		any = true;
	}
	if (!any)
		wr_u8(w, '/');
}

void coap_uri_query(struct wr *w, const struct coap_msg *msg)
{
	struct rd options = msg->options;
	uint16_t number = 0;
	struct coap_opt opt;
	bool any = false;

	while (coap_option_next(&options, &number, &opt)) {
		if (opt.number != COAP_URI_QUERY)
			continue;
		if (any)
			wr_u8(w, '&');
		write_encoded(w, opt.value, "/?");
		any = true;
	}
}
