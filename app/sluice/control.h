/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control thread: signals, credential reloads, the rotation of cookie secrets and ticket keys,
 * the recycling of sessions, and the periodic statistics. It is no lcore, and it may block.
 *
 *   SIGHUP            reload the files of credentials and ticket keys; sessions whose credential is
 *                     in force no longer are closed
 *   SIGUSR1           reopen the sink's file
 *   SIGTERM, SIGINT   drain: no new handshakes, what is open is finished, flush the sink, exit 0
 */
#pragma once

#include <signal.h>
#include <stdbool.h>

struct app;

/* control_block_signals: before any thread is made, so that none but ours takes them. */
void control_block_signals(void);

/* control_review_new: makes app->review, what is closed goes to the log; false without memory. */
bool control_review_new(struct app *app);

/* control_run: waits until the cores run (app->serving), and serves until a drain is complete; the
 * cores are told to stop before it returns. A SIGTERM or SIGINT before that ends the process. */
void control_run(struct app *app);

/* control_flush: waits for the sink to take what is queued; whether it took everything. When the
 * cores have stopped: one that is in its last turn may still acknowledge a reading. */
bool control_flush(struct app *app);
