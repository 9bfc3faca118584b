// SPDX-License-Identifier: GPL-2.0-only
/* usym.c - names of addresses in a process, by elfutils' libdwfl */
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "symbol/usym.h"
#include "view/escape.h"

/* Processes whose maps are kept; the least recently asked for goes. */
#define PROCESS_MAX 16

struct process {
	uint32_t tgid;
	Dwfl *dwfl; /* NULL: could not be read, not tried again */
	uint64_t used; /* when, in look-ups */
};

struct usym {
	struct process process[PROCESS_MAX];
	size_t nr;
	uint64_t lookups;
};

struct usym *usym_new(void)
{
	return calloc(1, sizeof(struct usym));
}

void usym_free(struct usym *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->nr; i++)
		dwfl_end(u->process[i].dwfl);
	free(u);
}

void usym_forget(struct usym *u, uint32_t tgid)
{
	for (size_t i = 0; i < u->nr; i++) {
		if (u->process[i].tgid != tgid)
			continue;
		dwfl_end(u->process[i].dwfl);
		u->process[i] = u->process[--u->nr];
		return;
	}
}

/* Of the look-up in progress: libdwfl's callbacks get no argument of ours. */
static uint32_t lookup_tgid;

/*
 * Opens a mapped file as the process sees it. dwfl_linux_proc_find_elf() would
 * open its path in our mount namespace, where it may be another file, or a
 * FIFO that blocks.
 */
static int find_elf(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **elf)
{
	char path[4200];
	struct stat st;
	int fd;

	if (name[0] != '/')
		return dwfl_linux_proc_find_elf(module, userdata, name, base, file_name, elf);
	if (snprintf(path, sizeof(path), "/proc/%u/root%s", lookup_tgid, name) >=
	    (int)sizeof(path))
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -1;
	}
	*file_name = strdup(name);
	return fd;
}

/* The symbol tables of the mapped files only: no debuginfo is searched, none is downloaded. */
static int find_debuginfo(Dwfl_Module *module, void **userdata, const char *name, Dwarf_Addr base,
			  const char *file_name, const char *debuglink_file,
			  GElf_Word debuglink_crc, char **debuginfo_file_name)
{
	(void)module, (void)userdata, (void)name, (void)base, (void)file_name;
	(void)debuglink_file, (void)debuglink_crc, (void)debuginfo_file_name;
	return -1;
}

static Dwfl *process_open(uint32_t tgid)
{
	static const Dwfl_Callbacks callbacks = {
		.find_elf = find_elf,
		.find_debuginfo = find_debuginfo,
	};
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	if (dwfl_linux_proc_report(dwfl, tgid) || dwfl_report_end(dwfl, NULL, NULL)) {
		dwfl_end(dwfl);
		return NULL;
	}
	return dwfl;
}

static struct process *process_get(struct usym *u, uint32_t tgid)
{
	struct process *p = NULL;

	for (size_t i = 0; i < u->nr; i++)
		if (u->process[i].tgid == tgid)
			p = &u->process[i];
	if (!p) {
		if (u->nr < PROCESS_MAX) {
			p = &u->process[u->nr++];
		} else {
			p = &u->process[0];
			for (size_t i = 1; i < u->nr; i++)
				if (u->process[i].used < p->used)
					p = &u->process[i];
			dwfl_end(p->dwfl);
		}
		p->tgid = tgid;
		p->dwfl = process_open(tgid);
	}
	p->used = ++u->lookups;
	return p;
}

bool usym_find(struct usym *u, uint32_t tgid, uint64_t addr, struct usym_place *place)
{
	const char *file, *slash;
	Dwfl_Module *module;
	struct process *p;
	GElf_Off offset;
	GElf_Sym sym;

	memset(place, 0, sizeof(*place));
	lookup_tgid = tgid;
	p = u ? process_get(u, tgid) : NULL;
	module = p && p->dwfl ? dwfl_addrmodule(p->dwfl, addr) : NULL;
	if (!module)
		return false;
	file = dwfl_module_info(module, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
	slash = file ? strrchr(file, '/') : NULL;
	place->file = slash ? slash + 1 : file ? file : "?";
	place->name = dwfl_module_addrinfo(module, addr, &offset, &sym, NULL, NULL, NULL);
	if (place->name)
		place->offset = offset;
	return true;
}

char *usym_format(struct usym *u, char *out, size_t outlen, uint32_t tgid, uint64_t addr)
{
	char safe[256], safe_file[128];
	struct usym_place place;

	snprintf(out, outlen, "0x%" PRIx64, addr);
	if (!usym_find(u, tgid, addr, &place))
		return out;
	escape_text(safe_file, sizeof(safe_file), place.file, strlen(place.file));
	if (place.name) {
		escape_text(safe, sizeof(safe), place.name, strlen(place.name));
		snprintf(out, outlen, "%s+0x%" PRIx64 " (%s)", safe, place.offset, safe_file);
	} else {
		snprintf(out, outlen, "0x%" PRIx64 " (%s)", addr, safe_file);
	}
	return out;
}
