// SPDX-License-Identifier: GPL-2.0-only
/* test_elf_names.c - functions at offsets of an ELF file, whatever the file is */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "symbol/elf_names.h"

#define CODE_AT	 0x1000 /* offset in the file; two segments have this page */
#define CODE_VMA 0x401000

/* A small program: headers, symbols, strings; the code itself is of no interest. */
struct image {
	Elf64_Ehdr h;
	Elf64_Phdr segment[2];
	Elf64_Shdr section[5];
	Elf64_Sym symbol[8];
	Elf64_Sym dynamic[2];
	char strings[64];
	char other[600];
};
enum { S_NULL, S_SYMTAB, S_STRTAB, S_DYNSYM, S_OTHER };

static const char strings[] = "\0first\0alias\0weak\0inner\0unsized\0data";
#define AT_FIRST   1
#define AT_ALIAS   7
#define AT_WEAK	   13
#define AT_INNER   18
#define AT_UNSIZED 24
#define AT_DATA	   32

static Elf64_Sym sym(unsigned int name, unsigned int bind, unsigned int type, uint64_t value,
		     uint64_t size)
{
	return (Elf64_Sym){ .st_name = name,
			    .st_info = ELF64_ST_INFO(bind, type),
			    .st_shndx = 1,
			    .st_value = value,
			    .st_size = size };
}

static void image_init(struct image *m)
{
	memset(m, 0, sizeof(*m));
	memcpy(m->h.e_ident, ELFMAG, SELFMAG);
	m->h.e_ident[EI_CLASS] = ELFCLASS64;
	m->h.e_ident[EI_DATA] = ELFDATA2LSB;
	m->h.e_ident[EI_VERSION] = EV_CURRENT;
	m->h.e_type = ET_EXEC;
	m->h.e_machine = EM_X86_64;
	m->h.e_phoff = offsetof(struct image, segment);
	m->h.e_shoff = offsetof(struct image, section);
	m->h.e_phentsize = sizeof(Elf64_Phdr);
	m->h.e_shentsize = sizeof(Elf64_Shdr);
	m->h.e_phnum = 2;
	m->h.e_shnum = 5;
	/* where both have the page, code is meant */
	m->segment[0] =
		(Elf64_Phdr){ PT_LOAD, PF_R, CODE_AT, 0x600000, 0x600000, 0x1000, 0x1000, 0x1000 };
	m->segment[1] = (Elf64_Phdr){ PT_LOAD,	PF_R | PF_X, CODE_AT, CODE_VMA,
				      CODE_VMA, 0x1000,	     0x1000,  0x1000 };
	m->section[S_SYMTAB] = (Elf64_Shdr){ .sh_type = SHT_SYMTAB,
					     .sh_offset = offsetof(struct image, symbol),
					     .sh_size = sizeof(m->symbol),
					     .sh_link = S_STRTAB,
					     .sh_entsize = sizeof(Elf64_Sym) };
	m->section[S_STRTAB] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
					     .sh_offset = offsetof(struct image, strings),
					     .sh_size = sizeof(strings) };
	m->section[S_DYNSYM] = (Elf64_Shdr){ .sh_type = SHT_DYNSYM,
					     .sh_offset = offsetof(struct image, dynamic),
					     .sh_size = sizeof(m->dynamic),
					     .sh_link = S_OTHER,
					     .sh_entsize = sizeof(Elf64_Sym) };
	m->section[S_OTHER] = (Elf64_Shdr){ .sh_type = SHT_STRTAB,
					    .sh_offset = offsetof(struct image, other),
					    .sh_size = sizeof(m->other) };
	m->symbol[1] = sym(AT_ALIAS, STB_LOCAL, STT_FUNC, CODE_VMA, 0x40);
	m->symbol[2] = sym(AT_FIRST, STB_GLOBAL, STT_FUNC, CODE_VMA, 0x40);
	m->symbol[3] = sym(AT_WEAK, STB_WEAK, STT_FUNC, CODE_VMA, 0x40);
	m->symbol[4] = sym(AT_INNER, STB_LOCAL, STT_NOTYPE, CODE_VMA + 0x10, 0x10);
	m->symbol[5] = sym(AT_UNSIZED, STB_GLOBAL, STT_FUNC, CODE_VMA + 0x80, 0);
	m->symbol[6] = sym(AT_DATA, STB_GLOBAL, STT_OBJECT, CODE_VMA + 0x100, 0x100);
	m->dynamic[1] = sym(0, STB_GLOBAL, STT_FUNC, CODE_VMA + 0x200, 0x10);
	m->dynamic[1].st_name = 100;
	memcpy(m->strings, strings, sizeof(strings));
	strcpy(m->other + 100, "dynamic");
}

