// SPDX-License-Identifier: GPL-2.0-only
/* text.c - trace as text */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "model/stacks.h"
#include "base/escape.h"
#include "view/file.h"
#include "view/finding.h"
#include "view/names.h"
#include "view/text.h"

/* One format for the header and the lines, so the columns can't drift apart. */
#define LINE "%12s %3s %-22s %-13s %-10s %4s %-8s %6s %5s %5s %4s %-22s %-14s %s\n"

void view_text_header(FILE *out)
{
	fprintf(out, LINE, "TIME", "CPU", "COMM[PID]", "EVENT", "PFN", "SIZE", "DEV", "REF", "MAP",
		"PIN", "NR", "FLAGS", "RESULT", "FILE:OFFSET");
}

/* The padding of printf() counts bytes, not columns: pads by hand what may hold UTF-8. */
static void pad(char *s, size_t size, size_t used, size_t columns)
{
	size_t len = strlen(s);

	while (used++ < columns && len + 1 < size)
		s[len++] = ' ';
	s[len] = '\0';
}

/* comm[pid] in safe characters */
static void who_format(char *out, size_t outlen, const char *comm, uint32_t pid)
{
	size_t used = escape_text(out, outlen, comm, DX_COMM_LEN), len = strlen(out);

	used += snprintf(out + len, outlen - len, "[%u]", pid);
	pad(out, outlen, used, 22);
}

static void device_format(char *out, size_t outlen, const char *device)
{
	size_t used = 1;

	if (device)
		used = escape_columns(out, outlen, device, strlen(device), 15, ESCAPE_KEEP_START);
	else
		snprintf(out, outlen, "-");
	pad(out, outlen, used, 8);
}

struct tail {
	char text[4 * DX_PATH_LEN + 512];
	size_t len;
};

__attribute__((format(printf, 2, 3))) static void tail_add(struct tail *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->len && t->len + 1 < sizeof(t->text))
		t->text[t->len++] = ' ';
	va_start(ap, fmt);
	n = vsnprintf(t->text + t->len, sizeof(t->text) - t->len, fmt, ap);
	va_end(ap);
	t->len += n;
	if (t->len >= sizeof(t->text))
		t->len = sizeof(t->text) - 1;
}

static void violation_format(struct tail *t, const struct dx_event *e, const struct view_names *names)
{
	struct engine_finding f;
	char says[FINDING_MAX];

	finding_of_event(&f, e, names);
	tail_add(t, "rule=%s detail=%s: %s", rule_name(f.rule), detail_name(f.detail),
		 finding_says(says, sizeof(says), &f, e->time));
}

/* FILE:OFFSET, then what only this type of event has */
static void tail_format(struct tail *t, const struct dx_event *e, const struct view_names *names)
{
	struct view_file file = view_file_of_event(e, names);
	char name[VIEW_FILE_MAX];

	t->len = 0;
	t->text[0] = '\0';
	if (file.path || event_has_file(e))
		tail_add(t, "%s", file_format(name, sizeof(name), &file, (size_t)-1));
	else
		tail_add(t, "-");
	if (event_has_offset(e))
		t->len += snprintf(t->text + t->len, sizeof(t->text) - t->len, ":0x%" PRIx64,
				   e->index << PAGE_SHIFT);

	if (e->type == DX_FAULT && (e->flags & DX_F_INSERT))
		tail_add(t, "ref-first=%d", e->ref_first);
	if (e->type == DX_FAULT && (e->flags & DX_F_INSTALL))
		tail_add(t, "ref-install=%d map-install=%d", e->ref_install, e->map_install);
	if (event_has_level(e))
		tail_add(t, "level=%s", level_name(e->level));
	if (event_has_addr(e))
		tail_add(t, "addr=0x%" PRIx64, e->addr);
	if (e->type == DX_PIN || e->type == DX_GET)
		tail_add(t, "gup=0x%x", e->arg);
	if (e->type == DX_PGMAP_ADD)
		tail_add(t, "pages=%" PRIu64, e->index);
	if (e->type == DX_PGMAP_REFS)
		tail_add(t, "refs=%" PRId64 " base=%" PRIu64, (int64_t)e->addr, e->index);
	if (e->type == DX_VIOLATION)
		violation_format(t, e, names);
	/* LLONG_MAX, or all bits, in pages: to the end of the file */
	if (e->type == DX_BREAK_DONE && e->addr >= INT64_MAX >> 12)
		tail_add(t, "pages=%" PRIu64 "-", e->index);
	else if (e->type == DX_BREAK_DONE)
		tail_add(t, "pages=%" PRIu64 "-%" PRIu64, e->index, e->addr);
}

static void number_format(char *out, size_t outlen, bool known, long long n)
{
	if (known)
		snprintf(out, outlen, "%lld", n);
	else
		snprintf(out, outlen, "-");
}

