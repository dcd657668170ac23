/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records of DTLS 1.3 in the bursts of traffic.c, which are its only callers' (traffic.h). Their
 * numbers are masked by what is sealed: unmasked before a burst is opened, masked after one is
 * sealed, both in one call for many.
 *
 * What a device sends has one epoch, what comes may be of the one before, too (device_13).
 */
#pragma once

#include "traffic.h"

/* traffic13_add: the next record of left, which stands at bytes, becomes pending; or is counted. */
void traffic13_add(struct traffic *t, uint32_t device, struct rd *left, uint8_t *bytes);

/* traffic13_unmask: the first n pending: an operation for those that are new. */
void traffic13_unmask(struct traffic *t, unsigned n);

/* traffic13_take_number: of a record that was opened; false: it came before, or is too old by now.
 */
bool traffic13_take_number(struct traffic *t, const struct traffic_pending *p) MUST_USE;

/* traffic13_seal: as traffic_seal, without passing it on. traffic13_mask: after aead_seal. */
bool traffic13_seal(struct traffic *t, struct load_buffer *b, uint8_t type) MUST_USE;
void traffic13_mask(struct traffic *t);
