/* SPDX-License-Identifier: BSD-3-Clause */
#include "identity.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <urcu-qsbr.h>

#include <cmocka.h>

static void equal_bytes_are_one_identity(void **state)
{
	struct identity_set *set = identity_set_new();
	const struct identity *a, *b;
	char bytes[] = "dev1";

	(void)state;
	assert_non_null(set);
	a = identity_get(set, bytes, 4);
	bytes[0] = 'X'; /* the set has its own copy */
	b = identity_get(set, "dev1", 4);
	assert_non_null(a);
	assert_ptr_equal(a, b);
	assert_int_equal(a->len, 4);
	assert_memory_equal(a->bytes, "dev1", 4);
	assert_int_equal(identity_count(set), 1);
	identity_put(set, a);
	assert_int_equal(identity_count(set), 1);
	assert_memory_equal(b->bytes, "dev1", 4);
	identity_put(set, b);
	assert_int_equal(identity_count(set), 0);
	identity_set_free(set);
}

/* CVE-2026-42010: NULs, prefixes and longer names are other identities. bad-input F4: bytes are
 * opaque. */
static void different_bytes_are_different_identities(void **state)
{
	const struct {
		const char *bytes;
		uint16_t len;
	} names[] = {
		{ "", 0 },   { "a", 1 },        { "a\0", 2 }, { "a\0b", 3 }, { "a\0c", 3 },
		{ "ab", 2 }, { "\xff\xfe", 2 }, { "\0", 1 },  { "\0\0", 2 }, { "\xc3\xa9", 2 }
	};
	enum { N = sizeof(names) / sizeof(names[0]) };
	struct identity_set *set = identity_set_new();
	const struct identity *ids[N];

	(void)state;
	assert_non_null(set);
	for (size_t i = 0; i < N; i++) {
		ids[i] = identity_get(set, names[i].bytes, names[i].len);
		assert_non_null(ids[i]);
		assert_int_equal(ids[i]->len, names[i].len);
		assert_memory_equal(ids[i]->bytes, names[i].bytes, names[i].len);
		assert_int_equal(identity_count(set), i + 1);
	}
	for (size_t i = 0; i < N; i++)
		identity_put(set, ids[i]);
	assert_int_equal(identity_count(set), 0);
	identity_set_free(set);
}

static void many_are_found_again(void **state)
{
	enum { N = 50000 };
	static const struct identity *ids[N];
	struct identity_set *set = identity_set_new();
	char name[16];

	(void)state;
	assert_non_null(set);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < N; i++) {
			uint16_t len = (uint16_t)snprintf(name, sizeof(name), "device-%d", i);
			const struct identity *id = identity_get(set, name, len);

			assert_non_null(id);
			if (round == 0)
				ids[i] = id;
			assert_ptr_equal(id, ids[i]);
		}
	assert_int_equal(identity_count(set), N);
	for (int i = 0; i < N; i++) {
		identity_put(set, ids[i]);
		identity_put(set, ids[i]);
	}
	assert_int_equal(identity_count(set), 0);
	identity_set_free(set);
}

/* A reader inside RCU may look at an identity whose last reference is gone. */
static void stays_readable_until_a_quiescent_state(void **state)
{
	struct identity_set *set = identity_set_new();
	const struct identity *id;

	(void)state;
	assert_non_null(set);
	id = identity_get(set, "reader", 6);
	identity_put(set, id);
	assert_memory_equal(id->bytes, "reader", 6); /* the address sanitizer watches */
	urcu_qsbr_quiescent_state();
	identity_set_free(set);
}

enum { THREADS = 3, ROUNDS = 20000, NAMES = 4 };

static _Atomic uint32_t torn;

static void *get_and_put(void *arg)
{
	struct identity_set *set = arg;

	urcu_qsbr_register_thread();
	for (uint32_t i = 0; i < ROUNDS; i++) {
		char name[2] = { 'n', (char)('0' + i % NAMES) };
		const struct identity *a = identity_get(set, name, 2);
		const struct identity *b = identity_get(set, name, 2);

		if (a == NULL || a != b || a->len != 2 || memcmp(a->bytes, name, 2) != 0)
			atomic_fetch_add(&torn, 1);
		identity_put(set, a);
		identity_put(set, b);
		if (i % 64 == 0)
			urcu_qsbr_quiescent_state();
	}
	urcu_qsbr_unregister_thread();
	return NULL;
}

/* The last reference goes while another thread finds the name again. */
static void last_put_races_with_get(void **state)
{
	struct identity_set *set = identity_set_new();
	pthread_t threads[THREADS];

	(void)state;
	assert_non_null(set);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, get_and_put, set), 0);
	urcu_qsbr_thread_offline();
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	urcu_qsbr_thread_online();
	assert_int_equal(atomic_load(&torn), 0);
	assert_int_equal(identity_count(set), 0);
	identity_set_free(set);
}

static int register_reader(void **state)
{
	(void)state;
	urcu_qsbr_register_thread();
	return 0;
}

static int unregister_reader(void **state)
{
	(void)state;
	urcu_qsbr_unregister_thread();
	return 0;
}

/* The same name with another proof is another identity; its name reads the same. */
static void proofs_tell_identities_apart(void **state)
{
	struct identity_set *set = identity_set_new();
	const struct identity *none = identity_get(set, "dev1", 4);
	const struct identity *a = identity_get_proved(set, "dev1", 4, "\1key", 4);
	const struct identity *b = identity_get_proved(set, "dev1", 4, "\1kez", 4);
	const struct identity *c = identity_get_proved(set, "dev1\1", 5, "key", 3);

	(void)state;
	assert_ptr_not_equal(none, a);
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(a, identity_get_proved(set, "dev1", 4, "\1key", 4));
	assert_ptr_not_equal(a, c); /* neither borrows from the other */
	assert_int_equal(none->proof_len, 0);
	assert_int_equal(a->len, 4);
	assert_memory_equal(a->bytes, "dev1", 4);
	assert_int_equal(a->proof_len, 4);
	assert_memory_equal(identity_proof(a), "\1key", 4);
	assert_int_equal(identity_count(set), 4);
	identity_put(set, none);
	identity_put(set, a);
	identity_put(set, a);
	identity_put(set, b);
	identity_put(set, c);
	identity_set_free(set);
}

static void too_long_is_no_identity(void **state)
{
	struct identity_set *set = identity_set_new();
	uint8_t bytes[IDENTITY_LEN_MAX + 1] = { 0 };

	(void)state;
	assert_null(identity_get(set, bytes, sizeof(bytes)));
	assert_null(identity_get_proved(set, bytes, 1, bytes, sizeof(bytes)));
	assert_int_equal(identity_count(set), 0);
	identity_set_free(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_bytes_are_one_identity),
		cmocka_unit_test(different_bytes_are_different_identities),
		cmocka_unit_test(many_are_found_again),
		cmocka_unit_test(stays_readable_until_a_quiescent_state),
		cmocka_unit_test(last_put_races_with_get),
		cmocka_unit_test(proofs_tell_identities_apart),
		cmocka_unit_test(too_long_is_no_identity),
	};

	return cmocka_run_group_tests(tests, register_reader, unregister_reader);
}
