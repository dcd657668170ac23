/* SPDX-License-Identifier: BSD-3-Clause */
#include "exchange.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define S  UINT64_C(1000000000)
#define T0 (1000 * S)

enum { N_SLOTS = 100, N_OPEN = 40, SENT_MAX = 128 };

static const struct session_ref DEV_A = { 7, 1 }, DEV_B = { 8, 1 };

/* The world around one worker. */
static struct {
	struct exchanges *x;
	enum exchange_put put; /* what the sink says */
	unsigned n_delivered;
	uint64_t cookies[64];
	uint8_t payloads[64]; /* first byte of each, in the order of delivery */
	int32_t content_format;
	bool confirmable;
	struct {
		struct session_ref ref;
		uint8_t bytes[EXCHANGE_REPLY_MAX];
		size_t len;
	} sent[SENT_MAX];
	unsigned n_sent;
	uint8_t reply[EXCHANGE_REPLY_MAX];
	size_t reply_len;
	uint8_t in[4096];
	size_t in_len;
} g;

static enum exchange_put fake_deliver(void *arg, const struct exchange_reading *r)
{
	(void)arg;
	if (g.put != EXCHANGE_ENQUEUED)
		return g.put;
	g.cookies[g.n_delivered % 64] = r->cookie;
	g.payloads[g.n_delivered % 64] = rd_len(&r->msg->payload) ? r->msg->payload.p[0] : 0;
	g.content_format = r->content_format;
	g.confirmable = r->confirmable;
	g.n_delivered++;
	return EXCHANGE_ENQUEUED;
}

static void fake_send(void *arg, struct session_ref ref, const uint8_t *msg, size_t len)
{
	(void)arg;
	assert_true(len <= EXCHANGE_REPLY_MAX && g.n_sent < SENT_MAX);
	g.sent[g.n_sent].ref = ref;
	g.sent[g.n_sent].len = len;
	memcpy(g.sent[g.n_sent++].bytes, msg, len);
}

static uint64_t fake_wall(void *arg)
{
	(void)arg;
	return UINT64_C(951782400123456789);
}

static void start(bool ack_delivered)
{
	const struct exchange_config cfg = { .n_slots = N_SLOTS,
					     .n_open = N_OPEN,
					     .ack_delivered = ack_delivered,
					     .separate_after_ns = S,
					     .max_age_s = 30,
					     .seed = 42,
					     .deliver = fake_deliver,
					     .send = fake_send,
					     .wall_ns = fake_wall };

	memset(&g, 0, sizeof(g));
	g.x = exchanges_new(&cfg);
	assert_non_null(g.x);
}

static int start_enqueue(void **state)
{
	(void)state;
	start(false);
	return 0;
}

static int start_delivered(void **state)
{
	(void)state;
	start(true);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	exchanges_free(g.x);
	return 0;
}

/* A message under construction: begin, options, input. */
static struct wr build;
static uint16_t build_number;

static void begin(uint8_t type, uint8_t code, uint16_t mid)
{
	build = wr_of(g.in, sizeof(g.in));
	build_number = 0;
	coap_header_write(&build, type, code, mid, (const uint8_t[]){ 0xcc, (uint8_t)mid }, 2);
}

static void option(uint16_t number, const char *value)
{
	coap_option_write(&build, &build_number, number, value, strlen(value));
}

static void option_uint(uint16_t number, uint32_t value)
{
	coap_option_write_uint(&build, &build_number, number, value);
}

static enum status raw(struct session_ref ref, uint64_t now, const void *bytes, size_t len)
{
	return exchange_input(g.x, ref, now, bytes, len, g.reply, &g.reply_len);
}

static enum status input(struct session_ref ref, uint64_t now)
{
	assert_true(wr_finish(&build, &g.in_len));
	return raw(ref, now, g.in, g.in_len);
}

static enum status post_from(struct session_ref ref, uint64_t now, uint8_t type, uint16_t mid,
			     char payload)
{
	begin(type, COAP_POST, mid);
	option(COAP_URI_PATH, "s");
	coap_payload_write(&build, &payload, 1);
	return input(ref, now);
}

static enum status post(uint64_t now, uint8_t type, uint16_t mid)
{
	return post_from(DEV_A, now, type, mid, 'p');
}

static enum status get(uint8_t type, uint16_t mid, const char *first, const char *second)
{
	begin(type, COAP_GET, mid);
	option(COAP_URI_PATH, first);
	if (second != NULL)
		option(COAP_URI_PATH, second);
	return input(DEV_A, T0);
}

static struct coap_msg parsed(const uint8_t *bytes, size_t len)
{
	struct coap_msg m;

	assert_int_equal(coap_msg_parse(rd_of(bytes, len), &m), COAP_PARSE_OK);
	return m;
}

static struct coap_msg reply(void)
{
	assert_true(g.reply_len > 0);
	return parsed(g.reply, g.reply_len);
}

static struct coap_msg sent(unsigned i)
{
	assert_true(i < g.n_sent);
	return parsed(g.sent[i].bytes, g.sent[i].len);
}

/* A message of ours: type, code, and for all but bare ones the token of request mid. */
static void assert_msg(struct coap_msg m, uint8_t type, uint8_t code, uint16_t mid)
{
	assert_int_equal(m.type, type);
	assert_int_equal(m.code, code);
	if (type == COAP_ACK || type == COAP_RST)
		assert_int_equal(m.mid, mid);
	if (code == COAP_EMPTY) {
		assert_int_equal(m.token_len, 0);
		return;
	}
	assert_int_equal(m.token_len, 2);
	assert_int_equal(m.token[0], 0xcc);
	assert_int_equal(m.token[1], (uint8_t)mid);
}

