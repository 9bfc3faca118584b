/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_USYM_H
#define DAXTOP_USYM_H
/* usym.h - names of addresses in a process, by elfutils */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usym;

struct usym *usym_new(void); /* NULL: no memory */
void usym_free(struct usym *u);

/* Where an address lies; hostile names, valid until the next call. */
struct usym_place {
	const char *file; /* last part of the mapped file's path */
	const char *name; /* function; NULL: the file names none there */
	uint64_t offset; /* into it */
};
/* false: the process can't be read, or has no file there. @u may be NULL. */
bool usym_find(struct usym *u, uint32_t tgid, uint64_t addr, struct usym_place *place);

/*
 * "function+0x12 (libname)", "0x... (libname)" without a symbol, "0x..."
 * when the process can't be read (gone, not ours). Hostile names are made
 * safe. @u may be NULL. Returns @out.
 */
char *usym_format(struct usym *u, char *out, size_t outlen, uint32_t tgid, uint64_t addr);
/* The process ended or ran another program. */
void usym_forget(struct usym *u, uint32_t tgid);

#endif
