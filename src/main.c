// SPDX-License-Identifier: GPL-2.0-only
/* main.c - chooses the command */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <unistd.h>
#include "check_status.h"
#include "session.h"

/*
 * Where one of the three is closed, the next file that is opened would be it, the report's, say,
 * and get what is printed. What takes its place fails as it did.
 */
static int std_open(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -errno;
	return 0;
}

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
	int status = 0, bad;

	if (std_open())
		return 2;
	setlocale(LC_ALL, "");
	bad = options_parse(argc, argv, &o);
	if (!bad && !o.done)
		status = commands[o.command](&o);
	else if (bad || output_failed())
		status = o.command == COMMAND_CHECK ? CHECK_FAILED : 2;
	options_free(&o);
	return status;
}
