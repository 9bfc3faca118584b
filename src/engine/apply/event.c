// SPDX-License-Identifier: GPL-2.0-only
/*
 * event.c - what each event does to its folio. Events come in order of time.
 *
 * A sample says what the counts were at the event; what the event itself did to
 * them is known from the kernel's source. See enum dx_event_type for which side
 * of the operation the sample is from.
 */
#include <string.h>
#include "engine/apply/event.h"
#include "engine/apply/gap.h"
#include "engine/apply/hold.h"
#include "engine/apply/judge.h"
#include "engine/apply/look.h"
#include "engine/apply/pgmap.h"
#include "engine/apply/sample.h"
#include "engine/apply/split.h"
#include "engine/apply/wait.h"

static struct sample event_sample(const struct dx_event *ev)
{
	return (struct sample){ ev->refcount, ev->mapcount, ev->pincount };
}

/* References that @nr pins are: GUP_PIN_COUNTING_BIAS each if there is no _pincount. */
static int64_t pin_refs(const struct folio *f, int64_t nr)
{
	return f->order ? nr : nr * GUP_PIN_COUNTING_BIAS;
}

/*
 * On a current kernel a mapping holds a reference, and dax_fault_iter() and
 * dax_insert_pfn_mkwrite() hold their own around the install. device-dax takes
 * none of its own (drivers/dax/device.c).
 */
static bool fault_holds_ref(const struct change *c)
{
	return !c->e->opt.legacy && (c->type == MEMORY_DEVICE_FS_DAX || c->ev->type == DX_FAULT);
}

static int install_refs(const struct change *c)
{
	return mapping_holds(c->e, c->type);
}

/* Notes where in which file the folio is, when the event says so. */
static void folio_associate(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct folio *f = c->f;

	if (!ev->ino && !ev->dev)
		return;
	if (ev->index >> INDEX_BITS)
		return;
	file_set_folio(&c->e->files, f, ev->dev, ev->ino, ev->gen);
	/* a fault tells its own offset, an entry begins at its first page */
	f->index = ev->index >> f->order << f->order;
	f->stale = 0;
	f->entry = c->type == MEMORY_DEVICE_FS_DAX || ev->type == DX_FAULT || ev->type == DX_INSERT;
}

static void apply_install(struct change *c, struct sample s, int64_t nr)
{
	if (fault_holds_ref(c))
		gap_close_fault_ref(c, s);
	else
		gap_close(c, s);
	/*
	 * p2pmem_alloc_mmap(), drivers/pci/p2pdma.c: a page is made with 1 and takes a
	 * reference of the pgmap; p2pdma_folio_free() puts it
	 */
	if (c->type == MEMORY_DEVICE_PCI_P2PDMA && s.ref == 1 && c->ev->type == DX_INSTALL)
		refs_explain(&c->e->pgmaps, c->f->pgmap, c->time, 1);
	step_add(c, DX_INSTALL, true, s.ref,
		 (struct sample){ sat32((int64_t)s.ref + install_refs(c)), sat32(s.map + nr), s.pin });
}

/* What happened inside a fault, see DX_FAULT. */
static void apply_fault_inside(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct folio *f = c->f;
	/* only the refcount was sampled there */
	struct sample s = { .pin = c->first ? ev->pincount : f->pin };

	if (ev->flags & DX_F_INSERT) {
		s.ref = ev->ref_first;
		s.map = c->first ? (ev->flags & DX_F_INSTALL ? ev->map_install : ev->mapcount)
				 : f->map;
		gap_close(c, s);
		step_add(c, DX_INSERT, true, s.ref, s);
	}
	if (ev->flags & DX_F_INSTALL) {
		s.ref = ev->ref_install;
		s.map = ev->map_install;
		apply_install(c, s, 1);
	}
}

