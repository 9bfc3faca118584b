// SPDX-License-Identifier: GPL-2.0-only
/* test_types.c - the few of the kernel's types that libbpf is given */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "event.h"
#include "scan.h"
#include "daxtop.skel.h"
#include "kernel/btf_names.h"
#include "kernel/types.h"

struct fixture {
	struct btf *own, *types;
	struct btf_names *kernel;
	int folio, second_folio; /* in the kernel's */
};

/* What a program's source would declare. */
static struct btf *own_types(void)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0), inner;

	inner = btf__add_struct(b, "inner", 4);
	btf__add_field(b, "depth", u32, 0, 0);
	btf__add_struct(b, "folio", 12);
	btf__add_field(b, "flags", u32, 0, 0);
	btf__add_field(b, "in", inner, 32, 0);
	btf__add_field(b, "index", u32, 64, 0);
	btf__add_struct(b, "page___old", 8);
	btf__add_field(b, "bits", u32, 0, 0);
	btf__add_field(b, "table", u32, 32, 0);
	btf__add_enum(b, "zone", 4);
	btf__add_enum_value(b, "ZONE_DEVICE", 1);
	btf__add_typedef(b, "pfn_t", u32);
	btf__add_struct(b, "not_in_kernel", 4);
	btf__add_enum(b, "dx_cast", 4);
	btf__add_enum_value(b, "dx_cast_folio", 0);
	btf__add_enum_value(b, "dx_cast_only_cast", 1);
	btf__add_enum_value(b, "dx_cast_not_in_kernel", 2);
	return b;
}

static struct btf *kernel_types(struct fixture *f)
{
	struct btf *b = btf__new_empty();
	int u32 = btf__add_int(b, "unsigned int", 4, 0), u64 = btf__add_int(b, "unsigned long", 8, 0);
	int inner, anon, last, array, constant, named, pointer;

	btf__add_struct(b, "stranger", 8);
	btf__add_field(b, "flags", u64, 0, 0);
	named = btf__add_typedef(b, "flags_t", u64);
	constant = btf__add_const(b, named);
	pointer = btf__add_ptr(b, constant);
	inner = btf__add_struct(b, "inner", 16);
	btf__add_field(b, "unseen", u64, 0, 0);
	btf__add_field(b, "depth", u32, 64, 0);
	btf__add_field(b, "tail", u32, 96, 0);
	anon = btf__add_union(b, NULL, 8);
	btf__add_field(b, "index", u64, 0, 0);
	btf__add_field(b, "share", u64, 0, 0);
	btf__add_field(b, "other", u64, 0, 0);
	f->folio = btf__add_struct(b, "folio", 64);
	btf__add_field(b, "flags", constant, 0, 0);
	btf__add_field(b, "mapping", pointer, 64, 0);
	btf__add_field(b, "in", inner, 128, 0);
	btf__add_field(b, NULL, anon, 256, 0);
	btf__add_field(b, "private", u64, 320, 0);
	f->second_folio = btf__add_struct(b, "folio", 16);
	btf__add_field(b, "flags", u64, 64, 0);
	array = btf__add_array(b, u32, inner, 7);
	last = btf__add_array(b, u32, u32, 0);
	btf__add_struct(b, "page", 144);
	btf__add_field(b, "gap", u32, 0, 3);
	btf__add_field(b, "bits", u32, 3, 5);
	btf__add_field(b, "table", array, 64, 0);
	btf__add_field(b, "unbounded", last, 960, 0);
	btf__add_struct(b, "only_cast", 8);
	btf__add_enum64(b, "zone", 8, false);
	btf__add_enum64_value(b, "ZONE_DEVICE", 1ull << 40);
	btf__add_typedef(b, "pfn_t", u64);
	btf__add_union(b, "not_in_kernel", 4); /* of another kind */
	return b;
}

static int setup(void **state)
{
	static struct fixture f;

	f.own = own_types();
	f.kernel = btf_names_new(kernel_types(&f), 1);
	f.types = types_of(f.own, f.kernel);
	*state = &f;
	return f.types ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	btf__free(f->types);
	btf_names_free(f->kernel);
	btf__free(f->own);
	return 0;
}

/* The @nth type of that name, from 1; NULL: there aren't so many. */
static const struct btf_type *nth(const struct btf *b, const char *name, int n)
{
	for (uint32_t id = 1; id < btf__type_cnt(b); id++) {
		const struct btf_type *t = btf__type_by_id(b, id);

		if (!strcmp(btf__name_by_offset(b, t->name_off), name) && !--n)
			return t;
	}
	return NULL;
}

static int member(const struct btf *b, const struct btf_type *t, const char *name)
{
	for (int i = 0; i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(b, btf_members(t)[i].name_off), name))
			return i;
	return -1;
}

static const struct btf_type *member_type(const struct btf *b, const struct btf_type *t, int i)
{
	return btf__type_by_id(b, btf_members(t)[i].type);
}

