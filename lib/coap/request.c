/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"

/* Options that are understood: number, length range (RFC 7252 §5.10, 7959 §2.1, 7967 §2). */
static const struct rule {
	uint16_t number;
	uint16_t min_len, max_len;
	bool repeatable;
} rules[] = {
	{ COAP_URI_HOST, 1, 255, false },   { COAP_URI_PORT, 0, 2, false },
	{ COAP_URI_PATH, 0, 255, true },    { COAP_CONTENT_FORMAT, 0, 2, false },
	{ COAP_URI_QUERY, 0, 255, true },   { COAP_ACCEPT, 0, 2, false },
	{ COAP_BLOCK2, 0, 3, false },       { COAP_BLOCK1, 0, 3, false },
	{ COAP_PROXY_URI, 1, 1034, false }, { COAP_PROXY_SCHEME, 1, 255, false },
	{ COAP_NO_RESPONSE, 0, 1, false },
};

/* What the options say, before it is judged. */
struct facts {
	struct resource_match path;
	bool critical, proxy;
	bool has_accept, has_block1, has_block2;
	uint32_t accept, block1, block2, no_response;
	int32_t content_format;
};

static bool recognised(const struct coap_opt *opt, bool repeated)
{
	size_t len = rd_len(&opt->value);

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].number == opt->number)
			return len >= rules[i].min_len && len <= rules[i].max_len &&
			       (rules[i].repeatable || !repeated);
	return false;
}

static void take_option(struct facts *f, const struct coap_opt *opt)
{
	uint32_t v = 0;
	bool is_uint = coap_uint(opt->value, &v);

	switch (opt->number) {
	case COAP_URI_PATH:
		resource_segment(&f->path, opt->value);
		return;
	case COAP_PROXY_URI:
	case COAP_PROXY_SCHEME:
		f->proxy = true;
		return;
	}
	/* The rest are numbers, or (host, port, query) nothing to act on. */
	if (!is_uint)
		return;
	switch (opt->number) {
	case COAP_CONTENT_FORMAT:
		f->content_format = (int32_t)v;
		return;
	case COAP_ACCEPT:
		f->has_accept = true;
		f->accept = v;
		return;
	case COAP_BLOCK1:
		f->has_block1 = true;
		f->block1 = v;
		return;
	case COAP_BLOCK2:
		f->has_block2 = true;
		f->block2 = v;
		return;
	case COAP_NO_RESPONSE:
		f->no_response = v;
		return;
	}
}

static void read_options(struct rd options, struct facts *f)
{
	uint16_t number = 0, last = 0;
	struct coap_opt opt;
	bool first = true;

	while (coap_option_next(&options, &number, &opt)) {
		bool repeated = !first && opt.number == last;

		if (recognised(&opt, repeated))
			take_option(f, &opt);
		else if (opt.number & 1) /* critical (§5.4.6) */
			f->critical = true;
		last = opt.number;
		first = false;
	}
}

/* Block option value: number << 4 | more << 3 | size exponent (RFC 7959 §2.2). */
static bool block_reserved(bool present, uint32_t block) { return present && (block & 7) == 7; }

static bool needs_blockwise(const struct facts *f)
{
	return (f->has_block1 && f->block1 >> 3 != 0 && !block_reserved(true, f->block1)) ||
	       (f->has_block2 && f->block2 >> 4 != 0 && !block_reserved(true, f->block2));
}

static void refuse(struct request *out, uint8_t error, enum status status)
{
	out->error = error;
	out->status = status;
}

static void judge_get(const struct facts *f, struct request *out)
{
	out->resource = resource_matched(&f->path);
	if (out->resource == RESOURCE_NONE)
		refuse(out, COAP_NOT_FOUND, STATUS_COAP_NOT_FOUND);
	else if (f->has_accept && f->accept != resource_format(out->resource))
		refuse(out, COAP_NOT_ACCEPTABLE, STATUS_COAP_NOT_ACCEPTABLE);
	else if (f->has_block2 && (16U << (f->block2 & 7)) < RESOURCE_MAX)
		refuse(out, COAP_BAD_OPTION, STATUS_COAP_OPTION);
}

static void judge_reading(const struct coap_msg *msg, struct request *out)
{
	if (rd_len(&msg->payload) > REQUEST_PAYLOAD_MAX)
		refuse(out, COAP_TOO_LARGE, STATUS_COAP_TOO_LARGE);
	else if (rd_len(&msg->options) > REQUEST_OPTIONS_MAX)
		refuse(out, COAP_BAD_OPTION, STATUS_COAP_OPTION);
}

static void judge(const struct coap_msg *msg, const struct facts *f, struct request *out)
{
	if (f->critical || needs_blockwise(f))
		refuse(out, COAP_BAD_OPTION, STATUS_COAP_OPTION);
	else if (f->proxy)
		refuse(out, COAP_NO_PROXYING, STATUS_COAP_PROXY);
	else if (msg->code != COAP_GET && msg->code != COAP_POST && msg->code != COAP_PUT)
		refuse(out, COAP_METHOD_NOT_ALLOWED, STATUS_COAP_METHOD);
	else if (block_reserved(f->has_block1, f->block1) ||
		 block_reserved(f->has_block2, f->block2))
		refuse(out, COAP_BAD_REQUEST, STATUS_COAP_OPTION);
	else if (msg->code == COAP_GET)
		judge_get(f, out);
	else
		judge_reading(msg, out);
}

void request_read(const struct coap_msg *msg, struct request *out)
{
	struct facts f = { .content_format = -1 };

	read_options(msg->options, &f);
	*out = (struct request){ .status = STATUS_OK,
				 .content_format = f.content_format,
				 .block1 =
					 f.has_block1 ? (uint8_t)(f.block1 & 7) : REQUEST_NO_BLOCK1,
				 .no_response = (uint8_t)f.no_response };
	out->ignore = f.critical && msg->type == COAP_NON;
	judge(msg, &f, out);
}

bool request_wants(uint8_t no_response, uint8_t code)
{
	unsigned class = code >> 5;

	return class == 0 || !(no_response >> (class - 1) & 1);
}
