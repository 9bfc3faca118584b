/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OPTIONS_CHECK_H
#define DAXTOP_OPTIONS_CHECK_H
/* options_check.h - finds the first word that is no option, or lacks its argument */
#include <stddef.h>

struct argp_option;

/*
 * Walks over argv[1..] as getopt_long() would. Returns 0, or -EINVAL with what
 * is wrong in @sentence (safe to print, no newline). @options ends with an empty one.
 */
int options_check(const struct argp_option *options, int argc, char **argv, char *sentence,
		  size_t len);

/*
 * Index of the first word that is no option and no option's argument, or of "--";
 * @argc when there is none. As far as the words can be understood.
 */
int options_own(const struct argp_option *options, int argc, char **argv);

#endif