static void apply_pin(struct change *c)
{
	const struct dx_event *ev = c->ev;
	bool pin = ev->type == DX_PIN;
	struct sample after = event_sample(ev), before = after;

	/* GUP that fails takes nothing, or has undone it */
	if (ev->ret >= 0) {
		before.ref = sat32(after.ref - (pin ? pin_refs(c->f, ev->nr) : ev->nr));
		before.pin = sat32((int64_t)after.pin - (pin ? ev->nr : 0));
	}
	gap_close(c, before);
	step_add(c, ev->type, true, before.ref, after);
	if (ev->ret >= 0)
		holder_add(&c->e->holders, c->id, c->f,
			   (struct holder){
				   .since = c->time,
				   .task = c->task,
				   .stack = ev->stack,
				   .nr = ev->nr,
				   .pin = pin,
				   .longterm = ev->flags & DX_F_LONGTERM,
				   .remote = ev->flags & DX_F_REMOTE,
			   });
}

static void apply_unpin(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct sample s = event_sample(ev);

	gap_close(c, s);
	step_add(c, DX_UNPIN, true, s.ref,
		 (struct sample){ sat32(s.ref - pin_refs(c->f, ev->nr)), s.map,
				  sat32((int64_t)s.pin - ev->nr) });
	/* bios end in softirq as pid 0, io_uring's buffers in a kworker: not its holder */
	folio_release(c->e, c->id, c->f, true, ev->nr, ev->tgid);
}

static void apply_unmap(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct sample s = event_sample(ev);
	uint64_t zap;

	gap_close(c, s);
	step_add(c, DX_UNMAP, true, s.ref,
		 (struct sample){ s.ref, sat32((int64_t)s.map - ev->nr), s.pin });
	if (!install_refs(c))
		return;
	zap = c->f->zap_puts + (uint64_t)ev->nr;
	c->f->zap_puts = zap < 1u << ZAP_BITS ? zap : (1u << ZAP_BITS) - 1;
}

static void apply_free(struct change *c)
{
	struct folio *f = c->f;
	struct sample s = event_sample(c->ev), before = s;

	/* the step before dropped the last reference, or a put did that no hook saw */
	if (c->first || f->fresh || f->ref != s.ref)
		before.ref = sat32((int64_t)s.ref + 1);
	gap_close(c, before);
	step_add(c, DX_FREE, true, before.ref, s);
	f->zap_puts = 0;
	f->fault_refs = 0;
	holder_clear(&c->e->holders, c->id, f);
	f->exact = 1;
	f->lossy = 0;
	if (c->type == MEMORY_DEVICE_PRIVATE || c->type == MEMORY_DEVICE_COHERENT)
		refs_explain(&c->e->pgmaps, f->pgmap, c->time, -(1ll << f->order));
	else if (c->type == MEMORY_DEVICE_PCI_P2PDMA)
		refs_explain(&c->e->pgmaps, f->pgmap, c->time, -1);
	/* free_zone_device_folio(), mm/memremap.c: folio_set_count(folio, 1) */
	if (c->type == MEMORY_DEVICE_GENERIC && s.ref == 0)
		step_add(c, ENGINE_CAUSE_RESET, false, 0, (struct sample){ 1, s.map, s.pin });
}

static void apply_remove(struct change *c)
{
	const struct dx_event *ev = c->ev;
	struct folio *f = c->f;
	struct sample s = event_sample(ev);

	gap_close(c, s);
	step_add(c, DX_REMOVE, true, s.ref, s);
	/* dax_folio_put(), fs/dax.c: a share is left, the folio stays as it is */
	if ((ev->flags & DX_F_SHARED) && ev->ret > 0)
		return;
	f->entry = 0;
	f->stale = 1;
	wait_clear(c->e, c->id);
	if (f->order) {
		folio_split(c->e, f);
		step_add(c, ENGINE_CAUSE_SPLIT, false, s.ref, s);
	}
}

