// SPDX-License-Identifier: GPL-2.0-only
/* tool.c - what others wrote: fio, by its engines for device-dax and libpmem. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "honest.h"

static void fio_run(const char *engine, const char *file, const char *size, const char *block)
{
	char out[4096], a_engine[64], a_file[256], a_size[32], a_block[32];
	const char *argv[] = { "fio",	      "--name=honest", a_engine,      a_file,
			       a_size,	      a_block,	       "--rw=randrw", "--time_based",
			       "--runtime=1", "--thread",      "--minimal",   "--randseed=1",
			       NULL };

	snprintf(a_engine, sizeof(a_engine), "--ioengine=%s", engine);
	snprintf(a_file, sizeof(a_file), "--filename=%s", file);
	snprintf(a_size, sizeof(a_size), "--size=%s", size);
	snprintf(a_block, sizeof(a_block), "--bs=%s", block);
	if (!child_exec(argv, out, sizeof(out)))
		job_fail("fio --ioengine=%s failed (no fio here? then --without fio): %s", engine,
			 out);
	job_did();
}

static void run_fio(void)
{
	char path[200];

	if (!job.place->fs) {
		fio_run("dev-dax", job.place->path, "16m", "4k");
		return;
	}
	file_name(path, sizeof(path), job.place, "fio");
	fio_run("libpmem", path, "8m", "4k");
	must(unlink(path));
}

const struct kind tool_kinds[] = {
	KIND_AS("fio", AT_ALL, run_fio, KIND_FEW),
	KINDS_END,
};
