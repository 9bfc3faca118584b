// SPDX-License-Identifier: GPL-2.0-only
/* scan_wait.c - waits as text: what for, who is in the way, what ends it, who stands behind */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "holder.h"
#include "view/scan_part.h"
#include "view/words.h"

#define FRAMES_SHOWN 9 /* of a stack, without --verbose */
#define FOLIOS_SHOWN 4 /* of what blocks it, without --verbose */

/* ---- words ---- */

static const char *wait_in(enum scan_wait_kind kind)
{
	static const char *const words[SCAN_WAITS] = {
#define WAIT_WORDS(constant, name, in, ...) [SCAN_WAIT_##constant] = in,
		WAITS(WAIT_WORDS)
	};

	return kind < SCAN_WAITS ? words[kind] : "?";
}

static void say_what(struct words *w, const struct scan_view *v, const struct scan_wait *wait)
{
	const char *device = scan_device(v, wait->pgmap);
	char name[VIEW_FILE_MAX];

	if (wait->file) {
		say(w, " of %s",
		    scan_name_format(name, sizeof(name), v, wait->file, wait->pgmap, (size_t)-1));
		if (wait->pfn || wait->kind == SCAN_WAIT_ENTRY)
			say(w, ":0x%" PRIx64, wait->index << PAGE_SHIFT);
	} else if (wait->kind == SCAN_WAIT_MMAP && wait->mm_tgid && wait->mm_tgid != wait->tgid) {
		say(w, " of process %u", wait->mm_tgid);
	} else if (device[0]) {
		say(w, " of ");
		say_hostile(w, device, strlen(device));
	}
}

/* Who has the lock, as far as that can be read, and the wait that it is in. */
char *scan_owner_format(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_wait *wait)
{
	const struct scan_wait *next = wait->next >= 0 ? scan_wait(v->s, wait->next) : NULL;
	struct words w = { out, outlen, 0 };

	out[0] = '\0';
	if (!next && !wait->owner_pid)
		return out;
	say(&w, wait->read_owned ? next ? "readers have it, and one of them is ? "
					: "readers have it; the last that came was "
				 : "it has ");
	if (next)
		say_who(&w, next->comm, next->pid);
	else
		say_who(&w, wait->owner_comm, wait->owner_pid);
	if (next) {
		say(&w, " in %s", wait_in(next->kind));
		say_what(&w, v, next);
	}
	return out;
}

char *scan_wait_format(char *out, size_t outlen, const struct scan_view *v,
		       const struct scan_wait *wait)
{
	struct words w = { out, outlen, 0 };
	char text[16];

	out[0] = '\0';
	say_who(&w, wait->comm, wait->pid);
	if (wait->since)
		say(&w, " has waited %s",
		    duration_format(text, sizeof(text), scan_age(v, wait->since)));
	else
		say(&w, " waits");
	if (wait->state > ' ' && wait->state < 127)
		say(&w, " (%c)", wait->state);
	say(&w, " in %s", wait_in(wait->kind));
	say_what(&w, v, wait);
	return out;
}

char *scan_frame_format(char *out, size_t outlen, const struct scan_view *v, uint64_t addr)
{
	char name[DX_SYMBOL_LEN] = "", *size, *module;

	if (v->symbol)
		v->symbol(v->arg, addr, name, sizeof(name));
	if (!name[0])
		snprintf(name, sizeof(name), "0x%" PRIx64, addr);
	/* "+0x12/0x80 [module]": the function's size is of no use here */
	size = strchr(name, '/');
	module = size ? strchr(size, ' ') : NULL;
	if (size)
		memmove(size, module ? module : "", module ? strlen(module) + 1 : 1);
	escape_text(out, outlen, name, strlen(name));
	return out;
}

/* ---- rows ---- */

struct wait_print {
	FILE *out;
	const struct scan_view *v;
	const struct scan_wait *w;
	unsigned int shown, left_out;
};

/* What ends a hold, once for each kind that this folio has. */
static int end_take(const struct scan_holder *h, void *arg)
{
	uint32_t *kinds = arg;

	*kinds |= 1u << h->kind;
	return 0;
}

static void ends_print(const struct wait_print *p, size_t i)
{
	static const char *const ends[] = {
#define HOLD_END(constant, name, how, what, end) [SCAN_HOLD_##constant] = end,
		HOLDERS(HOLD_END)
	};
	uint32_t kinds = 0;

	scan_folio_holders(p->v->s, i, end_take, &kinds);
	kinds &= ~(1u << SCAN_HOLD_OPEN); /* holds no page */
	for (size_t k = 0; k < sizeof(ends) / sizeof(ends[0]); k++)
		if (kinds & 1u << k)
			fprintf(p->out, "      %s: until %s\n", scan_hold_name(k), ends[k]);
}

static int blocker_print(size_t i, void *arg)
{
	const struct scan_folio *f;
	struct wait_print *p = arg;
	char place[VIEW_FILE_MAX + 32], size[8];

	if (p->shown >= FOLIOS_SHOWN && !p->v->verbose) {
		p->left_out++;
		return 0;
	}
	p->shown++;
	f = scan_folio(p->v->s, i);
	fprintf(p->out, "    blocked by pfn 0x%" PRIx64 ", ", f->pfn);
	if (f->nr > 1)
		fprintf(p->out, "%" PRIu64 " x ", f->nr);
	fprintf(p->out, "%s, refcount %d, pins %d", size_format(size, sizeof(size), f->order),
		f->refcount, f->pincount);
	/* of a wait for one folio it was said */
	if (!p->w->pfn)
		fprintf(p->out, ", %s", scan_place_format(place, sizeof(place), p->v, f, (size_t)-1));
	fprintf(p->out, "%s\n", f->nr_holders && p->v->holders ? ", held by" : "");
	scan_holders_print(p->out, p->v, i, 6, false);
	if (p->v->holders)
		ends_print(p, i);
	return 0;
}

