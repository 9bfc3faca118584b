/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_NAMES_H
#define DAXTOP_NAMES_H
/* names.h - words for numbers: events, flags, sizes, results, levels */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "event.h"

/* "fault", "pgmap-add", ...; NULL when @type is no event */
const char *event_name(unsigned int type);
/* enum dx_event_type of @name (@len bytes), -1 when there is none */
int event_by_name(const char *name, size_t len);

/* Name of flag bit number @bit (0..31): "insert", ...; NULL when it has none */
const char *flag_name(unsigned int bit);
/* "insert,write" for @flags; "-" for none. Returns @out. 256 bytes suffice. */
char *flags_format(char *out, size_t outlen, uint32_t flags, const char *separator);

/* "4K", "2M", "1G"; other orders by arithmetic, pages of 4 KiB. Returns @out. */
char *size_format(char *out, size_t outlen, unsigned int order);
/* "pte", "pmd", "pud", "?" */
const char *level_name(unsigned int level);
/* "private", "fs-dax", ... of enum memory_type; NULL: not known */
const char *pgmap_type_name(unsigned int type);

/* "NOPAGE", "NOPAGE|MAJOR", "0", unknown bits in hex. Returns @out. 256 bytes suffice. */
char *fault_result_format(char *out, size_t outlen, uint32_t result);
/* Why a process gets SIGBUS: "poison"; "?": not one of enum dx_sigbus_reason. */
const char *sigbus_reason_name(unsigned int reason);
/* "-EINVAL" for a negative errno, else the number. Returns @out. */
char *errno_format(char *out, size_t outlen, int value);
/* The result of an event of @type in the words that fit it. Returns @out ("" when it has none). */
char *result_format(char *out, size_t outlen, unsigned int type, uint32_t flags, int ret);

/* Which fields of a record mean something. */
bool event_has_pfn(const struct dx_event *e);
bool event_has_folio(const struct dx_event *e); /* order, counts */
bool event_has_file(const struct dx_event *e); /* dev, ino */
bool event_has_offset(const struct dx_event *e); /* index is a page offset */
bool event_has_level(const struct dx_event *e);
bool event_has_addr(const struct dx_event *e); /* addr is a user address */
bool event_has_nr(const struct dx_event *e);
bool event_has_ret(const struct dx_event *e);

/* "12.345678": seconds from @start to @time, both ns. Returns @out. */
char *time_format(char *out, size_t outlen, uint64_t time, uint64_t start);
/* "850us", "14.2s", "3m12s", "2h05m", "4d03h": at most 6 columns. Returns @out. */
char *duration_format(char *out, size_t outlen, uint64_t ns);
/* "950", "18.2k", "39.1M": at most 5 columns. Returns @out. */
char *count_format(char *out, size_t outlen, double n);
/* "41,213". Returns @out. */
char *thousands_format(char *out, size_t outlen, uint64_t n);

#endif
