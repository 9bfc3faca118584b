// SPDX-License-Identifier: GPL-2.0-only
/* options.c - the options that more than one command has */
#include <argp.h>
#include <errno.h>
#include <string.h>
#include "options.h"
#include "options_value.h"

#define RING_DEFAULT	   (8ul << 20)
#define HISTORY_DEFAULT	   (64ul << 20)
#define MAX_FOLIOS_DEFAULT (16u << 20) /* of 64 bytes */
#define WINDOW_DEFAULT_MS  50
#define DELAY_MIN_MS	   10
#define DELAY_MAX_S	   86400
#define LEAK_DEFAULT_S	   10
#define STALL_DEFAULT_S	   10

void options_default(struct options *o)
{
	memset(o, 0, sizeof(*o));
	o->ring_size = RING_DEFAULT;
	o->history_budget = HISTORY_DEFAULT;
	o->max_folios = MAX_FOLIOS_DEFAULT;
	o->window_ns = WINDOW_DEFAULT_MS * 1000000ull;
	o->leak_ns = LEAK_DEFAULT_S * 1000000000ull;
	o->stall_ns = STALL_DEFAULT_S * 1000000000ull;
}

static int parse_delay(struct options *o, const char *command, const char *arg)
{
	int err = value_seconds(command, "--delay", arg, DELAY_MIN_MS * 1000000ull, &o->delay_ns);

	if (!err && o->delay_ns > DELAY_MAX_S * 1000000000ull) {
		complain(command, "--delay is a day at most");
		err = EINVAL;
	}
	return err;
}

int options_parse(struct options *o, const char *command, int key, char *arg)
{
	uint64_t n = 0;
	int err;

	switch (key) {
	case OPTION_KEY_RING_SIZE:
		return value_ring_size(command, arg, &o->ring_size);
	case OPTION_KEY_HISTORY_BUDGET:
		return value_size(command, "--history-budget", arg, &o->history_budget);
	case OPTION_KEY_WINDOW:
		err = value_number(command, "--window", arg, 0, 10000, &n);
		o->window_ns = n * 1000000;
		return err;
	case OPTION_KEY_MAX_FOLIOS:
		err = value_number(command, "--max-folios", arg, 0, UINT32_MAX, &n);
		o->max_folios = n;
		return err;
	case 'p':
		/* linux/threads.h: PID_MAX_LIMIT is 4 Mi */
		err = value_number(command, "--pid", arg, 1, 4 << 20, &n);
		o->filter.pid = n;
		return err;
	case 'c':
		return value_string(command, "--comm", arg, &o->filter.comm);
	case 'd':
		return value_device(command, arg, &o->filter.device);
	case 'f':
		return value_string(command, "--file", arg, &o->filter.file);
	case 'n':
		return value_number(command, "--count", arg, 1, UINT32_MAX, &o->count);
	case 't':
		return value_seconds(command, "--duration", arg, 1000000, &o->duration_ns);
	case OPTION_KEY_TEE:
		return value_string(command, "--tee", arg, &o->tee);
	case OPTION_KEY_FROM:
		return value_string(command, "--from", arg, &o->from);
	case OPTION_KEY_USER:
		return value_string(command, "--user", arg, &o->user);
	case OPTION_KEY_DELAY:
		return parse_delay(o, command, arg);
	case OPTION_KEY_JSON:
		o->json = true;
		return 0;
	case 'v':
		o->verbose = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}
