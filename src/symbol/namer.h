/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_NAMER_H
#define DAXTOP_NAMER_H
/*
 * namer.h - a process that reads symbol tables of strangers' files, and can do nothing else: it is nobody,
 * in empty namespaces, with a handful of system calls. What it answers is a stranger's, too.
 */
#include <stdbool.h>
#include <stdint.h>
#include "symbol/elf_names.h"

/* Comes with the ELF file's descriptor. */
struct namer_request {
	uint32_t id;
	uint32_t nr; /* at most ELF_NAMES_MAX */
	uint64_t at[ELF_NAMES_MAX]; /* offsets in the file */
};

struct namer_reply {
	uint32_t id;
	int32_t status; /* as elf_names(); the first one, with id 0, says that it is ready */
	uint32_t last; /* it ends now: it has used its time */
	struct elf_name name[ELF_NAMES_MAX];
};

/* Is it a reply to the request @id, @len bytes long? Then every name in it ends. */
bool namer_reply_valid(const struct namer_reply *r, size_t len, uint32_t id);

/* In a process of its own, of new namespaces, as root. @sock: requests come from there; its end is ours. */
void namer_run(int sock) __attribute__((noreturn));

#endif
