/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PREFLIGHT_H
#define DAXTOP_PREFLIGHT_H
/* preflight.h - what must be so before anything is loaded */
#include <stddef.h>

struct btf_names;

#define PREFLIGHT_LOCKDOWN                                                          \
	"the kernel is locked down for confidentiality, which forbids BPF to read " \
	"kernel memory: boot with lockdown=integrity or none"

/*
 * May this process trace this kernel? Returns 0, or -1 with a sentence in @err:
 * which capability is missing, no /proc, lockdown (where securityfs tells), no BTF.
 */
int preflight(char *err, size_t errlen);
/* The kernel's types, read once and never freed; NULL with a sentence in @err. */
const struct btf_names *preflight_types(char *err, size_t errlen);
/* The first release that has all that the programs call. None before 6.12 was ever tried. README and daxtop(1) say both. */
#define LINUX_NEEDED "6.10"
/* ... and has it what daxtop needs at least: FS_DAX, kernel functions that programs may call? source_open() asks. */
int preflight_btf(const struct btf_names *types, char *err, size_t errlen);

#endif
