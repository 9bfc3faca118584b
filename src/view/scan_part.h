/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_VIEW_SCAN_PART_H
#define DAXTOP_VIEW_SCAN_PART_H
/* scan_part.h - what the views of a look share */
#include "view/file.h"
#include "view/names.h"
#include "view/scan.h"

/* ---- scan_scope.c: what of a look belongs to what was asked for ---- */

bool scan_scope_folio(const struct scan_view *v, size_t i);
/* One that holds none of the listed folios, but something of what was asked for. */
bool scan_scope_other(const struct scan_view *v, size_t i);
bool scan_scope_wait(const struct scan_view *v, const struct scan_wait *w);
const char *scan_device(const struct scan_view *v, int pgmap); /* its name, "": none */

enum scan_walk_state { SCAN_WALKED, SCAN_PARTLY, SCAN_VANISHED, SCAN_SKIPPED };
enum scan_walk_state scan_walk_state(const struct scan_view *v, const struct scan_pgmap *p);

/* Sums over the listed folios. */
struct scan_sum {
	uint64_t folios, pages, pins;
	uint64_t gets; /* references that are neither mappings nor pins */
	uint64_t mapped, pinned; /* folios */
	uint64_t unknown; /* folios with references that nobody is known to hold */
	uint64_t overput; /* folios */
	size_t runs;
};
void scan_sum_add(struct scan_sum *sum, const struct scan_folio *f);
/* Of @pgmap (-1: all) and @order (-1: all). */
void scan_sum_get(const struct scan_view *v, int pgmap, int order, struct scan_sum *sum);

/* ns from @since until the look; 0: it was later. */
static inline uint64_t scan_age(const struct scan_view *v, uint64_t since)
{
	return v->now > since ? v->now - since : 0;
}

/* ---- scan_holder.c: words ---- */

#define SCAN_WORDS 1024 /* bytes that are always enough */
/* "db[812] pipe fd 5, 1 ref, for 14.2s"; "? " before it: a candidate. Safe to print. Returns @out. */
char *scan_holder_format(char *out, size_t outlen, const struct scan_view *v,
			 const struct scan_holder *h);
/* " pipe fd 5 pipe:[33]": by what it holds. Safe to print. Returns @out. */
char *scan_object_format(char *out, size_t outlen, const struct scan_holder *h);
/* Of what a holder holds: a file and offsets, or a device. "": any */
char *scan_holder_place(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_holder *h);
/* "1 pin, 2 references": those of each folio that nobody is known to hold; "" for none */
char *scan_unknown_format(char *out, size_t outlen, const struct scan_folio *f);
/* A file's or device's name, at most @columns, safe to print; "": it has none. Returns @out. */
struct view_file scan_view_file(const struct scan_file *f);
char *scan_name_format(char *out, size_t outlen, const struct scan_view *v, int file, int pgmap,
		       size_t columns);
/* FILE:OFFSET, or where it lies in the device; at most @columns. Returns @out. */
char *scan_place_format(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_folio *f, size_t columns);
/* Bytes: in the file, or without one from the start of the device's memory. */
uint64_t scan_offset(const struct scan_view *v, const struct scan_folio *f);

/* ---- scan_rows.c: parts of the text ---- */

void scan_heading_print(FILE *out, const struct scan_view *v);
void scan_devices_print(FILE *out, const struct scan_view *v);
/* The listed folios, a row a run, and who holds them. Returns the rows. */
size_t scan_folios_print(FILE *out, const struct scan_view *v);
void scan_others_print(FILE *out, const struct scan_view *v);
/* Bad memory: poisoned pages, bad blocks of the devices. */
void scan_bad_print(FILE *out, const struct scan_view *v);
void scan_gaps_print(FILE *out, const struct scan_view *v);

/* Who holds run @i of folios, a line each @indent columns in; @beside: the first in the line that is begun. */
void scan_holders_print(FILE *out, const struct scan_view *v, size_t i, int indent, bool beside);

/* ---- scan_wait.c ---- */

/* "truncate[901] waits since 14.2s (S) for a layout break: ..." */
char *scan_wait_format(char *out, size_t outlen, const struct scan_view *v,
		       const struct scan_wait *w);
/* "it has truncate[901] in a layout break of FILE"; "" if nothing is known of who has the lock. */
char *scan_owner_format(char *out, size_t outlen, const struct scan_view *v,
			const struct scan_wait *wait);
/* "name+0x10 [module]" */
char *scan_frame_format(char *out, size_t outlen, const struct scan_view *v, uint64_t addr);
/* Returns their number. */
size_t scan_waits_print(FILE *out, const struct scan_view *v);

/* ---- scan_json.c ---- */

struct json_object;
/* Who ends the wait @i. */
void json_add_chain(struct json_object *o, const struct scan *s, size_t i, bool *failed);

/* ---- scan_held.c ---- */

/* scan_held_by() of the folios that are shown. */
/* Whether a container's or pod's id in its path is to be believed. */
bool scan_cgroup_is_roots(const struct scan_view *v, const char *cgroup);
int scan_held_get(const struct scan_view *v, enum scan_by by, struct scan_held **held, size_t *nr);
void scan_held_print(FILE *out, const struct scan_view *v);

/* ---- scan_change.c ---- */

/* Neighbours that changed in the same way. */
struct scan_change_run {
	struct scan_folio before, after; /* of the first */
	bool has_before, has_after;
	uint64_t nr; /* folios */
	uint64_t time;
};

/* scan_json.c; @v: the look that has it */
int scan_change_json(FILE *out, const struct scan_view *v, const struct scan_change_run *run);
int scan_change_wait_json(FILE *out, const struct scan_view *v, const struct scan_wait *w,
			  uint64_t time, bool came);

#endif
