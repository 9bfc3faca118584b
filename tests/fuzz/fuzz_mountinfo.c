// SPDX-License-Identifier: GPL-2.0-only
/* fuzz_mountinfo.c - /proc/self/mountinfo: mount points and sources are anybody's words */
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "look/mountinfo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mountinfo t = {};
	FILE *f = fuzz_file(data, size);

	promise(!mountinfo_parse(&t, f));
	fclose(f);
	for (size_t i = 0; i < t.nr; i++) {
		char *path = mountinfo_path(&t, t.m[i].dev, t.m[i].root);

		/* NULL: another mount stands over each that shows it */
		promise(strlen(t.m[i].fstype) < sizeof(t.m[i].fstype));
		free(path);
		free(mountinfo_path(&t, t.m[i].dev, "/dir/file"));
		free(mountinfo_path(&t, t.m[i].dev, t.m[0].point));
	}
	mountinfo_free(&t);
	return 0;
}
