/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROG_BPF_H
#define DAXTOP_PROG_BPF_H
/*
 * prog.bpf.h - a program that isn't preempted.
 *
 * The kernel skips a run of a program when the same program is under way on that CPU
 * (prog->active, kernel/bpf/trampoline.c). A task that is preempted inside would make
 * those of all others be missed until it runs again: 2,197 in 30 s of hard work in the
 * laboratory. What is left are programs that an interrupt finds under way.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

/* 6.11 and after. Weak, and behind a constant: without it the verifier leaves the calls out. */
extern void bpf_preempt_disable(void) __ksym __weak;
extern void bpf_preempt_enable(void) __ksym __weak;
extern const volatile bool can_disable_preempt;

/* As BPF_PROG() of <bpf/bpf_tracing.h>. */
#define DX_PROG(name, args...)                                                       \
	name(unsigned long long *ctx);                                               \
	static __always_inline int ____##name(unsigned long long *ctx, ##args);      \
	int name(unsigned long long *ctx)                                            \
	{                                                                            \
		int ret;                                                             \
                                                                                     \
		if (can_disable_preempt)                                             \
			bpf_preempt_disable();                                       \
		_Pragma("GCC diagnostic push")                                       \
		_Pragma("GCC diagnostic ignored \"-Wint-conversion\"")               \
		ret = ____##name(___bpf_ctx_cast(args));                             \
		_Pragma("GCC diagnostic pop")                                        \
		if (can_disable_preempt)                                             \
			bpf_preempt_enable();                                        \
		return ret;                                                          \
	}                                                                            \
	static __always_inline int ____##name(unsigned long long *ctx, ##args)

#endif
