/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_KFUNCS_H
#define DAXTOP_KFUNCS_H
/* kfuncs.h - the kernel functions that programs call (include/kfunc.h), found in its types */
#include <stddef.h>

struct bpf_program;
struct btf_names;

/* The first one that @types, the kernel's, lacks; NULL: all are there, and kfuncs_call() finds them. */
const char *kfuncs_find(const struct btf_names *types);
/* In libbpf's prepare: @prog calls them by their types from now on. Returns 0, or -ENOMEM. */
int kfuncs_call(struct bpf_program *prog);

#endif
