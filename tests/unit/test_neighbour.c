/* SPDX-License-Identifier: BSD-3-Clause */
/* Questions, byte by byte and as the asked host answers them; what is learned from answers. */
#include "neighbour.h"

#include "frame_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* The asker is the peer of frame_build.h; build_host is asked. */
static const struct frame_host asker = { .mac = BUILD_MAC_PEER };
static const uint8_t asker_ip4[16] = { [10] = 0xff, 0xff, 198, 18, 0, 1 };
static const uint8_t asked_ip4[16] = { [10] = 0xff, 0xff, 198, 18, 0, 2 };
static const uint8_t asker_ip6[16] = BUILD_IP6_PEER, asked_ip6[16] = BUILD_IP6_HOST;
static const uint8_t asked_mac[] = BUILD_MAC_HOST, asker_mac[] = BUILD_MAC_PEER;

static void arp_is_asked(void **state)
{
	const uint8_t want[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0,   2,  8, 6,
				   0,    1,    8,    0,    6,    4,    0, 1, 2, 0, 0,   0,  0, 2,
				   198,  18,   0,    1,    0,    0,    0, 0, 0, 0, 198, 18, 0, 2 };
	uint8_t frame[NEIGHBOUR_ASK_MAX];

	(void)state;
	memset(frame, 0xee, sizeof(frame));
	assert_int_equal(neighbour_ask(&asker, asker_ip4, asked_ip4, frame), 60);
	assert_memory_equal(frame, want, sizeof(want));
	for (unsigned i = sizeof(want); i < 60; i++)
		assert_int_equal(frame[i], 0);
}

static void solicitation_goes_to_the_group(void **state)
{
	const uint8_t group_mac[] = { 0x33, 0x33, 0xff, 0, 0, 2 };
	const uint8_t group[16] = { 0xff, 2, [11] = 1, 0xff, 0, 0, 2 };
	uint8_t frame[NEIGHBOUR_ASK_MAX];

	(void)state;
	assert_int_equal(neighbour_ask(&asker, asker_ip6, asked_ip6, frame), 86);
	assert_memory_equal(frame, group_mac, 6);
	assert_memory_equal(frame + 6, asker_mac, 6);
	assert_int_equal(frame[21], 255);
	assert_memory_equal(frame + 22, asker_ip6, 16);
	assert_memory_equal(frame + 38, group, 16);
	assert_int_equal(frame[54], 135);
	assert_memory_equal(frame + 62, asked_ip6, 16);
	assert_int_equal(frame[78], 1);
	assert_memory_equal(frame + 80, asker_mac, 6);
}

/* Our own host answers our own question, and that is learned: of either version. */
static void answers_are_learned(void **state)
{
	uint8_t frame[128], mac[6] = { 0 };
	size_t len;

	(void)state;
	len = neighbour_ask(&asker, asker_ip4, asked_ip4, frame);
	assert_false(neighbour_learn(&asker, asked_ip4, frame, len, mac));
	assert_int_equal(frame_answer(&build_host, frame, len, sizeof(frame), &len),
			 STATUS_FRAME_ANSWERED);
	assert_false(neighbour_learn(&asker, asker_ip4, frame, len, mac));
	assert_true(neighbour_learn(&asker, asked_ip4, frame, len, mac));
	assert_memory_equal(mac, asked_mac, 6);

	memset(mac, 0, sizeof(mac));
	len = neighbour_ask(&asker, asker_ip6, asked_ip6, frame);
	assert_false(neighbour_learn(&asker, asked_ip6, frame, len, mac));
	assert_int_equal(frame_answer(&build_host, frame, len, sizeof(frame), &len),
			 STATUS_FRAME_ANSWERED);
	assert_false(neighbour_learn(&asker, asker_ip6, frame, len, mac));
	assert_true(neighbour_learn(&asker, asked_ip6, frame, len, mac));
	assert_memory_equal(mac, asked_mac, 6);
}

static void announcements_are_learned(void **state)
{
	uint8_t frame[128], mac[6] = { 0 };
	size_t len = frame_arp_announce(&build_host, &build_host.addrs[0], VLAN_NONE, frame);

	(void)state;
	assert_true(neighbour_learn(&asker, asked_ip4, frame, len, mac));
	assert_memory_equal(mac, asked_mac, 6);
	memset(mac, 0, sizeof(mac));
	len = frame_nd_announce(&build_host, &build_host.addrs[1], VLAN_NONE, frame);
	assert_true(neighbour_learn(&asker, asked_ip6, frame, len, mac));
	assert_memory_equal(mac, asked_mac, 6);
}

/* An advertisement in exactly as much memory, changed at one byte or cut: refused, but where the
 * byte says nothing of it (RFC 4861 §7.1.2). */
static void wrong_advertisements_are_refused(void **state)
{
	uint8_t frame[128], mac[6];
	const size_t len = frame_nd_announce(&build_host, &build_host.addrs[1], VLAN_NONE, frame);

	(void)state;
	assert_int_equal(len, 86);
	for (size_t cut = 0; cut < len; cut++) {
		uint8_t *copy = malloc(cut + 1);

		assert_non_null(copy);
		memcpy(copy, frame, cut);
		assert_false(neighbour_learn(&asker, asked_ip6, copy, cut, mac));
		free(copy);
	}
	for (size_t i = 20; i < len; i++) { /* from the next header on */
		frame[i] ^= 0x40;
		assert_false(neighbour_learn(&asker, asked_ip6, frame, len, mac));
		frame[i] ^= 0x40;
	}
	assert_true(neighbour_learn(&asker, asked_ip6, frame, len, mac));
}

static void a_group_is_no_neighbour(void **state)
{
	struct frame_host strange = build_host;
	uint8_t frame[128], mac[6] = { 9, 9, 9, 9, 9, 9 };
	const uint8_t before[6] = { 9, 9, 9, 9, 9, 9 };
	size_t len = frame_arp_announce(&strange, &strange.addrs[0], VLAN_NONE, frame);

	(void)state;
	frame[22] |= 1; /* the sender's MAC inside */
	assert_false(neighbour_learn(&asker, asked_ip4, frame, len, mac));
	assert_memory_equal(mac, before, 6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_is_asked),
		cmocka_unit_test(solicitation_goes_to_the_group),
		cmocka_unit_test(answers_are_learned),
		cmocka_unit_test(announcements_are_learned),
		cmocka_unit_test(wrong_advertisements_are_refused),
		cmocka_unit_test(a_group_is_no_neighbour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
