// SPDX-License-Identifier: GPL-2.0-only
/* test_probe.c - the probe table, and what is concluded from BTF and from text */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "event.h"
#include "kfunc.h"
#include "scan.h"
#include "daxtop.skel.h"
#include "kernel/btf_names.h"
#include "kernel/btf_kernel.h"
#include "kernel/preflight.h"

static struct bpf_object *main_object;

/* Opening reads the ELF image that is built in; nothing is loaded into a kernel. */
static int open_objects(void **state)
{
	const void *elf;
	size_t len;

	(void)state;
	elf = daxtop_bpf__elf_bytes(&len);
	main_object = bpf_object__open_mem(elf, len, NULL);
	return main_object ? 0 : -1;
}

static int close_objects(void **state)
{
	(void)state;
	bpf_object__close(main_object);
	return 0;
}

static void every_program_of_the_table_exists(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = probe_table(table, PROBE_MAX);

	(void)state;
	assert_true(n > 30);
	for (size_t i = 0; i < n; i++) {
		struct bpf_object *obj = main_object;

		assert_non_null(table[i].event);
		assert_true(strlen(table[i].costs) > 0);
		assert_int_equal(table[i].state, PROBE_MISSING);
		assert_int_equal(table[i].chosen, -1);
		assert_non_null(table[i].candidates[0].target);
		for (int c = 0; c < PROBE_CANDIDATES && table[i].candidates[c].target; c++) {
			assert_non_null(table[i].candidates[c].programs[0]);
			for (int k = 0; k < PROBE_PROGRAMS && table[i].candidates[c].programs[k]; k++)
				assert_non_null(bpf_object__find_program_by_name(
					obj, table[i].candidates[c].programs[k]));
		}
	}
}

/* A program that no row names would never be attached: dead code, or a forgotten row. */
static void every_program_is_in_the_table(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = probe_table(table, PROBE_MAX);
	struct bpf_program *prog;

	(void)state;
	bpf_object__for_each_program(prog, main_object) {
		const char *section = bpf_program__section_name(prog);
		/* run by hand, or one for many that are in the table */
		bool found = !strcmp(section, "syscall") || !strcmp(section, "fentry.multi") ||
			     !strcmp(section, "fexit.multi");

		for (size_t i = 0; i < n; i++)
			for (int c = 0; c < PROBE_CANDIDATES; c++)
				for (int k = 0; k < PROBE_PROGRAMS; k++) {
					const char *name = table[i].candidates[c].programs[k];

					if (name && !strcmp(name, bpf_program__name(prog)))
						found = true;
				}
		if (!found)
			fail_msg("%s is in no row", bpf_program__name(prog));
	}
}

/* ---- what a filter leaves out ---- */

#define E(type) (1u << DX_##type)

static size_t choose(struct probe *table, uint32_t events)
{
	size_t n = probe_table(table, PROBE_MAX);

	probe_choose(table, n, REGIME_CURRENT, false, events);
	return n;
}

static size_t left_out(uint32_t events)
{
	struct probe table[PROBE_MAX];
	size_t n = choose(table, events), out = 0;

	for (size_t i = 0; i < n; i++)
		out += table[i].state == PROBE_LEFT_OUT;
	return out;
}

/* What is judged, or read because something was judged to be odd, comes from all of them. */
static void all_events_need_all_probes(void **state)
{
	(void)state;
	assert_int_equal(left_out(0), 0);
	assert_int_equal(left_out(E(VIOLATION)), 0);
	assert_int_equal(left_out(E(FAULT) | E(VIOLATION)), 0);
	assert_int_equal(left_out(E(SAMPLE)), 0);
	assert_int_equal(left_out(E(PGMAP_REFS)), 0);
	assert_int_equal(left_out(E(TASK_GONE)), 0);
	assert_int_equal(left_out((1u << DX_EVENT_TYPES) - 2), 0);
}

static void expect_attached(uint32_t events, const char *const want[])
{
	struct probe table[PROBE_MAX];
	size_t n = choose(table, events), k = 0;

	for (size_t i = 0; i < n; i++) {
		if (table[i].state != PROBE_MISSING)
			continue;
		assert_non_null(want[k]);
		assert_string_equal(table[i].event, want[k++]);
	}
	assert_null(want[k]);
}

