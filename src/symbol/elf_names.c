// SPDX-License-Identifier: GPL-2.0-only
/* elf_names.c - symbol tables of an ELF file, see elf(5) */
#include <elf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "symbol/elf_names.h"

/* What a large program has: Chromium's 1.5 million symbols and 40 sections, a kernel build's 60,000 sections. */
#define SEGMENTS_MAX 4096
#define SECTIONS_MAX 131072
#define SYMBOLS_MAX  (8u << 20)

struct elf {
	int fd;
	bool narrow; /* ELFCLASS32 */
	uint64_t phoff, shoff;
	uint64_t phnum, shnum;
};

/* A table's entries, read in order; both classes' headers look alike once they are widened. */
struct table {
	const struct elf *e;
	uint64_t at; /* of what is not in buf yet */
	uint64_t left; /* entries that are not in buf yet */
	size_t size; /* of an entry */
	size_t pos, len; /* in buf */
	unsigned char buf[16384];
};

static bool read_at(int fd, void *to, size_t len, uint64_t at)
{
	unsigned char *p = to;

	while (len) {
		ssize_t n = at > INT64_MAX ? 0 : pread(fd, p, len, at);

		if (n <= 0)
			return false;
		p += n;
		at += n;
		len -= n;
	}
	return true;
}

static void table_begin(struct table *t, const struct elf *e, uint64_t at, uint64_t nr, size_t size)
{
	t->e = e;
	t->at = at;
	t->left = nr;
	t->size = size;
	t->pos = t->len = 0;
}

/* NULL: no more, or the file ends before the table does. */
static const void *table_next(struct table *t)
{
	const void *entry;

	if (t->pos == t->len) {
		size_t nr = sizeof(t->buf) / t->size;

		if (nr > t->left)
			nr = t->left;
		if (!nr || !read_at(t->e->fd, t->buf, nr * t->size, t->at))
			return NULL;
		t->at += nr * t->size;
		t->left -= nr;
		t->pos = 0;
		t->len = nr * t->size;
	}
	entry = t->buf + t->pos;
	t->pos += t->size;
	return entry;
}

/* ---- headers ---- */

static void section_widen(const struct elf *e, const void *from, Elf64_Shdr *s)
{
	Elf32_Shdr n;

	if (!e->narrow) {
		memcpy(s, from, sizeof(*s));
		return;
	}
	memcpy(&n, from, sizeof(n));
	*s = (Elf64_Shdr){
		.sh_type = n.sh_type,
		.sh_offset = n.sh_offset,
		.sh_size = n.sh_size,
		.sh_link = n.sh_link,
		.sh_info = n.sh_info,
		.sh_entsize = n.sh_entsize,
	};
}

static size_t section_size(const struct elf *e)
{
	return e->narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr);
}

static bool section_read(const struct elf *e, uint64_t i, Elf64_Shdr *s)
{
	Elf64_Shdr raw;
	uint64_t at;

	if (i >= e->shnum || __builtin_add_overflow(e->shoff, i * section_size(e), &at) ||
	    !read_at(e->fd, &raw, section_size(e), at))
		return false;
	section_widen(e, &raw, s);
	return true;
}

static bool header_read(struct elf *e)
{
	unsigned char ident[EI_NIDENT];
	unsigned int type, machine, phentsize, shentsize;
	union {
		Elf64_Ehdr wide;
		Elf32_Ehdr narrow;
	} h;

	if (!read_at(e->fd, ident, sizeof(ident), 0) || memcmp(ident, ELFMAG, SELFMAG) ||
	    ident[EI_DATA] != ELFDATA2LSB ||
	    (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64))
		return false;
	e->narrow = ident[EI_CLASS] == ELFCLASS32;
	if (!read_at(e->fd, &h, e->narrow ? sizeof(h.narrow) : sizeof(h.wide), 0))
		return false;
#define FIELD(name) (e->narrow ? h.narrow.name : h.wide.name)
	type = FIELD(e_type);
	machine = FIELD(e_machine);
	e->phoff = FIELD(e_phoff);
	e->shoff = FIELD(e_shoff);
	e->phnum = FIELD(e_phnum);
	e->shnum = FIELD(e_shnum);
	phentsize = FIELD(e_phentsize);
	shentsize = FIELD(e_shentsize);
#undef FIELD
	return (type == ET_EXEC || type == ET_DYN) && (machine == EM_X86_64 || machine == EM_386) &&
	       phentsize == (e->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr)) &&
	       (!e->shoff || shentsize == section_size(e));
}

