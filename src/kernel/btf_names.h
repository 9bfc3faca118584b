/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BTF_NAMES_H
#define DAXTOP_BTF_NAMES_H
/*
 * btf_names.h - a kernel's types by their names, from one pass over them. libbpf goes through all types for
 * each name, a kernel has 130,000, and a start asks for some hundreds of names.
 */
#include <stddef.h>
#include <stdint.h>

struct btf;
struct btf_names;

/*
 * Of the functions, typedefs, structs, unions and enums of @btf, from type @first on (1: all; of a module's
 * BTF the first of its own), and of the enums without a name, which is "". Takes @btf over. NULL: no memory,
 * and @btf is freed.
 */
struct btf_names *btf_names_new(struct btf *btf, uint32_t first);
void btf_names_free(struct btf_names *n);
struct btf *btf_names_btf(const struct btf_names *n);
/*
 * The next type of that name and kind behind type @after, by id; @after 0: the first; returns 0: none. @name
 * has @len bytes and need not be terminated. BTF_KIND_ENUM stands for BTF_KIND_ENUM64, too.
 */
uint32_t btf_names_next(const struct btf_names *n, const char *name, size_t len, uint32_t kind,
			uint32_t after);
/* The first; NULL: none. */
const struct btf_type *btf_names_find(const struct btf_names *n, const char *name, uint32_t kind);

#endif
