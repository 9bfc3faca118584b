// SPDX-License-Identifier: GPL-2.0-only
/*
 * daxtop_inject: PCI peer-to-peer memory. The laboratory's machine has QEMU's
 * pci-testdev, whose BAR 2 we offer as such memory; nothing is behind it.
 */

#include <linux/kconfig.h>

#include "internal.h"

#if IS_ENABLED(CONFIG_PCI_P2PDMA)

#include <linux/module.h>
#include <linux/pci-p2pdma.h>
#include <linux/pci.h>

#define TESTDEV_BAR 2

static struct pci_dev *provider;

/* Undone after the PTE: what pci_alloc_p2pmem() gave and no mapping has freed. */
static void memory_free(struct session *s, struct undo *u)
{
	pci_free_p2pmem(provider, u->data, PAGE_SIZE);
}

static void reference_drop(struct session *s, struct undo *u)
{
	put_page(u->page);
}

static int memory_alloc(struct session *s, struct inject *arg, struct undo **u)
{
	*u = undo_add(s, memory_free);
	if (!*u)
		return -ENOMEM;
	(*u)->data = pci_alloc_p2pmem(provider, PAGE_SIZE);
	if (!(*u)->data) {
		undo_drop(*u);
		return -ENOMEM;
	}
	(*u)->page = virt_to_page((*u)->data);
	arg->pfn = page_to_pfn((*u)->page);
	arg->count = page_count((*u)->page);
	return 0;
}

/*
 * What p2pmem_alloc_mmap() does for a page (drivers/pci/p2pdma.c): 0 -> 1, install,
 * put. From then on the unmap frees the memory. With extra, one reference too many.
 */
static noinline int inject_p2p_map(struct session *s, struct inject *arg, int extra)
{
	struct undo *alloc, *u;
	struct page *page;
	int err = memory_alloc(s, arg, &alloc);

	if (err)
		return err;
	page = alloc->page;
	page_ref_add(page, 1 + extra);
	err = window_touch(s, arg, page, install_honest, NULL);
	if (err) {
		page_ref_sub(page, 1 + extra);
		return err;
	}
	undo_drop(alloc);
	put_page(page);
	if (!extra)
		return 0;
	u = undo_add(s, reference_drop);
	if (!u) {
		put_page(page);
		return -ENOMEM;
	}
	u->page = page;
	return 0;
}

int p2p_do(struct session *s, struct inject *arg, struct page *page)
{
	struct undo *u;

	if (!provider)
		return -EOPNOTSUPP;
	switch (arg->cmd) {
	case INJECT_P2P_ALLOC:
		return memory_alloc(s, arg, &u);
	case INJECT_P2P_HONEST:
		return inject_p2p_map(s, arg, 0);
	case INJECT_P2P_COUNT:
		return inject_p2p_map(s, arg, 1);
	}
	return -EOPNOTSUPP;
}

static int testdev_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int err = pci_enable_device_mem(pdev);

	if (err)
		return err;
	err = pci_p2pdma_add_resource(pdev, TESTDEV_BAR, 0, 0);
	if (err) {
		pci_disable_device(pdev);
		return err;
	}
	pci_p2pmem_publish(pdev, true);
	provider = pdev;
	return 0;
}

static void testdev_remove(struct pci_dev *pdev)
{
	provider = NULL;
	pci_disable_device(pdev);
}

static const struct pci_device_id testdev_ids[] = { { PCI_DEVICE(0x1b36, 0x0005) }, {} };

static struct pci_driver testdev_driver = {
	.name = "daxtop_inject",
	.id_table = testdev_ids,
	.probe = testdev_probe,
	.remove = testdev_remove,
};

int p2p_register(void)
{
	return pci_register_driver(&testdev_driver);
}

void p2p_unregister(void)
{
	pci_unregister_driver(&testdev_driver);
}

#else

int p2p_do(struct session *s, struct inject *arg, struct page *page)
{
	return -EOPNOTSUPP;
}

int p2p_register(void)
{
	return 0;
}

void p2p_unregister(void)
{
}

#endif
