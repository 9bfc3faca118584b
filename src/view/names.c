// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* strerrorname_np() */
/* names.c - words for numbers */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "engine/snapshot.h"
#include "base/escape.h"
#include "view/names.h"

/* linux/mm_types.h, enum vm_fault_reason (7.2) */
#define VM_FAULT_HINDEX_SHIFT 16
#define VM_FAULT_HINDEX_MASK  0x0f0000u

static const struct {
	uint32_t bit;
	const char *name;
} fault_results[] = {
	{ 0x000001, "OOM" },	   { 0x000002, "SIGBUS" },	   { 0x000004, "MAJOR" },
	{ 0x000010, "HWPOISON" },  { 0x000020, "HWPOISON_LARGE" }, { 0x000040, "SIGSEGV" },
	{ 0x000100, "NOPAGE" },	   { 0x000200, "LOCKED" },	   { 0x000400, "RETRY" },
	{ 0x000800, "FALLBACK" },  { 0x001000, "DONE_COW" },	   { 0x002000, "NEEDDSYNC" },
	{ 0x004000, "COMPLETED" },
};

static const char *const flag_names[] = {
	"insert",   "install", "upgrade",  "write", "shared",	"ref-taken",
	"longterm", "remote",  "final",	   "zero",  "slow",	"replaced",
	"dying",    "nowait",  "no-folio", "scan",  "unlinked",
};

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

_Static_assert(DX_F_UNLINKED == 1u << (ARRAY_SIZE(flag_names) - 1), "a name for each DX_F_*");

const char *event_name(unsigned int type)
{
	/* The engine has the words already, for the causes in a history. */
	return type > DX_NONE && type < DX_EVENT_TYPES ? engine_cause_name(type) : NULL;
}

int event_by_name(const char *name, size_t len)
{
	for (unsigned int type = DX_NONE + 1; type < DX_EVENT_TYPES; type++) {
		const char *n = event_name(type);

		if (strlen(n) == len && !memcmp(n, name, len))
			return type;
	}
	return -1;
}

const char *flag_name(unsigned int bit)
{
	return bit < ARRAY_SIZE(flag_names) ? flag_names[bit] : NULL;
}

/* Appends to a string of @len bytes, cutting what does not fit; returns the new length. */
static size_t append(char *out, size_t outlen, size_t len, const char *separator, const char *s)
{
	int n;

	if (len + 1 >= outlen)
		return len;
	n = snprintf(out + len, outlen - len, "%s%s", len ? separator : "", s);
	return len + n < outlen ? len + n : outlen - 1;
}

char *flags_format(char *out, size_t outlen, uint32_t flags, const char *separator)
{
	size_t len = 0;
	char hex[16];

	out[0] = '\0';
	for (unsigned int bit = 0; bit < ARRAY_SIZE(flag_names); bit++) {
		if (!flag_names[bit] || !(flags & 1u << bit))
			continue;
		len = append(out, outlen, len, separator, flag_names[bit]);
		flags &= ~(1u << bit);
	}
	if (flags) {
		snprintf(hex, sizeof(hex), "0x%x", flags);
		len = append(out, outlen, len, separator, hex);
	}
	if (!len)
		snprintf(out, outlen, "-");
	return out;
}

char *size_format(char *out, size_t outlen, unsigned int order)
{
	static const char units[] = "KMGTPE";
	unsigned int shift = order + 2; /* of a KiB: pages of 4 KiB */
	unsigned int unit = shift / 10;

	if (unit < sizeof(units) - 1)
		snprintf(out, outlen, "%u%c", 1u << shift % 10, units[unit]);
	else
		snprintf(out, outlen, "?");
	return out;
}

const char *level_name(unsigned int level)
{
	switch (level) {
	case DX_PTE:
		return "pte";
	case DX_PMD:
		return "pmd";
	case DX_PUD:
		return "pud";
	}
	return "?";
}

const char *pgmap_type_name(unsigned int type)
{
	/* linux/memremap.h, enum memory_type (7.2) */
	static const char *const names[] = { NULL,     "private", "coherent",
					     "fs-dax", "generic", "pci-p2pdma" };

	return type < ARRAY_SIZE(names) ? names[type] : NULL;
}

char *fault_result_format(char *out, size_t outlen, uint32_t result)
{
	uint32_t hindex = (result & VM_FAULT_HINDEX_MASK) >> VM_FAULT_HINDEX_SHIFT;
	size_t len = 0;
	char number[32];

	out[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(fault_results); i++) {
		if (!(result & fault_results[i].bit))
			continue;
		len = append(out, outlen, len, "|", fault_results[i].name);
		result &= ~fault_results[i].bit;
	}
	if (hindex) {
		snprintf(number, sizeof(number), "HINDEX=%u", hindex);
		len = append(out, outlen, len, "|", number);
		result &= ~VM_FAULT_HINDEX_MASK;
	}
	if (result) {
		snprintf(number, sizeof(number), "0x%x", result);
		len = append(out, outlen, len, "|", number);
	}
	if (!len)
		snprintf(out, outlen, "0");
	return out;
}

const char *sigbus_reason_name(unsigned int reason)
{
	static const char *const names[] = {
#define REASON_NAME(constant, number, name) [number] = name,
		DX_SIGBUS_REASONS(REASON_NAME)
#undef REASON_NAME
	};

	return reason < ARRAY_SIZE(names) ? names[reason] : "?";
}