static void events_keep_what_they_are_made_of(void **state)
{
	static const char *const fault[] = { "fault, PTE",
					     "fault, PMD",
					     "fault, MAP_SYNC",
					     "entry inserted",
					     "install, PTE",
					     "install, PMD",
					     "install, PUD",
					     "pgmap added",
					     "pgmap removed",
					     "module loaded",
					     NULL };
	static const char *const pgmap[] = { "pgmap added", "pgmap removed", "pgmap get",
					     "module loaded", NULL };
	/* a pin's mm was marked by an install, a fork or the walk over what was there; its file's path was sent */
	static const char *const pin[] = { "fault, PTE",	"fault, PMD",	 "fault, MAP_SYNC",
					   "entry inserted",	"install, PTE",	 "install, PMD",
					   "install, PUD",	"unmap, PTE",	 "unmap, PMD",
					   "unmap, PUD",	"bare pfn, PTE", "bare pfn, PMD",
					   "bare pfn, PUD",	"GUP",		 "pin again",
					   "pin again, many",	"page init",	 "pgmap added",
					   "pgmap removed",	"fork",		 "exit",
					   "existing mappings", "module loaded", NULL };

	(void)state;
	expect_attached(E(FAULT), fault);
	expect_attached(E(INSERT), fault);
	expect_attached(E(PGMAP_GET), pgmap);
	expect_attached(E(PIN), pin);
}

/* A row tells of an event, so that event keeps it; and names and modules are for all. */
static void no_event_loses_its_own_probes(void **state)
{
	struct probe table[PROBE_MAX];

	(void)state;
	for (unsigned int type = DX_NONE + 1; type < DX_EVENT_TYPES; type++) {
		size_t n = choose(table, 1u << type);

		for (size_t i = 0; i < n; i++)
			if (table[i].tells == type || table[i].tells == DX_PGMAP_ADD ||
			    table[i].tells == DX_PGMAP_KILL || table[i].tells == DX_MODULE)
				assert_int_not_equal(table[i].state, PROBE_LEFT_OUT);
	}
}

static void two_events_need_what_each_needs(void **state)
{
	struct probe one[PROBE_MAX], other[PROBE_MAX], both[PROBE_MAX];

	(void)state;
	for (unsigned int a = DX_NONE + 1; a < DX_EVENT_TYPES; a++)
		for (unsigned int b = a + 1; b < DX_EVENT_TYPES; b++) {
			size_t n = choose(both, 1u << a | 1u << b);

			choose(one, 1u << a);
			choose(other, 1u << b);
			for (size_t i = 0; i < n; i++)
				assert_int_equal(both[i].state == PROBE_LEFT_OUT,
						 one[i].state == PROBE_LEFT_OUT &&
							 other[i].state == PROBE_LEFT_OUT);
		}
}

static const struct probe *find_probe(const struct probe *table, size_t n, const char *event)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(table[i].event, event))
			return &table[i];
	fail_msg("no probe '%s'", event);
	return NULL;
}

/* What has no use on a kernel is no loss, and not what a filter leaves out. */
static void regime_and_judging_come_first(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = choose(table, E(FAULT));

	(void)state;
	assert_int_equal(find_probe(table, n, "folio freed, at one")->state, PROBE_UNNEEDED);
	assert_int_equal(find_probe(table, n, "install, attempts")->state, PROBE_UNNEEDED);
	assert_int_equal(find_probe(table, n, "layout break")->state, PROBE_LEFT_OUT);
	n = probe_table(table, PROBE_MAX);
	probe_choose(table, n, REGIME_LEGACY, true, 0);
	assert_int_equal(find_probe(table, n, "folio freed, at one")->state, PROBE_MISSING);
	assert_int_equal(find_probe(table, n, "layout break")->state, PROBE_UNNEEDED);
	n = probe_table(table, PROBE_MAX);
	probe_choose(table, n, REGIME_CURRENT, true, 0);
	assert_int_equal(find_probe(table, n, "install, attempts")->state, PROBE_MISSING);
}

static void programs_go_with_their_probe(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = choose(table, E(FAULT));

	(void)state;
	assert_true(probe_program_wanted(table, n, "dx_pte_fault_done"));
	assert_true(probe_program_wanted(table, n, "dx_pgmap_gone"));
	assert_true(probe_program_wanted(table, n, "dx_init")); /* of no row: run by hand */
	assert_false(probe_program_wanted(table, n, "dx_gup_slow"));
	assert_false(probe_program_wanted(table, n, "dx_grab")); /* a second choice */
	assert_false(probe_program_wanted(table, n, "dx_put_managed")); /* another regime's */
	/* one that two rows had would be left out with either */
	for (size_t i = 0; i < n; i++)
		for (int c = 0; c < PROBE_CANDIDATES; c++)
			for (int k = 0; k < PROBE_PROGRAMS && table[i].candidates[c].programs[k]; k++)
				assert_int_equal(
					probe_program_wanted(table, n,
							     table[i].candidates[c].programs[k]),
					table[i].state == PROBE_MISSING);
}

