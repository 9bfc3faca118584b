// SPDX-License-Identifier: GPL-2.0-only
/* walk.c - struct pages, piece by piece */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <bpf/libbpf.h>
#include "btf_kernel.h"
#include "limit.h"
#include "preflight.h"
#include "programs.h"
#include "walk.h"

int pages_known(const struct btf_names *types, uint32_t *zone_shift, char *err, size_t errlen)
{
	*zone_shift = btf_zone_shift(types);
	if (*zone_shift && btf_sizeof(types, "page") == 64)
		return 0;
	snprintf(err, errlen,
		 "this kernel's struct page can't be read: its BTF doesn't tell where the "
		 "zone stands, or its size is not 64 bytes");
	return -1;
}

int pages_init(const struct bpf_program *prog, struct dx_init_args *init, char *err, size_t errlen)
{
	int rc = programs_run(prog, init, sizeof(*init));

	if (rc == -ENOSYS && programs_locked_down(bpf_program__name(prog))) {
		snprintf(err, errlen, PREFLIGHT_LOCKDOWN);
		return -1;
	}
	if (rc) {
		snprintf(err, errlen, "the kernel refused to run a BPF program: %s",
			 rc == -ENOSYS ? programs_why(rc) : limit_sentence(rc));
		return -1;
	}
	if (!init->vmemmap_base) {
		if (init->err == -EPERM)
			snprintf(err, errlen,
				 "kernel addresses are hidden: run sysctl kernel.kptr_restrict=1 (or 0) first");
		else
			snprintf(err, errlen,
				 "vmemmap_base is not in /proc/kallsyms: daxtop needs a kernel with "
				 "CONFIG_KALLSYMS_ALL, as Debian's are");
		return -1;
	}
	return 0;
}

int walk_next(struct walk *w, struct dx_walk_args *piece)
{
	int rc;

	if (w->pfn >= w->end)
		return 0;
	memset(piece, 0, sizeof(*piece));
	piece->pfn = w->pfn;
	piece->end = w->end;
	piece->pgmap = w->pgmap;
	piece->idle = w->idle;
	piece->budget = WALK_BUDGET;
	rc = programs_run(w->prog, piece, sizeof(*piece));
	if (rc)
		return rc;
	w->pfn = piece->pfn;
	return 1;
}
