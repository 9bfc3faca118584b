/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_KFUNC_BPF_H
#define DAXTOP_KFUNC_BPF_H
/* kfunc.bpf.h - kernel functions, by the numbers of kfunc.h; bpf_helpers.h declares helpers in this way */
#include "vmlinux.h"
#include "kfunc.h"

static void *(*const kfunc_rdonly_cast)(const void *obj,
					__u32 btf_id) = (void *)KFUNC_bpf_rdonly_cast;
static struct task_struct *(*const kfunc_task_from_pid)(__s32 pid) = (void *)KFUNC_bpf_task_from_pid;
static void (*const kfunc_task_release)(struct task_struct *p) = (void *)KFUNC_bpf_task_release;

#endif