static void essential_means_not_missing(void **state)
{
	struct probe table[PROBE_MAX];
	size_t n = probe_table(table, PROBE_MAX), essential = n;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		table[i].state = PROBE_ATTACHED;
		if (table[i].essential)
			essential = i;
	}
	assert_true(probe_essential_ok(table, n));
	table[essential].state = PROBE_UNNEEDED;
	assert_true(probe_essential_ok(table, n));
	table[essential].state = PROBE_WAITING;
	assert_true(probe_essential_ok(table, n));
	table[essential].state = PROBE_MISSING;
	assert_false(probe_essential_ok(table, n));
	table[essential].essential = false;
	assert_true(probe_essential_ok(table, n));
}

static void kinds(void **state)
{
	(void)state;
	assert_string_equal(probe_kind("fentry/x"), "fentry");
	assert_string_equal(probe_kind("fexit/x"), "fexit");
	assert_string_equal(probe_kind("iter/task_vma"), "iterator");
	assert_string_equal(probe_kind("tp_btf/x"), "tracepoint");
}

/* ---- BTF ---- */

static struct btf *btf_with(const char *func, const char *typedefed, int nodemask_bits)
{
	struct btf *btf = btf__new_empty();
	int u64 = btf__add_int(btf, "unsigned long", 8, 0);
	int proto = btf__add_func_proto(btf, 0);
	int words;

	if (func)
		btf__add_func(btf, func, BTF_FUNC_STATIC, proto);
	if (typedefed)
		btf__add_typedef(btf, typedefed, u64);
	if (nodemask_bits) {
		words = btf__add_array(btf, u64, u64, nodemask_bits / 64);
		btf__add_struct(btf, "mempolicy", 8 + nodemask_bits / 8);
		btf__add_field(btf, "refcnt", u64, 0, 0);
		btf__add_field(btf, "nodes", words, 64, 0);
	}
	return btf;
}

static enum regime regime_with(const char *func, const char *typedefed)
{
	struct btf_names *types = btf_names_new(btf_with(func, typedefed, 0), 1);
	enum regime regime = regime_of(types);

	btf_names_free(types);
	return regime;
}

static void regimes(void **state)
{
	(void)state;
	assert_int_equal(regime_with("__put_devmap_managed_folio_refs", "pfn_t"), REGIME_LEGACY);
	assert_int_equal(regime_with("__put_devmap_managed_page_refs", "pfn_t"), REGIME_LEGACY);
	assert_int_equal(regime_with("vmf_insert_folio_pmd", "pfn_t"), REGIME_TRANSITION);
	assert_int_equal(regime_with("vmf_insert_folio_pmd", NULL), REGIME_CURRENT);
}

/* Takes @btf over. */
static unsigned int zone_shift(struct btf *btf)
{
	struct btf_names *types = btf_names_new(btf, 1);
	unsigned int shift = btf_zone_shift(types);

	btf_names_free(types);
	return shift;
}

/* NODES_SHIFT 5: a nodemask is a whole word, the array is not */
static struct btf *btf_with_hstate(void)
{
	struct btf *btf = btf_with(NULL, NULL, 64);
	int u64 = btf__find_by_name_kind(btf, "unsigned long", BTF_KIND_INT);
	int lists = btf__add_array(btf, u64, u64, 32);

	btf__add_struct(btf, "hstate", 32 * 8);
	btf__add_field(btf, "hugepage_freelists", lists, 0, 0);
	return btf;
}

static void zone_shifts(void **state)
{
	struct btf *btf;

	(void)state;
	assert_int_equal(zone_shift(btf_with(NULL, NULL, 1024)), 51); /* NODES_SHIFT 10, Debian's */
	assert_int_equal(zone_shift(btf_with(NULL, NULL, 64)), 55); /* NODES_SHIFT 6 */
	assert_int_equal(zone_shift(btf_with(NULL, NULL, 0)), 0);
	assert_int_equal(zone_shift(btf_with_hstate()), 64 - 5 - 3);
	/* three bits hold up to eight zones, four zones take two */
	btf = btf_with_hstate();
	btf__add_enum(btf, "zone_type", 4);
	btf__add_enum_value(btf, "__MAX_NR_ZONES", 4);
	assert_int_equal(zone_shift(btf), 64 - 5 - 2);
}

