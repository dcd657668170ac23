/* SPDX-License-Identifier: BSD-3-Clause */
/* Every bench_x.c registers its benches with one call. */
#pragma once

#include "shim.h"

void bench_aead_add(void);
void bench_constant_time_add(void);
void bench_cid_add(void);
void bench_coap_add(void);
void bench_flood_add(void);
void bench_forward_add(void);
void bench_frame_add(void);
void bench_gate_add(void);
void bench_handshake_add(void);
void bench_handshake_free(void);
void bench_hmac_add(void);
void bench_key_schedule_add(void);
void bench_libcrypto_add(void);
void bench_machine_add(void);
void bench_path_add(void);
void bench_psk_add(void);
void bench_record_add(void);
void bench_replay_add(void);
void bench_review_add(void);
void bench_ring_add(void);
void bench_session_memory_add(void);
void bench_table_add(void);
void bench_vzeroupper_add(void);

/* context_add: what a figure depends on: CPU, kernel, memory, versions, command line. */
void context_add(int argc, char **argv);
