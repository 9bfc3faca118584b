// SPDX-License-Identifier: GPL-2.0-only
/*
 * request.c - block requests that are not done: direct I/O from or to DAX memory, and
 * whose it is; AIO under way.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "held.h"
#include "met.h"

#define TAG_SETS 4096

struct requests {
	struct look *l;
	struct scan *s;
	look_stop *stop;
	struct dx_object_init init;
	struct object_list aio; /* struct kioctx of all processes */
	struct dx_disk *disks;
	size_t nr_disks;
	uint64_t sets[TAG_SETS]; /* read; devices may share them */
	size_t nr_sets;
	struct met_list bios; /* one that was split is behind several requests */
	bool bio_pinned; /* whether a bio holds its pages can be told */
	uint64_t cut;
	uint64_t foreign; /* pages of bios whose owner is not known */
};

/* ---- one request ---- */

static const char *disk_name(const struct requests *w, uint64_t queue)
{
	for (size_t i = 0; i < w->nr_disks; i++)
		if (w->disks[i].queue == queue)
			return w->disks[i].name;
	return "a disk";
}

static struct dx_object *find_aio(struct requests *w, uint64_t kioctx)
{
	for (size_t i = 0; kioctx && i < w->aio.nr; i++)
		if (w->aio.o[i].private == kioctx)
			return &w->aio.o[i];
	return NULL;
}

static int add_request(struct requests *w, uint64_t set, const struct dx_held *held)
{
	struct dx_object *aio = find_aio(w, held->kioctx);
	struct scan_holder h = look_holder(SCAN_HOLD_REQUEST, held->tgid, held->pid, held->comm);

	if (!(held->flags & DX_HELD_FOREIGN)) {
		int known = met_before(&w->bios, held->object, set, held->index);

		if (known)
			return known < 0 ? known : 0;
	}
	if (aio) {
		h = look_holder(SCAN_HOLD_REQUEST, aio->tgid, aio->pid, aio->comm);
		aio->count = 0; /* it is explained */
	}
	if (held->flags & DX_HELD_FOREIGN)
		w->foreign += held->nr;
	snprintf(h.detail, sizeof(h.detail), "%s %.31s%s",
		 held->flags & DX_HELD_WRITE ? "write to" : "read from", disk_name(w, held->queue),
		 held->flags & DX_HELD_URING ? ", io_uring"
		 : held->kioctx		     ? ", AIO"
					     : "");
	return look_add_held(w->s, &h, held);
}

/* ---- all of them ---- */

static int read_set(struct requests *w, uint64_t set)
{
	const struct dx_held *held = w->l->answers->held;
	struct dx_requests_args a = { .tags = set };
	int rc;

	do {
		rc = ask(w->l->asker, ASK_REQUESTS, &a, sizeof(a));
		w->cut += !rc && a.cut;
		for (uint32_t i = 0; i < a.found && i < DX_HELD_MAX && !rc; i++)
			rc = add_request(w, set, &held[i]);
		if (!rc && look_stopped(w->stop))
			rc = -EINTR;
	} while (!rc && a.next);
	return rc;
}

static bool set_is_new(struct requests *w, uint64_t set)
{
	for (size_t i = 0; i < w->nr_sets; i++)
		if (w->sets[i] == set)
			return false;
	if (w->nr_sets == TAG_SETS) {
		w->cut++;
		return false;
	}
	w->sets[w->nr_sets++] = set;
	return true;
}

static int list_sets(struct requests *w)
{
	const uint64_t *sets = w->l->answers->tag_sets;
	int rc = 0;

	for (size_t i = 0; i < w->nr_disks && !rc; i++) {
		struct dx_tags_args a = { .queue = w->disks[i].queue };

		rc = ask(w->l->asker, ASK_TAGS, &a, sizeof(a));
		w->cut += !rc && a.cut;
		for (uint32_t k = 0; k < a.found && k < DX_TAGS && !rc; k++)
			set_is_new(w, sets[k]);
	}
	return rc;
}

/*
 * Who uses a disk as such (swap, device mapper, a program) has none of its pages to show for it.
 * Of a disk that was not met it is not known.
 */
