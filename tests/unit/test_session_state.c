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
	/* the usual one: a ticket has 36 bytes more */
	assert_int_equal(write_state(bytes, &s), 67 + 4 + 1 + 8);
	assert_true(session_state_parse(rd_of(bytes, 80), &got));
	assert_true(session_equal(&s, &got));
	s.ems = false;
	s.credential = x509_credential(CREDENTIAL_LINKS_MAX);
	s.binding = 0;
	s.name_len = PSK_IDENTITY_MAX;
	memset(s.name, 0xee, sizeof(s.name));
	assert_int_equal(write_state(bytes, &s), SESSION_STATE_MAX);
	assert_true(session_state_parse(rd_of(bytes, SESSION_STATE_MAX), &got));
	assert_true(session_equal(&s, &got));
	s = (struct session_state){ .suite = 0xc0ae, .made_s = 1 };
	assert_int_equal(write_state(bytes, &s), SESSION_STATE_MIN);
	assert_true(session_state_parse(rd_of(bytes, SESSION_STATE_MIN), &got));
	assert_true(session_equal(&s, &got));
	s = session_of("key 1", 9, 2);
	s.credential = (struct credential){ .kind = CREDENTIAL_RPK, .key = { { 1, 2, 3 } } };
	s.binding = 0;
	assert_true(session_state_parse(rd_of(bytes, write_state(bytes, &s)), &got));
	assert_true(session_equal(&s, &got));
}

/* Behind a state there may be anything, as in a cache; a ticket has nothing there. */
static void reads_what_it_is(void **state)
{
	uint8_t bytes[SESSION_STATE_MAX + 1] = { 0 };
	struct session_state s = session_of("dev1", 7, 1), got = { 0 };
	size_t len = write_state(bytes, &s);
	struct rd r = rd_of(bytes, len + 1);

	(void)state;
	assert_false(session_state_parse(r, &got));
	assert_int_equal(got.name_len, 0);
	assert_true(session_state_read(&r, &got));
	assert_int_equal(rd_len(&r), 1);
	assert_true(session_equal(&s, &got));
	assert_false(session_state_read(&r, &got));
	assert_int_equal(rd_len(&r), 1);
}

/* A state of another build, or of a kind that this one does not have, is none. */
static void odd_states_are_refused(void **state)
{
	static const struct {
		uint8_t at, value;
	} odd[] = { { 0, 0 },
		    { 0, 1 },
		    { 0, 2 },
		    { 0, 4 },
		    { 1, 0x0b },
		    /* the name's length */
		    { 66, 0 },
		    { 66, 3 },
		    { 66, 129 },
		    /* the kind: nobody, who has a name; certificates and keys, which are missing */
		    { 71, 0 },
		    { 71, 2 },
		    { 71, 3 },
		    { 71, 4 } };
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

/* RFC 6066 §3: names are the same in upper and lower case. */
static void hosts_are_told_apart(void **state)
{
	static const char *const others[] = { "", "a.example", "b.examples", "b.exampl",
					      "b_example" };
	uint8_t longest[256] = { 'x' };
	uint64_t host = session_state_host((const uint8_t *)"b.example", 9);

	(void)state;
	assert_true(host == session_state_host((const uint8_t *)"B.eXaMPle", 9));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_true(host !=
			    session_state_host((const uint8_t *)others[i], strlen(others[i])));
	/* '@' and '`' differ by the bit of case, and are no letters */
	assert_true(session_state_host((const uint8_t *)"@", 1) !=
		    session_state_host((const uint8_t *)"`", 1));
	assert_true(session_state_host(longest, 255) != session_state_host(longest, 254));
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
		cmocka_unit_test(reads_what_it_is),
		cmocka_unit_test(odd_states_are_refused),
		cmocka_unit_test(hosts_are_told_apart),
		cmocka_unit_test(binding_tells_credentials_apart),
	};

	return cmocka_run_group_tests_name("session_state", tests, NULL, NULL);
}
