/* SPDX-License-Identifier: BSD-3-Clause */
#include "psk_queue.h"

#include <poll.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { CORES = 2, PER_CORE = 5 };

static int setup(void **state)
{
	*state = psk_queue_new(CORES, PER_CORE);
	assert_non_null(*state);
	return 0;
}

static int teardown(void **state)
{
	psk_queue_free(*state);
	return 0;
}

static bool ask(struct psk_queue *q, unsigned core, uint32_t slot)
{
	const struct psk_asker asker = { { slot, 7 }, 9 };

	return psk_queue_ask(q, core, &asker, (const uint8_t *)"meter", 5, 1000 + slot);
}

static bool is_readable(const struct psk_queue *q)
{
	struct pollfd fd = { .fd = psk_queue_fd(q), .events = POLLIN };

	return poll(&fd, 1, 0) == 1;
}

static void a_question_comes_back_with_its_answer(void **state)
{
	struct psk_queue *q = *state;
	struct psk_question *asked, *answered;

	assert_false(is_readable(q));
	assert_null(psk_queue_next(q));
	assert_true(ask(q, 1, 42));
	assert_true(is_readable(q));
	asked = psk_queue_next(q);
	assert_non_null(asked);
	assert_null(psk_queue_next(q));
	assert_int_equal(asked->identity_len, 5);
	assert_memory_equal(asked->identity, "meter", 5);
	assert_int_equal(asked->asked_ns, 1042);
	assert_ptr_equal(psk_queue_at(q, psk_queue_index(q, asked)), asked);
	assert_null(psk_queue_answered(q, 1));
	asked->outcome = PSK_FOUND;
	asked->key_len = 2;
	memcpy(asked->key, "\1\2", 2);
	psk_queue_answer(q, asked);
	/* To who asked, and to nobody else. */
	assert_null(psk_queue_answered(q, 0));
	answered = psk_queue_answered(q, 1);
	assert_ptr_equal(answered, asked);
	assert_int_equal(answered->asker.slot.slot, 42);
	assert_int_equal(answered->asker.slot.generation, 7);
	assert_int_equal(answered->asker.share, 9);
	psk_queue_done(q, answered);
	/* The key is nowhere any more. */
	assert_int_equal(answered->key[0] | answered->key[1] | answered->key_len, 0);
	assert_null(psk_queue_answered(q, 1));
}

/* bad-input N8: a core has so many questions, whatever the other one has; each answer frees one. */
static void questions_are_bounded(void **state)
{
	struct psk_queue *q = *state;
	struct psk_question *question;

	for (unsigned round = 0; round < 1000; round++) {
		for (uint32_t i = 0; i < PER_CORE; i++)
			assert_true(ask(q, 0, i));
		assert_false(ask(q, 0, 99));
		assert_true(ask(q, 1, 0));
		while ((question = psk_queue_next(q)) != NULL)
			psk_queue_answer(q, question);
		assert_false(ask(q, 0, 99));
		for (unsigned core = 0; core < CORES; core++)
			while ((question = psk_queue_answered(q, core)) != NULL)
				psk_queue_done(q, question);
	}
}

/* A core that asks all the time does not keep another's question waiting. */
static void cores_take_turns(void **state)
{
	struct psk_queue *q = *state;

	for (uint32_t i = 0; i < PER_CORE; i++)
		assert_true(ask(q, 0, i));
	assert_true(ask(q, 1, 9));
	for (unsigned i = 0; i < CORES; i++)
		if (psk_queue_next(q)->core == 1)
			return;
	fail_msg("core 1 has to wait");
}

#define QUEUE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUEUE_TEST(a_question_comes_back_with_its_answer),
		QUEUE_TEST(questions_are_bounded),
		QUEUE_TEST(cores_take_turns),
	};

	return cmocka_run_group_tests_name("psk_queue", tests, NULL, NULL);
}
