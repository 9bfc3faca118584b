// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_iomem.c - /proc/iomem */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "kernel/iomem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	uint64_t pfn = bytes_number(&b, 3), nr = bytes_number(&b, 2);
	size_t len = 1 + bytes_number(&b, 1) % 32;
	char *ns = bytes_string(&b, 20), *name = malloc(len);
	FILE *f;

	promise(name);
	*name = '\0';
	f = fuzz_file(b.p, b.left);
	iomem_device(f, pfn, nr, name, len);
	promise(strlen(name) < len);
	rewind(f);
	iomem_device_of_namespace(f, ns, name, len);
	promise(strlen(name) < len);
	fclose(f);
	free(ns);
	free(name);
	return 0;
}
