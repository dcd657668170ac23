/* SPDX-License-Identifier: BSD-3-Clause */
#include "session_states.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static size_t write_state(uint8_t out[SESSION_STATE_MAX], const struct session_state *s)
{
	struct wr w = wr_of(out, SESSION_STATE_MAX);
	size_t len;

	session_state_write(&w, s);
	assert_true(wr_finish(&w, &len));
	return len;
}

static void reads_back(void **state)
{
	uint8_t bytes[SESSION_STATE_MAX];
	struct session_state s = session_of("dev1", 7, (UINT64_C(1) << 48) - 1), got;

	(void)state;
	assert_int_equal(write_state(bytes, &s), SESSION_STATE_MIN + 4);
	assert_true(session_state_parse(rd_of(bytes, SESSION_STATE_MIN + 4), &got));
	assert_true(session_equal(&s, &got));
	s.ems = false;
	s.name_len = PSK_IDENTITY_MAX;
	memset(s.name, 0xee, sizeof(s.name));
	assert_int_equal(write_state(bytes, &s), SESSION_STATE_MAX);
	assert_true(session_state_parse(rd_of(bytes, SESSION_STATE_MAX), &got));
	assert_true(session_equal(&s, &got));
}

/* A state of another build, or of a kind that this one does not have, is none. */
static void odd_states_are_refused(void **state)
{
	static const struct {
		uint8_t at, value;
	} odd[] = { { 0, 0 },  { 0, 2 },  { 1, 0 },  { 1, 0xff }, { 2, 0x0b },
		    { 67, 0 }, { 67, 3 }, { 67, 5 }, { 67, 129 } };
	uint8_t bytes[SESSION_STATE_MAX], changed[SESSION_STATE_MAX];
	struct session_state s = session_of("dev1", 7, 1), got = s;
	size_t len = write_state(bytes, &s);

	(void)state;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		memcpy(changed, bytes, len);
		changed[odd[i].at] = odd[i].value;
		assert_false(session_state_parse(rd_of(changed, len), &got));
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_false(session_state_parse(rd_of(bytes, cut), &got));
	bytes[len] = 0;
	assert_false(session_state_parse(rd_of(bytes, len + 1), &got));
	assert_true(session_equal(&s, &got));
}

/* Another key, another length, another session: another number. */
static void binding_tells_credentials_apart(void **state)
{
	struct session_state s = session_of("dev1", 7, 1), other = session_of("dev1", 8, 1);
	uint64_t binding = session_state_binding(&s, "key", 3);

	(void)state;
	assert_true(binding == session_state_binding(&s, "key", 3));
	assert_true(binding != session_state_binding(&s, "kex", 3));
	assert_true(binding != session_state_binding(&s, "key", 2));
	assert_true(binding != session_state_binding(&other, "key", 3));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_back),
		cmocka_unit_test(odd_states_are_refused),
		cmocka_unit_test(binding_tells_credentials_apart),
	};

	return cmocka_run_group_tests_name("session_state", tests, NULL, NULL);
}
