// SPDX-License-Identifier: GPL-2.0-only
/* scan_holder.c - words for one holder, one place */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/escape.h"
#include "view/scan_part.h"
#include "view/words.h"

/* The number that /proc/PID/fd shows as well. */
static void say_object(struct words *w, const struct scan_holder *h)
{
	say(w, " %s", h->kind == SCAN_HOLD_OPEN ? "has it open" : scan_hold_name(h->kind));
	if (h->fd >= 0)
		say(w, "%s fd %d", h->kind == SCAN_HOLD_OPEN ? "," : "", h->fd);
	if (h->id && (h->kind == SCAN_HOLD_PIPE || h->kind == SCAN_HOLD_SOCKET))
		say(w, " %s:[%" PRIu64 "]", scan_hold_name(h->kind), h->id);
	if (h->detail[0]) {
		say(w, " ");
		say_hostile(w, h->detail, sizeof(h->detail));
	}
}

char *scan_holder_format(char *out, size_t outlen, const struct scan_view *v,
			 const struct scan_holder *h)
{
	struct words w = { out, outlen, 0 };
	char text[16];

	out[0] = '\0';
	/* an open file holds no page, but that it is open is certain */
	if (!h->certain && h->kind != SCAN_HOLD_OPEN)
		say(&w, "? ");
	say_who(&w, h->comm, h->tgid ? h->tgid : h->pid);
	say_object(&w, h);
	if (h->certain && h->refs)
		say(&w, ", %u %s%s", h->refs, h->pin ? "pin" : "ref", h->refs == 1 ? "" : "s");
	if (h->since)
		say(&w, ", for %s", duration_format(text, sizeof(text), scan_age(v, h->since)));
	if (v->verbose && h->addr)
		say(&w, ", at 0x%" PRIx64, h->addr);
	if (v->verbose && h->cgroup && strcmp(h->cgroup, "/")) {
		say(&w, ", cgroup ");
		say_hostile(&w, h->cgroup, strlen(h->cgroup));
	}
	return out;
}

char *scan_object_format(char *out, size_t outlen, const struct scan_holder *h)
{
	struct words w = { out, outlen, 0 };

	out[0] = '\0';
	say_object(&w, h);
	return out;
}

/* ---- places ---- */

struct view_file scan_view_file(const struct scan_file *f)
{
	return (struct view_file){
		.path = f->path,
		.len = f->path ? strlen(f->path) : 0,
		.flags = f->path_flags,
		.tgid = f->path_tgid,
		.dev = f->dev,
		.gen = f->gen,
		.ino = f->ino,
		.links_known = f->ino && !f->device && !f->gone,
	};
}

char *scan_name_format(char *out, size_t outlen, const struct scan_view *v, int file, int pgmap,
		       size_t columns)
{
	const struct scan_file *f = scan_file(v->s, file);
	const char *device = scan_device(v, pgmap);
	struct view_file shown;

	out[0] = '\0';
	if (!f)
		return out;
	shown = scan_view_file(f);
	shown.device = f->device ? device : NULL;
	return file_format(out, outlen, &shown, columns);
}

uint64_t scan_offset(const struct scan_view *v, const struct scan_folio *f)
{
	const struct scan_pgmap *p = scan_pgmap(v->s, f->pgmap);

	if (f->file || !p)
		return f->index << PAGE_SHIFT;
	return (f->pfn - p->range[0].pfn) << PAGE_SHIFT;
}

char *scan_place_format(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_folio *f, size_t columns)
{
	char offset[24], owners[64] = "";
	int n = snprintf(offset, sizeof(offset), "%s0x%" PRIx64, f->file ? ":" : "+",
			 scan_offset(v, f));
	size_t room = columns > (size_t)n ? columns - n : 1;

	if (f->file) {
		scan_name_format(out, outlen, v, f->file, f->pgmap, room);
	} else {
		if (f->share)
			snprintf(owners, sizeof(owners), "(in %" PRIu64 " files) ", f->share);
		snprintf(out, outlen, "%s%s", owners, "memory");
	}
	n = strlen(out);
	snprintf(out + n, outlen - n, "%s", offset);
	return out;
}

char *scan_holder_place(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_holder *h)
{
	int pgmap = h->nr ? scan_pgmap_of(v->s, h->pfn) : h->pgmap;
	struct words w = { out, outlen, 0 };
	char name[VIEW_FILE_MAX];

	out[0] = '\0';
	if (h->file)
		say(&w, "%s", scan_name_format(name, sizeof(name), v, h->file, pgmap, (size_t)-1));
	else if (scan_device(v, pgmap)[0])
		say_hostile(&w, scan_device(v, pgmap), strlen(scan_device(v, pgmap)));
	if (h->file && h->last >= h->first && h->last)
		say(&w, ":0x%" PRIx64 "-0x%" PRIx64, h->first << PAGE_SHIFT,
		    ((h->last + 1) << PAGE_SHIFT) - 1);
	if (h->nr)
		say(&w, "%spfn 0x%" PRIx64, w.len ? ", " : "", h->pfn);
	if (h->nr > 1)
		say(&w, "-0x%" PRIx64, h->pfn + h->nr - 1);
	return out;
}

char *scan_unknown_format(char *out, size_t outlen, const struct scan_folio *f)
{
	int32_t pins = f->pincount - f->held_pins, gets = f->gets - f->held_gets;
	struct words w = { out, outlen, 0 };

	out[0] = '\0';
	if (f->unknown <= 0)
		return out;
	if (pins > 0)
		say(&w, "%d pin%s", pins, pins == 1 ? "" : "s");
	if (gets > 0)
		say(&w, "%s%d ref%s", w.len ? ", " : "", gets, gets == 1 ? "" : "s");
	if (!w.len)
		say(&w, "%d ref%s", f->unknown, f->unknown == 1 ? "" : "s");
	return out;
}