static bool option_of(struct coap_msg m, uint16_t number, uint32_t *value)
{
	uint16_t at = 0;
	struct coap_opt opt;

	while (coap_option_next(&m.options, &at, &opt))
		if (opt.number == number)
			return coap_uint(opt.value, value);
	return false;
}

static void assert_option(struct coap_msg m, uint16_t number, uint32_t value)
{
	uint32_t v;

	assert_true(option_of(m, number, &v));
	assert_int_equal(v, value);
}

static void assert_refused(uint8_t code, enum status status, enum status got, uint16_t mid)
{
	assert_int_equal(got, status);
	assert_msg(reply(), COAP_ACK, code, mid);
	assert_int_equal(g.n_delivered, 0);
}

static void con_post_is_piggybacked(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option(COAP_URI_PATH, "s");
	option_uint(COAP_CONTENT_FORMAT, 50);
	coap_payload_write(&build, "{}", 2);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_msg(reply(), COAP_ACK, COAP_CHANGED, 1);
	assert_int_equal(g.n_delivered, 1);
	assert_true(g.confirmable);
	assert_int_equal(g.content_format, 50);
	assert_int_equal(g.n_sent, 0);
}

static void non_post_is_answered_by_non(void **state)
{
	uint16_t mid;

	(void)state;
	assert_int_equal(post(T0, COAP_NON, 1), STATUS_OK);
	assert_msg(reply(), COAP_NON, COAP_CHANGED, 1);
	assert_false(g.confirmable);
	assert_int_equal(g.content_format, -1);
	mid = reply().mid;
	assert_int_equal(post(T0, COAP_NON, 2), STATUS_OK);
	assert_int_equal(reply().mid, (uint16_t)(mid + 1));
	assert_int_equal(g.n_delivered, 2);
}

static void put_delivers_too(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_PUT, 1);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_msg(reply(), COAP_ACK, COAP_CHANGED, 1);
	assert_int_equal(g.n_delivered, 1);
}

/* bad-input M1 */
static void short_or_other_version_gets_nothing(void **state)
{
	(void)state;
	assert_int_equal(raw(DEV_A, T0, "\x40\x02\x00", 3), STATUS_COAP_IGNORED);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(raw(DEV_A, T0, "\x80\x02\x00\x01", 4), STATUS_COAP_IGNORED);
	assert_int_equal(g.reply_len, 0);
}

