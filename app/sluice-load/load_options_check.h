/* SPDX-License-Identifier: BSD-3-Clause */
/* What options mean together: defaults that depend on others, and contradictions. */
#pragma once

#include "load_options.h"

/* load_options_complete: the values of "auto". false: reported. */
bool load_options_complete(struct load_options *opt) MUST_USE;

/* load_options_check: false: reported, by the option that is to be changed. */
bool load_options_check(const struct load_options *opt) MUST_USE;
