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

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

void stop_catch(void)
{
	/* no SA_RESTART: poll() and sleeps must return */
	struct sigaction a = { .sa_handler = on_signal };

	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaction(signals[i], &a, NULL);
	a.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &a, NULL);
}

int stop_poll(struct pollfd *p, nfds_t n, const struct timespec *timeout)
{
	sigset_t block, mask;
	int rc = 0;

	sigemptyset(&block);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaddset(&block, signals[i]);
	sigprocmask(SIG_BLOCK, &block, &mask);
	if (!stop_wanted)
		rc = ppoll(p, n, timeout, &mask);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return rc;
}
