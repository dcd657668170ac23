/* SPDX-License-Identifier: BSD-3-Clause */
#include "ticket_keys.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define A     "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define B     "FF112233445566778899aabbccddeeff00112233445566778899aabbccddeeFF"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

#define PERIOD ((uint64_t)TICKET_PERIOD_S)
#define DAY    (2 * PERIOD)
#define NOON   (41000 * PERIOD)

static struct ticket_roots *roots_of(const char *text, char err[200])
{
	err[0] = '\0';
	return ticket_roots_parse(text, strlen(text), "f", err, 200);
}

static void lines_give_roots(void **state)
{
	struct ticket_roots *r;
	char err[200];

	(void)state;
	r = roots_of("# ours\r\n\n" B "\r\n" A, err);
	assert_non_null(r);
	assert_int_equal(r->n, 2);
	assert_int_equal(r->root[0][0], 0xff);
	assert_int_equal(r->root[1][31], 0xff);
	assert_int_equal(r->root[1][0], 0);
	ticket_roots_free(r);
}

static void wrong_lines_are_named(void **state)
{
	static const struct {
		const char *text, *err;
	} rows[] = {
		{ "", "f: no key in it" },
		{ "# nothing\n", "f: no key in it" },
		{ A "\n\n" ZEROS "\n", "f:3: a key of zeros" }, /* bad-input H5 */
		{ A "\n" A "\n", "f:2: key appeared before" },
		{ "0" A "\n", "f:1: not 64 hex digits" },
		{ A "\n" A " \n", "f:2: not 64 hex digits" },
		{ A "\n#" A "\n", "f:2: not 64 hex digits" },
		{ "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		  "f:1: not 64 hex digits" },
	};
	char err[200], many[10 * 66] = "";

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(roots_of(rows[i].text, err));
		assert_string_equal(err, rows[i].err);
	}
	for (int i = 0; i < 9; i++)
		sprintf(many + strlen(many), "%x%s\n", i, &A[1]);
	assert_null(roots_of(many, err));
	assert_string_equal(err, "f:9: more than 8 keys");
	many[520] = '\0';
	struct ticket_roots *r = roots_of(many, err);

	assert_non_null(r);
	assert_int_equal(r->n, 8);
	ticket_roots_free(r);
}

static void file_is_the_owners_only(void **state)
{
	char path[] = "/tmp/test_ticket_keys.XXXXXX", err[200], want[200];
	int fd = mkstemp(path);
	struct ticket_roots *r;

	(void)state;
	assert_true(fd >= 0 && write(fd, A "\n", 65) == 65);
	close(fd);
	r = ticket_roots_load(path, err, sizeof(err));
	assert_non_null(r);
	ticket_roots_free(r);
	assert_int_equal(chmod(path, 0640), 0);
	assert_null(ticket_roots_load(path, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s: keys are readable by group or others: chmod 600 it",
		 path);
	assert_string_equal(err, want);
	assert_int_equal(chmod(path, 0600), 0);
	fd = open(path, O_WRONLY | O_APPEND);
	assert_true(write(fd, "x\n", 2) == 2);
	close(fd);
	assert_null(ticket_roots_load(path, err, sizeof(err)));
	snprintf(want, sizeof(want), "%s:2: not 64 hex digits", path);
	assert_string_equal(err, want);
	unlink(path);
}

static bool opens(const struct ticket_keys *at, const struct ticket_keys *sealed_at)
{
	const struct ticket_key *k = ticket_keys_find(at, sealed_at->keys[0].name);

	return k != NULL && memcmp(k->key, sealed_at->keys[0].key, sizeof(k->key)) == 0;
}

static struct ticket_keys *derive(const char *text, uint64_t utc_s, uint64_t lifetime_s)
{
	char err[200];
	struct ticket_roots *r = roots_of(text, err);
	struct ticket_keys *k;

	assert_non_null(r);
	k = ticket_keys_derive(r, utc_s, lifetime_s);
	ticket_roots_free(r);
	assert_non_null(k);
	return k;
}

/* Endpoints with one file have the same keys, change them together, and open each other's tickets
 * while these live, even when their clocks differ a little around the change. */
static void one_file_gives_the_same_keys(void **state)
{
	static const uint64_t lifetimes[] = { 1, PERIOD, PERIOD + 1, DAY, 7 * DAY };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct ticket_keys *now = derive(A "\n", NOON, lifetimes[i]);

		for (int64_t age = -300; age <= (int64_t)lifetimes[i];
		     age += age < 300 ? 300 : 3600) {
			struct ticket_keys *then =
				derive(A "\n", (uint64_t)((int64_t)NOON - age), lifetimes[i]);

			assert_true(opens(now, then));
			assert_int_equal(ticket_keys_due(then, NOON), age > 0);
			ticket_keys_free(then);
		}
		ticket_keys_free(now);
	}
}

