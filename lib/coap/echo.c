/* SPDX-License-Identifier: BSD-3-Clause */
#include "echo.h"

#include "bytes.h"
#include "coap_msg.h"
#include "secret.h"

static void make_at(const struct keyed_hash_key *key, struct rd who, uint32_t time,
		    uint8_t out[ECHO_LEN])
{
	uint8_t input[ECHO_WHO_MAX + sizeof(time)];
	const size_t len = rd_len(&who) < ECHO_WHO_MAX ? rd_len(&who) : ECHO_WHO_MAX;

	bytes_put_u32(input, time);
	memcpy(input + sizeof(time), who.p, len);
	bytes_put_u32(out, time);
	bytes_put_u64(out + 4, keyed_hash(key, input, sizeof(time) + len));
}

static uint32_t time_of(uint64_t now_ns) { return (uint32_t)(now_ns / ECHO_FRESH_NS); }

void echo_make(const struct keyed_hash_key *key, struct rd who, uint64_t now_ns,
	       uint8_t out[ECHO_LEN])
{
	make_at(key, who, time_of(now_ns), out);
}

bool echo_fresh(const struct keyed_hash_key *key, struct rd who, uint64_t now_ns, struct rd value)
{
	uint8_t want[ECHO_LEN];
	uint32_t time;

	if (rd_len(&value) != ECHO_LEN)
		return false;
	time = bytes_u32(value.p);
	make_at(key, who, time, want);
	return time_of(now_ns) - time <= 1 && secret_equal(want, value.p, ECHO_LEN);
}

bool echo_find(struct rd msg, struct rd *value)
{
	struct coap_opt opt;
	struct coap_msg m;
	uint16_t number = 0;

	if (coap_msg_parse(msg, &m) != COAP_PARSE_OK)
		return false;
	while (coap_option_next(&m.options, &number, &opt)) {
		*value = opt.value;
		if (opt.number == COAP_ECHO)
			return true;
	}
	return false;
}

bool echo_add(uint8_t *msg, size_t *len, const uint8_t value[ECHO_LEN])
{
	uint8_t option[ECHO_OPTION_MAX];
	struct wr w = wr_of(option, sizeof(option));
	struct coap_opt opt;
	struct coap_msg m;
	uint16_t last = 0;
	size_t n, at;

	if (coap_msg_parse(rd_of(msg, *len), &m) != COAP_PARSE_OK || m.code == COAP_EMPTY)
		return false;
	at = (size_t)(m.options.end - msg);
	while (coap_option_next(&m.options, &last, &opt))
		if (opt.number >= COAP_ECHO)
			return false;
	coap_option_write(&w, &last, COAP_ECHO, value, ECHO_LEN);
	if (!wr_finish(&w, &n))
		return false;
	memmove(msg + at + n, msg + at, *len - at);
	memcpy(msg + at, option, n);
	*len += n;
	return true;
}
