// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_ksym.c - /proc/kallsyms: BPF programs and modules are called what others like */
#include <string.h>
#include "fuzz.h"
#include "symbol/ksym.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	struct ksym *k = ksym_new("/nowhere");
	uint64_t addr[4], offset;
	const char *module;
	char text[512];
	FILE *f;

	promise(k);
	for (size_t i = 0; i < 4; i++)
		addr[i] = bytes_number(&b, 2) | (i & 1 ? 0xffffffff81000000 : 0);
	f = fuzz_file(b.p, b.left);
	ksym_parse(k, f);
	fclose(f);
	for (size_t i = 0; i < 4; i++) {
		if (ksym_name(k, addr[i], &offset, &module))
			promise(offset <= addr[i]);
		promise_harmless(ksym_format(k, text, sizeof(text), addr[i]), false);
	}
	ksym_free(k);
	return 0;
}
