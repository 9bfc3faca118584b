// SPDX-License-Identifier: GPL-2.0-only
/* multi.bpf.c - the programs of hook.h's table: each for itself, and all of a group in one */
#include "hook.bpf.h"

#define PROGRAM(group, section, name, function) \
	SEC(#section "/" #function)             \
	int name(__u64 *ctx)                    \
	{                                       \
		return name##_at(ctx);          \
	}
DX_HOOKS(PROGRAM)

/* @of is a constant, so that hooks of the other group are left out of the program. */
#define CASE(group, section, name, function) \
	case name##_hook:                    \
		if (of != DX_HOOK_##group)   \
			break;               \
		return name##_at(ctx);

static __always_inline int hook_run(__u64 *ctx, enum dx_hook_group of)
{
	switch (bpf_get_attach_cookie(ctx)) {
		DX_HOOKS(CASE)
	}
	return 0;
}

SEC("fentry.multi")
int dx_multi_entry(__u64 *ctx)
{
	return hook_run(ctx, DX_HOOK_ENTRY);
}

SEC("fexit.multi")
int dx_multi_exit(__u64 *ctx)
{
	return hook_run(ctx, DX_HOOK_EXIT);
}
