/* SPDX-License-Identifier: BSD-3-Clause */
#include "epoch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t seed[32] = "thirty-two bytes of test seed...";

static struct store *new_store(unsigned window)
{
	struct store *s = store_new(&(struct store_config){
		.max_sessions = 64, .replay_window = window, .hash_seed = seed });

	assert_non_null(s);
	return s;
}

static struct session_ref up(struct store *s, enum aead_alg alg)
{
	struct session_install in = { .version = DTLS_1_3,
				      .aead = (uint8_t)alg,
				      .flow = { .remote_port = (uint16_t)(1000 + alg) },
				      .tx_seq = 9,
				      .rx_newest = 70,
				      .rx_window = 5 };
	struct session_ref ref, replaced;

	memset(in.rx_key, 0x10, sizeof(in.rx_key));
	memset(in.tx_key, 0x20, sizeof(in.tx_key));
	memset(in.rx_sn_key, 0x30, sizeof(in.rx_sn_key));
	memset(in.tx_sn_key, 0x40, sizeof(in.tx_sn_key));
	memset(in.rx_iv, 0x50, sizeof(in.rx_iv));
	memset(in.tx_iv, 0x60, sizeof(in.tx_iv));
	assert_int_equal(store_install(s, 0, &in, &ref, &replaced), STATUS_OK);
	return ref;
}

static struct session_rekey keys_of(uint16_t epoch, bool tx)
{
	struct session_rekey k = { .epoch = epoch, .tx = tx };
	const int salt = epoch + tx * 64;

	memset(k.key, 0x81 + salt, sizeof(k.key));
	memset(k.sn_key, 0x91 + salt, sizeof(k.sn_key));
	memset(k.iv, 0xa1 + salt, sizeof(k.iv));
	return k;
}

static bool all(const uint8_t *p, int byte, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != (uint8_t)byte)
			return false;
	return true;
}

/* Both ways, each suite's keys where records look for them. */
static void keys_go_where_records_look(void **state)
{
	struct store *s = new_store(64);

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const struct session_rekey rx = keys_of(4, false), tx = keys_of(4, true);
		const struct session_ref ref = up(s, alg);
		const struct session_read13 *read = &s->read13[ref.slot];
		const struct session_hot *hot = &s->hot[ref.slot];
		const size_t n = aead_info(alg)->key_len;
		const struct session_hot *old;

		assert_null(epoch_old(s, ref));
		assert_true(epoch_next(s, ref.slot, &rx));
		assert_memory_equal(hot->rx13.key, rx.key, n);
		assert_memory_equal(store_rx_sn_key(s, ref.slot, alg), rx.sn_key, n);
		assert_memory_equal(read->rx_iv, rx.iv, AEAD_IV_LEN);
		assert_int_equal(hot->rx_epoch, 4);
		old = epoch_old(s, ref);
		assert_non_null(old);
		assert_true(all(old->rx13.key, 0x10, n));
		assert_true(all(store_old_sn_key(s, ref.slot, alg), 0x30, n));
		assert_true(all(old->old_iv, 0x50, AEAD_IV_LEN));
		assert_int_equal(old->rx_epoch, 3);
		/* What we send goes on as it was. */
		assert_true(all(read->tx.key, 0x20, n));
		assert_true(all(store_tx_sn_key(s, ref.slot, alg), 0x40, n));
		assert_true(all(read->tx_iv, 0x60, AEAD_IV_LEN));
		assert_int_equal(hot->tx_number, UINT64_C(3) << 48 | 9);

		assert_true(epoch_next(s, ref.slot, &tx));
		assert_memory_equal(read->tx.key, tx.key, n);
		assert_memory_equal(store_tx_sn_key(s, ref.slot, alg), tx.sn_key, n);
		assert_memory_equal(read->tx_iv, tx.iv, AEAD_IV_LEN);
		assert_int_equal(hot->tx_number, UINT64_C(4) << 48);
		assert_memory_equal(hot->rx13.key, rx.key, n);
		assert_memory_equal(store_rx_sn_key(s, ref.slot, alg), rx.sn_key, n);
	}
	store_free(s);
}

/* Wiped when forgotten, and with the session. */
static void nothing_stays(void **state)
{
	struct store *s = new_store(64);

	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		const struct session_rekey four = keys_of(4, false), five = keys_of(5, false);
		const struct session_ref ref = up(s, alg);
		const uint8_t *old = (const uint8_t *)&s->old[ref.slot];

		assert_true(epoch_next(s, ref.slot, &four));
		epoch_forget(s, ref.slot);
		assert_null(epoch_old(s, ref));
		assert_true(all(old, 0, sizeof(s->old[0])));
		assert_true(all(s->old_sn_key[ref.slot], 0, sizeof(s->old_sn_key[0])));
		assert_true(epoch_next(s, ref.slot, &five));
		assert_int_equal(epoch_old(s, ref)->rx_epoch, 4);
		assert_true(store_retire(s, ref));
		assert_null(epoch_old(s, ref));
		assert_true(all(old, 0, sizeof(s->old[0])));
		assert_true(all(s->old_sn_key[ref.slot], 0, sizeof(s->old_sn_key[0])));
		assert_true(all(s->hot[ref.slot].secrets, 0, sizeof(s->hot[0].secrets)));
	}
	store_free(s);
}

