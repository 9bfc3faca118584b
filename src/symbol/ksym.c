// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* getline() */
/* ksym.c - names of kernel addresses, from /proc/kallsyms */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "symbol/ksym.h"
#include "base/escape.h"

/* No function is longer: beyond it an address lies in a gap between symbols. */
#define FUNCTION_MAX (1u << 20)

struct ksym_entry {
	uint64_t addr;
	uint32_t name; /* into ksym.names */
	uint32_t module; /* same, 0: none */
};

struct ksym {
	char *path;
	struct ksym_entry *entries; /* by address */
	size_t nr, room;
	char *names; /* NUL-terminated, offset 0 is "" */
	size_t names_len, names_room;
	int state; /* 0: not read, 1: read, < 0: errno */
};

struct ksym *ksym_new(const char *path)
{
	struct ksym *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->path = strdup(path ? path : "/proc/kallsyms");
	if (!k->path) {
		free(k);
		return NULL;
	}
	return k;
}

void ksym_reset(struct ksym *k)
{
	free(k->entries);
	free(k->names);
	k->entries = NULL;
	k->names = NULL;
	k->nr = k->room = 0;
	k->names_len = k->names_room = 0;
	k->state = 0;
}

void ksym_free(struct ksym *k)
{
	if (!k)
		return;
	ksym_reset(k);
	free(k->path);
	free(k);
}

static int names_add(struct ksym *k, const char *s, size_t len, uint32_t *at)
{
	if (k->names_len + len + 1 > k->names_room) {
		size_t room = k->names_room ? k->names_room * 2 : 1 << 20;
		char *names;

		while (room < k->names_len + len + 1)
			room *= 2;
		if (room > UINT32_MAX)
			return -EOVERFLOW;
		names = realloc(k->names, room);
		if (!names)
			return -ENOMEM;
		k->names = names;
		k->names_room = room;
	}
	*at = k->names_len;
	memcpy(k->names + k->names_len, s, len);
	k->names[k->names_len + len] = '\0';
	k->names_len += len + 1;
	return 0;
}

static int entry_add(struct ksym *k, uint64_t addr, uint32_t name, uint32_t module)
{
	if (k->nr == k->room) {
		size_t room = k->room ? k->room * 2 : 1 << 16;
		struct ksym_entry *entries = reallocarray(k->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		k->entries = entries;
		k->room = room;
	}
	k->entries[k->nr++] = (struct ksym_entry){ addr, name, module };
	return 0;
}

/* "ffffffff81000000 T name\t[module]"; the modules' lines come in a row each */
static int line_add(struct ksym *k, const char *line, uint32_t *module)
{
	const char *name, *end, *bracket;
	uint32_t at;
	char *rest;
	uint64_t addr;
	int err;

	addr = strtoull(line, &rest, 16);
	if (rest == line || rest[0] != ' ' || !rest[1] || !strchr("tTwW", rest[1]) || rest[2] != ' ')
		return 0;
	name = rest + 3;
	end = name + strcspn(name, " \t\n");
	bracket = strchr(end, '[');
	if (bracket) {
		const char *last = bracket + 1 + strcspn(bracket + 1, "]\n");
		size_t len = last - bracket - 1;

		if (!*module || strlen(k->names + *module) != len ||
		    memcmp(k->names + *module, bracket + 1, len)) {
			err = names_add(k, bracket + 1, len, module);
			if (err)
				return err;
		}
	}
	err = names_add(k, name, end - name, &at);
	return err ? err : entry_add(k, addr, at, bracket ? *module : 0);
}

static int entry_compare(const void *a, const void *b)
{
	const struct ksym_entry *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	/* the order of the file among aliases */
	return x->name < y->name ? -1 : x->name > y->name;
}

static int table_read(struct ksym *k, FILE *f)
{
	uint32_t module = 0, empty;
	char *line = NULL;
	size_t room = 0;
	int err;

	err = names_add(k, "", 0, &empty);
	errno = 0;
	while (!err && getline(&line, &room, f) > 0)
		err = line_add(k, line, &module);
	if (!err && ferror(f))
		err = errno ? -errno : -EIO;
	free(line);
	if (err)
		return err;
	if (!k->nr)
		return -ENOENT;
	qsort(k->entries, k->nr, sizeof(*k->entries), entry_compare);
	return k->entries[k->nr - 1].addr ? 0 : -EPERM;
}

int ksym_parse(struct ksym *k, FILE *f)
{
	int ret;

	ksym_reset(k);
	ret = table_read(k, f);
	if (ret)
		ksym_reset(k);
	k->state = ret ? ret : 1;
	return ret;
}

int ksym_load(struct ksym *k, char *err, size_t errlen)
{
	if (!k->state) {
		FILE *f = fopen(k->path, "re");

		if (f)
			ksym_parse(k, f);
		else
			k->state = -errno;
		if (f)
			fclose(f);
	}
	if (k->state > 0)
		return 0;
	if (k->state == -EPERM)
		snprintf(err, errlen,
			 "all addresses in %s are zero: run as root, or as root set "
			 "/proc/sys/kernel/kptr_restrict to 1 or 0",
			 k->path);
	else if (k->state == -ENOENT)
		snprintf(err, errlen,
			 "%s has no functions: the kernel needs CONFIG_KALLSYMS and /proc mounted",
			 k->path);
	else
		snprintf(err, errlen, "cannot read %s: %s", k->path, strerror(-k->state));
	return k->state;
}

const char *ksym_name(struct ksym *k, uint64_t addr, uint64_t *offset, const char **module)
{
	size_t low = 0, high;
	char err[256];

	if (ksym_load(k, err, sizeof(err)))
		return NULL;
	/* the first entry beyond @addr */
	high = k->nr;
	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (k->entries[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	if (!low || addr - k->entries[low - 1].addr >= FUNCTION_MAX)
		return NULL;
	low--;
	/* of aliases the first */
	while (low && k->entries[low - 1].addr == k->entries[low].addr)
		low--;
	if (offset)
		*offset = addr - k->entries[low].addr;
	if (module)
		*module = k->entries[low].module ? k->names + k->entries[low].module : NULL;
	return k->names + k->entries[low].name;
}

char *ksym_format(struct ksym *k, char *out, size_t outlen, uint64_t addr)
{
	char safe[256], safe_module[80];
	const char *name, *module;
	uint64_t offset;

	name = k ? ksym_name(k, addr, &offset, &module) : NULL;
	if (!name) {
		snprintf(out, outlen, "0x%" PRIx64, addr);
		return out;
	}
	/* names of modules and of BPF programs are other people's words */
	escape_text(safe, sizeof(safe), name, strlen(name));
	if (!module) {
		snprintf(out, outlen, "%s+0x%" PRIx64, safe, offset);
		return out;
	}
	escape_text(safe_module, sizeof(safe_module), module, strlen(module));
	snprintf(out, outlen, "%s+0x%" PRIx64 " [%s]", safe, offset, safe_module);
	return out;
}