/* checklist 52: a key is in use for 12 hours, and gone when its last ticket is. */
static void keys_change_with_time(void **state)
{
	struct ticket_keys *first = derive(A "\n", NOON, DAY),
			   *same = derive(A "\n", NOON + PERIOD - 1, DAY),
			   *next = derive(A "\n", NOON + PERIOD, DAY),
			   *late = derive(A "\n", NOON + 3 * PERIOD, DAY);

	(void)state;
	assert_memory_equal(first->keys[0].key, same->keys[0].key, TICKET_CIPHER_KEY);
	assert_memory_not_equal(first->keys[0].key, next->keys[0].key, TICKET_CIPHER_KEY);
	assert_memory_not_equal(first->keys[0].name, next->keys[0].name, TICKET_KEY_NAME);
	assert_true(opens(next, first));
	assert_false(opens(late, first));
	assert_false(ticket_keys_due(first, NOON + PERIOD - 1));
	assert_true(ticket_keys_due(first, NOON + PERIOD));
	for (size_t i = 0; i < first->n; i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(first->keys[i].key, first->keys[j].key,
						TICKET_CIPHER_KEY);
	ticket_keys_free(first);
	ticket_keys_free(same);
	ticket_keys_free(next);
	ticket_keys_free(late);
}

/* The first line seals, all open: so a root is replaced without losing a ticket. */
static void roots_are_replaced(void **state)
{
	struct ticket_keys *old = derive(A "\n", NOON, DAY),
			   *both = derive(A "\n" B "\n", NOON, DAY),
			   *swapped = derive(B "\n" A "\n", NOON, DAY),
			   *new = derive(B "\n", NOON, DAY);

	(void)state;
	assert_true(opens(both, old) && opens(both, swapped) && opens(both, new));
	assert_true(opens(swapped, old) && opens(swapped, both) && opens(swapped, new));
	assert_true(opens(old, both));
	assert_false(opens(old, swapped));
	assert_false(opens(new, old));
	ticket_keys_free(old);
	ticket_keys_free(both);
	ticket_keys_free(swapped);
	ticket_keys_free(new);
}

/* Without a file: random keys, kept while their tickets live, and no longer. */
static void random_keys_rotate(void **state)
{
	struct ticket_keys *k[6] = { ticket_keys_random(NULL, NOON, DAY) };

	(void)state;
	assert_non_null(k[0]);
	assert_int_equal(k[0]->n, 1);
	for (int i = 1; i < 6; i++) {
		k[i] = ticket_keys_random(k[i - 1], NOON + (uint64_t)i * PERIOD, DAY);
		assert_non_null(k[i]);
		assert_false(opens(k[i - 1], k[i]));
		assert_int_equal(k[i]->n, i < 2 ? i + 1 : 3);
	}
	assert_true(opens(k[5], k[4]) && opens(k[5], k[3]));
	assert_false(opens(k[5], k[2]));
	/* After a long pause nothing of them is left, nor does a clock set back hold on to more. */
	struct ticket_keys *later = ticket_keys_random(k[5], NOON + 100 * PERIOD, DAY);
	struct ticket_keys *back = ticket_keys_random(k[5], NOON - 100 * PERIOD, DAY);

	assert_int_equal(later->n, 1);
	assert_int_equal(back->n, 3);
	ticket_keys_free(later);
	ticket_keys_free(back);
	for (int i = 0; i < 6; i++)
		ticket_keys_free(k[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_give_roots),
		cmocka_unit_test(wrong_lines_are_named),
		cmocka_unit_test(file_is_the_owners_only),
		cmocka_unit_test(one_file_gives_the_same_keys),
		cmocka_unit_test(keys_change_with_time),
		cmocka_unit_test(roots_are_replaced),
		cmocka_unit_test(random_keys_rotate),
	};

	return cmocka_run_group_tests_name("ticket_keys", tests, NULL, NULL);
}
