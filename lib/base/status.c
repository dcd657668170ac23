/* SPDX-License-Identifier: BSD-3-Clause */
#include "status.h"

static const char *const status_labels[] = {
#define STATUS_LABEL(name, label, help) [STATUS_##name] = (label),
	STATUS_LIST(STATUS_LABEL)
#undef STATUS_LABEL
};

static const char *const status_helps[] = {
#define STATUS_HELP(name, label, help) [STATUS_##name] = (help),
	STATUS_LIST(STATUS_HELP)
#undef STATUS_HELP
};

const char *status_label(enum status s) { return status_labels[s]; }

const char *status_help(enum status s) { return status_helps[s]; }
