/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_PLACE_H
#define DAXTOP_LOOK_PLACE_H
/*
 * place.h - from a path in a filesystem to one that somebody can use
 *
 * By the tables of mounts alone: nothing is opened and no path is walked, as files and what stands
 * above them are strangers'.
 */
#include <stddef.h>
#include <stdint.h>

struct places;

/* Returns NULL when memory is short. */
struct places *places_new(void);
void places_free(struct places *p); /* NULL is fine */
/* Reads this process's mounts, if they have changed. Returns 0, or -errno: what was known is not. */
int places_read(struct places *p);
/*
 * Path of the file that is @inside in the filesystem @dev: in this mount namespace; else in that of one of the
 * @nr processes @tgid, then of init; else "[pmem0]/inside". *@flags gains DX_PATH_NAMESPACE, _CONTAINER or _HIDDEN,
 * *@whose is set with the first. With DX_PATH_TRUNCATED set on entry it is the last. To be freed; NULL: memory is short.
 */
char *places_path(struct places *p, uint32_t dev, const char *inside, const uint32_t *tgid,
		  size_t nr, uint32_t *flags, uint32_t *whose);

#endif
