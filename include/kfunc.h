/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_KFUNC_H
#define DAXTOP_KFUNC_H
/*
 * kfunc.h - kernel functions that the programs call.
 *
 * As externs (__ksym) libbpf would read all of the kernel's types to find them, for each object anew. So a program
 * calls a helper of this number, which no kernel has, and before it is loaded the call is made one of the
 * function's type (src/kernel/kfuncs.c).
 *
 * All are there since 6.2. A program of type "syscall" may call bpf_task_from_pid() since LINUX_NEEDED
 * (commit a8e03b6bbb2c), which no type tells: between the two the verifier refuses such programs,
 * user stacks have no names, and no process is known to be gone.
 */
#define KFUNCS(K)            \
	K(bpf_rdonly_cast)   \
	K(bpf_task_from_pid) \
	K(bpf_task_release)

enum kfunc {
	KFUNC_FIRST = 0x64780000, /* "dx": helpers count from 1, and there are some hundreds */
#define KFUNC_NUMBER(name) KFUNC_##name,
	KFUNCS(KFUNC_NUMBER)
#undef KFUNC_NUMBER
		KFUNC_END
};

#endif
