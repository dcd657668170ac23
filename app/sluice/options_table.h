/* SPDX-License-Identifier: BSD-3-Clause */
/* sluice's list of options: rows of constant data. set takes a struct options. */
#pragma once

#include "option_values.h"
#include "options.h"

extern const struct option_table options_table;
