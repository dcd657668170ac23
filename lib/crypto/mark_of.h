/* SPDX-License-Identifier: BSD-3-Clause */
/* Making marks (mark.h). Any thread. */
#pragma once

#include "mark.h"

#include <stddef.h>

/* mark_of: the mark of some bytes. mark_of_name: of a device's name, which no bytes of another kind
 * (a certificate, a key) have. */
void mark_of(struct mark *out, const void *bytes, size_t len);
void mark_of_name(struct mark *out, const void *name, size_t len);
