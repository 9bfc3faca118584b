// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_elf.c - ELF files that strangers map: functions at offsets in them */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "fuzz.h"
#include "symbol/elf_names.h"

#define NR_OFFSETS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct bytes b = { data, size };
	struct elf_name *names = calloc(NR_OFFSETS, sizeof(*names));
	uint64_t at[NR_OFFSETS];

	promise(names);
	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	promise(fd >= 0);
	for (size_t i = 0; i < NR_OFFSETS - 1; i++)
		at[i] = bytes_number(&b, 2);
	at[NR_OFFSETS - 1] = UINT64_MAX - size;
	promise(!ftruncate(fd, 0) && pwrite(fd, b.p, b.left, 0) == (ssize_t)b.left);
	if (!elf_names(fd, at, NR_OFFSETS, names))
		for (size_t i = 0; i < NR_OFFSETS; i++)
			promise(memchr(names[i].name, '\0', sizeof(names[i].name)));
	free(names);
	return 0;
}
