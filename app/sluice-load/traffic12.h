/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of DTLS 1.2 in the bursts of traffic.c, which are its only callers' (traffic.h), with and
 * without connection IDs (RFC 9146).
 */
#pragma once

#include "traffic.h"

/* traffic12_add: the next record of left, which stands at bytes, becomes pending; or is counted. */
void traffic12_add(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes);

/* traffic12_seal: as traffic_seal, without passing it on. */
bool traffic12_seal(struct traffic *t, struct load_buffer *b, uint8_t type) MUST_USE;