static void members_are_where_they_were(void **state)
{
	const struct btf *b = ((struct fixture *)*state)->types;
	const struct btf_type *folio = nth(b, "folio", 1), *inner, *anon;
	int flags = member(b, folio, "flags"), in = member(b, folio, "in"), at;

	assert_int_equal(folio->size, 64);
	assert_int_equal(btf_member_bit_offset(folio, flags), 0);
	assert_int_equal(member_type(b, folio, flags)->size, 8); /* without its typedef and const */
	assert_true(btf_is_int(member_type(b, folio, flags)));
	assert_int_equal(btf_member_bit_offset(folio, in), 128);
	inner = member_type(b, folio, in);
	assert_int_equal(inner->size, 16);
	at = member(b, inner, "depth");
	assert_int_equal(btf_member_bit_offset(inner, at), 64);
	at = member(b, folio, "");
	assert_int_equal(btf_member_bit_offset(folio, at), 256);
	anon = member_type(b, folio, at);
	assert_true(btf_is_union(anon));
	assert_true(member(b, anon, "index") >= 0);
}

static void what_nobody_names_is_gone(void **state)
{
	const struct btf *b = ((struct fixture *)*state)->types;
	const struct btf_type *folio = nth(b, "folio", 1);
	const struct btf_type *anon = member_type(b, folio, member(b, folio, ""));

	assert_null(nth(b, "stranger", 1));
	assert_null(nth(b, "flags_t", 1));
	assert_int_equal(member(b, folio, "mapping"), -1);
	assert_int_equal(member(b, nth(b, "inner", 1), "unseen"), -1);
	assert_int_equal(member(b, anon, "share"), -1);
	/* the last of each is what it was: libbpf asks for the last */
	assert_int_equal(member(b, folio, "private"), btf_vlen(folio) - 1);
	assert_int_equal(member(b, anon, "other"), btf_vlen(anon) - 1);
}

static void flavours_bitfields_and_arrays(void **state)
{
	const struct btf *b = ((struct fixture *)*state)->types;
	const struct btf_type *page = nth(b, "page", 1), *array;
	int bits, table, last;

	assert_non_null(page);
	bits = member(b, page, "bits");
	assert_int_equal(btf_member_bit_offset(page, bits), 3);
	assert_int_equal(btf_member_bitfield_size(page, bits), 5);
	assert_int_equal(member(b, page, "gap"), -1);
	table = member(b, page, "table");
	assert_int_equal(btf_member_bit_offset(page, table), 64);
	array = member_type(b, page, table);
	assert_int_equal(btf_array(array)->nelems, 7);
	assert_ptr_equal(btf__type_by_id(b, btf_array(array)->type), nth(b, "inner", 1));
	last = member(b, page, "unbounded");
	assert_int_equal(last, btf_vlen(page) - 1);
	assert_int_equal(btf_array(member_type(b, page, last))->nelems, 0);
}

/* libbpf refuses a program that two of the same name would tell different offsets: it has to see both. */
static void all_of_a_name_are_there(void **state)
{
	const struct btf *b = ((struct fixture *)*state)->types;
	const struct btf_type *second = nth(b, "folio", 2);

	assert_non_null(second);
	assert_int_equal(second->size, 16);
	assert_int_equal(btf_member_bit_offset(second, 0), 64);
	assert_null(nth(b, "folio", 3));
	assert_null(nth(b, "inner", 2)); /* copied once, though a member's and wanted itself */
}

static void enums_and_typedefs(void **state)
{
	const struct btf *b = ((struct fixture *)*state)->types;
	const struct btf_type *zone = nth(b, "zone", 1), *pfn = nth(b, "pfn_t", 1);

	assert_int_equal(btf_kind(zone), BTF_KIND_ENUM64);
	assert_true(btf_enum64_value(btf_enum64(zone)) == 1ull << 40);
	assert_true(btf_is_typedef(pfn));
	assert_int_equal(btf__type_by_id(b, pfn->type)->size, 8);
	assert_null(nth(b, "not_in_kernel", 1));
}

static void casts_have_the_ids_of_the_kernel(void **state)
{
	const struct fixture *f = *state;
	const struct btf_type *casts = nth(f->types, "dx_cast", 1);
	const struct btf_enum *e = btf_enum(casts);

	assert_int_equal(btf_vlen(casts), 3);
	assert_string_equal(btf__name_by_offset(f->types, e[0].name_off), "dx_cast_folio");
	assert_int_equal(e[0].val, f->folio);
	assert_int_equal(e[1].val, btf__find_by_name_kind(btf_names_btf(f->kernel), "only_cast",
							  BTF_KIND_STRUCT));
	assert_int_equal(e[2].val, 0);
}

/* As programs.c does it, up to what libbpf would read. */
static void the_file_is_a_btf(void **state)
{
	const struct fixture *f = *state;
	struct types_file file;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = file.path);
	struct bpf_object *obj;
	struct btf *read;
	const void *elf;
	size_t len;

	assert_int_equal(types_open(&file), 0);
	elf = daxtop_bpf__elf_bytes(&len);
	obj = bpf_object__open_mem(elf, len, &opts);
	assert_non_null(obj);
	assert_int_equal(types_fill(&file, obj, f->kernel), 0);
	read = btf__parse(file.path, NULL);
	assert_int_equal(libbpf_get_error(read), 0);
	assert_non_null(nth(read, "folio", 2));
	assert_non_null(nth(read, "dx_cast", 1));
	btf__free(read);
	bpf_object__close(obj);
	types_close(&file);
	assert_int_equal(access(file.path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_where_they_were),
		cmocka_unit_test(what_nobody_names_is_gone),
		cmocka_unit_test(flavours_bitfields_and_arrays),
		cmocka_unit_test(all_of_a_name_are_there),
		cmocka_unit_test(enums_and_typedefs),
		cmocka_unit_test(casts_have_the_ids_of_the_kernel),
		cmocka_unit_test(the_file_is_a_btf),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
