// SPDX-License-Identifier: GPL-2.0-only
/* rule.c - the rules in words */
#include <stdio.h>
#include <string.h>
#include "rule/rule.h"

#define LEGACY	   (1u << REGIME_LEGACY)
#define TRANSITION (1u << REGIME_TRANSITION)
#define CURRENT	   (1u << REGIME_CURRENT)
#define NEWER	   (TRANSITION | CURRENT)
#define ALL	   (LEGACY | NEWER)

/*
 * Where a source is cited, the function is Linux 7.2's unless another version is
 * named. A row of the probe table stands under a rule when without it the rule
 * would look kept because nobody looked.
 */
static const struct rule rules[DX_RULES] = {
	[DX_RULE_INSTALL_ZERO_REF] = {
		.id = "install-zero-ref",
		.says = "a page put in a page table has a reference already",
		.text =
"A page or folio that is put in a PTE, PMD or PUD has a refcount of 1 or more when the install begins: who "
"installs it holds it. With a refcount of 0 the page is free, and may be handed to somebody else while it is "
"mapped. The PTE path refuses such a page and the task gets SIGBUS; the PMD and PUD paths check nothing unless "
"the kernel is built with DEBUG_VM.",
		.source =
"validate_page_before_insert(), insert_page() in mm/memory.c: -EINVAL; vmf_insert_folio_pmd(), "
"vmf_insert_folio_pud() in mm/huge_memory.c: folio_get() has only VM_BUG_ON_FOLIO(). Callers: dax_fault_iter(), "
"dax_insert_pfn_mkwrite() in fs/dax.c, drivers/dax/device.c. The rule came with commits 38607c62b34b (FS DAX) and aed877c2b425 (device-dax)",
		.regimes = ALL,
		.probes = { "install, PTE", "install, PMD", "install, attempts", "install, PMD attempts" },
	},
	[DX_RULE_INSTALL_WITHOUT_REF] = {
		.id = "install-without-ref",
		.says = "a new mapping adds one reference and one mapcount",
		.note = "by design on this kernel",
		.text =
"Each mapping that is added to a page table adds exactly one reference and one mapcount, a PMD as well as a PTE. A DAX "
"page that is mapped as a bare pfn (a special PTE, as insert_pfn() makes it) has no reference behind it: nothing keeps "
"it while it is mapped. The zero page of a hole and entries that were there already (made writable) are exempt.\n"
"On a legacy kernel, up to 6.14, that is how DAX maps: there daxtop counts it as what that kernel does by design, a note "
"and no finding; --strict makes it one.",
		.source =
"insert_page_into_pte_locked() in mm/memory.c, insert_pmd(), insert_pud() in mm/huge_memory.c take the reference; "
"insert_pfn(), vmf_insert_mixed(), vmf_insert_pfn_pmd(), vmf_insert_pfn_pud() take none. 6.12: dax_fault_iter() in "
"fs/dax.c and drivers/dax/device.c call the latter. Commits 38607c62b34b, aed877c2b425; fd2825b0760a took the devmap bits "
"out of the page tables",
		.regimes = ALL,
		.probes = { "install, PTE", "install, PMD", "bare pfn, PTE", "bare pfn, PMD" },
	},
	[DX_RULE_IDLE_NONZERO] = {
		.id = "idle-nonzero",
		.says = "a page that is in no file has no references",
		.text =
"A page of a filesystem's device that no file has is idle: its refcount is 0 (1 on a legacy kernel). Truncate, hole punch "
"and eviction go by that: they unmap, wait until refcount and mapcount are equal, and free the block. daxtop looks when an "
"entry comes where none was: who has a reference to that page now reads and writes what belongs to another file.",
		.source =
"dax_busy_page(), dax_layout_busy_page_range(), wait_page_idle(), dax_folio_init(): WARN_ON_ONCE(folio_ref_count()) in "
"fs/dax.c; dax_page_is_idle() in include/linux/dax.h. 6.12: dax_busy_page() in fs/dax.c compares with 1",
		.regimes = ALL,
		.probes = { "entry inserted" },
	},
	[DX_RULE_FREE_NONZERO] = {
		.id = "free-nonzero",
		.says = "a folio is freed with a refcount of 0",
		.text =
"free_zone_device_folio() runs when the last reference was put, so the refcount is 0 then; afterwards who waits for the "
"folio is woken. Another value means that it was freed while somebody has it, or twice. That its mapping is still set is "
"no fault: for FS DAX it is cleared when the entry is removed. Nor is a count above 0 there: the entry stays, and a fault "
"may have taken the folio again before daxtop looks.",
		.source = "free_zone_device_folio() in mm/memremap.c, called by __folio_put() and folios_put_refs() in mm/swap.c",
		.regimes = ALL,
		.probes = { "folio freed" },
	},
	[DX_RULE_FOLIO_OVERPUT] = {
		.id = "folio-overput",
		.says = "nobody puts a reference that is not his",
		.text =
"Each mapping holds a reference, so the refcount is never below the mapcount, and a folio that reaches 0 is not mapped. "
"Otherwise somebody put a reference that he did not have: the next put of an honest owner frees the folio under all "
"others. On a legacy kernel mappings hold nothing, and what is left of the rule is that an idle page has 1.",
		.source =
"insert_page_into_pte_locked() in mm/memory.c, insert_pmd() in mm/huge_memory.c: folio_get() and rmap together; "
"free_zone_device_folio() in mm/memremap.c",
		.regimes = ALL,
		.probes = { "folio freed", "folio freed, at one", "unmap, PTE", "unmap, PMD" },
	},
	[DX_RULE_ENTRY_STALE_STATE] = {
		.id = "entry-stale-state",
		.says = "a folio that comes into a file belongs to no other place before, to this one after",
		.text =
"When dax_insert_entry() puts an entry where none was, unshared, the folio has no mapping and order 0 before; after it "
"mapping and index are those of the file and the order is the entry's. Something else is left over from an earlier life "
"of the page: memory failure and reverse mapping would go to the wrong file. The kernel warns once a boot; daxtop counts "
"each.",
		.source =
"dax_associate_entry(), dax_folio_init() in fs/dax.c: WARN_ON_ONCE(folio->mapping), WARN_ON_ONCE(folio_order(folio)); "
"called by dax_insert_entry(). 6.12: dax_associate_entry(), a page at a time",
		.regimes = ALL,
		.probes = { "entry inserted" },
	},
	[DX_RULE_SHARE_MISMATCH] = {
		.id = "share-mismatch",
		.says = "a shared folio counts its owners",
		.note = "known defect of this kernel",
		.text =
"A block that belongs to several files (reflink, IOMAP_F_SHARED) has a folio without mapping, whose share count is the "
"number of entries that point at it: the second one makes it 2, each removal takes 1. Entries and folio have the same "
"order. The share count lies in the same word as the index and is valid only where there is no mapping.\n"
"Kernels 6.15 to 7.0 leave the index of a 4K page when its last entry goes, so it looks like a share count later: a "
"shared entry that comes then is counted on from it, and the page gets no mapping. daxtop counts that as a known "
"defect of the kernel, a note and no finding; --strict makes it one (stale-index). There an owner too many that stays "
"behind can't be told from an index.",
		.source =
"dax_associate_entry(), dax_folio_make_shared(), dax_folio_put() in fs/dax.c: WARN_ON_ONCE(!folio->share), "
"WARN_ON_ONCE(dax_entry_order(entry) != folio_order(folio)). 6.12: dax_page_share_get(), dax_page_share_put(). 6.18: "
"dax_folio_put() returns before it clears share when the order is 0; 7.1: dax_folio_reset_order()",
		.regimes = ALL,
		.probes = { "entry inserted", "entry removed, range" },
	},
	[DX_RULE_REMOVED_WHILE_REFERENCED] = {
		.id = "removed-while-referenced",
		.says = "the last entry goes when nobody has the folio, and leaves nothing behind",
		.text =
"When the last entry that points at a folio is removed, every page of it has a refcount of 0 (1 on a legacy kernel). "
"Afterwards it is order 0, without mapping and share count, with its pgmap. A reference that is left at that moment is "
"one on a block that the filesystem gives to another file next: its owner reads and writes there.",
		.source =
"dax_folio_put(): WARN_ON_ONCE(folio_ref_count()), dax_folio_reset_order() in fs/dax.c, called by "
"dax_disassociate_entry(). 6.12: dax_disassociate_entry(): WARN_ON_ONCE(trunc && page_ref_count(page) > 1)",
		.regimes = ALL,
		.probes = { "entry removed, range", "last entry removed" },
	},
	[DX_RULE_BREAK_INCOMPLETE] = {
		.id = "break-incomplete",
		.says = "a layout break that succeeds leaves no entry in the range",
		.text =
"dax_break_layout() waits until no folio of the range is busy and then removes the range's entries. When it returns 0 "
"and an entry is left, the filesystem frees a block that the page cache still points at.",
		.source =
"dax_break_layout(), dax_delete_mapping_range() in fs/dax.c; ext4_break_layouts() in fs/ext4/inode.c, "
"xfs_break_dax_layouts() in fs/xfs/xfs_inode.c rely on it. Up to 6.14 the filesystems waited themselves and entries went later",
		.regimes = NEWER,
		.probes = { "layout break" },
	},
	[DX_RULE_LONGTERM_ON_FSDAX] = {
		.id = "longterm-on-fsdax",
		.says = "no long-term pin of a filesystem's DAX page succeeds",
		.text =
"A filesystem must be able to take its blocks back, so pins that last (FOLL_LONGTERM: RDMA, io_uring's registered "
"buffers, vfio) are refused on its files: the slow path gives -EOPNOTSUPP, the fast path hands on to the slow one. "
"Device-dax may be pinned for long.",
		.source =
"check_vma_flags() in mm/gup.c: vma_is_fsdax(), -EOPNOTSUPP; try_grab_folio_fast() in mm/gup.c and "
"folio_is_longterm_pinnable() in include/linux/mm.h: folio_is_fsdax()",
		.regimes = ALL,
		.probes = { "GUP" },
	},
	[DX_RULE_GENERIC_OVERPUT] = {
		.id = "generic-overput",
		.says = "a device-dax folio never loses its base reference",
		.text =
"A folio of a GENERIC pgmap (device-dax; also Xen) has a base reference, so it is idle at 1 and each mapping adds one. "
"Nobody drops the base reference of a device-dax folio: a refcount of 0 means that somebody put one too many. The "
"kernel sets it to 1 again and says nothing, while a mapping or a pin may still be there.",
		.source =
"free_zone_device_folio() in mm/memremap.c: case MEMORY_DEVICE_GENERIC, folio_set_count(folio, 1); drivers/dax/device.c. "
"Commit aed877c2b425",
		.regimes = ALL,
		.probes = { "folio freed" },
	},
	[DX_RULE_PRIVATE_INIT] = {
		.id = "private-init",
		.says = "private device memory is handed out once, with one reference and locked",
		.text =
"A folio of DEVICE_PRIVATE or COHERENT memory has a refcount of 0 before zone_device_page_init() and is locked with 1 "
"after it; the pgmap gains a reference a page, which it loses when the folio is freed. Another refcount means that a "
"driver handed out a page that is in use.",
		.source =
"zone_device_page_init(): VM_WARN_ON_FOLIO(folio_ref_count()), free_zone_device_folio() in mm/memremap.c",
		.regimes = ALL,
		.probes = { "page init", "folio freed" },
	},
	[DX_RULE_P2PDMA_COUNT] = {
		.id = "p2pdma-count",
		.says = "PCI peer-to-peer memory is counted a page at a time and reached only by who asked for it",
		.text =
"A page of PCI P2PDMA memory is idle at 0. mmap(2) makes it 1, the mapping 2, and 1 again when the first is put; each "
"page so mapped has a reference on the pgmap. pci_alloc_p2pmem() takes one for the whole allocation and leaves the pages "
"alone. GUP without FOLL_PCI_P2PDMA is refused: -EREMOTEIO.",
		.source =
"p2pmem_alloc_mmap(), p2pdma_folio_free(), pci_alloc_p2pmem() in drivers/pci/p2pdma.c; try_grab_folio(), "
"try_grab_folio_fast() in mm/gup.c",
		.regimes = ALL,
		.probes = { "GUP", "install, PTE" },
	},
	[DX_RULE_PIN_IMBALANCE] = {
		.id = "pin-imbalance",
		.says = "nobody drops more pins than there are",
		.text =
"A pin of a 4K folio is worth 1,024 references (GUP_PIN_COUNTING_BIAS). A pin of a larger folio is one reference and one "
"on its pincount, so the refcount is never below the pincount. Unpins never exceed pins. An unpin too many takes "
"references of others away.",
		.source =
"try_grab_folio(), gup_put_folio(), unpin_user_page(), unpin_user_folio(), unpin_folio() in mm/gup.c; "
"GUP_PIN_COUNTING_BIAS in include/linux/mm.h",
		.regimes = ALL,
		.probes = { "unpin, array", "unpin, page", "unpin, user folio", "unpin, folio" },
	},
	[DX_RULE_GRAB_NONPOSITIVE] = {
		.id = "grab-nonpositive",
		.says = "GUP's slow path takes references only where there is one",
		.text =
"try_grab_folio() runs under a lock with a mapping in sight, which holds a reference. A refcount of 0 or less there "
"means that a page table points at a free page. The kernel warns once a boot and refuses; daxtop counts each.",
		.source = "try_grab_folio() in mm/gup.c: WARN_ON_ONCE(folio_ref_count(folio) <= 0)",
		.regimes = ALL,
		.probes = { "grab" },
	},
	[DX_RULE_PGMAP_DEAD_USE] = {
		.id = "pgmap-dead-use",
		.says = "memory of a device that goes is not taken into use",
		.text =
"After memunmap_pages() killed a pgmap nobody takes a reference on it, and no folio of it is mapped or pinned: the "
"device is going. Who gets in later uses memory that may be gone.",
		.source =
"memunmap_pages(): percpu_ref_kill(), get_dev_pagemap(): percpu_ref_tryget_live_rcu(), zone_device_page_init(): "
"WARN_ON_ONCE() in mm/memremap.c",
		.regimes = ALL,
		.probes = { "pgmap removed", "pgmap get", "install, PTE", "install, PMD", "GUP" },
	},
	[DX_RULE_PGMAP_GONE_UNDER_PIN] = {
		.id = "pgmap-gone-under-pin",
		.says = "a device's memory goes only when nobody has it pinned or mapped",
		.text =
"When memunmap_pages() gives the struct pages back, all folios of the pgmap are idle. On a current kernel nothing makes "
"it wait for that: references and pins of FS DAX and device-dax folios do not hold the pgmap. A device that is unbound "
"under a live pin does not hang, it goes away, and the later unpin writes to memory that is no struct page any more.",
		.source = "memunmap_pages(), pageunmap_range() in mm/memremap.c; dev_dax_probe() in drivers/dax/device.c",
		.regimes = ALL,
		.probes = { "pgmap removed" },
	},
	[DX_RULE_FOLIO_LEAK] = {
		.id = "folio-leak",
		.says = "references and pins end with who took them",
		.text =
"A folio's references are its mappings, its pins, and references of holders that live. What is more than that for "
"longer than --leak-time, after its holder exited, its entry was removed, or while a truncate, an eviction or an unbind "
"waits for it, is leaked. Nothing transient counts: it is seen in samples that far apart. Pins are exact, and proven when "
"their taking was seen and nothing was lost; plain references (FOLL_GET) are suspected at best, because the kernel's "
"puts of them are inlined. What was there before daxtop is inconclusive.",
		.source = "try_grab_folio(), unpin_user_pages() in mm/gup.c; folio_get(), folio_put() in include/linux/mm.h",
		.regimes = ALL,
		.in_engine = true,
		.probes = { "GUP", "unpin, array", "unpin, page", "install, PTE", "install, PMD", "unmap, PTE" },
	},
	[DX_RULE_PGMAP_LEAK] = {
		.id = "pgmap-leak",
		.says = "references on a device's memory are all explained",
		.text =
"The outstanding references of a pgmap are: 1, one a page (for all types but PRIVATE and COHERENT), the folios of PRIVATE "
"and COHERENT memory that are handed out, P2PDMA allocations, and those who called get_dev_pagemap(). daxtop reads the "
"exact count from the kernel's percpu_ref. More for longer than --leak-time is a leak; memunmap_pages() will wait for it "
"for ever. Shown are the stacks of the get_dev_pagemap() that are not matched.",
		.source =
"memremap_pages(), memunmap_pages(), get_dev_pagemap() in mm/memremap.c; put_dev_pagemap() in include/linux/memremap.h; "
"drivers/pci/p2pdma.c",
		.regimes = ALL,
		.in_engine = true,
		.standing = true,
		.probes = { "pgmap added", "pgmap removed" },
	},
	[DX_RULE_PGMAP_UNDERFLOW] = {
		.id = "pgmap-underflow",
		.says = "a device's memory never has fewer references than are its own",
		.text =
"Fewer references than the pgmap's own (see pgmap-leak) mean that somebody put one that was not his: memunmap_pages() "
"will not wait for who is still there.",
		.source = "put_dev_pagemap() in include/linux/memremap.h, memunmap_pages() in mm/memremap.c",
		.regimes = ALL,
		.in_engine = true,
		.standing = true,
		.probes = { "pgmap added", "pgmap removed" },
	},
	[DX_RULE_STALL_BREAK_LAYOUT] = {
		.id = "stall-break-layout",
		.says = "truncate, hole punch and reflink do not wait long for a folio",
		.text =
"They unmap the range and wait until its folios are idle. That is short, as direct I/O is; longer than --stall-time is a "
"finding, with who holds the folio. The wait is interruptible, so the kernel's hung-task detector never reports it.",
		.source =
"dax_break_layout(), wait_page_idle() in fs/dax.c: TASK_INTERRUPTIBLE. 6.12: ext4_break_layouts() in fs/ext4/inode.c, "
"xfs_break_dax_layouts() in fs/xfs/xfs_inode.c",
		.regimes = ALL,
		.in_engine = true,
		.probes = { "busy folio", "layout break" },
	},
	[DX_RULE_STALL_EVICT] = {
		.id = "stall-evict",
		.says = "the last close of an unlinked file, and umount, do not wait long for a folio",
		.text =
"Evicting an inode waits until all its folios are idle, uninterruptibly. Longer than --stall-time is a finding, with who "
"holds the folio. Up to 6.14 the kernel did not wait there.",
		.source = "dax_break_layout_final(), wait_page_idle_uninterruptible() in fs/dax.c",
		.regimes = NEWER,
		.in_engine = true,
		.probes = { "busy folio", "layout break, final" },
	},
	[DX_RULE_STALL_MEMUNMAP] = {
		.id = "stall-memunmap",
		.says = "removing a device does not wait long for its memory",
		.text =
"Unbind, ndctl disable-namespace and driver removal wait in memunmap_pages() until the pgmap's last reference is put, "
"uninterruptibly. Longer than --stall-time is a finding; what it waits for is a reference as pgmap-leak counts them.",
		.source = "memunmap_pages(): wait_for_completion(&pgmap->done) in mm/memremap.c",
		.regimes = ALL,
		.in_engine = true,
		.probes = { "pgmap removed" },
	},
};

