// SPDX-License-Identifier: GPL-2.0-only
/* folio_spec.c - the FOLIO argument */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "folio_spec.h"
#include "base/escape.h"

/* x86 has 52 bits of physical address at most (MAXPHYADDR): 40 of pfn. */
#define PFN_LIMIT (1ull << 40)

/*
 * Digits of @text, decimal or 0xHEX; *@end is set behind them. strtoull() would
 * take blanks, signs, octal and a second 0x.
 */
static int number_parse(const char *text, uint64_t *value, const char **end)
{
	unsigned int base = 10, nr = 0, digit;
	bool overflow = false;
	uint64_t n = 0;

	if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		text += 2;
	}
	for (;; text++) {
		unsigned char c = *text;

		if (base == 16 ? !isxdigit(c) : !isdigit(c))
			break;
		digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
		overflow |= n > (UINT64_MAX - digit) / base;
		n = n * base + digit;
		nr++;
	}
	*end = text;
	*value = n;
	if (!nr)
		return -EINVAL;
	return overflow ? -ERANGE : 0;
}

int size_parse(const char *text, uint64_t *value)
{
	unsigned int shift = 0;
	const char *end;
	uint64_t n;
	int err;

	err = number_parse(text, &n, &end);
	if (err)
		return err;
	switch (*end) {
	case 'k':
	case 'K':
		shift = 10;
		break;
	case 'm':
	case 'M':
		shift = 20;
		break;
	case 'g':
	case 'G':
		shift = 30;
		break;
	}
	if (shift)
		end++;
	if (*end)
		return -EINVAL;
	if (n > UINT64_MAX >> shift)
		return -ERANGE;
	*value = n << shift;
	return 0;
}

int pfn_range_parse(const char *text, uint64_t *first, uint64_t *last)
{
	const char *end;

	if (number_parse(text, first, &end))
		return -EINVAL;
	*last = *first;
	if (*end == '-' && number_parse(end + 1, last, &end))
		return -EINVAL;
	/* pfn 0 is never a device's */
	return *end || !*first || *last < *first || *last >= PFN_LIMIT ? -EINVAL : 0;
}

/* /dev/daxX.Y */
static bool path_is_devdax(const char *path)
{
	if (strncmp(path, "/dev/dax", 8) || !isdigit((unsigned char)path[8]))
		return false;
	for (path += 8; isdigit((unsigned char)*path); path++)
		;
	if (*path++ != '.' || !isdigit((unsigned char)*path))
		return false;
	for (; isdigit((unsigned char)*path); path++)
		;
	return !*path;
}

static const char *shown(char *out, size_t outlen, const char *text)
{
	escape_columns(out, outlen, text, strlen(text), 120, ESCAPE_KEEP_END);
	return out;
}

static int pfn_parse(struct folio_spec *spec, char *err, size_t errlen)
{
	char name[512];
	const char *end;
	int ret;

	ret = number_parse(spec->text, &spec->pfn, &end);
	if (ret == -EINVAL || *end) {
		snprintf(err, errlen,
			 "'%s' is no FOLIO: give a page frame number (0xHEX or decimal), "
			 "FILE:OFFSET or /dev/daxX.Y:OFFSET",
			 shown(name, sizeof(name), spec->text));
		return -EINVAL;
	}
	if (ret || spec->pfn >= PFN_LIMIT) {
		snprintf(err, errlen,
			 "'%s' is beyond the last possible page frame number; an address must be "
			 "divided by 4096",
			 shown(name, sizeof(name), spec->text));
		return -EINVAL;
	}
	return 0;
}

int folio_spec_parse(struct folio_spec *spec, const char *text, char *err, size_t errlen)
{
	const char *colon = strrchr(text, ':');
	char name[512];
	int ret;

	memset(spec, 0, sizeof(*spec));
	spec->text = text;
	if (!colon) {
		spec->kind = FOLIO_PFN;
		return pfn_parse(spec, err, errlen);
	}
	if (colon == text) {
		snprintf(err, errlen, "'%s' names no file before the ':'",
			 shown(name, sizeof(name), text));
		return -EINVAL;
	}
	ret = size_parse(colon + 1, &spec->offset);
	if (ret || spec->offset > INT64_MAX) {
		snprintf(err, errlen,
			 "the offset behind the last ':' of '%s' is %s: give bytes, decimal or "
			 "0xHEX, with K, M or G if wanted",
			 shown(name, sizeof(name), text), ret == -EINVAL ? "no number" : "too large");
		return -EINVAL;
	}
	spec->path = strndup(text, colon - text);
	if (!spec->path) {
		snprintf(err, errlen, "memory is short");
		return -ENOMEM;
	}
	spec->kind = path_is_devdax(spec->path) ? FOLIO_DEVDAX : FOLIO_FILE;
	return 0;
}

void folio_spec_free(struct folio_spec *spec)
{
	free(spec->path);
	spec->path = NULL;
}