void view_text_event(FILE *out, const struct dx_event *e, const struct view_names *names)
{
	static const struct view_names none;
	const char *event = event_name(e->type);
	char when[32], cpu[8], who[DX_COMM_LEN * 4 + 16], device[64], pfn[24], size[8], ref[16],
		map[16], pin[16], nr[16], flags[256], result[256], type[16];
	bool folio = event_has_folio(e);
	struct tail tail;

	if (!names)
		names = &none;
	if (!event) {
		snprintf(type, sizeof(type), "type-%u", e->type);
		event = type;
	}

	time_format(when, sizeof(when), e->time, names->start);
	snprintf(cpu, sizeof(cpu), "%u", e->cpu);
	who_format(who, sizeof(who), e->comm, e->pid);
	device_format(device, sizeof(device), names->device);
	if (event_has_pfn(e))
		snprintf(pfn, sizeof(pfn), "0x%" PRIx64, e->pfn);
	else
		snprintf(pfn, sizeof(pfn), "-");
	if (folio)
		size_format(size, sizeof(size), e->order);
	else
		snprintf(size, sizeof(size), "-");
	number_format(ref, sizeof(ref), folio, e->refcount);
	number_format(map, sizeof(map), folio, e->mapcount);
	number_format(pin, sizeof(pin), folio, e->pincount);
	number_format(nr, sizeof(nr), event_has_nr(e), e->nr);
	flags_format(flags, sizeof(flags), e->flags, ",");
	result_format(result, sizeof(result), e->type, e->flags, e->ret);
	tail_format(&tail, e, names);
	fprintf(out, LINE, when, cpu, who, event, pfn, size, device, ref, map, pin, nr, flags,
		result[0] ? result : "-", tail.text);
	if (names->stack)
		view_text_stack(out, names->stack);
}

void view_text_stack(FILE *out, const struct view_stack *s)
{
	char name[512];

	for (size_t i = 0; i < s->nr_kernel; i++)
		fprintf(out, "%17s %s\n", "",
			stack_frame_format(name, sizeof(name), &s->kernel[i], false));
	if (s->kernel_unkept)
		fprintf(out, "%17s %s\n", "", VIEW_STACK_UNKEPT);
	if (s->nr_user || s->user_unkept)
		fprintf(out, "%17s -- user --\n", "");
	if (s->user_unkept)
		fprintf(out, "%17s %s\n", "", VIEW_STACK_UNKEPT);
	for (size_t i = 0; i < s->nr_user; i++)
		fprintf(out, "%17s %s\n", "",
			stack_frame_format(name, sizeof(name), &s->user[i], true));
}

char *view_unkept_format(char *out, size_t outlen, uint64_t stacks_unkept)
{
	char n[32];

	out[0] = '\0';
	if (stacks_unkept)
		snprintf(out, outlen,
			 "%s stack%s could not be kept: new ones came faster than they could be taken",
			 thousands_format(n, sizeof(n), stacks_unkept),
			 stacks_unkept == 1 ? "" : "s");
	return out;
}

char *view_forgotten_format(char *out, size_t outlen, uint64_t indexes_forgotten)
{
	char n[32];

	out[0] = '\0';
	if (indexes_forgotten)
		snprintf(out, outlen,
			 "stale indexes of %s page%s or more were forgotten, as there is room for %u: "
			 "share-mismatch does not tell of them",
			 thousands_format(n, sizeof(n), indexes_forgotten),
			 indexes_forgotten == 1 ? "" : "s", DX_INDEXES_MAX);
	return out;
}

char *missed_format(char *out, size_t outlen, uint64_t runs)
{
	snprintf(out, outlen, "missed program runs %" PRIu64 "%s", runs,
		 runs ? " (" MISSED_MEANS ")" : "");
	return out;
}

void view_text_summary(FILE *out, const struct view_summary *s)
{
	char unkept[160], forgotten[160];
	uint64_t received = 0, lost = 0;
	char missed[MISSED_MAX];

	for (unsigned int i = 0; i < DX_EVENT_TYPES; i++) {
		received += s->received[i];
		lost += s->lost[i];
	}
	fprintf(out, "received %" PRIu64 "  lost %" PRIu64 "  %s\n", received, lost,
		missed_format(missed, sizeof(missed), s->missed_runs));
	for (unsigned int i = 1; i < DX_EVENT_TYPES; i++)
		if (s->received[i] || s->lost[i])
			fprintf(out, "  %-13s received %" PRIu64 "  lost %" PRIu64 "\n",
				event_name(i), s->received[i], s->lost[i]);
	for (unsigned int i = 0; lost && i < s->nr_cpus; i++)
		if (s->lost_by_cpu[i])
			fprintf(out, "  cpu %-9u lost %" PRIu64 "\n", i, s->lost_by_cpu[i]);
	if (s->stacks_unkept)
		fprintf(out, "%s\n", view_unkept_format(unkept, sizeof(unkept), s->stacks_unkept));
	if (s->indexes_forgotten)
		fprintf(out, "%s\n",
			view_forgotten_format(forgotten, sizeof(forgotten), s->indexes_forgotten));
	view_gaps_text(out, "", &s->looks);
}
