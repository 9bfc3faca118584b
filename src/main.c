// SPDX-License-Identifier: GPL-2.0-only
/* main.c - chooses the command */
#include <locale.h>
#include "session.h"

int main(int argc, char **argv)
{
	static int (*const commands[])(const struct options *) = {
		[COMMAND_TOP] = cmd_top,
		[COMMAND_TRACE] = cmd_trace,
		[COMMAND_HISTORY] = cmd_history,
		[COMMAND_PROBES] = cmd_probes,
		[COMMAND_CHECK] = cmd_check,
		[COMMAND_RULES] = cmd_rules,
		[COMMAND_SCAN] = cmd_scan,
		[COMMAND_HOLDERS] = cmd_holders,
	};
	struct options o;
	int status = 2;

	setlocale(LC_ALL, "");
	if (!options_parse(argc, argv, &o))
		status = o.done ? 0 : commands[o.command](&o);
	options_free(&o);
	return status;
}
