// SPDX-License-Identifier: GPL-2.0-only
/* iomem.c - whose memory is where, as /proc/iomem has it */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "iomem.h"
#include "memory.h"

struct region {
	uint64_t first, last; /* bytes */
	char name[64];
};

/* Calls @fn for each region until it returns true. A line is "  100000000-10fffffff : dax0.0". */
static bool regions(FILE *f, bool (*fn)(const struct region *r, void *arg), void *arg)
{
	char line[256];
	bool found = false;

	while (!found && fgets(line, sizeof(line), f)) {
		struct region r;

		if (sscanf(line, " %" SCNx64 "-%" SCNx64 " : %63[^\n]", &r.first, &r.last, r.name) ==
		    3)
			found = fn(&r, arg);
	}
	return found;
}

/* "namespace0.3" is "pmem0.3", "namespace1.0" "pmem1": nvdimm_namespace_disk_name(), drivers/nvdimm/namespace_devs.c */
static bool disk_of_namespace(const char *ns, char *name, size_t len)
{
	unsigned int region, id;
	int end = 0;

	if (sscanf(ns, "namespace%u.%u%n", &region, &id, &end) != 2 || ns[end])
		return false;
	if (id)
		snprintf(name, len, "pmem%u.%u", region, id);
	else
		snprintf(name, len, "pmem%u", region);
	return true;
}

static bool is_dax(const char *name)
{
	unsigned int region, id;
	int end = 0;

	return sscanf(name, "dax%u.%u%n", &region, &id, &end) == 2 && !name[end];
}

static bool is_pci(const char *name)
{
	unsigned int domain, bus, slot, function;
	int end = 0;

	return sscanf(name, "%x:%x:%x.%u%n", &domain, &bus, &slot, &function, &end) == 4 &&
	       !name[end];
}

struct range_search {
	uint64_t first, last; /* bytes */
	char *name;
	size_t len;
};

/* The innermost of those that overlap comes last. */
static bool region_overlaps(const struct region *r, void *arg)
{
	struct range_search *w = arg;

	if (r->last < w->first || r->first > w->last || strlen(r->name) >= w->len)
		return false;
	if (is_dax(r->name) || is_pci(r->name))
		strcpy(w->name, r->name);
	else
		disk_of_namespace(r->name, w->name, w->len);
	return false;
}

void iomem_device(FILE *f, uint64_t pfn, uint64_t nr_pages, char *name, size_t len)
{
	struct range_search w = {
		.first = pfn << PAGE_SHIFT,
		.last = ((pfn + nr_pages) << PAGE_SHIFT) - 1,
		.name = name,
		.len = len,
	};

	name[0] = 0;
	regions(f, region_overlaps, &w);
}

struct namespace_search {
	const char *ns;
	uint64_t behind; /* of the namespace's own region: its label area only, when it is device-dax's */
	char *name;
	size_t len;
};

static bool region_of_namespace(const struct region *r, void *arg)
{
	struct namespace_search *w = arg;

	if (w->behind && r->first == w->behind && is_dax(r->name) && strlen(r->name) < w->len) {
		strcpy(w->name, r->name);
		return true;
	}
	if (!strcmp(r->name, w->ns)) {
		disk_of_namespace(w->ns, w->name, w->len);
		w->behind = r->last + 1;
	}
	return false;
}

bool iomem_device_of_namespace(FILE *f, const char *ns, char *name, size_t len)
{
	struct namespace_search w = { .ns = ns, .name = name, .len = len };

	name[0] = 0;
	regions(f, region_of_namespace, &w);
	return name[0];
}
