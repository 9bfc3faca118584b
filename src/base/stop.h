/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STOP_H
#define DAXTOP_STOP_H
/* stop.h - signals that ask the program to end */
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* A signal came, or the program wants it itself. */
extern volatile sig_atomic_t stop_wanted;
/* The last signal that asked; 0: none did. */
extern volatile sig_atomic_t stop_signal;
/*
 * When the first TERM or HUP came, ns of CLOCK_MONOTONIC; 0: none did. Whoever ends a job so may send
 * KILL next, and does not wait long.
 */
extern volatile uint64_t stop_urged;
/*
 * For a handler of signals that ask to end (async-signal-safe; such handlers block each other): takes
 * note of one. False: its sender has sent the same within a quarter of a second, and means the same.
 */
bool stop_asked(int sig, const siginfo_t *info);
/* INT, TERM and HUP (unless it is ignored) set it; system calls that wait return EINTR. A broken pipe ends by the failed write, or is
 * seen where the program waits. */
void stop_catch(void);
/*
 * ppoll(), which ends when stop_wanted is set, by a signal that came just before it as well:
 * without this, one between a look at stop_wanted and the wait would be slept through.
 */
int stop_poll(struct pollfd *p, nfds_t n, const struct timespec *timeout);

#endif
