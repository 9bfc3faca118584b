// SPDX-License-Identifier: GPL-2.0-only
/* finding.c - what a broken rule says, in words */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "rule/rule.h"
#include "base/escape.h"
#include "view/file.h"
#include "view/finding.h"
#include "view/names.h"
#include "view/text.h"

static const char *const detail_names[DX_DETAILS] = {
#define DETAIL_NAME(constant, number, name) [number] = name,
	DX_RULE_DETAILS(DETAIL_NAME)
};

const char *detail_name(unsigned int detail)
{
	return detail < DX_DETAILS ? detail_names[detail] : NULL;
}

const char *confidence_name(unsigned int confidence)
{
	return confidence == ENGINE_PROVEN	? "proven"
	       : confidence == ENGINE_SUSPECTED ? "suspected"
						: "inconclusive";
}

const char *rule_name(unsigned int rule)
{
	const struct rule *r = rule_get(rule);

	return r ? r->id : "?";
}

uint64_t finding_age(const struct engine_finding *f, uint64_t now)
{
	const struct rule *r = rule_get(f->rule);
	uint64_t end = f->over ? f->end_time : now;

	if (!r || !r->in_engine)
		return 0;
	return end > f->first_time ? end - f->first_time : 0;
}

/* ---- a sentence, piece by piece ---- */

struct words {
	char *out;
	size_t size, len;
};