/* bad-input M2, M4, M5, M6, M8 */
static void malformed_con_gets_rst_and_non_nothing(void **state)
{
	static const struct {
		uint8_t bytes[12];
		size_t len;
	} rows[] = {
		{ { 0x49, 2, 0x12, 0x34, 1, 2, 3, 4, 5, 6, 7, 8 }, 12 }, /* M2 */
		{ { 0x4d, 2, 0x12, 0x34 }, 4 },
		{ { 0x44, 2, 0x12, 0x34, 1 }, 5 },
		{ { 0x40, 0x21, 0x12, 0x34 }, 4 }, /* M4 */
		{ { 0x40, 0xc0, 0x12, 0x34 }, 4 },
		{ { 0x40, 0xe5, 0x12, 0x34 }, 4 },
		{ { 0x40, 2, 0x12, 0x34, 0xf1, 0 }, 6 },          /* M5 */
		{ { 0x40, 2, 0x12, 0x34, 0xe0, 0xfe, 0xf3 }, 7 }, /* M6 */
		{ { 0x40, 2, 0x12, 0x34, 0xff }, 5 },             /* M8 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint8_t bytes[12];

		memcpy(bytes, rows[i].bytes, sizeof(bytes));
		assert_int_equal(raw(DEV_A, T0, bytes, rows[i].len), STATUS_COAP_MALFORMED);
		assert_msg(reply(), COAP_RST, COAP_EMPTY, 0x1234);
		assert_int_equal(g.reply_len, 4);
		for (uint8_t type = COAP_NON; type <= COAP_RST; type++) {
			bytes[0] = (uint8_t)((rows[i].bytes[0] & 0x4f) | type << 4);
			assert_int_equal(raw(DEV_A, T0, bytes, rows[i].len), STATUS_COAP_MALFORMED);
			assert_int_equal(g.reply_len, 0);
		}
	}
	assert_int_equal(g.n_delivered, 0);
}

static void ping_gets_rst(void **state)
{
	(void)state;
	assert_int_equal(raw(DEV_A, T0, "\x40\x00\xab\xcd", 4), STATUS_COAP_PING);
	assert_msg(reply(), COAP_RST, COAP_EMPTY, 0xabcd);
	assert_int_equal(raw(DEV_A, T0, "\x50\x00\xab\xcd", 4), STATUS_COAP_IGNORED);
	assert_int_equal(g.reply_len, 0);
}

static void response_to_no_request(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_CONTENT, 5);
	assert_int_equal(input(DEV_A, T0), STATUS_COAP_UNMATCHED);
	assert_msg(reply(), COAP_RST, COAP_EMPTY, 5);
	begin(COAP_NON, COAP_CONTENT, 5);
	assert_int_equal(input(DEV_A, T0), STATUS_COAP_UNMATCHED);
	assert_int_equal(g.reply_len, 0);
}

/* bad-input M18 */
static void ack_and_rst_of_nothing_are_ignored(void **state)
{
	(void)state;
	assert_int_equal(raw(DEV_A, T0, "\x60\x00\x00\x01", 4), STATUS_COAP_UNMATCHED);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(raw(DEV_A, T0, "\x70\x00\x00\x01", 4), STATUS_COAP_UNMATCHED);
	assert_int_equal(g.reply_len, 0);
	begin(COAP_ACK, COAP_CHANGED, 1);
	assert_int_equal(input(DEV_A, T0), STATUS_COAP_UNMATCHED);
	assert_int_equal(g.reply_len, 0);
}

static void well_known_core(void **state)
{
	struct coap_msg m;

	(void)state;
	assert_int_equal(get(COAP_CON, 1, ".well-known", "core"), STATUS_OK);
	m = reply();
	assert_msg(m, COAP_ACK, COAP_CONTENT, 1);
	assert_option(m, COAP_CONTENT_FORMAT, 40);
	assert_int_equal(m.payload.p[0], '<');
	assert_non_null(memmem(m.payload.p, rd_len(&m.payload), "</time>", 7));
}

static void time_resource(void **state)
{
	static const char expected[] = "2000-02-29T00:00:00.123456Z";
	struct coap_msg m;

	(void)state;
	assert_int_equal(get(COAP_NON, 1, "time", NULL), STATUS_OK);
	m = reply();
	assert_msg(m, COAP_NON, COAP_CONTENT, 1);
	assert_option(m, COAP_CONTENT_FORMAT, 0);
	assert_int_equal(rd_len(&m.payload), sizeof(expected) - 1);
	assert_memory_equal(m.payload.p, expected, sizeof(expected) - 1);
}

static void accept_option(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_GET, 1);
	option(COAP_URI_PATH, "time");
	option_uint(COAP_ACCEPT, 50);
	assert_refused(COAP_NOT_ACCEPTABLE, STATUS_COAP_NOT_ACCEPTABLE, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_GET, 2);
	option(COAP_URI_PATH, "time");
	option_uint(COAP_ACCEPT, 0);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_msg(reply(), COAP_ACK, COAP_CONTENT, 2);
}

/* bad-input M12 */
static void odd_paths_match_nothing(void **state)
{
	static const char *const paths[][2] = {
		{ "", NULL },
		{ "..", "time" },
		{ "time", "" },
		{ "Time", NULL },
		{ ".well-known", NULL },
		{ "core", NULL },
		{ ".well-known/core", NULL },
		{ "time%00", NULL },
		{ "", "time" },
	};

	(void)state;
	for (uint16_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		assert_refused(COAP_NOT_FOUND, STATUS_COAP_NOT_FOUND,
			       get(COAP_CON, i, paths[i][0], paths[i][1]), i);
	begin(COAP_CON, COAP_GET, 100);
	for (int i = 0; i < 200; i++)
		option(COAP_URI_PATH, "time");
	assert_refused(COAP_NOT_FOUND, STATUS_COAP_NOT_FOUND, input(DEV_A, T0), 100);
	begin(COAP_CON, COAP_GET, 101); /* a NUL behind the name */
	coap_option_write(&build, &build_number, COAP_URI_PATH, "time\0", 5);
	assert_refused(COAP_NOT_FOUND, STATUS_COAP_NOT_FOUND, input(DEV_A, T0), 101);
}

static void other_methods(void **state)
{
	(void)state;
	for (uint8_t code = COAP_DELETE; code < 32; code++) {
		begin(COAP_CON, code, code);
		option(COAP_URI_PATH, "time");
		assert_refused(COAP_METHOD_NOT_ALLOWED, STATUS_COAP_METHOD, input(DEV_A, T0), code);
	}
}

/* bad-input M9 */
static void unknown_options(void **state)
{
	static const uint16_t critical[] = { COAP_IF_MATCH, COAP_IF_NONE_MATCH, 9, 19, 65001 };

	(void)state;
	for (uint16_t i = 0; i < sizeof(critical) / sizeof(critical[0]); i++) {
		begin(COAP_CON, COAP_POST, i);
		option(critical[i], "x");
		assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), i);
		begin(COAP_NON, COAP_POST, (uint16_t)(100 + i));
		option(critical[i], "x");
		assert_int_equal(input(DEV_A, T0), STATUS_COAP_OPTION);
		assert_int_equal(g.reply_len, 0);
	}
	assert_int_equal(g.n_delivered, 0);
	begin(COAP_CON, COAP_POST, 200);
	option(COAP_ETAG, "x");
	option_uint(COAP_OBSERVE, 0);
	option(65000, "elective");
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_int_equal(g.n_delivered, 1);
}

/* bad-input M10: the extra one counts as unknown. */
static void repeated_options(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option(COAP_URI_HOST, "a");
	option(COAP_URI_HOST, "b");
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_POST, 2);
	option_uint(COAP_CONTENT_FORMAT, 50);
	option_uint(COAP_CONTENT_FORMAT, 60);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_int_equal(g.content_format, 50);
}

static void option_lengths(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option(COAP_URI_HOST, ""); /* 1-255 */
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_GET, 2);
	option(COAP_URI_PATH, "time");
	option(COAP_ACCEPT, "abc"); /* 0-2 */
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 2);
	begin(COAP_CON, COAP_POST, 3);
	option(COAP_CONTENT_FORMAT, "abc"); /* 0-2, elective: as if absent */
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_int_equal(g.content_format, -1);
}

