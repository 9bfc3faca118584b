/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_KSYM_H
#define DAXTOP_KSYM_H
/* ksym.h - names of kernel addresses, from /proc/kallsyms */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ksym;

/*
 * @path: NULL for /proc/kallsyms; copied. Nothing is read before the first
 * look-up. Returns NULL when memory is short.
 */
struct ksym *ksym_new(const char *path);
void ksym_free(struct ksym *k);

/*
 * Reads the table if that was not done. Returns 0, or a negative errno with a
 * sentence (no newline) in @err that says what to do: -EPERM when all
 * addresses are zero (kptr_restrict), else of reading the file.
 */
int ksym_load(struct ksym *k, char *err, size_t errlen);
/* Takes the table from @f instead. Returns 0 or a negative errno, as ksym_load(). */
int ksym_parse(struct ksym *k, FILE *f);
/* Forget the table: a module was loaded. The next look-up reads it again. */
void ksym_reset(struct ksym *k);

/*
 * Name of the function that covers @addr, *@offset into it; *@module is NULL
 * for the kernel itself. NULL when there is none or the table can't be had.
 * Strings live until ksym_reset() or ksym_free(). @module, @offset may be NULL.
 */
const char *ksym_name(struct ksym *k, uint64_t addr, uint64_t *offset, const char **module);
/* "name+0x12 [module]", or "0x..." without a name. @k may be NULL. Returns @out. */
char *ksym_format(struct ksym *k, char *out, size_t outlen, uint64_t addr);

#endif
