/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROGRESS_H
#define DAXTOP_PROGRESS_H
/*
 * progress.h - on a terminal, a start that takes longer than half a second says on stderr what it
 * is at. One line, which is written over and gone when the start is done.
 */
#include <stddef.h>

/* The start begins: nothing is said before, nor where stderr is no terminal. */
void progress_begin(void);
/* It is at the @n-th of @of things ("loading BPF programs"); @of 0: they are not counted. */
void progress_step(const char *what, size_t n, size_t of);
/* It is done, or has failed: the line goes. Without a progress_begin() nothing happens. */
void progress_end(void);

#endif
