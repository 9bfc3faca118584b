/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENTRY_VALUE_BPF_H
#define DAXTOP_ENTRY_VALUE_BPF_H
/* entry_value.bpf.h - what a DAX entry is (fs/dax.c) */
#include "folio.bpf.h"

/* fs/dax.c: DAX_SHIFT and the flags below it; an xarray value is n << 1 | 1 */
#define DAX_LOCKED    1
#define DAX_PMD	      2
#define DAX_ZERO_PAGE 4
#define DAX_EMPTY     8
#define DAX_SHIFT     4

static __always_inline __u64 entry_value(__u64 entry)
{
	return entry >> 1;
}

#endif
