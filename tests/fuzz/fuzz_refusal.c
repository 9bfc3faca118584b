// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_refusal.c - the verifier's log */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "kernel/refusal.h"

/* As libbpf prints it. */
static void keep(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	refusal_keep(fmt, ap);
	va_end(ap);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { data, size };
	size_t len = 1 + bytes_number(&b, 1);
	char *log = strndup((const char *)b.p, b.left), *says = malloc(len);

	promise(log && says);
	keep("libbpf: prog '%s': -- BEGIN PROG LOAD LOG --\n%s-- END PROG LOAD LOG --\n", "fuzz",
	     log);
	keep("%s", log);
	refusal_of("fuzz");
	refusal_of("");
	verifier_sentence(says, len, log);
	promise(strlen(says) < len && !strchr(says, '\n'));
	free(says);
	free(log);
	return 0;
}