/* called once, and for every event */
static inline __attribute__((always_inline)) void apply_folio(struct change *c, enum event_part part)
{
	const struct dx_event *ev = c->ev;
	struct sample s = event_sample(ev);

	/* REMOVE's file is the one it leaves */
	if (ev->type != DX_FREE)
		folio_associate(c);
	switch (ev->type) {
	case DX_FAULT:
		if (part != PART_END)
			apply_fault_inside(c);
		if (part == PART_INSTALL)
			return;
		if (ev->flags & DX_F_INSTALL)
			gap_close_fault_put(c, s);
		else
			gap_close(c, s);
		step_add(c, DX_FAULT, true, s.ref, s);
		return;
	case DX_INSTALL:
		if (ev->flags & DX_F_REF_TAKEN)
			s.ref = sat32((int64_t)s.ref - install_refs(c));
		apply_install(c, s, ev->nr);
		return;
	case DX_UNMAP:
		apply_unmap(c);
		return;
	case DX_PIN:
	case DX_GET:
		apply_pin(c);
		return;
	case DX_UNPIN:
		apply_unpin(c);
		return;
	case DX_FREE:
		apply_free(c);
		return;
	case DX_REMOVE:
		apply_remove(c);
		return;
	case DX_PAGE_INIT:
		/* zone_device_page_init(), mm/memremap.c: set_page_count(page, 1) */
		gap_close(c, s);
		if (c->type == MEMORY_DEVICE_PRIVATE || c->type == MEMORY_DEVICE_COHERENT)
			refs_explain(&c->e->pgmaps, c->f->pgmap, c->time, 1ll << c->f->order);
		step_add(c, DX_PAGE_INIT, true, s.ref, (struct sample){ 1, s.map, s.pin });
		return;
	case DX_BREAK_BUSY:
		gap_close(c, s);
		/* a look says that somebody waits, not that he began to */
		if (!(ev->flags & DX_F_SCAN))
			step_add(c, DX_BREAK_BUSY, true, s.ref, s);
		/* NOWAIT returns -ERESTARTSYS instead of waiting */
		if (!(ev->flags & DX_F_NOWAIT))
			wait_add(c->e, c->id, ev);
		return;
	case DX_SAMPLE:
		sample_apply(c);
		return;
	default: /* DX_INSERT, DX_INSTALL_PFN: no count changes */
		gap_close(c, s);
		step_add(c, ev->type, true, s.ref, s);
	}
}

static void count_fault(struct engine *e, const struct dx_event *ev)
{
	if (ev->ret & VM_FAULT_NOPAGE) {
		if (ev->type == DX_DEV_FAULT)
			e->st.dev_faults++;
		else if (ev->level == DX_PTE)
			e->st.pte_faults++;
		else
			e->st.pmd_faults++;
	}
	if (ev->ret & VM_FAULT_ERROR)
		e->st.fault_errors++;
	else if (ev->ret & VM_FAULT_FALLBACK)
		e->st.fault_fallbacks++;
}

/* The thread's id, mostly without searching. */
static uint32_t task_get(struct engine *e, const struct dx_event *ev)
{
	/* a thread runs for a while; the idle threads are all pid 0 */
	unsigned int i = (ev->pid ^ (uint32_t)ev->cpu << 4) % TASK_CACHE;
	uint64_t raw[3];

	_Static_assert(offsetof(struct dx_event, comm) == offsetof(struct dx_event, tgid) + 8,
		       "tgid, pid and comm are together");
	memcpy(raw, &ev->tgid, sizeof(raw));
	if (e->tasks.last[i].raw[0] != raw[0] || e->tasks.last[i].raw[1] != raw[1] ||
	    e->tasks.last[i].raw[2] != raw[2] || !e->tasks.last[i].id) {
		e->tasks.last[i].id = task_find(&e->tasks, ev);
		memcpy(e->tasks.last[i].raw, raw, sizeof(raw));
	}
	return e->tasks.last[i].id;
}

