/* SPDX-License-Identifier: BSD-3-Clause */
/* What all cores counted, gathered for --stats-period and DPDK telemetry. */
#pragma once

#include "sample.h"

struct app;

/* stats_print: --stats-period's table for the time since the last call. Control thread only. */
void stats_print(struct app *app);

/* stats_telemetry: registers /sluice/…. false: DPDK refused. Slow path only. */
bool stats_telemetry(struct app *app);
