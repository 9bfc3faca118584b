/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_STORE_ID_H
#define DAXTOP_ENGINE_STORE_ID_H
/*
 * id.h - how many bits there are for what.
 *
 * Ids: folios, tasks, files, holders and pgmaps are named by small integers,
 * which keeps a folio at 56 bytes. 0 means none.
 */

#define MAX_PFN_BITS   40 /* 52 physical address bits, 4K pages */
#define MAX_ORDER_BITS 5
#define INDEX_BITS     44 /* page offset in a file: up to 64 PiB */
#define TIME_BITS      56 /* ns since engine.base: two years */
#define TASK_BITS      20
#define FILE_BITS      22
#define PGMAP_BITS     10
#define ZAP_BITS       14

#endif
