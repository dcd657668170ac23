/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the machine itself can do, against which docs/performance.md holds the record path:
 *
 *   line_read, line_write  one cache line of a session, met in random order, fetched 32 sessions
 *                          ahead; read, or changed
 *   vector/INSTRUCTION     one 512-bit instruction among independent ones: what its port allows;
 *                          the mixture tells whether two kinds share a port
 */
#include "benches.h"

#include "aead.h"
#include "fleet.h"

#include <stdio.h>
#include <string.h>

enum { BURST = 32, UNROLLED = 128 };

static void touch(struct bench *b)
{
	static struct fleet lines = { .stride = 64 };
	static size_t at;
	uint8_t line[64] = { 1 };
	size_t n = (size_t)bench_arg(b, 0);
	bool writing = bench_arg(b, 1) != 0;
	const uint8_t *p = fleet_fill(&lines, line, n);
	const uint32_t *order = fleet_order(n);
	uint64_t sum = 0;

	if (p == NULL || order == NULL) {
		bench_skip(b, "too little memory for so many sessions");
		return;
	}
	at %= n;
	while (bench_next(b)) {
		for (size_t i = 0; i < BURST; i++) {
			size_t next = at + BURST;

			fleet_fetch(p + 64 * (size_t)order[next < n ? next : next - n]);
			sum += p[64 * (size_t)order[at] + 8];
			if (writing)
				lines.sessions[64 * (size_t)order[at] + 8] = (uint8_t)sum;
			at = at + 1 < n ? at + 1 : 0;
		}
		bench_keep(&sum);
	}
	bench_items(b, BURST);
}

/* Eight registers that do not depend on each other, sixteen times. */
#define EIGHT(instruction)                                                                         \
	__asm__ volatile(".rept 16\n"                                                              \
			 ".irp r, 0, 1, 2, 3, 4, 5, 6, 7\n" instruction "\n"                       \
			 ".endr\n.endr\n"                                                          \
			 "vzeroupper"                                                              \
			 :                                                                         \
			 :                                                                         \
			 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", \
			   "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

#define VECTOR(X)                                                                                  \
	X(vaesenc, "vaesenc %%zmm8, %%zmm\\r, %%zmm\\r")                                           \
	X(vpclmulqdq, "vpclmulqdq $0, %%zmm8, %%zmm\\r, %%zmm\\r")                                 \
	X(vgf2p8affineinvqb, "vgf2p8affineinvqb $0, %%zmm8, %%zmm\\r, %%zmm\\r")                   \
	X(vaesenc_twice_and_vpclmulqdq, "vaesenc %%zmm8, %%zmm\\r, %%zmm\\r\n"                     \
					"vaesenc %%zmm8, %%zmm1\\r, %%zmm1\\r\n"                   \
					"vpclmulqdq $0, %%zmm8, %%zmm2\\r, %%zmm2\\r")             \
	X(vpshufb, "vpshufb %%zmm8, %%zmm\\r, %%zmm\\r")                                           \
	X(vprord, "vprord $8, %%zmm\\r, %%zmm\\r")                                                 \
	X(vpternlogd, "vpternlogd $150, %%zmm8, %%zmm\\r, %%zmm\\r")                               \
	X(vpxord, "vpxord %%zmm8, %%zmm\\r, %%zmm\\r")

#define VECTOR_RUN(name, text)                                                                     \
	static void run_##name(struct bench *b)                                                    \
	{                                                                                          \
		while (bench_next(b))                                                              \
			EIGHT(text);                                                               \
		bench_items(b, UNROLLED);                                                          \
	}
VECTOR(VECTOR_RUN)

/* Whether the CPU has these instructions: as our engine finds it. */
static bool have_vectors(void)
{
	struct aead *a = aead_new(AEAD_ENGINE_MB64);
	bool have = a != NULL && strncmp(aead_name(a), "mb64", 4) == 0;

	if (a != NULL)
		aead_free(a);
	return have;
}

void bench_machine_add(void)
{
	static const int64_t sessions[] = { 64, 1000, 100000, 1000000, FLEET_MAX };
	char name[64];

	for (size_t i = 0; i < 2 * sizeof(sessions) / sizeof(sessions[0]); i++) {
		snprintf(name, sizeof(name), "line_%s/sessions:%d", i % 2 ? "write" : "read",
			 (int)sessions[i / 2]);
		bench_add(name, touch, (int64_t[]){ sessions[i / 2], (int64_t)(i % 2) }, 2);
	}
	if (!have_vectors())
		return;
#define VECTOR_ADD(name, text) bench_add("vector/" #name, run_##name, NULL, 0);
	VECTOR(VECTOR_ADD)
}
