/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_REPLAY_H
#define GUEST_REPLAY_H
/* replay.h - the same from a file */
#include "daxtop.h"

/*
 * @args with --tee (or @from: --from) and a file's name, which is put into @path of @len bytes (@from: taken
 * from there). To be freed.
 */
const char **replay_args(const char *const args[], char *path, size_t len, bool from);
/*
 * @d has ended, and was started with replay_args(@args): from its file the same comes, to the byte, and with the
 * same exit status. Removes the file.
 */
void replay_same(struct daxtop *d, const char *const args[], char *path);

#endif
