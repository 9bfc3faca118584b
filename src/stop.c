// SPDX-License-Identifier: GPL-2.0-only
/* stop.c - signals that ask the program to end */
#include <stddef.h>
#include "stop.h"

volatile sig_atomic_t stop_wanted;

static void on_signal(int sig)
{
	(void)sig;
	stop_wanted = 1;
}

void stop_catch(void)
{
	/* no SA_RESTART: poll() and sleeps must return */
	struct sigaction a = { .sa_handler = on_signal };

	sigemptyset(&a.sa_mask);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
}