static void note_openers(struct requests *w)
{
	for (size_t k = 0; k < scan_nr_pgmaps(w->s); k++) {
		struct scan_pgmap *p = scan_pgmap(w->s, k);
		bool met = false;

		for (size_t i = 0; i < w->nr_disks; i++) {
			if (strncmp(p->device, w->disks[i].name, sizeof(w->disks[i].name)))
				continue;
			met = true;
			if (w->disks[i].openers > p->openers)
				p->openers = w->disks[i].openers;
		}
		if (met || !scan_wants(w->s, p) || strncmp(p->device, "pmem", 4))
			continue;
		scan_set_unsure(w->s);
		scan_add_gap(w->s,
			     "open devices: whether %s is open as a block device could not be told",
			     p->device);
	}
}

static int read_requests(struct requests *w)
{
	struct dx_disks_args a = { .block = w->init.block };
	int rc;

	if (!a.block) {
		scan_add_gap(w->s, "block requests: blockdev_superblock is not in /proc/kallsyms");
		scan_set_unsure(w->s);
		return 0;
	}
	rc = ask(w->l->asker, ASK_DISKS, &a, sizeof(a));
	if (rc)
		return rc;
	w->cut += a.cut;
	w->nr_disks = a.found < DX_DISKS ? a.found : DX_DISKS;
	w->disks = malloc(sizeof(*w->disks) * (w->nr_disks + 1));
	if (!w->disks)
		return -ENOMEM;
	memcpy(w->disks, w->l->answers->disks, sizeof(*w->disks) * w->nr_disks);
	rc = list_sets(w);
	for (size_t i = 0; i < w->nr_sets && !rc; i++)
		rc = read_set(w, w->sets[i]);
	return rc;
}

/* ---- AIO that no request was found for ---- */

static int add_aio(struct requests *w)
{
	int rc = 0;

	for (size_t i = 0; i < w->aio.nr && !rc; i++) {
		const struct dx_object *o = &w->aio.o[i];
		struct scan_holder h = look_holder(SCAN_HOLD_AIO, o->tgid, o->pid, o->comm);

		if (!o->count)
			continue;
		h.object = o->private;
		snprintf(h.detail, sizeof(h.detail), "%llu request%s under way",
			 (unsigned long long)o->count, o->count == 1 ? "" : "s");
		rc = look_add_candidates(w->s, &h, false);
	}
	return rc;
}

static void gaps(struct requests *w)
{
	static const char *const names[DX_ENDS] = {
		[DX_END_WAIT] = "submit_bio_wait_endio",
		[DX_END_BLKDEV] = "blkdev_bio_end_io",
		[DX_END_BLKDEV_ASYNC] = "blkdev_bio_end_io_async",
		[DX_END_IOMAP] = "iomap_dio_bio_end_io",
	};

	for (int i = 0; i < DX_ENDS; i++)
		if (names[i] && !w->init.end[i])
			scan_add_gap(w->s,
				     "block requests: %s is not in /proc/kallsyms: some owners are not known",
				     names[i]);
	if (!w->bio_pinned)
		scan_add_gap(
			w->s,
			"block requests: whether a bio holds its pages is not known on this kernel");
	look_gap_cut(w->s, &w->aio);
	if (w->foreign)
		scan_add_gap(w->s,
			     "block requests: %llu pages are in requests of a driver (device mapper, loop): "
			     "who is behind them is not known",
			     (unsigned long long)w->foreign);
	if (w->cut)
		scan_add_gap(w->s, "block requests: there are more than could be read");
}

int look_requests(struct look *l, struct scan *s, look_stop *stop)
{
	struct requests *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	w->l = l;
	w->s = s;
	w->stop = stop;
	w->aio.kinds = 1u << DX_OBJECT_AIO;
	w->bio_pinned = asker_knows_bio_pinned(l->asker);
	rc = look_object_init(l, &w->init);
	if (!rc)
		rc = look_list_objects(l, ASK_TASKS, &w->aio, stop);
	if (!rc)
		rc = read_requests(w);
	note_openers(w);
	if (!rc)
		rc = add_aio(w);
	if (!rc)
		gaps(w);
	else if (rc != -EINTR)
		scan_add_gap(s, "block requests: %s", ask_why(rc));
	free(w->aio.o);
	free(w->disks);
	met_free(&w->bios);
	free(w);
	return rc;
}
