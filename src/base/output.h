/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OUTPUT_H
#define DAXTOP_OUTPUT_H
/*
 * output.h - a file that gets its new contents whole or not at all.
 *
 * daxtop runs as root in folders where others may write, so PATH is taken for what it says and
 * not for what a link of somebody else's makes of it:
 *
 * - a symbolic link as the last component is refused, on the way only those of root and of the
 *   user that daxtop runs as (its effective uid) are followed;
 * - a regular file is replaced by rename(2) when its contents are on the disk; before that, and when
 *   daxtop fails or is killed, the old one is as it was. Owner and mode stay;
 * - a FIFO or a character device is written to; other kinds are refused;
 * - in a sticky folder where others may write (/tmp), another's file or FIFO is refused, as by
 *   fs.protected_regular and fs.protected_fifos=2 (Documentation/admin-guide/sysctl/fs.rst);
 * - /dev/stdout, /dev/stderr, /dev/fd/N and /proc/self/fd/N are daxtop's own open descriptors.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct output;

/*
 * Looks whether @path can be written, and leaves what is there as it is. NULL on failure, with a
 * sentence in @err. Waits for a reader if @path is a FIFO.
 */
struct output *output_open(const char *path, char *err, size_t errlen);

/*
 * A new file that is written as one goes, its owner's only; the way there is taken as above. Returns the
 * descriptor, or a negative errno with a sentence in @err; -EEXIST: something of that name is there.
 */
int output_create(const char *path, char *err, size_t errlen);

/* What to print to; belongs to @o. */
FILE *output_file(struct output *o);

/*
 * With @whole, what was printed becomes the contents of the file; without it, nothing does (what
 * went to a FIFO or a device is gone). Frees @o in any case; NULL is fine. Returns 0 or a negative
 * errno with a sentence in @err.
 */
int output_close(struct output *o, bool whole, char *err, size_t errlen);

#endif
