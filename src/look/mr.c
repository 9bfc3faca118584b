// SPDX-License-Identifier: GPL-2.0-only
/* mr.c - pages of RDMA memory regions, of drivers whose structs are known (kernel/mr_offsets.h) */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/mr_offsets.h"
#include "mr.h"
#include "met.h"

bool mr_is_known(const struct mr_list *known, uint32_t tgid, uint64_t number)
{
	for (size_t i = 0; i < known->nr; i++)
		if (known->ids[i].tgid == tgid && known->ids[i].number == number)
			return true;
	return false;
}

static int mr_known(struct mr_list *known, uint32_t tgid, uint64_t number)
{
	struct mr_id *p;

	if (mr_is_known(known, tgid, number))
		return 0;
	p = realloc(known->ids, (known->nr + 1) * sizeof(*p));
	if (!p)
		return -ENOMEM;
	known->ids = p;
	p[known->nr++] = (struct mr_id){ tgid, number };
	return 0;
}

/* ---- regions ---- */

struct regions {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct mr_list *known;
	struct object_list files;
	struct met_list devices;
	bool cut;
};

static int add_region(struct regions *w, const struct dx_held *held, struct scan_holder h,
		      const struct dx_object *file)
{
	int len;

	h.fd = file ? file->fd : -1;
	h.id = held->index;
	len = snprintf(h.detail, sizeof(h.detail), "mr %u", held->index);
	if (file && file->where != DX_IN_FILES) {
		h.detail[len++] = ',';
		h.detail[len++] = ' ';
		look_say_where(file, h.detail + len, sizeof(h.detail) - len);
	}
	return look_add_held(w->s, &h, held);
}

/*
 * A region lives as long as the file that it was made by: whoever has that holds it. The process that
 * made it is known, too, and may be gone, or have passed the file on.
 */
static int add_pages(struct regions *w, const struct dx_held *held, uint64_t private)
{
	bool found = false;
	int rc = 0;

	for (size_t i = 0; i < w->files.nr && !rc; i++) {
		const struct dx_object *o = &w->files.o[i];

		if (o->private != private)
			continue;
		found = true;
		rc = add_region(w, held, look_holder(SCAN_HOLD_RDMA, o->tgid, o->pid, o->comm), o);
	}
	if (found)
		return rc;
	return add_region(w, held, look_holder(SCAN_HOLD_RDMA, held->tgid, held->pid, held->comm),
			  NULL);
}

/* All regions of the device that @file is open of, once for each device. */
static int read_device(struct regions *w, const struct dx_mr_offsets *o, const struct dx_object *file)
{
	const struct dx_held *held = w->l->answers->held;
	struct dx_mr_args a = { .o = *o,
				.private = file->private,
				.file = file->file,
				.ino = file->ino,
				.ops = file->ops,
				.id = UINT32_MAX /* there is none: tells the device */ };
	int rc = ask(w->l->asker, ASK_MR, &a, sizeof(a));

	if (rc || a.gone || !a.device)
		return rc;
	rc = met_before(&w->devices, a.device, file->private, file->file);
	for (a.id = 0; !rc;) {
		rc = ask(w->l->asker, ASK_MR, &a, sizeof(a));
		if (rc || a.gone || !a.entry)
			break;
		w->cut |= a.cut;
		if (a.known)
			rc = mr_known(w->known, a.tgid, a.id);
		for (uint32_t i = 0; i < a.found && i < DX_HELD_MAX && !rc; i++)
			rc = add_pages(w, &held[i], a.owner);
		if (!rc && look_stopped(w->stop))
			rc = -EINTR;
		if (!a.next)
			a.id++;
	}
	return rc < 0 ? rc : 0;
}

bool look_is_old(const struct look *l)
{
	return l->no_mr && mr_driver_any();
}

static int read_driver(struct regions *w, const struct mr_driver *d)
{
	struct dx_mr_offsets o = { 0 };
	char missing[160];
	int rc = 0;

	if (!mr_driver_there(d))
		return 0;
	if (w->l->no_mr) {
		scan_add_gap(w->s,
			     "RDMA: pages of memory regions of %s: it came after daxtop was started; "
			     "start it again",
			     d->module);
		return 0;
	}
	mr_offsets(asker_types(w->l->asker), d, &o, missing, sizeof(missing));
	if (missing[0]) {
		scan_add_gap(w->s, "RDMA: pages of memory regions of %s: %s", d->module, missing);
		return 0;
	}
	for (size_t i = 0; i < w->files.nr && !rc; i++)
		rc = read_device(w, &o, &w->files.o[i]);
	met_free(&w->devices);
	return rc;
}

/* What they were found in. */
static void files_only(struct object_list *list)
{
	size_t out = 0;

	for (size_t i = 0; i < list->nr; i++)
		if (list->o[i].kind == DX_OBJECT_UVERBS)
			list->o[out++] = list->o[i];
	list->nr = out;
}

int look_mr(struct look *l, struct scan *s, struct mr_list *known, look_stop *stop)
{
	struct regions w = { .l = l, .s = s, .stop = stop, .known = known };
	struct dx_object_init init;
	int rc;

	w.files.kinds = 1u << DX_OBJECT_UVERBS | 1u << DX_OBJECT_SOCKET | 1u << DX_OBJECT_URING;
	rc = look_object_init(l, &init);
	if (!rc)
		rc = look_list_objects(l, ASK_FILES, &w.files, stop);
	if (!rc)
		rc = look_inside(l, &w.files, stop);
	files_only(&w.files);
	for (const struct mr_driver *d = mr_drivers; w.files.nr && d->module && !rc; d++)
		rc = read_driver(&w, d);
	if (w.cut)
		scan_add_gap(s, "RDMA: a memory region has more pages than were read");
	free(w.files.o);
	return rc;
}