static int file_of(const void *bytes, size_t len)
{
	int fd = memfd_create("elf", 0);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	return fd;
}

/* @name: what is at @offset of the code, "" for nothing; @into: the function. */
static void expect(const struct image *m, uint64_t offset, const char *name, uint64_t into)
{
	struct elf_name out;
	int fd = file_of(m, sizeof(*m));

	offset += CODE_AT;
	assert_int_equal(elf_names(fd, &offset, 1, &out), 0);
	assert_string_equal(out.name, name);
	assert_int_equal(out.offset, into);
	close(fd);
}

static void expect_error(const struct image *m, size_t len, int rc)
{
	struct elf_name out;
	uint64_t at = CODE_AT;
	int fd = file_of(m, len);

	assert_int_equal(elf_names(fd, &at, 1, &out), rc);
	close(fd);
}

static void test_names(void **state)
{
	Elf64_Phdr data;
	struct image m;

	(void)state;
	image_init(&m);
	/* of three names the global one; the inner of two functions */
	expect(&m, 0, "first", 0);
	expect(&m, 0xf, "first", 0xf);
	expect(&m, 0x10, "inner", 0);
	expect(&m, 0x1f, "inner", 0xf);
	expect(&m, 0x20, "first", 0x20);
	expect(&m, 0x3f, "first", 0x3f);
	expect(&m, 0x40, "", 0);
	/* nobody knows where it ends; data; past the file's segments */
	expect(&m, 0x80, "", 0);
	expect(&m, 0x100, "", 0);
	expect(&m, 0x1000, "", 0);
	expect(&m, -(uint64_t)CODE_AT, "", 0);
	/* in the other table, with strings of its own */
	expect(&m, 0x20f, "dynamic", 0xf);
	m.h.e_type = ET_DYN;
	expect(&m, 0x10, "inner", 0);
	/* defined elsewhere, and no address at all */
	m.symbol[4].st_shndx = SHN_UNDEF;
	expect(&m, 0x10, "first", 0x10);
	m.symbol[4].st_shndx = SHN_ABS;
	expect(&m, 0x10, "first", 0x10);
	m.symbol[4].st_shndx = 1;
	/* the other way round; and a segment that ends before the symbol does */
	data = m.segment[0];
	m.segment[0] = m.segment[1];
	m.segment[1] = data;
	expect(&m, 0x10, "inner", 0);
	m.segment[0].p_filesz = m.segment[1].p_filesz = 0x205;
	expect(&m, 0x204, "dynamic", 4);
	expect(&m, 0x205, "", 0);
}

static void test_many(void **state)
{
	struct elf_name out[ELF_NAMES_MAX];
	uint64_t at[ELF_NAMES_MAX];
	struct image m;
	int fd;

	(void)state;
	image_init(&m);
	fd = file_of(&m, sizeof(m));
	for (size_t i = 0; i < ELF_NAMES_MAX; i++)
		at[i] = CODE_AT + 2 * i;
	assert_int_equal(elf_names(fd, at, ELF_NAMES_MAX, out), 0);
	for (size_t i = 0; i < ELF_NAMES_MAX; i++) {
		bool inner = i >= 8 && i < 16;

		assert_string_equal(out[i].name, inner ? "inner" : "first");
		assert_int_equal(out[i].offset, 2 * i - (inner ? 0x10 : 0));
	}
	assert_int_equal(elf_names(fd, at, ELF_NAMES_MAX + 1, out), -E2BIG);
	assert_int_equal(elf_names(fd, at, 0, out), 0);
	close(fd);
	assert_int_equal(elf_names(-1, at, 1, out), -ENOEXEC);
}