static void targets(void **state)
{
	struct btf *btf = btf_with("dax_insert_entry", "btf_trace_dax_pte_fault_done", 0);
	uint32_t func = btf__find_by_name_kind(btf, "dax_insert_entry", BTF_KIND_FUNC);
	uint32_t typedefed =
		btf__find_by_name_kind(btf, "btf_trace_dax_pte_fault_done", BTF_KIND_TYPEDEF);
	struct btf_names *types = btf_names_new(btf, 1);

	(void)state;
	assert_int_equal(btf_target(types, "fentry/dax_insert_entry"), func);
	assert_int_equal(btf_target(types, "fexit/dax_insert_entry"), func);
	assert_int_equal(btf_target(types, "tp_btf/dax_pte_fault_done"), typedefed);
	assert_int_equal(btf_target(types, "fexit/gone"), 0);
	/* of the other kind */
	assert_int_equal(btf_target(types, "tp_btf/dax_insert_entry"), 0);
	assert_int_equal(btf_target(types, "fentry/btf_trace_dax_pte_fault_done"), 0);
	assert_int_equal(btf_target(types, "iter/task_vma"), 0);
	assert_true(btf_target(types, "syscall") == BTF_NO_TARGET);
	btf_names_free(types);
}

#define NAMES 20000

/* What is found has this name, not one that begins with it and is in the same bucket. */
static void prefixes(const struct btf_names *types, const char *name)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_UNION };

	for (size_t len = strlen(name); len-- > 1;)
		for (size_t k = 0; k < 2; k++) {
			uint32_t id = btf_names_next(types, name, len, kinds[k], 0);
			const struct btf_type *t = btf__type_by_id(btf_names_btf(types), id);

			if (id)
				assert_int_equal(strlen(btf__name_by_offset(btf_names_btf(types),
									    t->name_off)),
						 len);
		}
}

/* Names of all lengths, many in each bucket; two types of one name; and none. */
static void names(void **state)
{
	static const uint32_t kinds[] = { BTF_KIND_STRUCT, BTF_KIND_UNION, BTF_KIND_ENUM };
	struct btf *btf = btf__new_empty();
	struct btf_names *types;
	char name[64];
	uint32_t id;

	(void)state;
	btf__add_int(btf, "unsigned int", 4, 0);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%.*s%d", i % 40,
			 "a_name_of_that_many_letters_and_not_more", i / 2);
		assert_int_equal(i % 2 ? btf__add_struct(btf, name, i) : btf__add_union(btf, name, i),
				 i + 2);
	}
	assert_int_equal(btf__add_struct(btf, "twice", 1), NAMES + 2);
	assert_int_equal(btf__add_enum64(btf, "twice", 8, false), NAMES + 3);
	assert_int_equal(btf__add_struct(btf, "twice", 2), NAMES + 4);
	assert_int_equal(btf__add_enum(btf, NULL, 4), NAMES + 5);
	assert_int_equal(btf__add_struct(btf, NULL, 4), NAMES + 6);
	types = btf_names_new(btf, 3);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof(name), "%.*s%d,", i % 40,
			 "a_name_of_that_many_letters_and_not_more", i / 2);
		for (size_t k = 0; k < 3; k++) {
			/* type 2 stands before the first one */
			id = i && kinds[k] == (i % 2 ? BTF_KIND_STRUCT : BTF_KIND_UNION) ? i + 2 : 0;
			assert_int_equal(btf_names_next(types, name, strlen(name) - 1, kinds[k], 0),
					 id);
		}
		prefixes(types, name);
	}
	assert_int_equal(btf_names_next(types, "twice", 5, BTF_KIND_STRUCT, 0), NAMES + 2);
	assert_int_equal(btf_names_next(types, "twice", 5, BTF_KIND_STRUCT, NAMES + 2), NAMES + 4);
	assert_int_equal(btf_names_next(types, "twice", 5, BTF_KIND_STRUCT, NAMES + 4), 0);
	assert_int_equal(btf_names_next(types, "twice", 5, BTF_KIND_ENUM, 0), NAMES + 3);
	assert_int_equal(btf_names_next(types, "", 0, BTF_KIND_ENUM, 0), NAMES + 5);
	assert_int_equal(btf_names_next(types, "", 0, BTF_KIND_ENUM, NAMES + 5), 0);
	assert_null(btf_names_find(types, "", BTF_KIND_STRUCT));
	assert_null(btf_names_find(types, "unsigned int", BTF_KIND_INT));
	assert_int_equal(btf_names_find(types, "twice", BTF_KIND_STRUCT)->size, 1);
	btf_names_free(types);
	btf_names_free(NULL);
}