/* Numbers that don't fit in the header stand in the first section's: elf(5), e_phnum and e_shnum. */
static int header_extend(struct elf *e)
{
	bool many_segments = e->phnum == PN_XNUM;
	Elf64_Shdr s;

	if (!e->shoff)
		e->shnum = 0;
	else if (!e->shnum || many_segments) {
		bool many = !e->shnum;

		e->shnum += many;
		if (!section_read(e, 0, &s))
			return -ENOEXEC;
		if (many)
			e->shnum = s.sh_size;
		if (many_segments)
			e->phnum = s.sh_info;
	}
	return e->phnum > SEGMENTS_MAX || e->shnum > SECTIONS_MAX ? -E2BIG : 0;
}

/* ---- from offsets to addresses ---- */

/* An offset that is looked for, and the best symbol until now. */
struct search {
	uint64_t addr; /* as symbols count */
	bool mapped; /* a segment has it */
	bool executable; /* ... of code */
	bool found;
	uint64_t value, size;
	int rank;
	uint32_t name; /* in section strings */
	uint32_t strings;
};

static int addresses(const struct elf *e, struct table *t, const uint64_t *at, size_t nr,
		     struct search *s)
{
	size_t size = e->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr);
	const void *p;
	uint64_t n;

	table_begin(t, e, e->phoff, e->phnum, size);
	for (n = 0; (p = table_next(t)); n++) {
		Elf64_Phdr h;
		Elf32_Phdr narrow;

		if (e->narrow) {
			memcpy(&narrow, p, sizeof(narrow));
			h = (Elf64_Phdr){
				.p_type = narrow.p_type,
				.p_flags = narrow.p_flags,
				.p_offset = narrow.p_offset,
				.p_vaddr = narrow.p_vaddr,
				.p_filesz = narrow.p_filesz,
			};
		} else {
			memcpy(&h, p, sizeof(h));
		}
		if (h.p_type != PT_LOAD)
			continue;
		for (size_t i = 0; i < nr; i++) {
			/* segments share a page of the file: what is executed is of the one with code */
			if (at[i] < h.p_offset || at[i] - h.p_offset >= h.p_filesz || s[i].executable)
				continue;
			s[i].mapped = true;
			s[i].executable = h.p_flags & PF_X;
			s[i].addr = h.p_vaddr + (at[i] - h.p_offset);
		}
	}
	return n == e->phnum ? 0 : -ENOEXEC;
}

/* ---- symbols ---- */

/* Of several names of one function the one that others use. */
static int bind_rank(unsigned char info)
{
	switch (ELF64_ST_BIND(info)) {
	case STB_GLOBAL:
		return 3;
	case STB_WEAK:
		return 2;
	}
	return 1;
}

static bool better(const struct search *s, uint64_t value, uint64_t size, int rank)
{
	if (!s->found || value != s->value)
		return !s->found || value > s->value;
	return size != s->size ? size < s->size : rank > s->rank;
}

static void symbol_try(struct search *s, size_t nr, const Elf64_Sym *y, uint32_t strings)
{
	unsigned int type = ELF64_ST_TYPE(y->st_info);
	int rank = bind_rank(y->st_info);

	if ((type != STT_FUNC && type != STT_GNU_IFUNC && type != STT_NOTYPE) ||
	    y->st_shndx == SHN_UNDEF || y->st_shndx == SHN_ABS || !y->st_name)
		return;
	for (size_t i = 0; i < nr; i++) {
		if (!s[i].mapped || s[i].addr < y->st_value || s[i].addr - y->st_value >= y->st_size ||
		    !better(&s[i], y->st_value, y->st_size, rank))
			continue;
		s[i].found = true;
		s[i].value = y->st_value;
		s[i].size = y->st_size;
		s[i].rank = rank;
		s[i].name = y->st_name;
		s[i].strings = strings;
	}
}

