/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BTF_KERNEL_H
#define DAXTOP_BTF_KERNEL_H
/* btf_kernel.h - what BTF and the kernel's text say */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "model/probe.h"

struct btf_names;
/* Told apart by what BTF holds (rules.md's table), not by the version. */
enum regime regime_of(const struct btf_names *types);
/*
 * The type of the target of a program with this section ("fentry/x", "tp_btf/x"), by id; 0: there is none;
 * BTF_NO_TARGET: the section needs none.
 */
uint32_t btf_target(const struct btf_names *types, const char *section);
#define BTF_NO_TARGET UINT32_MAX
/* Bit of page->flags where the zone number begins: 64 - NODES_SHIFT - ZONES_SHIFT; 0: not found. */
unsigned int btf_zone_shift(const struct btf_names *types);
/* Bytes of a struct; 0: not found. */
size_t btf_sizeof(const struct btf_names *types, const char *name);
/* Bit BIO_PAGE_PINNED of bio->bi_flags (include/linux/blk_types.h); BIO_PINNED_NONE: not found. */
uint32_t btf_bio_pinned(const struct btf_names *types);

/*
 * Does the function whose text begins at @text (its first @len bytes, address
 * @addr) call or jump to @target? x86-64 near calls only; looks no further than
 * the padding behind the function.
 */
bool text_calls(const unsigned char *text, size_t len, unsigned long addr, unsigned long target);

#endif