static void references_print(FILE *out, const struct scan_pgmap *p)
{
	if (p && p->refs_known && p->unexplained > 0)
		fprintf(out,
			"    blocked by %" PRId64 " reference%s to its pgmap that nothing explains\n",
			p->unexplained, p->unexplained == 1 ? "" : "s");
}

/* Who has the lock, who has what that one waits for, and so on. */
static void chain_print(FILE *out, const struct scan_view *v, size_t i)
{
	char text[SCAN_WORDS + VIEW_FILE_MAX];

	for (size_t step = 0; step < scan_nr_waits(v->s); step++) {
		const struct scan_wait *w = scan_wait(v->s, i);

		if (scan_owner_format(text, sizeof(text), v, w)[0])
			fprintf(out, "    %s\n", text);
		if (w->next < 0)
			break;
		i = w->next;
	}
}

#define BEHIND_SHOWN 4 /* without --verbose */

static void behind_print(FILE *out, const struct scan_view *v, size_t root)
{
	uint32_t n = 0, behind = scan_wait(v->s, root)->behind;
	char text[SCAN_WORDS];

	for (size_t i = 0; i < scan_nr_waits(v->s); i++) {
		const struct scan_wait *w = scan_wait(v->s, i);
		struct words who = { text, sizeof(text), 0 };

		if (i == root || scan_wait_root(v->s, i) != root)
			continue;
		if (n >= BEHIND_SHOWN && !v->verbose)
			break;
		say_who(&who, w->comm, w->pid);
		fprintf(out, "%s%s", n++ ? ", " : "    behind it: ", text);
	}
	if (n < behind)
		fprintf(out, " and %u more", behind - n);
	if (n)
		fputc('\n', out);
}

static void blockers_print(FILE *out, const struct scan_view *v, size_t i)
{
	const struct scan_wait *w = scan_wait(v->s, i);
	struct wait_print p = { out, v, w, 0, 0 };

	scan_wait_folios(v->s, i, blocker_print, &p);
	if (p.left_out)
		fprintf(out, "    and by %u rows more (--verbose shows them)\n", p.left_out);
	if (w->kind == SCAN_WAIT_MEMUNMAP)
		references_print(out, scan_pgmap(v->s, w->pgmap));
	if (w->entry == WAIT_ENTRY_LOCKED)
		fprintf(out, "    the entry is locked: until whoever has it unlocks it, "
			     "a fault, a write or a writeback of this page\n");
	else if (w->entry == WAIT_ENTRY_UNLOCKED)
		fprintf(out, "    the entry is not locked any more: it is about to go on\n");
	/* the filter left it out, or it is idle by now */
	if (!p.shown && w->pfn)
		fprintf(out, "    for pfn 0x%" PRIx64 ", whose refcount was %d\n", w->pfn,
			w->refcount);
}

/* The frames below are the same for every system call. */
static bool is_entry(const char *frame)
{
	return !strncmp(frame, "do_syscall_64+", 14) || !strncmp(frame, "__x64_sys_", 10);
}

static void stack_print(FILE *out, const struct scan_view *v, const struct scan_wait *w)
{
	char who[4 * DX_COMM_LEN + 16] = "";
	struct words words = { who, sizeof(who), 0 };
	char text[4 * DX_SYMBOL_LEN + 1];
	uint32_t nr = w->nr_stack < SCAN_STACK ? w->nr_stack : SCAN_STACK;

	say_who(&words, w->comm, w->pid);
	for (uint32_t i = 0; i < nr; i++) {
		scan_frame_format(text, sizeof(text), v, w->stack[i]);
		if (!v->verbose && is_entry(text))
			return;
		if (!v->verbose && i >= FRAMES_SHOWN) {
			fprintf(out, "        ...\n");
			return;
		}
		if (!i)
			fprintf(out, "    stack of %s:\n", who);
		fprintf(out, "        %s\n", text);
	}
}

size_t scan_waits_print(FILE *out, const struct scan_view *v)
{
	char text[SCAN_WORDS + VIEW_FILE_MAX];
	size_t shown = 0;

	for (size_t i = 0; i < scan_nr_waits(v->s); i++) {
		const struct scan_wait *w = scan_wait(v->s, i);

		if (!scan_scope_wait(v, w))
			continue;
		fprintf(out, "%s! %s\n", shown++ ? "" : "\n",
			scan_wait_format(text, sizeof(text), v, w));
		if (!scan_wait_is_dax(w)) {
			chain_print(out, v, i);
			/* that wait has no lines of its own: it is another process's */
			if (v->pid && !scan_scope_wait(v, scan_wait(v->s, scan_wait_root(v->s, i))))
				blockers_print(out, v, scan_wait_root(v->s, i));
		} else {
			blockers_print(out, v, i);
		}
		behind_print(out, v, i);
		stack_print(out, v, w);
	}
	return shown;
}