char *errno_format(char *out, size_t outlen, int value)
{
	/* linux/errno.h: kernel-internal, never seen by strerror() */
	static const struct {
		int value;
		const char *name;
	} kernel_only[] = {
		{ 512, "ERESTARTSYS" },	   { 513, "ERESTARTNOINTR" },
		{ 514, "ERESTARTNOHAND" }, { 516, "ERESTART_RESTARTBLOCK" },
		{ 517, "EPROBE_DEFER" },   { 524, "ENOTSUPP" },
	};
	const char *name = NULL;

	if (value < 0 && value >= -4095) {
		name = strerrorname_np(-value);
		for (size_t i = 0; !name && i < ARRAY_SIZE(kernel_only); i++)
			if (kernel_only[i].value == -value)
				name = kernel_only[i].name;
	}
	if (name)
		snprintf(out, outlen, "-%s", name);
	else
		snprintf(out, outlen, "%d", value);
	return out;
}

char *result_format(char *out, size_t outlen, unsigned int type, uint32_t flags, int ret)
{
	char number[64];

	out[0] = '\0';
	switch (type) {
	case DX_FAULT:
	case DX_DEV_FAULT:
		fault_result_format(out, outlen, ret);
		break;
	case DX_SIGBUS:
		snprintf(out, outlen, "%s", sigbus_reason_name(ret));
		break;
	case DX_REMOVE:
		if (flags & DX_F_SHARED)
			snprintf(out, outlen, "share=%d", ret);
		break;
	case DX_PIN:
	case DX_GET:
	case DX_BREAK_DONE:
	case DX_PGMAP_ADD:
		snprintf(out, outlen, "ret=%s", errno_format(number, sizeof(number), ret));
		break;
	}
	return out;
}

static const uint16_t event_carries[DX_EVENT_TYPES] = {
#define EVENT(constant, number, name, carries, ...) [number] = carries,
#include "events.def"
#undef EVENT
};

static bool carries(const struct dx_event *e, unsigned int what)
{
	return e->type < DX_EVENT_TYPES && event_carries[e->type] & what;
}

bool event_has_folio(const struct dx_event *e)
{
	return !(e->flags & DX_F_NO_FOLIO) && carries(e, EV_FOLIO);
}

bool event_has_pfn(const struct dx_event *e)
{
	if (carries(e, EV_PFN))
		return e->pfn && !(e->flags & DX_F_NO_FOLIO);
	return event_has_folio(e);
}

bool event_has_file(const struct dx_event *e)
{
	/* a device-dax inode has no number */
	return e->ino || (e->dev && event_name(e->type));
}

bool event_has_offset(const struct dx_event *e)
{
	return event_has_file(e) && !carries(e, EV_NO_OFFSET);
}

bool event_has_level(const struct dx_event *e)
{
	return carries(e, EV_LEVEL) ||
	       (e->type == DX_FAULT && (e->flags & (DX_F_INSTALL | DX_F_UPGRADE)));
}

bool event_has_addr(const struct dx_event *e)
{
	return e->addr && carries(e, EV_ADDR);
}

bool event_has_nr(const struct dx_event *e)
{
	return event_has_folio(e) || carries(e, EV_NR);
}

bool event_has_ret(const struct dx_event *e)
{
	return carries(e, EV_RET) || (e->type == DX_REMOVE && (e->flags & DX_F_SHARED));
}

char *time_format(char *out, size_t outlen, uint64_t time, uint64_t start)
{
	uint64_t us = (time < start ? start - time : time - start) / 1000;

	snprintf(out, outlen, "%s%" PRIu64 ".%06" PRIu64, time < start && us ? "-" : "",
		 us / 1000000, us % 1000000);
	return out;
}

char *duration_format(char *out, size_t outlen, uint64_t ns)
{
	uint64_t s = ns / 1000000000;

	if (ns < 1000000)
		snprintf(out, outlen, "%uus", (unsigned int)(ns / 1000));
	else if (s < 1)
		snprintf(out, outlen, "%ums", (unsigned int)(ns / 1000000));
	else if (s < 100)
		snprintf(out, outlen, "%u.%us", (unsigned int)s,
			 (unsigned int)(ns % 1000000000 / 100000000));
	else if (s < 6000)
		snprintf(out, outlen, "%um%02us", (unsigned int)(s / 60), (unsigned int)(s % 60));
	else if (s < 100 * 3600)
		snprintf(out, outlen, "%uh%02um", (unsigned int)(s / 3600),
			 (unsigned int)(s / 60 % 60));
	else if (s < 1000ull * 86400)
		snprintf(out, outlen, "%ud%02uh", (unsigned int)(s / 86400),
			 (unsigned int)(s / 3600 % 24));
	else
		snprintf(out, outlen, "%ud", (unsigned int)(s / 86400));
	return out;
}

char *count_format(char *out, size_t outlen, double n)
{
	static const char units[] = "kMGTPE";
	int unit = -1;

	/* 999.5 would be rounded up to a fourth digit */
	while (n >= 999.5 && unit < (int)sizeof(units) - 2) {
		n /= 1000;
		unit++;
	}
	if (unit < 0)
		snprintf(out, outlen, "%.0f", n);
	else if (n < 99.95)
		snprintf(out, outlen, "%.1f%c", n, units[unit]);
	else
		snprintf(out, outlen, "%.0f%c", n, units[unit]);
	return out;
}

char *thousands_format(char *out, size_t outlen, uint64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
	size_t pos = 0;

	for (int i = 0; i < len && pos + 1 < outlen; i++) {
		if (i && (len - i) % 3 == 0 && pos + 2 < outlen)
			out[pos++] = ',';
		out[pos++] = digits[i];
	}
	out[pos] = '\0';
	return out;
}