/* Which pgmap the folio is of, if this event knows more than was known. */
static void folio_set_pgmap(struct engine *e, struct folio *f, const struct dx_event *ev)
{
	const struct pgmap *p = &e->pgmaps.map[f->pgmap];
	uint32_t map;

	if (p->pgmap == ev->pgmap && p->pgmap && !p->gone)
		return;
	map = pgmap_get(&e->pgmaps, ev->pgmap, ev->pgmap_type, ev->pfn);
	if (map >= PGMAP_FIRST || (map && f->pgmap < PGMAP_FIRST))
		pgmap_move_folio(&e->pgmaps, f, map);
}

void event_apply(struct engine *e, const struct dx_event *ev, enum event_part part, uint32_t hint)
{
	struct change c = { .e = e, .ev = ev, .time = ev->time };
	const struct folio *known;
	bool added;

	if (part == PART_INSTALL)
		c.time -= ev->since;
	if (c.time > e->st.now)
		e->st.now = c.time;
	if (part != PART_INSTALL) {
		e->st.events++;
		e->st.by_type[ev->type]++;
	}
	if (__builtin_expect(e->look.nr_entries, 0))
		look_entry_event(e, ev);
	switch (ev->type) {
	case DX_PGMAP_ADD:
	case DX_PGMAP_KILL:
	case DX_PGMAP_GONE:
		pgmap_apply(e, ev);
		return;
	case DX_BREAK_DONE:
		wait_done(e, ev);
		return;
	case DX_P2P_ALLOC:
	case DX_P2P_FREE:
		/* a reference more or less is explained */
		if (ev->pgmap)
			refs_explain(&e->pgmaps, pgmap_find(&e->pgmaps, ev->pgmap), ev->time,
				     ev->type == DX_P2P_ALLOC ? 1 : -1);
		return;
	case DX_PGMAP_GET:
	case DX_PGMAP_REFS:
	case DX_VIOLATION:
		judges_event(e, ev);
		return;
	case DX_TASK_GONE:
		task_gone(e, ev);
		look_task_gone(e, ev);
		return;
	case DX_PGMAP_RELEASE:
	case DX_MODULE:
	case DX_SIGBUS: /* its DX_POISON, or nobody, has the folio */
		return;
	case DX_DEV_FAULT: /* its DX_INSTALL has the folio */
		count_fault(e, ev);
		return;
	case DX_FAULT:
		if (part != PART_INSTALL)
			count_fault(e, ev);
		break;
	}
	/* nobody asks about a folio that is not known; a scan finds it */
	if (ev->type == DX_SAMPLE && !(ev->flags & DX_F_SCAN) &&
	    !folio_find_covering(&e->folios, ev->pfn))
		return;
	if (!ev->pfn || (ev->flags & (DX_F_NO_FOLIO | DX_F_ZERO))) {
		if (ev->type == DX_SAMPLE)
			sample_no_folio(e, ev);
		return;
	}

	known = hint ? folio_ptr(&e->folios, hint) : NULL;
	if (known && known->pfn == ev->pfn && known->order == ev->order && !known->absorbed) {
		c.id = hint;
		c.f = folio_own(&e->folios, hint, known);
	} else {
		c.id = folio_for_event(e, ev, c.time, &c.first);
		if (!c.id) {
			if (part != PART_INSTALL)
				e->st.folios_refused++;
			return;
		}
		c.f = folio_write(&e->folios, c.id);
	}
	folio_set_pgmap(e, c.f, ev);
	change_begin(&c);
	if (c.first)
		c.after_loss = e->lost && ev->type != DX_INSERT &&
			       !(ev->type == DX_FAULT && (ev->flags & DX_F_INSERT));
	c.task = task_get(e, ev);
	added = c.first;
	apply_folio(&c, part);
	if (!c.same)
		change_end(&c, ev->type != DX_SAMPLE && !(ev->flags & DX_F_SCAN));
	if (__builtin_expect(c.f->waited | c.f->looked | added, 0))
		look_event(&c, added);
	/* a mask of 0 if nothing is judged, and no suspects then */
	if (c.f->suspect || e->changes >> ev->type & 1)
		judges_change(&c);
}
