/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef GUEST_DISK_H
#define GUEST_DISK_H
/* disk.h - a disk that is done with a write when it is told to be. */

/* Makes it (/dev/nbd0). One at a time; it goes with the test's process group. */
void disk_start(void);
void disk_stop(void);
/* A descriptor for direct writing. */
int disk_open(void);
/* Waits until @n writes are with the disk. */
void disk_await(unsigned int n);
/* All of them are done. */
void disk_go(void);

#endif