/* A program of 32 bits on the same machine. */
static void test_narrow(void **state)
{
	struct {
		Elf32_Ehdr h;
		Elf32_Phdr segment;
		Elf32_Shdr section[3];
		Elf32_Sym symbol[2];
		char strings[8];
	} m = {
		.h = {
			.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_DYN, .e_machine = EM_386, .e_phentsize = sizeof(Elf32_Phdr), .e_phnum = 1,
			.e_shentsize = sizeof(Elf32_Shdr), .e_shnum = 3,
		},
		.segment = { .p_type = PT_LOAD, .p_flags = PF_X, .p_offset = 0x1000, .p_vaddr = 0x2000, .p_filesz = 0x1000 },
		.symbol[1] = { .st_name = 1, .st_info = ELF32_ST_INFO(STB_GLOBAL, STT_FUNC), .st_shndx = 1,
			       .st_value = 0x2010, .st_size = 0x10 },
		.strings = "\0old",
	};
	uint64_t at[] = { 0x100f, 0x1018 };
	struct elf_name out[2];
	int fd;

	(void)state;
	m.h.e_phoff = (char *)&m.segment - (char *)&m;
	m.h.e_shoff = (char *)&m.section - (char *)&m;
	m.section[1] = (Elf32_Shdr){ .sh_type = SHT_SYMTAB,
				     .sh_offset = (char *)&m.symbol - (char *)&m,
				     .sh_size = sizeof(m.symbol),
				     .sh_link = 2,
				     .sh_entsize = sizeof(Elf32_Sym) };
	m.section[2] = (Elf32_Shdr){ .sh_type = SHT_STRTAB,
				     .sh_offset = (char *)&m.strings - (char *)&m,
				     .sh_size = sizeof(m.strings) };
	fd = file_of(&m, sizeof(m));
	assert_int_equal(elf_names(fd, at, 2, out), 0);
	assert_string_equal(out[0].name, "");
	assert_string_equal(out[1].name, "old");
	assert_int_equal(out[1].offset, 8);
	close(fd);
}

/* More sections and segments than the header's fields count. */
static void test_extended(void **state)
{
	struct image m;

	(void)state;
	image_init(&m);
	m.section[0].sh_size = m.h.e_shnum;
	m.h.e_shnum = 0;
	expect(&m, 1, "first", 1);
	m.section[0].sh_info = m.h.e_phnum;
	m.h.e_phnum = PN_XNUM;
	expect(&m, 1, "first", 1);
	m.section[0].sh_info = UINT32_MAX;
	expect_error(&m, sizeof(m), -E2BIG);
	image_init(&m);
	m.h.e_shnum = 0;
	m.section[0].sh_size = UINT64_MAX;
	expect_error(&m, sizeof(m), -E2BIG);
}

