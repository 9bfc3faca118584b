// SPDX-License-Identifier: GPL-2.0-only
/* types.c - what CO-RE can ask of the kernel's types, and no more */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "btf_names.h"
#include "types.h"

#define CAST "dx_cast" /* enum dx_cast, dx_cast_NAME: bpf/cast.bpf.h */

/* A type that the programs name. */
struct wanted {
	const char *name; /* not terminated where a flavour follows */
	uint32_t len;
	uint32_t kind;
};

struct types {
	const struct btf_names *names; /* of @kernel */
	const struct btf *kernel;
	struct wanted *wanted;
	size_t nr_wanted;
	const char **members; /* names of members that the programs know */
	size_t nr_members;
	struct btf *btf;
	int *copied; /* types of @btf, by their id in @kernel; 0: not yet */
	int pointer; /* the only one of @btf */
};

/* ---- names ---- */

/* libbpf takes both kinds of enum for one (btf_kind_core_compat()). 0: what a relocation never begins with. */
static uint32_t wanted_kind(const struct btf_type *t)
{
	if (btf_is_any_enum(t))
		return BTF_KIND_ENUM;
	return btf_is_composite(t) || btf_is_typedef(t) ? btf_kind(t) : 0;
}

/* Without a flavour, "___x": relo_core.c, bpf_core_essential_name_len(). */
static uint32_t essential_len(const char *name)
{
	const char *sep = strstr(name, "___");
	size_t len = strlen(name);

	for (size_t i = len; sep && i-- > 4;) {
		const char *s = name + i - 4;

		if (s[0] != '_' && !strncmp(s + 1, "___", 3) && s[4] != '_')
			return i - 3;
	}
	return len;
}

static int by_name(const void *a, const void *b)
{
	const struct wanted *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->name, y->name, x->len);
}

static int by_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *name_of(const struct types *t, const struct btf_type *type)
{
	return btf__name_by_offset(t->kernel, type->name_off);
}

static void want(struct types *t, const char *name, uint32_t kind)
{
	if (kind && *name)
		t->wanted[t->nr_wanted++] =
			(struct wanted){ .name = name, .len = essential_len(name), .kind = kind };
}

static bool is_casts(const struct btf *btf, const struct btf_type *type)
{
	return btf_is_enum(type) && !strcmp(btf__name_by_offset(btf, type->name_off), CAST);
}

static const char *cast_type(const struct btf *own, const struct btf_type *casts, int i)
{
	return btf__name_by_offset(own, btf_enum(casts)[i].name_off) + strlen(CAST "_");
}

/* Everything that the object's own types are called by. */
static int names_of(struct types *t, const struct btf *own)
{
	size_t nr = btf__type_cnt(own), nr_members = 0, n = 0;

	for (uint32_t id = 1; id < btf__type_cnt(own); id++) {
		const struct btf_type *type = btf__type_by_id(own, id);

		if (btf_is_composite(type))
			nr_members += btf_vlen(type);
		else if (is_casts(own, type))
			nr += btf_vlen(type);
	}
	t->wanted = calloc(nr, sizeof(*t->wanted));
	t->members = calloc(nr_members + 1, sizeof(*t->members));
	if (!t->wanted || !t->members)
		return -ENOMEM;
	for (uint32_t id = 1; id < btf__type_cnt(own); id++) {
		const struct btf_type *type = btf__type_by_id(own, id);

		want(t, btf__name_by_offset(own, type->name_off), wanted_kind(type));
		for (int i = 0; btf_is_composite(type) && i < btf_vlen(type); i++)
			t->members[t->nr_members++] =
				btf__name_by_offset(own, btf_members(type)[i].name_off);
		for (int i = 0; is_casts(own, type) && i < btf_vlen(type); i++)
			want(t, cast_type(own, type, i), BTF_KIND_STRUCT);
	}
	qsort(t->wanted, t->nr_wanted, sizeof(*t->wanted), by_name);
	for (size_t i = 0; i < t->nr_wanted; i++)
		if (!n || by_name(&t->wanted[n - 1], &t->wanted[i]))
			t->wanted[n++] = t->wanted[i];
	t->nr_wanted = n;
	qsort(t->members, t->nr_members, sizeof(*t->members), by_string);
	return 0;
}

/* ---- copies ---- */

/* Of a type of the kernel's; each returns the type in t->btf, or -errno. */
static int copy(struct types *t, uint32_t id);

/*
 * The last member stays in any case: whether an array without a length may be indexed depends on its
 * being the last (relo_core.c, is_flex_arr()).
 */
static bool is_member_wanted(const struct types *t, const struct btf_type *type, int i)
{
	const char *name = btf__name_by_offset(t->kernel, btf_members(type)[i].name_off);

	return !*name || i == btf_vlen(type) - 1 ||
	       bsearch(&name, t->members, t->nr_members, sizeof(name), by_string);
}

