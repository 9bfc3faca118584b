/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_STOP_H
#define DAXTOP_STOP_H
/* stop.h - signals that ask the program to end */
#include <signal.h>

/* A signal came, or the program wants it itself. */
extern volatile sig_atomic_t stop_wanted;
/* INT, TERM and HUP set it; system calls that wait return EINTR. A broken pipe ends by the failed write, or is
 * seen where the program waits. */
void stop_catch(void);

#endif
