// SPDX-License-Identifier: GPL-2.0-only
/* stop.c - signals that ask the program to end */
#include <stddef.h>
#include "base/clock.h"
#include "base/stop.h"

/* timeout(1) sends to its child and then to the group that it made for it: one wish. */
#define SAME_NS 250000000ULL

volatile sig_atomic_t stop_wanted, stop_signal;
volatile uint64_t stop_urged;

bool stop_asked(int sig, const siginfo_t *info)
{
	static uint64_t last;
	static pid_t sender;
	uint64_t now = clock_now();

	if (last && sig == stop_signal && info->si_code <= 0 && info->si_pid == sender &&
	    now - last < SAME_NS)
		return false;
	last = now;
	sender = info->si_code <= 0 ? info->si_pid : 0;
	stop_signal = sig;
	if (!stop_urged && (sig == SIGTERM || sig == SIGHUP))
		stop_urged = now;
	return true;
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
	(void)context;
	if (stop_asked(sig, info))
		stop_wanted = 1;
}

static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
#define NR_SIGNALS (sizeof(signals) / sizeof(signals[0]))

void stop_catch(void)
{
	/* no SA_RESTART: poll() and sleeps must return */
	struct sigaction a = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO }, now;

	/* one at a time: they share what they note */
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < NR_SIGNALS; i++)
		sigaddset(&a.sa_mask, signals[i]);
	for (size_t i = 0; i < NR_SIGNALS; i++) {
		/* nohup(1); the others are ignored for the background job of a script, which may send them yet */
		if (signals[i] == SIGHUP && !sigaction(SIGHUP, NULL, &now) &&
		    now.sa_handler == SIG_IGN)
			continue;
		sigaction(signals[i], &a, NULL);
	}
	a.sa_flags = 0;
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