/* bad-input M13 */
static void proxy_options(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_GET, 1);
	option(COAP_PROXY_URI, "coap://198.18.0.9/");
	assert_refused(COAP_NO_PROXYING, STATUS_COAP_PROXY, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_POST, 2);
	option(COAP_PROXY_SCHEME, "http");
	assert_refused(COAP_NO_PROXYING, STATUS_COAP_PROXY, input(DEV_A, T0), 2);
}

/* bad-input M14 */
static void blocks(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option_uint(COAP_BLOCK1, 7); /* the reserved size */
	assert_refused(COAP_BAD_REQUEST, STATUS_COAP_OPTION, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_POST, 2);
	option_uint(COAP_BLOCK1, 1 << 3 | 2); /* more to come */
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 2);
	begin(COAP_CON, COAP_POST, 3);
	option_uint(COAP_BLOCK1, 5 << 4 | 2); /* from the middle */
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 3);
	begin(COAP_CON, COAP_GET, 4);
	option(COAP_URI_PATH, "time");
	option_uint(COAP_BLOCK2, 1 << 4 | 6);
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 4);
	begin(COAP_CON, COAP_POST, 5);
	option_uint(COAP_BLOCK1, 6); /* all in one block */
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_option(reply(), COAP_BLOCK1, 6);
	assert_int_equal(g.n_delivered, 1);
}

/* bad-input M14: size bombs. */
static void payload_limit(void **state)
{
	static const uint8_t big[EXCHANGE_PAYLOAD_MAX + 1];

	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	coap_payload_write(&build, big, sizeof(big));
	assert_refused(COAP_TOO_LARGE, STATUS_COAP_TOO_LARGE, input(DEV_A, T0), 1);
	assert_option(reply(), COAP_SIZE1, EXCHANGE_PAYLOAD_MAX);
	begin(COAP_CON, COAP_POST, 2);
	coap_payload_write(&build, big, sizeof(big) - 1);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
}

static void options_limit(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	for (int i = 0; i < 200; i++)
		option(COAP_URI_PATH, "abcde");
	assert_refused(COAP_BAD_OPTION, STATUS_COAP_OPTION, input(DEV_A, T0), 1);
	begin(COAP_CON, COAP_POST, 2);
	for (int i = 0; i < 200; i++)
		option(COAP_URI_PATH, "abcd");
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
}

/* bad-input M20: no format is refused, the number is passed on. */
static void unknown_content_format_is_passed_on(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option_uint(COAP_CONTENT_FORMAT, 65535);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_int_equal(g.content_format, 65535);
}

/* RFC 7967 */
static void no_response_option(void **state)
{
	(void)state;
	begin(COAP_NON, COAP_POST, 1);
	option_uint(COAP_NO_RESPONSE, 2);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_int_equal(g.reply_len, 0);
	begin(COAP_CON, COAP_POST, 2);
	option_uint(COAP_NO_RESPONSE, 2);
	assert_int_equal(input(DEV_A, T0), STATUS_OK);
	assert_msg(reply(), COAP_ACK, COAP_EMPTY, 2);
	g.put = EXCHANGE_FULL; /* 5.03 is of a class that it wants */
	begin(COAP_NON, COAP_POST, 3);
	option_uint(COAP_NO_RESPONSE, 2);
	assert_int_equal(input(DEV_A, T0), STATUS_SINK_FULL);
	assert_msg(reply(), COAP_NON, COAP_UNAVAILABLE, 3);
	assert_int_equal(g.n_delivered, 2);
}

/* bad-input M17 */
static void duplicate_con_gets_the_same_answer(void **state)
{
	uint8_t first[EXCHANGE_REPLY_MAX];
	size_t first_len;

	(void)state;
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_OK);
	first_len = g.reply_len;
	memcpy(first, g.reply, first_len);
	for (int i = 0; i < 5; i++) {
		assert_int_equal(post(T0 + S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
		assert_int_equal(g.reply_len, first_len);
		assert_memory_equal(g.reply, first, first_len);
	}
	assert_int_equal(g.n_delivered, 1);
}

/* bad-input M17 */
static void duplicate_non_gets_nothing(void **state)
{
	(void)state;
	assert_int_equal(post(T0, COAP_NON, 1), STATUS_OK);
	assert_int_equal(post(T0, COAP_NON, 1), STATUS_COAP_DUPLICATE);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(g.n_delivered, 1);
}

static void duplicate_of_a_refusal_is_refused_alike(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_DELETE, 9);
	assert_int_equal(input(DEV_A, T0), STATUS_COAP_METHOD);
	assert_int_equal(input(DEV_A, T0), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_METHOD_NOT_ALLOWED, 9);
	assert_int_equal(get(COAP_CON, 10, "time", NULL), STATUS_OK);
	assert_int_equal(get(COAP_CON, 10, "time", NULL), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_CONTENT, 10);
	assert_option(reply(), COAP_CONTENT_FORMAT, 0);
}