/* The name's string is cut, ends with the section, or is none. */
static void test_strings(void **state)
{
	char want[ELF_NAME_MAX];
	struct image m;

	(void)state;
	image_init(&m);
	memset(m.other + 100, 'x', sizeof(m.other) - 100);
	memset(want, 'x', sizeof(want));
	want[ELF_NAME_MAX - 1] = 0;
	expect(&m, 0x200, want, 0);
	/* it does not end in the section */
	m.section[S_OTHER].sh_size = 110;
	expect(&m, 0x200, "", 0);
	m.other[109] = 0;
	expect(&m, 0x200, "xxxxxxxxx", 0);
	m.section[S_OTHER].sh_size = 100;
	expect(&m, 0x200, "", 0);
	m.section[S_OTHER].sh_size = 99;
	expect(&m, 0x200, "", 0);
	m.section[S_OTHER].sh_size = UINT64_MAX;
	m.section[S_OTHER].sh_offset = UINT64_MAX - 50;
	expect(&m, 0x200, "", 0);
	m.section[S_OTHER].sh_offset = INT64_MAX - 50;
	expect(&m, 0x200, "", 0);
	m.section[S_OTHER].sh_type = SHT_PROGBITS;
	expect(&m, 0x200, "", 0);
	m.section[S_DYNSYM].sh_link = 0xffff;
	expect(&m, 0x200, "", 0);
}

static void test_hostile(void **state)
{
	static const uint64_t extremes[] = { 0,		 1,	    0x7fffffff,
					     0xffffffff, INT64_MAX, UINT64_MAX - 7,
					     UINT64_MAX };
	struct image good, m;

	(void)state;
	image_init(&good);
	/* none at all, and cut anywhere */
	expect_error(&good, 0, -ENOEXEC);
	for (size_t len = 1; len < offsetof(struct image, section); len += 3)
		expect_error(&good, len, -ENOEXEC);
	for (size_t len = offsetof(struct image, section); len < sizeof(good); len += 5)
		expect_error(&good, len, 0);
	m = good;
	m.h.e_ident[EI_DATA] = ELFDATA2MSB;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.h.e_machine = EM_AARCH64;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.h.e_type = ET_CORE;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.h.e_phentsize = 0;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.h.e_shentsize = 1;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.section[S_SYMTAB].sh_entsize = 0;
	expect_error(&m, sizeof(m), -ENOEXEC);
	m = good;
	m.section[S_SYMTAB].sh_size = UINT64_MAX;
	expect_error(&m, sizeof(m), -E2BIG);
	/* offsets and sizes that wrap around, in every field that has one */
	for (size_t i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
		uint64_t *fields[] = {
			&m.h.e_phoff,
			&m.h.e_shoff,
			&m.segment[1].p_offset,
			&m.segment[1].p_vaddr,
			&m.segment[1].p_filesz,
			&m.section[S_SYMTAB].sh_offset,
			&m.section[S_STRTAB].sh_offset,
			&m.section[S_STRTAB].sh_size,
			&m.symbol[2].st_value,
			&m.symbol[2].st_size,
		};

		for (size_t k = 0; k < sizeof(fields) / sizeof(fields[0]); k++) {
			struct elf_name out[2];
			uint64_t at[] = { CODE_AT, UINT64_MAX };
			int fd;

			m = good;
			*fields[k] = extremes[i];
			fd = file_of(&m, sizeof(m));
			if (!elf_names(fd, at, 2, out)) {
				assert_non_null(memchr(out[0].name, 0, ELF_NAME_MAX));
				assert_non_null(memchr(out[1].name, 0, ELF_NAME_MAX));
			}
			close(fd);
		}
	}
}

/* Itself: what the linker made of it. */
static void test_own(void **state)
{
	struct elf_name out;
	uint64_t at = 0;
	int fd = open("/proc/self/exe", O_RDONLY);
	FILE *maps = fopen("/proc/self/maps", "r");
	uint64_t addr = (uintptr_t)test_own, start, end, offset;
	char line[4200];

	(void)state;
	assert_non_null(maps);
	while (!at && fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %*s %lx", &start, &end, &offset) == 3 && addr >= start &&
		    addr < end)
			at = addr - start + offset;
	fclose(maps);
	at += 3;
	assert_int_equal(elf_names(fd, &at, 1, &out), 0);
	assert_string_equal(out.name, "test_own");
	assert_int_equal(out.offset, 3);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),	cmocka_unit_test(test_many),
		cmocka_unit_test(test_narrow),	cmocka_unit_test(test_extended),
		cmocka_unit_test(test_strings), cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
