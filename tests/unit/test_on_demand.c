// SPDX-License-Identifier: GPL-2.0-only
/* test_on_demand.c - what is done to a program between libbpf's relocation and the kernel */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "event.h"
#include "kfunc.h"
#include "scan.h"
#include "daxtop.skel.h"
#include "kernel/btf_names.h"
#include "kernel/kfuncs.h"
#include "kernel/on_demand.h"
#include "kernel/refusal.h"

static int setup(void **state)
{
	size_t len;
	const void *elf = daxtop_bpf__elf_bytes(&len);

	*state = bpf_object__open_mem(elf, len, NULL);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	on_demand_forget(*state);
	bpf_object__close(*state);
	return 0;
}

static struct bpf_program *program(void **state, const char *name)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(*state, name);

	assert_non_null(prog);
	return prog;
}

/* The kernel's types: @nr of the functions, in the order of the table. */
static struct btf_names *kernel_types(size_t nr)
{
	static const char *const names[] = {
#define NAME(name) #name,
		KFUNCS(NAME)
	};
	struct btf *b = btf__new_empty();
	int proto = btf__add_func_proto(b, 0);

	for (size_t i = 0; i < nr; i++)
		btf__add_func(b, names[i], BTF_FUNC_GLOBAL, proto);
	return btf_names_new(b, 1);
}

static size_t calls(const struct bpf_program *prog, int src_reg, int imm)
{
	const struct bpf_insn *insns = bpf_program__insns(prog);
	size_t n = 0;

	for (size_t i = 0; i < bpf_program__insn_cnt(prog); i++)
		n += insns[i].code == (BPF_JMP | BPF_CALL) && insns[i].src_reg == src_reg &&
		     insns[i].imm == imm;
	return n;
}

static void kernel_functions_are_called_by_their_types(void **state)
{
	struct bpf_program *prog = program(state, "dx_program");
	struct btf_names *types = kernel_types(KFUNC_END - KFUNC_FIRST - 1);
	size_t get = calls(prog, 0, KFUNC_bpf_task_from_pid);
	size_t put = calls(prog, 0, KFUNC_bpf_task_release), nr = bpf_program__insn_cnt(prog);

	assert_int_not_equal(get, 0);
	assert_int_not_equal(put, 0);
	assert_null(kfuncs_find(types));
	assert_int_equal(kfuncs_call(prog), 0);
	assert_int_equal(bpf_program__insn_cnt(prog), nr);
	for (int f = KFUNC_FIRST + 1; f < KFUNC_END; f++)
		assert_int_equal(calls(prog, 0, f), 0);
	/* type 1 is the prototype */
	assert_int_equal(calls(prog, BPF_PSEUDO_KFUNC_CALL, 3), get);
	assert_int_equal(calls(prog, BPF_PSEUDO_KFUNC_CALL, 4), put);
	btf_names_free(types);
}

static void the_one_that_is_missing_is_named(void **state)
{
	struct btf_names *types = kernel_types(1);

	(void)state;
	assert_string_equal(kfuncs_find(types), "bpf_task_from_pid");
	btf_names_free(types);
}

static void only_what_is_run_by_hand_waits(void **state)
{
	assert_true(on_demand_is(program(state, "dx_program")));
	assert_true(on_demand_is(program(state, "dx_mark_mms")));
	assert_false(on_demand_is(program(state, "dx_insert_entry")));
	assert_false(on_demand_is(program(state, "dx_pte_fault_done")));
}

/* What stands for it does nothing, and has no functions or lines to tell of; its own stay as they were. */
static void a_program_is_kept(void **state)
{
	struct bpf_program *prog = program(state, "dx_program");
	char infos[] = "information";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .func_info = infos, .func_info_cnt = 1,
		    .func_info_rec_size = sizeof(infos), .line_info = infos, .line_info_cnt = 1,
		    .line_info_rec_size = sizeof(infos), .prog_flags = 1);
	const struct bpf_insn *insns;

	assert_int_equal(on_demand_load(prog), 0); /* not kept: it is as it is */
	assert_int_equal(on_demand_keep(prog, &opts), 0);
	assert_int_equal(bpf_program__insn_cnt(prog), 2);
	insns = bpf_program__insns(prog);
	assert_int_equal(insns[0].code, BPF_ALU64 | BPF_MOV | BPF_K);
	assert_int_equal(insns[0].dst_reg, 0);
	assert_int_equal(insns[0].imm, 0);
	assert_int_equal(insns[1].code, BPF_JMP | BPF_EXIT);
	assert_null(opts.func_info);
	assert_null(opts.line_info);
	assert_int_equal(opts.func_info_cnt + opts.line_info_cnt, 0);
	assert_int_equal(opts.prog_flags, 1);
	assert_false(on_demand_refused(prog));
}

/* Not relocated, no kernel takes it; nor are we allowed to ask one everywhere. Either way nothing stands for an answer. */
static void a_refused_program_is_not_the_one_that_does_nothing(void **state)
{
	struct bpf_program *prog = program(state, "dx_program");
	LIBBPF_OPTS(bpf_prog_load_opts, opts);

	assert_int_equal(on_demand_keep(prog, &opts), 0);
	assert_int_equal(on_demand_load(prog), -ENOSYS);
	assert_true(on_demand_refused(prog));
	assert_int_equal(on_demand_load(prog), -ENOSYS);
	assert_non_null(refusal_of("dx_program"));
	on_demand_forget(*state);
	assert_false(on_demand_refused(prog));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(kernel_functions_are_called_by_their_types),
		TEST(the_one_that_is_missing_is_named),
		TEST(only_what_is_run_by_hand_waits),
		TEST(a_program_is_kept),
		TEST(a_refused_program_is_not_the_one_that_does_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