static int copy_composite(struct types *t, const struct btf_type *type)
{
	const char *name = name_of(t, type);
	int *members = calloc(btf_vlen(type) + 1, sizeof(*members));
	int rc = members ? 0 : -ENOMEM, id;

	/* a struct's members follow it at once, so their types come first */
	for (int i = 0; !rc && i < btf_vlen(type); i++) {
		members[i] = is_member_wanted(t, type, i) ? copy(t, btf_members(type)[i].type) : 0;
		rc = members[i] < 0 ? members[i] : 0;
	}
	id = rc			   ? rc
	     : btf_is_struct(type) ? btf__add_struct(t->btf, name, type->size)
				   : btf__add_union(t->btf, name, type->size);
	rc = id < 0 ? id : 0;
	for (int i = 0; !rc && i < btf_vlen(type); i++)
		if (members[i])
			rc = btf__add_field(t->btf,
					    btf__name_by_offset(t->kernel,
								btf_members(type)[i].name_off),
					    members[i], btf_member_bit_offset(type, i),
					    btf_member_bitfield_size(type, i));
	free(members);
	return rc ? rc : id;
}

static int copy_array(struct types *t, const struct btf_type *type)
{
	int index = copy(t, btf_array(type)->index_type);
	int element = index < 0 ? index : copy(t, btf_array(type)->type);

	return element < 0 ? element
			   : btf__add_array(t->btf, index, element, btf_array(type)->nelems);
}

static int copy_kind(struct types *t, const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
		/* a relocation never follows one, and any two are compatible (bpf_core_fields_are_compat()) */
		if (!t->pointer)
			t->pointer = btf__add_ptr(t->btf, 0);
		return t->pointer;
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return copy_composite(t, type);
	case BTF_KIND_ARRAY:
		return copy_array(t, type);
	case BTF_KIND_INT:
	case BTF_KIND_FLOAT:
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
	case BTF_KIND_FWD:
		return btf__add_type(t->btf, t->kernel, type);
	}
	return 0; /* void, a function: no member has it by value */
}

static int copy(struct types *t, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(t->kernel, id);

	while (btf_is_mod(type) || btf_is_typedef(type)) {
		id = type->type;
		type = btf__type_by_id(t->kernel, id);
	}
	if (!t->copied[id])
		t->copied[id] = copy_kind(t, type);
	return t->copied[id];
}

/* All of a name: libbpf has to see whether they differ. */
static int copy_name(struct types *t, const struct wanted *w)
{
	uint32_t id = 0;
	int rc = 0;

	while (rc >= 0 && (id = btf_names_next(t->names, w->name, w->len, w->kind, id))) {
		const struct btf_type *type = btf__type_by_id(t->kernel, id);

		rc = copy(t, id);
		if (rc >= 0 && btf_is_typedef(type))
			rc = btf__add_typedef(t->btf, name_of(t, type), rc);
	}
	return rc < 0 ? rc : 0;
}

static int copy_wanted(struct types *t)
{
	int rc = 0;

	t->copied = calloc(btf__type_cnt(t->kernel), sizeof(*t->copied));
	if (!t->copied)
		return -ENOMEM;
	for (size_t i = 0; !rc && i < t->nr_wanted; i++)
		rc = copy_name(t, &t->wanted[i]);
	return rc;
}

/* The kernel's own ids: bpf/cast.bpf.h. 0: it has no such type. */
static int add_casts(struct types *t, const struct btf *own)
{
	int id = btf__find_by_name_kind(own, CAST, BTF_KIND_ENUM);
	const struct btf_type *casts = id < 0 ? NULL : btf__type_by_id(own, id);
	int rc = casts ? btf__add_enum(t->btf, CAST, 4) : 0;

	for (int i = 0; casts && rc >= 0 && i < btf_vlen(casts); i++) {
		const char *name = cast_type(own, casts, i);

		rc = btf__add_enum_value(t->btf,
					 btf__name_by_offset(own, btf_enum(casts)[i].name_off),
					 btf_names_next(t->names, name, essential_len(name),
							BTF_KIND_STRUCT, 0));
	}
	return rc < 0 ? rc : 0;
}

static int copy_all(struct types *t, const struct btf *own)
{
	int rc;

	t->btf = btf__new_empty();
	rc = t->btf ? names_of(t, own) : -errno;
	rc = rc ? rc : copy_wanted(t);
	return rc ? rc : add_casts(t, own);
}

struct btf *types_of(const struct btf *own, const struct btf_names *kernel)
{
	struct types t = { .names = kernel, .kernel = btf_names_btf(kernel) };
	int rc = copy_all(&t, own);

	free(t.copied);
	free(t.wanted);
	free(t.members);
	if (!rc)
		return t.btf;
	btf__free(t.btf);
	errno = -rc;
	return NULL;
}

/* ---- the file ---- */

int types_open(struct types_file *f)
{
	f->fd = memfd_create("daxtop types", MFD_CLOEXEC);
	if (f->fd < 0)
		return -errno;
	snprintf(f->path, sizeof(f->path), "/proc/self/fd/%d", f->fd);
	return 0;
}

int types_fill(const struct types_file *f, const struct bpf_object *obj,
	       const struct btf_names *kernel)
{
	struct btf *types = types_of(bpf_object__btf(obj), kernel);
	uint32_t size = 0;
	const char *at = types ? btf__raw_data(types, &size) : NULL;
	int rc = at ? 0 : -errno;

	while (!rc && size) {
		ssize_t n = write(f->fd, at, size);

		if (n < 0) {
			rc = -errno;
		} else {
			at += n;
			size -= n;
		}
	}
	btf__free(types);
	return rc;
}

void types_close(struct types_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
}
