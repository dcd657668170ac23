/* SPDX-License-Identifier: BSD-3-Clause */
/* The server's first message, in whatever version: the ClientHello chooses the version, and with it
 * the table of the messages that follow. */
#pragma once

#include "connection.h"

enum server_state { SERVER_CLIENT_HELLO };

extern const struct hs_row server_rows[];
extern const size_t server_n_rows;
