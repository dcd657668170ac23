/* SPDX-License-Identifier: BSD-3-Clause */
/* Log lines on stderr: "sluice: text", one write each. Any thread but lcores'. */
#pragma once

#include "options.h"

/* log_set_level: lines above this level are dropped. Before threads are made. */
void log_set_level(enum log_level level);

void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