/* Takes @btf over. */
static int preflight_of(struct btf *btf, char *err, size_t errlen)
{
	struct btf_names *types = btf_names_new(btf, 1);
	int rc = preflight_btf(types, err, errlen);

	btf_names_free(types);
	return rc;
}

static void a_kernel_without_dax_is_told(void **state)
{
	struct btf *btf = btf_with("dax_insert_entry", NULL, 0);
	char err[256] = "";

	(void)state;
	assert_int_equal(preflight_of(btf_with("bpf_rdonly_cast", NULL, 0), err, sizeof(err)), -1);
	assert_non_null(strstr(err, "CONFIG_FS_DAX"));
	assert_int_equal(preflight_of(btf_with("dax_insert_entry", NULL, 0), err, sizeof(err)), -1);
	assert_non_null(
		strstr(err, "bpf_rdonly_cast(): daxtop needs Linux " LINUX_NEEDED " or later"));
#define ADD(name) btf__add_func(btf, #name, BTF_FUNC_STATIC, 0);
	KFUNCS(ADD)
	assert_int_equal(preflight_of(btf, err, sizeof(err)), 0);
}

/* ---- text ---- */

#define ADDR 0xffffffff81000000UL

static void put_branch(unsigned char *text, size_t at, unsigned char op, unsigned long target)
{
	int rel = target - (ADDR + at + 5);

	text[at] = op;
	memcpy(text + at + 1, &rel, sizeof(rel));
}

static void calls_are_found(void **state)
{
	unsigned long target = ADDR - 4096;
	unsigned char text[64];

	(void)state;
	memset(text, 0x55, sizeof(text));
	assert_false(text_calls(text, sizeof(text), ADDR, target));
	put_branch(text, 20, 0xe8, target);
	assert_true(text_calls(text, sizeof(text), ADDR, target));
	assert_false(text_calls(text, sizeof(text), ADDR, target + 1));
	memset(text, 0x55, sizeof(text));
	put_branch(text, sizeof(text) - 5, 0xe9, target); /* a tail call, the last bytes */
	assert_true(text_calls(text, sizeof(text), ADDR, target));
	assert_false(text_calls(text, sizeof(text) - 1, ADDR, target));
}

/* The next function's calls are not this one's. */
static void padding_ends_a_function(void **state)
{
	unsigned long target = ADDR + 65536;
	unsigned char text[64];

	(void)state;
	memset(text, 0x55, sizeof(text));
	memset(text + 10, 0x90, 16);
	put_branch(text, 40, 0xe8, target);
	assert_false(text_calls(text, sizeof(text), ADDR, target));
	memset(text + 10, 0x55, 16);
	memset(text + 10, 0xcc, 4); /* behind a ret */
	assert_true(text_calls(text, sizeof(text), ADDR, target));
	memset(text + 10, 0xcc, 8);
	assert_false(text_calls(text, sizeof(text), ADDR, target));
	memset(text + 10, 0x90, 5); /* ftrace's five nops are inside */
	assert_true(text_calls(text, sizeof(text), ADDR, target));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_program_of_the_table_exists),
		cmocka_unit_test(every_program_is_in_the_table),
		cmocka_unit_test(all_events_need_all_probes),
		cmocka_unit_test(events_keep_what_they_are_made_of),
		cmocka_unit_test(no_event_loses_its_own_probes),
		cmocka_unit_test(two_events_need_what_each_needs),
		cmocka_unit_test(regime_and_judging_come_first),
		cmocka_unit_test(programs_go_with_their_probe),
		cmocka_unit_test(essential_means_not_missing),
		cmocka_unit_test(kinds),
		cmocka_unit_test(regimes),
		cmocka_unit_test(zone_shifts),
		cmocka_unit_test(targets),
		cmocka_unit_test(names),
		cmocka_unit_test(a_kernel_without_dax_is_told),
		cmocka_unit_test(calls_are_found),
		cmocka_unit_test(padding_ends_a_function),
	};

	return cmocka_run_group_tests(tests, open_objects, close_objects);
}