static void window_remembers_its_length(void **state)
{
	(void)state;
	for (uint16_t mid = 0; mid < EXCHANGE_WINDOW; mid++)
		assert_int_equal(post(T0, COAP_CON, mid), STATUS_OK);
	for (uint16_t mid = 0; mid < EXCHANGE_WINDOW; mid++)
		assert_int_equal(post(T0, COAP_CON, mid), STATUS_COAP_DUPLICATE);
	assert_int_equal(post(T0, COAP_CON, 1000), STATUS_OK); /* pushes out the oldest */
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_int_equal(post(T0, COAP_CON, 0), STATUS_OK);
}

/* RFC 7252 §4.8.2: EXCHANGE_LIFETIME is 247 s. */
static void message_ids_expire(void **state)
{
	(void)state;
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_OK);
	assert_int_equal(post(T0 + 247 * S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_int_equal(post(T0 + 252 * S, COAP_CON, 1), STATUS_OK);
	/* Other messages in between change nothing, nor does a pause of the tick's whole range. */
	assert_int_equal(post(T0 + 400 * S, COAP_CON, 2), STATUS_OK);
	assert_int_equal(post(T0 + 498 * S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_int_equal(post(T0 + 504 * S, COAP_CON, 1), STATUS_OK);
	assert_int_equal(post(T0 + (504 + 512) * S, COAP_CON, 1), STATUS_OK);
	assert_int_equal(g.n_delivered, 5);
}

/* bad-input M21 */
static void devices_do_not_mix(void **state)
{
	(void)state;
	assert_int_equal(post_from(DEV_A, T0, COAP_CON, 1, 'a'), STATUS_OK);
	assert_int_equal(post_from(DEV_B, T0, COAP_CON, 1, 'b'), STATUS_OK);
	assert_int_equal(g.n_delivered, 2);
}

/* bad-input M21: the next device in a slot starts afresh, the last one's messages are stale. */
static void a_new_generation_resets_the_window(void **state)
{
	const struct session_ref next = { DEV_A.slot, DEV_A.generation + 1 };

	(void)state;
	assert_int_equal(post_from(DEV_A, T0, COAP_CON, 1, 'a'), STATUS_OK);
	assert_int_equal(post_from(next, T0, COAP_CON, 1, 'b'), STATUS_OK);
	assert_int_equal(g.n_delivered, 2);
	assert_int_equal(post_from(DEV_A, T0, COAP_CON, 1, 'a'), STATUS_STALE_REF);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(g.n_delivered, 2);
}

static void references_out_of_range(void **state)
{
	const struct session_ref beyond = { 2 * N_SLOTS, 1 }, dead = { 3, 0 },
				 high = { 3, 0xfffffff0 };

	(void)state;
	assert_int_equal(post_from(beyond, T0, COAP_CON, 1, 'a'), STATUS_STALE_REF);
	assert_int_equal(post_from(dead, T0, COAP_CON, 1, 'a'), STATUS_STALE_REF);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(post_from(high, T0, COAP_CON, 1, 'a'), STATUS_OK);
}

static void a_full_sink_is_5_03_with_max_age(void **state)
{
	(void)state;
	g.put = EXCHANGE_FULL;
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_SINK_FULL);
	assert_msg(reply(), COAP_ACK, COAP_UNAVAILABLE, 1);
	assert_option(reply(), COAP_MAX_AGE, 30);
	g.put = EXCHANGE_FAILED;
	assert_int_equal(post(T0, COAP_NON, 2), STATUS_SINK_FAILED);
	assert_msg(reply(), COAP_NON, COAP_UNAVAILABLE, 2);
	/* Healed: the duplicate gets the old answer, a new message a new one. */
	g.put = EXCHANGE_ENQUEUED;
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_UNAVAILABLE, 1);
	assert_option(reply(), COAP_MAX_AGE, 30);
	assert_int_equal(g.n_delivered, 0);
	assert_int_equal(post(T0, COAP_CON, 3), STATUS_OK);
	assert_int_equal(g.n_delivered, 1);
}

static void order_is_kept(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 10; i++)
		post_from(DEV_A, T0, i & 1 ? COAP_CON : COAP_NON, i, (char)('a' + i));
	assert_memory_equal(g.payloads, "abcdefghij", 10);
}

/* --ack delivered */

