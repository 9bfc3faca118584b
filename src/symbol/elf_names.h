/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ELF_NAMES_H
#define DAXTOP_ELF_NAMES_H
/*
 * elf_names.h - which functions an ELF file has at offsets in it. The file is anybody's.
 *
 * Read by pread(2) into a fixed buffer: nothing in the file makes it allocate memory, and a file
 * that is truncated meanwhile is a short read, no SIGBUS. Nothing is decompressed, no other file is opened.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_NAME_MAX 256

struct elf_name {
	uint64_t offset; /* into the function */
	char name[ELF_NAME_MAX]; /* hostile bytes, ends with NUL; cut at the end if longer. "": none is there */
};

/*
 * The function at each of the @nr file offsets @at (at most ELF_NAMES_MAX). Only symbols with a size are
 * taken: what lies behind one without may be anything. Returns 0, or -errno and no names: -ENOEXEC: no
 * ELF file of x86, or one that contradicts itself; -E2BIG: more tables than are read.
 */
#define ELF_NAMES_MAX 32
int elf_names(int fd, const uint64_t *at, size_t nr, struct elf_name *out);

#endif
