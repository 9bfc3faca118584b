// SPDX-License-Identifier: GPL-2.0-only
/* btf_kernel.c - what BTF and the kernel's text say */
#include <stdio.h>
#include <string.h>
#include <bpf/btf.h>
#include "btf_names.h"
#include "btf_kernel.h"
#include "look_object.h"

enum regime regime_of(const struct btf_names *types)
{
	if (btf_names_find(types, "__put_devmap_managed_folio_refs", BTF_KIND_FUNC) ||
	    btf_names_find(types, "__put_devmap_managed_page_refs", BTF_KIND_FUNC))
		return REGIME_LEGACY;
	return btf_names_find(types, "pfn_t", BTF_KIND_TYPEDEF) ? REGIME_TRANSITION : REGIME_CURRENT;
}

uint32_t btf_target(const struct btf_names *types, const char *section)
{
	const char *slash = strchr(section, '/');
	char name[128];

	/* by its name, in whatever module */
	if (!slash || !strncmp(section, "raw_tp/", 7))
		return BTF_NO_TARGET;
	/* kernel/bpf/bpf_iter.c registers iterators by these functions */
	if (!strncmp(section, "iter/", 5))
		snprintf(name, sizeof(name), "bpf_iter_%s", slash + 1);
	else if (!strncmp(section, "tp_btf/", 7))
		snprintf(name, sizeof(name), "btf_trace_%s", slash + 1);
	else
		snprintf(name, sizeof(name), "%s", slash + 1);
	return btf_names_next(types, name, strlen(name),
			      strncmp(section, "tp_btf/", 7) ? BTF_KIND_FUNC : BTF_KIND_TYPEDEF, 0);
}

size_t btf_sizeof(const struct btf_names *types, const char *name)
{
	const struct btf_type *t = btf_names_find(types, name, BTF_KIND_STRUCT);

	return t ? t->size : 0;
}

static const struct btf_member *find_member(const struct btf_names *types, const char *type,
					    const char *name)
{
	const struct btf_type *t = btf_names_find(types, type, BTF_KIND_STRUCT);

	for (int i = 0; t && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf_names_btf(types), btf_members(t)[i].name_off),
			    name))
			return &btf_members(t)[i];
	return NULL;
}

/* MAX_NUMNODES, which is 1 << NODES_SHIFT. */
static unsigned long max_numnodes(const struct btf_names *types)
{
	const struct btf_member *m = find_member(types, "hstate", "hugepage_freelists");
	const struct btf *btf = btf_names_btf(types);
	const struct btf_type *t;
	long long size;

	if (m) {
		t = btf__type_by_id(btf, m->type);
		if (btf_is_array(t))
			return btf_array(t)->nelems;
	}
	/* without hugetlb: a nodemask, which is rounded up to whole words */
	m = find_member(types, "mempolicy", "nodes");
	size = m ? btf__resolve_size(btf, m->type) : 0;
	return size > 0 ? size * 8 : 0;
}

/* include/linux/page-flags-layout.h: 2 bits up to four zones, 3 up to eight */
static unsigned int zones_shift(const struct btf_names *types)
{
	const struct btf_type *t = btf_names_find(types, "zone_type", BTF_KIND_ENUM);

	for (int i = 0; t && btf_is_enum(t) && i < btf_vlen(t); i++)
		if (!strcmp(btf__name_by_offset(btf_names_btf(types), btf_enum(t)[i].name_off),
			    "__MAX_NR_ZONES"))
			return btf_enum(t)[i].val <= 4 ? 2 : 3;
	return 3;
}

/*
 * include/linux/mm.h, ZONES_PGSHIFT: [node | zone | ...]; with SPARSEMEM_VMEMMAP
 * there is no section in between.
 */
unsigned int btf_zone_shift(const struct btf_names *types)
{
	unsigned long nodes = max_numnodes(types);

	return nodes ? 64 - __builtin_ctzl(nodes) - zones_shift(types) : 0;
}

uint32_t btf_bio_pinned(const struct btf_names *types)
{
	const struct btf *btf = btf_names_btf(types);
	uint32_t id = 0;

	/* it stands in an enum without a name */
	while ((id = btf_names_next(types, "", 0, BTF_KIND_ENUM, id))) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const struct btf_enum *e = btf_enum(t);

		for (int i = 0; btf_is_enum(t) && i < btf_vlen(t); i++)
			if (!strcmp(btf__name_by_offset(btf, e[i].name_off), "BIO_PAGE_PINNED") &&
			    e[i].val >= 0 && e[i].val < BIO_PINNED_NONE)
				return e[i].val;
	}
	return BIO_PINNED_NONE;
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
