/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STOP_H
#define DAXTOP_STOP_H
/* stop.h - signals that ask the program to end */
#include <poll.h>
#include <signal.h>

/* A signal came, or the program wants it itself. */
extern volatile sig_atomic_t stop_wanted;
/* INT, TERM and HUP set it; system calls that wait return EINTR. A broken pipe ends by the failed write, or is
 * seen where the program waits. */
void stop_catch(void);
/*
 * ppoll(), which ends when stop_wanted is set, by a signal that came just before it as well:
 * without this, one between a look at stop_wanted and the wait would be slept through.
 */
int stop_poll(struct pollfd *p, nfds_t n, const struct timespec *timeout);

#endif