__attribute__((format(printf, 2, 3))) static void say(struct words *w, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (w->len + 1 >= w->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(w->out + w->len, w->size - w->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		w->len += (size_t)n < w->size - w->len ? (size_t)n : w->size - w->len - 1;
}

static bool about_pgmap(const struct engine_finding *f)
{
	return f->rule == DX_RULE_PGMAP_LEAK || f->rule == DX_RULE_PGMAP_UNDERFLOW ||
	       f->rule == DX_RULE_STALL_MEMUNMAP || !f->folio.pfn;
}

static void say_device(struct words *w, const struct engine_finding *f)
{
	char name[128];

	if (f->folio.device && f->folio.device[0]) {
		escape_text(name, sizeof(name), f->folio.device, strlen(f->folio.device));
		say(w, "%s", name);
	} else {
		say(w, "a device whose name is not known");
	}
}

static void say_file(struct words *w, const struct engine_finding *f)
{
	const struct view_file file = view_file_of(&f->folio);
	char name[VIEW_FILE_MAX];

	if (!view_file_is_known(&file))
		return;
	say(w, ", %s:0x%" PRIx64, file_format(name, sizeof(name), &file, (size_t)-1),
	    f->folio.index << PAGE_SHIFT);
}

static void say_folio(struct words *w, const struct engine_finding *f)
{
	char size[8];

	say(w, "%s folio 0x%" PRIx64 " of ", size_format(size, sizeof(size), f->folio.order),
	    f->folio.pfn);
	say_device(w, f);
	say_file(w, f);
	if (f->nr_folios > 1)
		say(w, " (the first of %u folios)", f->nr_folios);
}

static void say_subject(struct words *w, const struct engine_finding *f)
{
	if (!about_pgmap(f)) {
		say_folio(w, f);
	} else if (f->rule == DX_RULE_BREAK_INCOMPLETE && (f->folio.ino || f->folio.path)) {
		const struct view_file file = view_file_of(&f->folio);
		char name[VIEW_FILE_MAX];

		say(w, "%s", file_format(name, sizeof(name), &file, (size_t)-1));
	} else {
		say(w, "the memory of ");
		say_device(w, f);
		if (f->pgmap)
			say(w, " (pgmap %" PRIu64 ")", f->pgmap);
	}
}

static const char *table_name(const struct engine_finding *f)
{
	return f->level == DX_PMD ? "a PMD" : f->level == DX_PUD ? "a PUD" : "a PTE";
}

static void say_place(struct words *w, const struct engine_finding *f)
{
	say(w, "%s", table_name(f));
	if (f->addr)
		say(w, " at 0x%" PRIx64, f->addr);
}

static void say_counts(struct words *w, const struct engine_finding *f)
{
	say(w, "refcount %d, mapcount %d, pins %d", f->folio.refcount, f->folio.mapcount,
	    f->folio.pincount);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* ---- by rule ---- */

static void say_install(struct words *w, const struct engine_finding *f)
{
	bool bare = f->detail == DX_D_BARE_PFN;

	say(w, "was put in ");
	say_place(w, f);
	if (f->rule == DX_RULE_INSTALL_ZERO_REF)
		say(w, "%s with refcount %d, and needs 1 at least", bare ? " as a bare pfn" : "",
		    f->got);
	else if (bare)
		say(w, " as a bare pfn: no reference stands behind that mapping (refcount %d)",
		    f->folio.refcount);
	else
		say(w,
		    " and its refcount is %d after that, not %d: the mapping has no reference of its own",
		    f->got, f->wanted);
}

/* What an insert or a removal left behind, or found. */
static void say_state(struct words *w, const struct engine_finding *f, const char *when)
{
	switch (f->detail) {
	case DX_D_MAPPING_BEFORE:
		say(w, "belonged to a file already when it came into this one: its mapping was set");
		break;
	case DX_D_ORDER_BEFORE:
		say(w, "had order %d when it came into the file, not 0", f->got);
		break;
	case DX_D_MAPPING_AFTER:
		say(w, "has the wrong mapping %s", when);
		break;
	case DX_D_INDEX_AFTER:
		say(w, "has index 0x%" PRIx64 " %s, and that is not its entry's", f->addr, when);
		break;
	case DX_D_ORDER_AFTER:
		say(w, "has order %d %s, not %d", f->got, when, f->wanted);
		break;
	case DX_D_SHARE_AFTER:
		if (f->got != f->wanted)
			say(w, "has share count %d %s, not %d", f->got, when, f->wanted);
		else
			say(w, "has a wrong share count or index %s", when);
		break;
	case DX_D_STALE_INDEX:
		say(w,
		    "was in no file, and its owners are counted on from %d, the index that it had before",
		    f->got);
		break;
	case DX_D_NO_OWNER:
		say(w, "is in a file and has neither a mapping nor a share count");
		break;
	case DX_D_PGMAP_AFTER:
		say(w, "has the wrong pgmap %s", when);
		break;
	case DX_D_REFCOUNT:
		say(w, "has refcount %d %s, not %d", f->got, when, f->wanted);
		break;
	default:
		say(w, "is not as it must be %s", when);
	}
}

static void say_private(struct words *w, const struct engine_finding *f)
{
	if (f->detail == DX_D_UNLOCKED)
		say(w, "was handed out unlocked");
	else if (f->detail == DX_D_MAPPING_BEFORE)
		say(w, "was handed out with the mapping that it had when it was freed");
	else
		say(w, "was handed out with refcount %d, not %d", f->got, f->wanted);
}

static void say_p2pdma(struct words *w, const struct engine_finding *f)
{
	if (f->detail == DX_D_NO_FLAG)
		say(w, "was taken by GUP without FOLL_PCI_P2PDMA");
	else
		say(w, "was mapped with refcount %d, not %d", f->got, f->wanted);
}

static void say_pins(struct words *w, const struct engine_finding *f)
{
	if (f->detail == DX_D_UNPIN)
		say(w, "lost %u pin%s and had %d", f->nr_refs, plural(f->nr_refs), f->got);
	else
		say(w, "has pincount %d, above its refcount %d", f->got, f->folio.refcount);
}

static void say_overput(struct words *w, const struct engine_finding *f)
{
	if (f->detail == DX_D_FREED_MAPPED)
		say(w,
		    "was freed while %d page table entr%s it: a reference was put that was not the putter's",
		    f->got, f->got == 1 ? "y maps" : "ies map");
	else if (f->detail == DX_D_BELOW_MAPCOUNT)
		say(w,
		    "has refcount %d and mapcount %d, so at least %d is right: a reference was put that was not the putter's",
		    f->got, f->folio.mapcount, f->wanted);
	else
		say(w, "has refcount %d, not %d: a reference was put that was not the putter's",
		    f->got, f->wanted);
}

static void say_dead_use(struct words *w, const struct engine_finding *f)
{
	if (f->detail == DX_D_INSTALL) {
		say(w, "was put in ");
		say_place(w, f);
	} else if (f->detail == DX_D_PIN) {
		say(w, "was taken by GUP");
	} else {
		say(w, "got a reference");
	}
	say(w, " after memunmap_pages() began");
}

static void say_leak(struct words *w, const struct engine_finding *f, uint64_t now)
{
	const char *what = f->leaked_pins ? "pin" : "reference";
	char age[16];

	duration_format(age, sizeof(age), finding_age(f, now));
	if (f->over)
		say(w, "had %u %s%s for %s that nothing explained, and lost %s", f->nr_refs, what,
		    plural(f->nr_refs), age, f->nr_refs == 1 ? "it" : "them");
	else
		say(w, "has %u %s%s for %s that nothing explains: refcount %d, explained %d",
		    f->nr_refs, what, plural(f->nr_refs), age, f->got, f->wanted);
}

static void say_pgmap_refs(struct words *w, const struct engine_finding *f, uint64_t now)
{
	char age[16];

	duration_format(age, sizeof(age), finding_age(f, now));
	if (f->rule == DX_RULE_PGMAP_UNDERFLOW)
		say(w, "has %d references and needs %d: %u too few, for %s", f->got, f->wanted,
		    f->nr_refs, age);
	else if (f->over)
		say(w, "had %u reference%s for %s that nothing explained, and lost %s", f->nr_refs,
		    plural(f->nr_refs), age, f->nr_refs == 1 ? "it" : "them");
	else
		say(w, "has %d references, of which %d are explained: %u leaked, for %s", f->got,
		    f->wanted, f->nr_refs, age);
}

static void say_stall(struct words *w, const struct engine_finding *f, uint64_t now)
{
	const char *who = f->rule == DX_RULE_STALL_BREAK_LAYOUT ? "a truncate, hole punch or reflink"
			  : f->rule == DX_RULE_STALL_EVICT	? "the eviction of its file"
								: "memunmap_pages()";
	char age[16];

	duration_format(age, sizeof(age), finding_age(f, now));
	say(w, "%s by %s for %s", f->over ? "was waited for" : "is waited for", who, age);
	if (!about_pgmap(f)) {
		say(w, ": ");
		say_counts(w, f);
	}
}

/* A rule's own sentence: its words in braces are filled in. */
static void say_broken(struct words *w, const struct engine_finding *f, const char *text)
{
	const struct {
		const char *name;
		int64_t value;
	} words[] = {
		{ "got", f->got },
		{ "wanted", f->wanted },
		{ "refcount", f->folio.refcount },
		{ "mapcount", f->folio.mapcount },
		{ "pins", f->folio.pincount },
		{ "nr", f->nr_refs },
	};

	while (*text) {
		size_t plain = strcspn(text, "{"), len;

		say(w, "%.*s", (int)plain, text);
		text += plain;
		if (!*text++)
			break;
		len = strcspn(text, "}");
		if (len == strlen("offset") && !strncmp(text, "offset", len))
			say(w, "0x%" PRIx64, f->index << PAGE_SHIFT);
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
			if (strlen(words[i].name) == len && !strncmp(text, words[i].name, len))
				say(w, "%" PRId64, words[i].value);
		text += len + (text[len] == '}');
	}
}

static void say_happened(struct words *w, const struct engine_finding *f, uint64_t now)
{
	const struct rule *r = rule_get(f->rule);

	if (r && r->broken) {
		say_broken(w, f, r->broken);
		return;
	}
	switch (f->rule) {
	case DX_RULE_INSTALL_ZERO_REF:
	case DX_RULE_INSTALL_WITHOUT_REF:
		say_install(w, f);
		break;
	case DX_RULE_FOLIO_OVERPUT:
		say_overput(w, f);
		break;
	case DX_RULE_ENTRY_STALE_STATE:
		say_state(w, f, "after it came into the file");
		break;
	case DX_RULE_SHARE_MISMATCH:
		say_state(w, f, "as a shared folio");
		break;
	case DX_RULE_REMOVED_WHILE_REFERENCED:
		say_state(w, f,
			  f->detail == DX_D_REFCOUNT ? "when its last entry is removed"
						     : "after its last entry was removed");
		break;
	case DX_RULE_PRIVATE_INIT:
		say_private(w, f);
		break;
	case DX_RULE_P2PDMA_COUNT:
		say_p2pdma(w, f);
		break;
	case DX_RULE_PIN_IMBALANCE:
		say_pins(w, f);
		break;
	case DX_RULE_PGMAP_DEAD_USE:
		say_dead_use(w, f);
		break;
	case DX_RULE_PGMAP_GONE_UNDER_PIN:
		say(w,
		    "was in use when its device's memory went: refcount %d, idle is %d, mapcount %d, pins %d",
		    f->got, f->wanted, f->folio.mapcount, f->folio.pincount);
		break;
	case DX_RULE_FOLIO_LEAK:
		say_leak(w, f, now);
		break;
	case DX_RULE_PGMAP_LEAK:
	case DX_RULE_PGMAP_UNDERFLOW:
		say_pgmap_refs(w, f, now);
		break;
	case DX_RULE_STALL_BREAK_LAYOUT:
	case DX_RULE_STALL_EVICT:
	case DX_RULE_STALL_MEMUNMAP:
		say_stall(w, f, now);
		break;
	default:
		say(w, "broke a rule that this daxtop does not know");
	}
}

char *finding_says(char *out, size_t outlen, const struct engine_finding *f, uint64_t now)
{
	struct words w = { .out = out, .size = outlen };

	out[0] = '\0';
	say_happened(&w, f, now);
	return out;
}

char *finding_sentence(char *out, size_t outlen, const struct engine_finding *f, uint64_t now)
{
	struct words w = { .out = out, .size = outlen };

	out[0] = '\0';
	say_subject(&w, f);
	say(&w, " ");
	say_happened(&w, f, now);
	return out;
}

void finding_of_event(struct engine_finding *f, const struct dx_event *e,
		      const struct view_names *names)
{
	memset(f, 0, sizeof(*f));
	f->rule = e->arg < DX_RULES ? e->arg : DX_RULE_NONE;
	f->detail = e->ret > 0 && e->ret < DX_DETAILS ? e->ret : DX_D_NONE;
	f->first_time = f->last_time = e->time;
	f->count = 1;
	if (!(e->flags & DX_F_NO_FOLIO)) {
		f->folio.pfn = e->pfn;
		f->folio.order = e->order;
		f->folio.refcount = e->refcount;
		f->folio.mapcount = e->mapcount;
		f->folio.pincount = e->pincount;
	}
	f->folio.pgmap_type = e->pgmap_type;
	f->folio.ino = e->ino;
	f->folio.gen = e->gen;
	f->folio.index = e->index;
	f->folio.dev = e->dev;
	f->folio.path = names->path;
	f->folio.path_flags = names->path_flags;
	f->folio.path_tgid = names->path_tgid;
	f->folio.device = names->device;
	f->wanted = e->ref_first;
	f->got = (int32_t)e->since;
	f->nr_refs = e->nr;
	f->nr_folios = e->ret == DX_D_IN_USE && e->nr ? e->nr : 1;
	f->level = e->level;
	f->addr = e->addr;
	f->index = e->index;
	f->pgmap = e->pgmap;
	f->tgid = e->tgid;
	f->pid = e->pid;
	memcpy(f->comm, e->comm, DX_COMM_LEN);
	f->stack = e->stack;
	f->ustack = e->ustack;
}
