/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FOLIO_SPEC_H
#define DAXTOP_FOLIO_SPEC_H
/* folio_spec.h - the FOLIO argument: a pfn, FILE:OFFSET or /dev/daxX.Y:OFFSET */
#include <stddef.h>
#include <stdint.h>

enum folio_spec_kind {
	FOLIO_PFN, /* 0xHEX or decimal */
	FOLIO_FILE, /* FILE:OFFSET, the last colon splits */
	FOLIO_DEVDAX, /* /dev/daxX.Y:OFFSET */
};

struct folio_spec {
	enum folio_spec_kind kind;
	const char *text; /* as given; the caller's string */
	char *path; /* FILE, DEVDAX; owned */
	uint64_t pfn; /* PFN */
	uint64_t offset; /* bytes; FILE, DEVDAX */
};

/*
 * Parses without I/O. Returns 0, -ENOMEM, or -EINVAL with a sentence (no
 * newline, safe to print) in @err.
 */
int folio_spec_parse(struct folio_spec *spec, const char *text, char *err, size_t errlen);
void folio_spec_free(struct folio_spec *spec);

/*
 * A number, decimal or 0xHEX, with an optional K, M or G (1024 based). Returns
 * 0, or -EINVAL (no number, rest behind it) or -ERANGE (beyond 64 bits).
 */
int size_parse(const char *text, uint64_t *value);

/* PFN or PFN-PFN, decimal or 0xHEX, both included. Returns 0 or -EINVAL. */
int pfn_range_parse(const char *text, uint64_t *first, uint64_t *last);

#endif