/* Epochs come one after the other, in their low 16 bits. */
static void only_the_next(void **state)
{
	struct store *s = new_store(64);
	const struct session_ref ref = up(s, AEAD_AES_128_GCM);
	const uint16_t wrong[] = { 0, 2, 3, 5, 0xffff };

	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		struct session_rekey rx = keys_of(wrong[i], false), tx = keys_of(wrong[i], true);

		assert_false(epoch_next(s, ref.slot, &rx));
		assert_false(epoch_next(s, ref.slot, &tx));
	}
	assert_null(epoch_old(s, ref));
	assert_true(all(s->hot[ref.slot].rx13.key, 0x10, 16));
	for (uint32_t epoch = 4; epoch < (1 << 16) + 8; epoch++) {
		struct session_rekey rx = keys_of((uint16_t)epoch, false),
				     tx = keys_of((uint16_t)epoch, true);

		assert_true(epoch_next(s, ref.slot, &rx));
		assert_true(epoch_next(s, ref.slot, &tx));
		assert_false(epoch_next(s, ref.slot, &rx));
	}
	assert_int_equal(s->hot[ref.slot].tx_number, UINT64_C(7) << 48);
	store_free(s);
}

/* bad-input K4: of the four meanings of two bits at most two have keys, and never the same. */
static void two_bits_mean_one_epoch(void **state)
{
	struct store *s = new_store(64);
	const struct session_ref ref = up(s, AEAD_AES_128_GCM);
	const struct session_ref stale = { ref.slot, ref.generation + 2 };

	(void)state;
	for (uint16_t epoch = 3; epoch < 12; epoch++) {
		const struct session_rekey next = keys_of((uint16_t)(epoch + 1), false);

		assert_ptr_equal(epoch_line(s, ref, epoch & 3), &s->hot[ref.slot]);
		assert_null(epoch_line(s, ref, (epoch + 1) & 3));
		assert_null(epoch_line(s, ref, (epoch + 2) & 3));
		if (epoch == 3)
			assert_null(epoch_line(s, ref, 2));
		else
			assert_ptr_equal(epoch_line(s, ref, (epoch - 1) & 3), &s->old[ref.slot]);
		epoch_forget(s, ref.slot);
		assert_null(epoch_line(s, ref, (epoch - 1) & 3));
		assert_null(epoch_line(s, stale, epoch & 3));
		assert_true(epoch_next(s, ref.slot, &next));
	}
	store_free(s);
}

/* Each epoch has its window; of a wide one the newest 64 stay. */
static void windows_stay_apart(void **state)
{
	(void)state;
	for (unsigned width = 64; width <= 256; width += 192) {
		struct store *s = new_store(width);
		const struct session_ref ref = up(s, AEAD_AES_128_GCM);
		const struct session_rekey next = keys_of(4, false);
		struct session_hot *hot = &s->hot[ref.slot], *old;
		uint64_t *wide = store_wide(s, ref.slot);

		assert_int_equal(replay_commit(hot, wide, width, 100), STATUS_OK);
		assert_true(epoch_next(s, ref.slot, &next));
		old = epoch_old(s, ref);
		assert_int_equal(replay_newest(old), 100);
		for (uint64_t seq = 0; seq <= 100; seq++) {
			bool seen = seq == 100 || seq == 70 || seq == 68;

			assert_int_equal(replay_check(old, NULL, 64, seq),
					 seq + 64 <= 100 ? STATUS_RECORD_OLD
					 : seen          ? STATUS_RECORD_REPLAY
							 : STATUS_OK);
			assert_int_equal(replay_check(hot, wide, width, seq), STATUS_OK);
		}
		assert_int_equal(replay_commit(hot, wide, width, 0), STATUS_OK);
		assert_int_equal(replay_check(hot, wide, width, 0), STATUS_RECORD_REPLAY);
		store_free(s);
	}
}

/* Failures are counted under each key. */
static void failures_go_with_their_keys(void **state)
{
	struct store *s = new_store(64);
	const struct session_ref ref = up(s, AEAD_AES_128_GCM);
	const struct session_rekey four = keys_of(4, false), five = keys_of(5, false);

	(void)state;
	s->read13[ref.slot].failed_opens = 7;
	assert_true(epoch_next(s, ref.slot, &four));
	assert_int_equal(s->read13[ref.slot].failed_opens, 0);
	assert_int_equal(s->cold[ref.slot].failed_opens, 7);
	s->read13[ref.slot].failed_opens = UINT64_C(1) << 36;
	assert_true(epoch_next(s, ref.slot, &five));
	assert_int_equal(s->cold[ref.slot].failed_opens, UINT32_MAX);
	store_free(s);
}

/* The lines of former epochs cost memory where there were some: 64 bytes, 32 more with keys of 256
 * bits, and a page of them at a time. */
static void memory_is_lazy(void **state)
{
	(void)state;
	for (enum aead_alg alg = 0; alg < AEAD_N; alg++) {
		struct store *s = new_store(64);
		const struct session_ref ref = up(s, alg);
		const struct session_rekey next = keys_of(4, false);
		const size_t before = store_bytes(s);
		/* Arrays of 129 slots, smaller than two pages or than one. */
		const size_t line = 4096, sn = 129 * 32 < 4096 ? 129 * 32 : 4096;

		assert_true(epoch_next(s, ref.slot, &next));
		assert_int_equal(store_bytes(s) - before,
				 line + (session_key_overflows(alg) ? sn : 0));
		store_free(s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_go_where_records_look),
		cmocka_unit_test(nothing_stays),
		cmocka_unit_test(only_the_next),
		cmocka_unit_test(two_bits_mean_one_epoch),
		cmocka_unit_test(windows_stay_apart),
		cmocka_unit_test(failures_go_with_their_keys),
		cmocka_unit_test(memory_is_lazy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
