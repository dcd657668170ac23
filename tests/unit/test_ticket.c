/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket.h"

#include "session_states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define DAY INT64_C(86400)
#define NOW (UINT64_C(41000) * TICKET_PERIOD_S + 5)

static struct ticket_cipher *cipher;
static struct ticket_keys *keys;

static int setup(void **state)
{
	(void)state;
	cipher = ticket_cipher_new();
	keys = ticket_keys_random(NULL, NOW, DAY);
	return cipher == NULL || keys == NULL;
}

static int teardown(void **state)
{
	(void)state;
	ticket_cipher_free(cipher);
	ticket_keys_free(keys);
	return 0;
}

static void opens_what_it_sealed(void **state)
{
	struct session_state s = session_of("dev1", 9, NOW), got;
	uint8_t ticket[HANDSHAKE_SEALED_MAX];
	size_t len = ticket_seal(cipher, keys, &s, ticket);

	(void)state;
	/* docs/decisions/resumption.md states these sizes. */
	assert_int_equal(len, 36 + 67 + 4 + 1 + 8);
	assert_int_equal(ticket_open(cipher, keys, ticket, len, &got), TICKET_OPENED);
	assert_true(session_equal(&s, &got));
	s.name_len = PSK_IDENTITY_MAX;
	memset(s.name, 'x', sizeof(s.name));
	s.credential = x509_credential(CREDENTIAL_LINKS_MAX);
	s.binding = 0;
	len = ticket_seal(cipher, keys, &s, ticket);
	assert_int_equal(len, HANDSHAKE_SEALED_MAX);
	assert_int_equal(ticket_open(cipher, keys, ticket, len, &got), TICKET_OPENED);
	assert_true(session_equal(&s, &got));
}

/* Nothing of the session shows, and the same one never looks the same. */
static void says_nothing(void **state)
{
	struct session_state s = session_of("a-device-name", 0x77, NOW);
	uint8_t a[HANDSHAKE_SEALED_MAX], b[HANDSHAKE_SEALED_MAX];
	size_t len = ticket_seal(cipher, keys, &s, a);

	(void)state;
	assert_int_equal(ticket_seal(cipher, keys, &s, b), len);
	assert_memory_not_equal(a + TICKET_KEY_NAME, b + TICKET_KEY_NAME, TICKET_CIPHER_NONCE);
	assert_memory_not_equal(a + 20, b + 20, len - 20);
	assert_null(memmem(a, len, "device", 6));
	assert_null(memmem(a, len, "\x77\x77\x77\x77\x77\x77", 6));
}

/* bad-input H1: bits flipped, cut, made longer, 64 kB */
static void what_is_not_ours_is_invalid(void **state)
{
	static uint8_t large[1 << 16];
	struct session_state s = session_of("dev1", 9, NOW), got = session_of("other", 1, 1),
			     before = got;
	uint8_t ticket[HANDSHAKE_SEALED_MAX + 1] = { 0 };
	size_t len = ticket_seal(cipher, keys, &s, ticket);

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		ticket[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(ticket_open(cipher, keys, ticket, len, &got), TICKET_INVALID);
		ticket[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t n = 0; n <= sizeof(ticket); n++) {
		uint8_t *exact = malloc(n ? n : 1); /* an over-read is seen */

		memcpy(exact, ticket, n);
		assert_int_equal(ticket_open(cipher, keys, exact, n, &got),
				 n == len ? TICKET_OPENED : TICKET_INVALID);
		if (n == len)
			got = before;
		free(exact);
	}
	memcpy(large, ticket, len);
	assert_int_equal(ticket_open(cipher, keys, large, sizeof(large), &got), TICKET_INVALID);
	assert_true(session_equal(&got, &before));
}

/* bad-input H2, H5: the key before is kept, and its tickets are worth replacing; that of another
 * server is unknown. */
static void keys_have_their_time(void **state)
{
	struct session_state s = session_of("dev1", 9, NOW), got;
	uint8_t ticket[HANDSHAKE_SEALED_MAX];
	size_t len = ticket_seal(cipher, keys, &s, ticket);
	struct ticket_keys *next = ticket_keys_random(keys, NOW + TICKET_PERIOD_S, DAY),
			   *other = ticket_keys_random(NULL, NOW, DAY);

	(void)state;
	assert_int_equal(ticket_open(cipher, next, ticket, len, &got), TICKET_OPENED_OLD);
	assert_true(session_equal(&s, &got));
	assert_int_equal(ticket_open(cipher, other, ticket, len, &got), TICKET_INVALID);
	ticket_keys_free(next);
	ticket_keys_free(other);
}

/* bad-input N9: a clock that is off by a little harms nothing, one that is off by more costs full
 * handshakes only. */
static void age_is_of_the_full_handshake(void **state)
{
	static const struct {
		int64_t age;
		bool expired;
	} rows[] = { { 0, false },
		     { DAY - 1, false },
		     { DAY, true },
		     { 100 * DAY, true },
		     { -TICKET_CLOCK_SKEW_S, false },
		     { -TICKET_CLOCK_SKEW_S - 1, true } };

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		struct session_state s =
			session_of("dev1", 9, (uint64_t)((int64_t)NOW - rows[i].age));

		assert_int_equal(ticket_expired(&s, NOW, DAY), rows[i].expired);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(says_nothing),
		cmocka_unit_test(what_is_not_ours_is_invalid),
		cmocka_unit_test(keys_have_their_time),
		cmocka_unit_test(age_is_of_the_full_handshake),
	};

	return cmocka_run_group_tests_name("ticket", tests, setup, teardown);
}
