/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_HOOK_BPF_H
#define DAXTOP_HOOK_BPF_H
/*
 * hook.bpf.h - how a hook of hook.h is written, so that it can be a program of its own as well as a
 * part of one: HOOK(name) { ... }, with arguments and return value by number.
 */
#include "folio.bpf.h"
#include "hook.h"

#define HOOK(name) static __always_inline int name##_at(__u64 *ctx)

#define HOOK_DECLARE(group, section, name, function) HOOK(name);
DX_HOOKS(HOOK_DECLARE)
#undef HOOK_DECLARE

/* Argument @n, 0: it has not so many. Inlined by the verifier (bpf_get_func_arg()). */
static __always_inline __u64 hook_arg(void *ctx, __u32 n)
{
	__u64 value = 0;

	bpf_get_func_arg(ctx, n, &value);
	return value;
}

static __always_inline __u64 hook_ret(void *ctx)
{
	__u64 value = 0;

	bpf_get_func_ret(ctx, &value);
	return value;
}

/* Argument @n, to read from. */
#define hook_ptr(ctx, n, type) cast(hook_arg(ctx, n), type)

#endif
