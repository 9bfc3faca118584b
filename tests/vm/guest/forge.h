/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_FORGE_H
#define GUEST_FORGE_H
/* forge.h - user stacks that their owner makes up. */
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/uio.h>

/*
 * vmsplice() of @v into the pipe @out, with a frame pointer that leads to @frame: the next one and a
 * return address. The kernel follows them (arch/x86/events/core.c, perf_callchain_user()). Inlined, so
 * that the stack begins in the caller. Returns what vmsplice() does, -errno for an error.
 */
static inline __attribute__((always_inline)) long vmsplice_forged(int out, const struct iovec *v,
								  const uint64_t frame[2])
{
	register long flags asm("r10") = 0;
	long ret;

	/* not by push: it would write to the red zone */
	asm volatile("mov %%rbp, %%r12\n\tmov %[frame], %%rbp\n\tsyscall\n\tmov %%r12, %%rbp"
		     : "=a"(ret)
		     : "a"(SYS_vmsplice), "D"((long)out), "S"(v), "d"(1L),
		       "r"(flags), [frame] "r"(frame)
		     : "rcx", "r11", "r12", "memory");
	return ret;
}

#endif
