// SPDX-License-Identifier: GPL-2.0-only
/* main.bpf.c - the maps and settings of perf; an object of its own, so that nothing else of daxtop is attached. */
#include "perf/count.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 zone_shift = 51;
struct perf_values_map perf_values SEC(".maps");
struct perf_others_map perf_others SEC(".maps");
struct perf_tasks_map perf_tasks SEC(".maps");
struct perf_files_map perf_files SEC(".maps");
const struct perf_value perf_zero;
__u64 perf_slots[PERF_SLOTS * SLOT_WORDS];

/* Text of gup_fast_fallback(), [start, end); both 0: not known. */
__u64 gup_fast_start, gup_fast_end;

#define GUP_FAST_MAX 16384 /* 3,568 bytes on 7.2.12 */

/* get_user_pages_fast_only() follows it in mm/gup.c. */
SEC("syscall")
int perf_init(void *ctx)
{
	__u64 start = symbol_at((const char[SYMBOL_MAX]){ "gup_fast_fallback" });
	__u64 end = symbol_at((const char[SYMBOL_MAX]){ "get_user_pages_fast_only" });

	(void)ctx;
	if (!start || end <= start || end > start + GUP_FAST_MAX)
		return 0;
	gup_fast_start = start;
	gup_fast_end = end;
	return 0;
}
