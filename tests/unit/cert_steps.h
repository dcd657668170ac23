/* SPDX-License-Identifier: BSD-3-Clause */
/* Handshakes of hs_steps.h between ends that have the certificates of pair_certs.h. */
#pragma once

#include "hs_steps.h"
#include "pair_certs.h"

static inline int cert_steps_setup(void **state)
{
	pair_certs_new();
	return steps_setup(state);
}

static inline int cert_steps_teardown(void **state)
{
	pair_certs_free();
	return steps_teardown(state);
}
