// SPDX-License-Identifier: GPL-2.0-only
/* maps.bpf.c - the maps and settings that the programs share. */
#include "task.bpf.h"
#include "rule.bpf.h"
#include "stack.bpf.h"

char LICENSE[] SEC("license") = "GPL";

struct ring_map events SEC(".maps");
struct lost_map lost SEC(".maps");
struct tasks_map tasks SEC(".maps");
struct rules_map rules SEC(".maps");
struct places_map places SEC(".maps");
struct devdax_map devdax_pgmaps SEC(".maps");
struct left_map left_indexes SEC(".maps");
__u64 faults[DX_FAULT_SLOTS * DX_FAULT_WORDS];
__u64 stacks_sent[DX_STACK_PLACES];

const volatile __u32 zone_shift = 51;
const volatile __u32 wakeup_mask = 1023;
const volatile __u32 stack_key[2 * DX_STACK_FRAMES + 1];
const volatile bool rules_on = true, legacy, index_stays, strict;
__u32 submitted;
__u64 vmemmap_base, page_offset_base;
__u64 dev_pfn_min = -1ULL, dev_pfn_max;
