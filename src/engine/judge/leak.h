/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ENGINE_JUDGE_LEAK_H
#define DAXTOP_ENGINE_JUDGE_LEAK_H
/* leak.h - bounds of the leak judge. */

#define SUSPECT_MAX 4096u /* folios that are watched at a time */

#endif
