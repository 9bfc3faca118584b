/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_TARGET_H
#define DAXTOP_TARGET_H
/* target.h - WHAT of daxtop holders: a file, a mount point, a device, pfns or a process */
#include <stddef.h>
#include <stdint.h>

enum target_kind {
	TARGET_NAME, /* a path or a name: target_resolve() says which of the next three */
	TARGET_FILE,
	TARGET_MOUNT, /* a mount point: all files of its filesystem */
	TARGET_DEVICE,
	TARGET_RANGE, /* 0xA or 0xA-0xB */
	TARGET_PID, /* decimal digits only */
	TARGET_ADDR, /* PID:0xADDR: the page that the process maps there */
};

struct target {
	enum target_kind kind;
	const char *text; /* as given; the caller's string */
	char device[32]; /* DEVICE: "pmem0", "dax0.0" */
	uint64_t pfn_first, pfn_last; /* RANGE */
	uint32_t pid; /* PID, ADDR: of the initial pid namespace */
	uint64_t addr; /* ADDR: bytes */
	uint32_t dev; /* MOUNT: kernel dev_t of what stat() says */
};

/*
 * Parses without I/O. Returns 0, or -EINVAL with a sentence (no newline, safe to
 * print) in @err. text: the caller's, kept.
 */
int target_parse(struct target *t, const char *text, char *err, size_t errlen);
/*
 * What a TARGET_NAME is, by stat() and sysfs, which is mounted at @sys ("/sys"). Returns 0,
 * or -errno with a sentence in @err.
 */
int target_resolve(struct target *t, const char *sys, char *err, size_t errlen);

#endif
