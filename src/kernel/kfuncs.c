// SPDX-License-Identifier: GPL-2.0-only
/* kfuncs.c - calls of kernel functions, by their types */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "btf_names.h"
#include "kfunc.h"
#include "kfuncs.h"

static uint32_t ids[KFUNC_END - KFUNC_FIRST];

const char *kfuncs_find(const struct btf_names *types)
{
	static const char *const names[] = {
#define KFUNC_NAME(name) [KFUNC_##name - KFUNC_FIRST] = #name,
		KFUNCS(KFUNC_NAME)
	};

	for (size_t i = 1; i < sizeof(ids) / sizeof(ids[0]); i++) {
		ids[i] = btf_names_next(types, names[i], strlen(names[i]), BTF_KIND_FUNC, 0);
		if (!ids[i])
			return names[i];
	}
	return NULL;
}

static bool is_ours(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg && insn->imm > KFUNC_FIRST &&
	       insn->imm < KFUNC_END;
}

int kfuncs_call(struct bpf_program *prog)
{
	size_t nr = bpf_program__insn_cnt(prog);
	struct bpf_insn *insns = malloc(nr * sizeof(*insns));
	int rc;

	if (!insns)
		return -ENOMEM;
	memcpy(insns, bpf_program__insns(prog), nr * sizeof(*insns));
	for (size_t i = 0; i < nr; i++) {
		if (!is_ours(&insns[i]))
			continue;
		/* off 0: of the kernel, not of a module */
		insns[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
		insns[i].imm = ids[insns[i].imm - KFUNC_FIRST];
	}
	rc = bpf_program__set_insns(prog, insns, nr);
	free(insns);
	return rc;
}
