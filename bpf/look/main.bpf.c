// SPDX-License-Identifier: GPL-2.0-only
/*
 * main.bpf.c - what the programs of one look share (look.h). They are an object of their
 * own, with walk.bpf.c and scan.bpf.c: nothing of it is attached.
 */
#include "folio.bpf.h"
#include "scan.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 zone_shift = 51;
const volatile bool legacy;
__u64 vmemmap_base, page_offset_base;
__u64 dev_pfn_min = -1ULL, dev_pfn_max;

char symbol_name[DX_SYMBOL_LEN]; /* "dax_iomap_fault+0x12/0x80 [module]", or "0x..." */

/* Reading all of /proc/kallsyms takes a second in emulation; the kernel names one at once. */
SEC("syscall")
int dx_symbol(struct dx_symbol_args *a)
{
	static const char fmt[] = "%pS";
	__u64 addr = a->addr;

	/* 6.12 lets no helper write into the context, and user space can read a global */
	bpf_snprintf(symbol_name, sizeof(symbol_name), fmt, &addr, sizeof(addr));
	return 0;
}
