/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --psk-socket: a thread that asks a service behind a Unix stream socket for pre-shared keys. A
 * line a question, a line an answer, in any order, many under way at once:
 *
 *   -> 4711 6d657465722d39            a number, and the identity in hex
 *   <- 4711 00112233445566778899...   the same number, and its key in hex: 1 to 64 bytes
 *   <- 4711 unknown                   or that there is none
 *
 * What is not answered in time is answered with PSK_TIMEOUT, and a later answer of the service is
 * ignored. When the connection breaks it is made again, after a pause that doubles from 100 ms up
 * to 10 s, and what is unanswered is asked again. An answer that is no such line breaks it. The
 * service must run as root or as the same user as we do (SO_PEERCRED).
 */
#pragma once

#include "psk_queue.h"

#include <stdbool.h>

struct psk_socket;

/* psk_socket_start: answers the questions of a queue from now on, in a thread of its own; path is
 * borrowed. NULL without memory or thread. The service need not be there yet. */
struct psk_socket *psk_socket_start(struct psk_queue *q, const char *path, uint64_t timeout_ns);

/* psk_socket_stop: ends the thread; what is unanswered stays so. NULL allowed. */
void psk_socket_stop(struct psk_socket *s);