const struct rule *rule_get(unsigned int rule)
{
	return rule > DX_RULE_NONE && rule < DX_RULES ? &rules[rule] : NULL;
}

enum dx_rule rule_find(const char *id)
{
	for (unsigned int i = DX_RULE_NONE + 1; i < DX_RULES; i++)
		if (!strcmp(rules[i].id, id))
			return i;
	return DX_RULE_NONE;
}

static const struct probe *probe_by_event(const struct probe *probes, size_t nr, const char *event)
{
	for (size_t i = 0; i < nr; i++)
		if (!strcmp(probes[i].event, event))
			return &probes[i];
	return NULL;
}

const char *rule_unchecked(enum dx_rule rule, enum regime regime, const struct probe *probes,
			   size_t nr_probes, char *buf, size_t len)
{
	const struct rule *r = rule_get(rule);

	if (!r) {
		snprintf(buf, len, "there is no such rule");
		return buf;
	}
	if (!(r->regimes & 1u << regime)) {
		snprintf(buf, len, "no rule of a %s kernel", regime_name(regime));
		return buf;
	}
	for (int i = 0; i < RULE_PROBES && r->probes[i]; i++) {
		const struct probe *p = probe_by_event(probes, nr_probes, r->probes[i]);

		/* waiting: what it would see is in a module that is not there, so nothing of it happens */
		if (p && p->state != PROBE_MISSING)
			continue;
		snprintf(buf, len, "the probe '%s' is missing%s%s", r->probes[i],
			 p && p->why[0] ? ": " : "", p ? p->why : "");
		return buf;
	}
	return NULL;
}