static void the_answer_waits_for_the_sink(void **state)
{
	(void)state;
	assert_int_equal(post(T0, COAP_CON, 1), STATUS_OK);
	assert_int_equal(g.reply_len, 0);
	assert_int_equal(exchanges_open(g.x), 1);
	exchange_timers(g.x, T0 + S - 1);
	assert_int_equal(g.n_sent, 0);
	exchange_delivered(g.x, T0 + S - 1, g.cookies[0], true);
	assert_int_equal(g.n_sent, 1);
	assert_msg(sent(0), COAP_ACK, COAP_CHANGED, 1);
	assert_int_equal(g.sent[0].ref.slot, DEV_A.slot);
	assert_int_equal(exchanges_open(g.x), 0);
	exchange_timers(g.x, T0 + 10 * S);
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(post(T0 + 11 * S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_CHANGED, 1);
	assert_int_equal(g.n_delivered, 1);
}

static void a_failed_delivery_is_5_03(void **state)
{
	(void)state;
	post(T0, COAP_CON, 1);
	post(T0, COAP_NON, 2);
	exchange_delivered(g.x, T0, g.cookies[0], false);
	exchange_delivered(g.x, T0, g.cookies[1], false);
	assert_msg(sent(0), COAP_ACK, COAP_UNAVAILABLE, 1);
	assert_option(sent(0), COAP_MAX_AGE, 30);
	assert_msg(sent(1), COAP_NON, COAP_UNAVAILABLE, 2);
	assert_int_equal(exchanges_open(g.x), 0);
}

static void non_is_answered_when_delivered(void **state)
{
	(void)state;
	assert_int_equal(post(T0, COAP_NON, 1), STATUS_OK);
	assert_int_equal(g.reply_len, 0);
	exchange_timers(g.x, T0 + 5 * S);
	assert_int_equal(g.n_sent, 0);
	assert_int_equal(post(T0 + 5 * S, COAP_NON, 1), STATUS_COAP_DUPLICATE);
	assert_int_equal(g.reply_len, 0);
	exchange_delivered(g.x, T0 + 6 * S, g.cookies[0], true);
	assert_msg(sent(0), COAP_NON, COAP_CHANGED, 1);
	assert_int_equal(g.n_delivered, 1);
}

static void empty_ack_then_separate_response(void **state)
{
	uint16_t mid;
	uint8_t ack[4] = { 0x60, 0, 0, 0 };

	(void)state;
	post(T0, COAP_CON, 1);
	exchange_timers(g.x, T0 + S);
	assert_msg(sent(0), COAP_ACK, COAP_EMPTY, 1);
	exchange_delivered(g.x, T0 + 2 * S, g.cookies[0], true);
	assert_msg(sent(1), COAP_CON, COAP_CHANGED, 1);
	mid = sent(1).mid;
	assert_int_equal(exchanges_open(g.x), 1);
	/* The request again, late: only its ACK, the response is under way by itself. */
	assert_int_equal(post(T0 + 3 * S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_EMPTY, 1);
	ack[2] = (uint8_t)(mid >> 8);
	ack[3] = (uint8_t)mid;
	assert_int_equal(raw(DEV_B, T0 + 3 * S, ack, 4), STATUS_COAP_UNMATCHED); /* M21 */
	assert_int_equal(exchanges_open(g.x), 1);
	assert_int_equal(raw(DEV_A, T0 + 3 * S, ack, 4), STATUS_OK);
	assert_int_equal(exchanges_open(g.x), 0);
	exchange_timers(g.x, T0 + 100 * S);
	assert_int_equal(g.n_sent, 2);
	assert_int_equal(g.n_delivered, 1);
}

static void rst_ends_the_separate_response(void **state)
{
	uint8_t rst[4] = { 0x70, 0, 0, 0 };

	(void)state;
	post(T0, COAP_CON, 1);
	exchange_timers(g.x, T0 + S);
	exchange_delivered(g.x, T0 + 2 * S, g.cookies[0], true);
	rst[2] = (uint8_t)(sent(1).mid >> 8);
	rst[3] = (uint8_t)sent(1).mid;
	assert_int_equal(raw(DEV_A, T0 + 3 * S, rst, 4), STATUS_OK);
	exchange_timers(g.x, T0 + 100 * S);
	assert_int_equal(g.n_sent, 2);
}

/* RFC 7252 §4.2: at most four, first after 2 to 3 s, then doubled. */
static void separate_response_is_retransmitted(void **state)
{
	uint64_t at[8], start = T0 + 2 * S;
	unsigned n = 0;

	(void)state;
	post(T0, COAP_CON, 1);
	exchange_timers(g.x, T0 + S);
	exchange_delivered(g.x, start, g.cookies[0], true);
	for (uint64_t now = start; now < start + 200 * S; now += S / 100) {
		unsigned before = g.n_sent;

		exchange_timers(g.x, now);
		if (g.n_sent > before) {
			assert_true(n < 8);
			at[n++] = now - start;
			assert_int_equal(g.sent[g.n_sent - 1].len, g.sent[1].len);
			assert_memory_equal(g.sent[g.n_sent - 1].bytes, g.sent[1].bytes,
					    g.sent[1].len);
		}
	}
	assert_int_equal(n, 4);
	assert_in_range(at[0], 2 * S, 3 * S + S / 50);
	for (unsigned i = 1; i < 4; i++)
		assert_in_range(at[i] - (i > 1 ? at[i - 1] : at[0]), (at[0] << i) - S / 10,
				(at[0] << i) + S / 10);
	assert_int_equal(exchanges_open(g.x), 0);
}

static void duplicate_of_a_pending_request(void **state)
{
	(void)state;
	post(T0, COAP_CON, 1);
	exchange_timers(g.x, T0 + S);
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(post(T0 + 2 * S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_EMPTY, 1);
	assert_int_equal(g.n_delivered, 1);
	assert_int_equal(exchanges_open(g.x), 1);
}

/* The device hurries: the empty ACK goes out before its second is over, and only once unasked. */
static void early_duplicate_of_a_pending_request(void **state)
{
	(void)state;
	post(T0, COAP_CON, 1);
	assert_int_equal(post(T0 + S / 2, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_EMPTY, 1);
	exchange_timers(g.x, T0 + S);
	assert_int_equal(g.n_sent, 0);
	exchange_delivered(g.x, T0 + 2 * S, g.cookies[0], true);
	assert_int_equal(g.n_sent, 1);
	assert_msg(sent(0), COAP_CON, COAP_CHANGED, 1);
	assert_int_equal(g.n_delivered, 1);
}

/* Once acknowledged, the answer must be a message of its own, however soon it comes. */
static void completion_behind_an_early_duplicate(void **state)
{
	(void)state;
	post(T0, COAP_CON, 1);
	post(T0 + S / 4, COAP_CON, 1);
	exchange_delivered(g.x, T0 + S / 2, g.cookies[0], true);
	assert_int_equal(g.n_sent, 1);
	assert_msg(sent(0), COAP_CON, COAP_CHANGED, 1);
	assert_int_equal(post(T0 + S, COAP_CON, 1), STATUS_COAP_DUPLICATE);
	assert_msg(reply(), COAP_ACK, COAP_EMPTY, 1);
	assert_int_equal(exchanges_open(g.x), 1);
}

static void failure_after_the_empty_ack(void **state)
{
	(void)state;
	post(T0, COAP_CON, 1);
	exchange_timers(g.x, T0 + S);
	exchange_delivered(g.x, T0 + 2 * S, g.cookies[0], false);
	assert_msg(sent(1), COAP_CON, COAP_UNAVAILABLE, 1);
	assert_option(sent(1), COAP_MAX_AGE, 30);
}

static void no_response_after_the_empty_ack(void **state)
{
	(void)state;
	begin(COAP_CON, COAP_POST, 1);
	option_uint(COAP_NO_RESPONSE, 2);
	input(DEV_A, T0);
	exchange_timers(g.x, T0 + S);
	exchange_delivered(g.x, T0 + 2 * S, g.cookies[0], true);
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(exchanges_open(g.x), 0);
}

static void completions_late_repeated_or_unknown(void **state)
{
	uint64_t old;

	(void)state;
	post(T0, COAP_CON, 1);
	old = g.cookies[0];
	exchange_delivered(g.x, T0, old, true);
	assert_int_equal(g.n_sent, 1);
	/* The place in the pool is taken again: the old cookie must not reach it. */
	post(T0, COAP_CON, 2);
	exchange_delivered(g.x, T0, old, true);
	exchange_delivered(g.x, T0, 0, true);
	exchange_delivered(g.x, T0, UINT64_MAX, true);
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(exchanges_open(g.x), 1);
	exchange_timers(g.x, T0 + S); /* and not after its separate response either */
	exchange_delivered(g.x, T0 + S, g.cookies[1], true);
	assert_int_equal(g.n_sent, 3);
	exchange_delivered(g.x, T0 + S, g.cookies[1], true);
	assert_int_equal(g.n_sent, 3);
}

/* bad-input M21 */
static void a_completion_does_not_reach_the_next_device(void **state)
{
	const struct session_ref next = { DEV_A.slot, DEV_A.generation + 1 };

	(void)state;
	post(T0, COAP_CON, 1);
	post(T0, COAP_CON, 2);
	post_from(next, T0, COAP_CON, 1, 'n');
	exchange_delivered(g.x, T0, g.cookies[0], true);
	assert_int_equal(g.n_sent, 0);
	exchange_timers(g.x, T0 + S); /* only the new device's empty ACK */
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(g.sent[0].ref.generation, next.generation);
	exchange_delivered(g.x, T0 + S, g.cookies[1], true);
	assert_int_equal(g.n_sent, 1);
	assert_int_equal(exchanges_open(g.x), 1);
}

static void the_pool_is_bounded(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N_OPEN; i++)
		assert_int_equal(post_from((struct session_ref){ i, 1 }, T0, COAP_CON, 1, 'x'),
				 STATUS_OK);
	assert_int_equal(exchanges_open(g.x), N_OPEN);
	assert_int_equal(post_from((struct session_ref){ N_OPEN, 1 }, T0, COAP_CON, 1, 'x'),
			 STATUS_COAP_NO_EXCHANGE);
	assert_msg(reply(), COAP_ACK, COAP_UNAVAILABLE, 1);
	assert_int_equal(g.n_delivered, N_OPEN);
	exchange_delivered(g.x, T0, g.cookies[0], true);
	assert_int_equal(post_from((struct session_ref){ N_OPEN, 1 }, T0, COAP_CON, 2, 'x'),
			 STATUS_OK);
}

static void a_refusing_sink_opens_nothing(void **state)
{
	(void)state;
	g.put = EXCHANGE_FULL;
	for (uint16_t i = 0; i < 3 * N_OPEN; i++) {
		assert_int_equal(post(T0, COAP_CON, i), STATUS_SINK_FULL);
		assert_msg(reply(), COAP_ACK, COAP_UNAVAILABLE, i);
	}
	assert_int_equal(exchanges_open(g.x), 0);
}

/* A pending confirmable request is never forgotten, so its duplicate is never delivered. */
static void pending_requests_stay_in_the_window(void **state)
{
	(void)state;
	for (uint16_t mid = 0; mid < EXCHANGE_WINDOW; mid++)
		assert_int_equal(post(T0, COAP_CON, mid), STATUS_OK);
	assert_int_equal(post(T0, COAP_CON, 50), STATUS_COAP_NO_EXCHANGE);
	assert_msg(reply(), COAP_ACK, COAP_UNAVAILABLE, 50);
	for (uint16_t mid = 0; mid < EXCHANGE_WINDOW; mid++)
		assert_int_equal(post(T0, COAP_CON, mid), STATUS_COAP_DUPLICATE);
	assert_int_equal(g.n_delivered, EXCHANGE_WINDOW);
	exchange_delivered(g.x, T0, g.cookies[0], true);
	assert_int_equal(post(T0, COAP_CON, 51), STATUS_OK);
}

static void many_non_in_flight_are_all_delivered(void **state)
{
	(void)state;
	for (uint16_t mid = 0; mid < 3 * EXCHANGE_WINDOW; mid++)
		assert_int_equal(post(T0, COAP_NON, mid), STATUS_OK);
	for (unsigned i = 0; i < 3 * EXCHANGE_WINDOW; i++)
		exchange_delivered(g.x, T0, g.cookies[i], true);
	assert_int_equal(g.n_sent, 3 * EXCHANGE_WINDOW);
}

static void timers_do_bounded_work(void **state)
{
	const struct exchange_config cfg = { .n_slots = 1000,
					     .n_open = 1000,
					     .ack_delivered = true,
					     .separate_after_ns = S,
					     .deliver = fake_deliver,
					     .send = fake_send,
					     .wall_ns = fake_wall };

	(void)state;
	exchanges_free(g.x);
	g.x = exchanges_new(&cfg);
	assert_non_null(g.x);
	for (uint32_t i = 0; i < EXCHANGE_TIMERS_BURST + 10; i++)
		assert_int_equal(post_from((struct session_ref){ i, 1 }, T0, COAP_CON, 1, 'x'),
				 STATUS_OK);
	exchange_timers(g.x, T0 + S);
	assert_int_equal(g.n_sent, EXCHANGE_TIMERS_BURST);
	exchange_timers(g.x, T0 + S);
	assert_int_equal(g.n_sent, EXCHANGE_TIMERS_BURST + 10);
}

/* Two workers share the slots: each has memory for its own, and slots do not fall together. */
static void slots_are_dealt_out_to_workers(void **state)
{
	const struct exchange_config cfg = { .n_slots = N_SLOTS,
					     .n_workers = 2,
					     .deliver = fake_deliver,
					     .send = fake_send,
					     .wall_ns = fake_wall };

	(void)state;
	exchanges_free(g.x);
	g.x = exchanges_new(&cfg);
	assert_non_null(g.x);
	for (uint32_t slot = 1; slot < N_SLOTS; slot += 2)
		assert_int_equal(post_from((struct session_ref){ slot, 1 }, T0, COAP_CON, 1, 'x'),
				 STATUS_OK);
	for (uint32_t slot = 1; slot < N_SLOTS; slot += 2)
		assert_int_equal(post_from((struct session_ref){ slot, 1 }, T0, COAP_CON, 1, 'x'),
				 STATUS_COAP_DUPLICATE);
}

#define ENQUEUE(f)   cmocka_unit_test_setup_teardown(f, start_enqueue, stop)
#define DELIVERED(f) cmocka_unit_test_setup_teardown(f, start_delivered, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ENQUEUE(con_post_is_piggybacked),
		ENQUEUE(non_post_is_answered_by_non),
		ENQUEUE(put_delivers_too),
		ENQUEUE(short_or_other_version_gets_nothing),
		ENQUEUE(malformed_con_gets_rst_and_non_nothing),
		ENQUEUE(ping_gets_rst),
		ENQUEUE(response_to_no_request),
		ENQUEUE(ack_and_rst_of_nothing_are_ignored),
		ENQUEUE(well_known_core),
		ENQUEUE(time_resource),
		ENQUEUE(accept_option),
		ENQUEUE(odd_paths_match_nothing),
		ENQUEUE(other_methods),
		ENQUEUE(unknown_options),
		ENQUEUE(repeated_options),
		ENQUEUE(option_lengths),
		ENQUEUE(proxy_options),
		ENQUEUE(blocks),
		ENQUEUE(payload_limit),
		ENQUEUE(options_limit),
		ENQUEUE(unknown_content_format_is_passed_on),
		ENQUEUE(no_response_option),
		ENQUEUE(duplicate_con_gets_the_same_answer),
		ENQUEUE(duplicate_non_gets_nothing),
		ENQUEUE(duplicate_of_a_refusal_is_refused_alike),
		ENQUEUE(window_remembers_its_length),
		ENQUEUE(message_ids_expire),
		ENQUEUE(devices_do_not_mix),
		ENQUEUE(a_new_generation_resets_the_window),
		ENQUEUE(references_out_of_range),
		ENQUEUE(a_full_sink_is_5_03_with_max_age),
		ENQUEUE(order_is_kept),
		ENQUEUE(slots_are_dealt_out_to_workers),
		DELIVERED(the_answer_waits_for_the_sink),
		DELIVERED(a_failed_delivery_is_5_03),
		DELIVERED(non_is_answered_when_delivered),
		DELIVERED(empty_ack_then_separate_response),
		DELIVERED(rst_ends_the_separate_response),
		DELIVERED(separate_response_is_retransmitted),
		DELIVERED(duplicate_of_a_pending_request),
		DELIVERED(early_duplicate_of_a_pending_request),
		DELIVERED(completion_behind_an_early_duplicate),
		DELIVERED(failure_after_the_empty_ack),
		DELIVERED(no_response_after_the_empty_ack),
		DELIVERED(completions_late_repeated_or_unknown),
		DELIVERED(a_completion_does_not_reach_the_next_device),
		DELIVERED(the_pool_is_bounded),
		DELIVERED(a_refusing_sink_opens_nothing),
		DELIVERED(pending_requests_stay_in_the_window),
		DELIVERED(many_non_in_flight_are_all_delivered),
		DELIVERED(timers_do_bounded_work),
	};

	return cmocka_run_group_tests_name("exchange", tests, NULL, NULL);
}
