// SPDX-License-Identifier: GPL-2.0-only
/* kernel.c - what BTF and the kernel's text say */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/btf.h>
#include "probe.h"

static bool has(const struct btf *btf, const char *name, unsigned int kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

enum regime regime_of(const struct btf *btf)
{
	enum regime regime = REGIME_CURRENT;

	/* btf__find_by_name_kind() would go through all types for each name that isn't there */
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_func(t) && !btf_is_typedef(t))
			continue;
		name = btf__name_by_offset(btf, t->name_off);
		if (btf_is_typedef(t))
			regime = strcmp(name, "pfn_t") ? regime : REGIME_TRANSITION;
		else if (!strcmp(name, "__put_devmap_managed_folio_refs") ||
			 !strcmp(name, "__put_devmap_managed_page_refs"))
			return REGIME_LEGACY;
	}
	return regime;
}

const char *regime_name(enum regime r)
{
	return r == REGIME_LEGACY ? "legacy" : r == REGIME_TRANSITION ? "transition" : "current";
}

struct target {
	char name[128]; /* "": none is needed */
	unsigned int kind;
	uint32_t *id;
};

static void target_of(struct target *t, const char *section)
{
	const char *slash = strchr(section, '/');
	const char *name = slash ? slash + 1 : ""; /* SEC("syscall"): nothing to look for */

	t->kind = BTF_KIND_FUNC;
	/* kernel/bpf/bpf_iter.c registers iterators by these functions */
	if (!strncmp(section, "iter/", 5)) {
		snprintf(t->name, sizeof(t->name), "bpf_iter_%s", name);
	} else if (!strncmp(section, "tp_btf/", 7)) {
		snprintf(t->name, sizeof(t->name), "btf_trace_%s", name);
		t->kind = BTF_KIND_TYPEDEF;
	} else {
		snprintf(t->name, sizeof(t->name), "%s", name);
	}
}

bool btf_has_target(const struct btf *btf, const char *section)
{
	struct target t;

	target_of(&t, section);
	return !t.name[0] || has(btf, t.name, t.kind);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct target *)a)->name, ((const struct target *)b)->name);
}

static int to_name(const void *name, const void *t)
{
	return strcmp(name, ((const struct target *)t)->name);
}

/* All targets of this name; fentry and fexit have the same. */
static void targets_found(struct target *t, size_t n, const char *name, unsigned int kind, uint32_t id)
{
	struct target *at = bsearch(name, t, n, sizeof(*t), to_name);

	if (!at)
		return;
	while (at > t && !strcmp(at[-1].name, name))
		at--;
	for (; at < t + n && !strcmp(at->name, name); at++)
		if (at->kind == kind && !*at->id)
			*at->id = id;
}

int btf_targets(const struct btf *btf, uint32_t first, const char *const sections[], uint32_t ids[],
		size_t n)
{
	struct target *t = calloc(n + 1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		target_of(&t[i], sections[i]);
		t[i].id = &ids[i];
		ids[i] = t[i].name[0] ? 0 : BTF_NO_TARGET;
	}
	qsort(t, n, sizeof(*t), by_name);
	for (uint32_t id = first; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);

		if (btf_is_func(type) || btf_is_typedef(type))
			targets_found(t, n, btf__name_by_offset(btf, type->name_off), btf_kind(type), id);
	}
	free(t);
	return 0;
}

size_t btf_sizeof(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);
	long long size = id < 0 ? 0 : btf__resolve_size(btf, id);

	return size < 0 ? 0 : size;
}

static const struct btf_member *find_member(const struct btf *btf, const char *type, const char *name)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_members(t)[i].name_off), name))
			return &btf_members(t)[i];
	return NULL;
}

/* MAX_NUMNODES, which is 1 << NODES_SHIFT. */
static unsigned long max_numnodes(const struct btf *btf)
{
	const struct btf_member *m = find_member(btf, "hstate", "hugepage_freelists");
	const struct btf_type *t;
	long long size;

	if (m) {
		t = btf__type_by_id(btf, m->type);
		if (btf_is_array(t))
			return btf_array(t)->nelems;
	}
	/* without hugetlb: a nodemask, which is rounded up to whole words */
	m = find_member(btf, "mempolicy", "nodes");
	size = m ? btf__resolve_size(btf, m->type) : 0;
	return size > 0 ? size * 8 : 0;
}

/* include/linux/page-flags-layout.h: 2 bits up to four zones, 3 up to eight */
static unsigned int zones_shift(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "zone_type", BTF_KIND_ENUM);
	const struct btf_type *t = id < 0 ? NULL : btf__type_by_id(btf, id);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf, btf_enum(t)[i].name_off), "__MAX_NR_ZONES"))
			return btf_enum(t)[i].val <= 4 ? 2 : 3;
	return 3;
}

/*
 * include/linux/mm.h, ZONES_PGSHIFT: [node | zone | ...]; with SPARSEMEM_VMEMMAP
 * there is no section in between.
 */
unsigned int btf_zone_shift(const struct btf *btf)
{
	unsigned long nodes = max_numnodes(btf);

	return nodes ? 64 - __builtin_ctzl(nodes) - zones_shift(btf) : 0;
}

/* The padding between functions: int3, or the nops of -fpatchable-function-entry. */
static bool is_padding(const unsigned char *p, size_t len)
{
	size_t n = 1;

	if (p[0] != 0xcc && p[0] != 0x90)
		return false;
	while (n < len && p[n] == p[0])
		n++;
	return n >= 8; /* a return without thunk is followed by four int3 */
}

bool text_calls(const unsigned char *text, size_t len, unsigned long addr, unsigned long target)
{
	for (size_t i = 0; i + 5 <= len; i++) {
		int rel;

		if (is_padding(text + i, len - i))
			break;
		if (text[i] != 0xe8 && text[i] != 0xe9) /* call rel32, jmp rel32 */
			continue;
		memcpy(&rel, text + i + 1, sizeof(rel));
		if (addr + i + 5 + rel == target)
			return true;
	}
	return false;
}