static int symbols(const struct elf *e, struct table *t, const Elf64_Shdr *section,
		   struct search *s, size_t nr)
{
	size_t size = e->narrow ? sizeof(Elf32_Sym) : sizeof(Elf64_Sym);
	uint64_t count = section->sh_size / size;
	const void *p;

	if (section->sh_entsize != size)
		return -ENOEXEC;
	if (count > SYMBOLS_MAX)
		return -E2BIG;
	table_begin(t, e, section->sh_offset, count, size);
	while ((p = table_next(t))) {
		Elf64_Sym y;
		Elf32_Sym narrow;

		if (e->narrow) {
			memcpy(&narrow, p, sizeof(narrow));
			y = (Elf64_Sym){
				.st_name = narrow.st_name,
				.st_info = narrow.st_info,
				.st_shndx = narrow.st_shndx,
				.st_value = narrow.st_value,
				.st_size = narrow.st_size,
			};
		} else {
			memcpy(&y, p, sizeof(y));
		}
		symbol_try(s, nr, &y, section->sh_link);
	}
	return 0;
}

static bool all_found(const struct search *s, size_t nr)
{
	for (size_t i = 0; i < nr; i++)
		if (s[i].mapped && !s[i].found)
			return false;
	return true;
}

/* The names of a string that begins in the section: cut at ELF_NAME_MAX, but never read beyond the section. */
static void name_read(const struct elf *e, const struct search *s, struct elf_name *out)
{
	Elf64_Shdr strings;
	uint64_t at;
	size_t len = ELF_NAME_MAX - 1;
	bool cut = true;

	if (!section_read(e, s->strings, &strings) || strings.sh_type != SHT_STRTAB ||
	    s->name >= strings.sh_size || __builtin_add_overflow(strings.sh_offset, s->name, &at))
		return;
	if (strings.sh_size - s->name < len) {
		len = strings.sh_size - s->name;
		cut = false;
	}
	if (!read_at(e->fd, out->name, len, at) || (!cut && !memchr(out->name, 0, len))) {
		out->name[0] = 0;
		return;
	}
	out->name[len] = 0;
	out->offset = s->addr - s->value;
}

int elf_names(int fd, const uint64_t *at, size_t nr, struct elf_name *out)
{
	static const uint32_t kinds[] = { SHT_SYMTAB, SHT_DYNSYM };
	struct search s[ELF_NAMES_MAX] = {};
	struct elf e = { .fd = fd };
	Elf64_Shdr found[2] = {};
	struct table t;
	const void *p;
	int rc;

	if (nr > ELF_NAMES_MAX)
		return -E2BIG;
	memset(out, 0, nr * sizeof(*out));
	if (!header_read(&e))
		return -ENOEXEC;
	rc = header_extend(&e);
	if (!rc)
		rc = addresses(&e, &t, at, nr, s);
	if (rc)
		return rc;
	table_begin(&t, &e, e.shoff, e.shnum, section_size(&e));
	while ((p = table_next(&t))) {
		Elf64_Shdr section;

		section_widen(&e, p, &section);
		for (int k = 0; k < 2; k++)
			if (section.sh_type == kinds[k] && !found[k].sh_type)
				found[k] = section;
	}
	for (int k = 0; k < 2; k++) {
		if (!found[k].sh_type || all_found(s, nr))
			continue;
		rc = symbols(&e, &t, &found[k], s, nr);
		if (rc)
			return rc;
	}
	for (size_t i = 0; i < nr; i++)
		if (s[i].found)
			name_read(&e, &s[i], &out[i]);
	return 0;
}
