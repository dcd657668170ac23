/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice-load's list of options: rows of constant data. set takes a struct load_options. */
#pragma once

#include "load_options.h"

extern const struct option_table load_options_table;
