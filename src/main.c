// SPDX-License-Identifier: GPL-2.0-only
/* main.c - chooses the command */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cmd/command.h"
#include "session.h"
#include "view/json.h"

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
	struct command_line l;
	int status = 0, bad;

	if (std_open())
		return 2;
	setlocale(LC_ALL, "");
	if (argc == 2 && !strcmp(argv[1], "--json-schema"))
		return view_json_schema(stdout) || output_failed() ? 2 : 0;
	bad = command_line_parse(argc, argv, &l);
	if (!bad && !l.done)
		status = l.command->run(l.options);
	else if (bad || output_failed())
		status = l.command->failure;
	command_line_free(&l);
	return status;
}
