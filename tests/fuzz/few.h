/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_FEW_H
#define DAXTOP_FEW_H
/* few.h - records made of an input's bytes, with few values each: they are about the same things */
#include "fuzz.h"
#include "stream.h"

#define FEW_FIRST_PFN 0x100000ull

struct few {
	struct bytes b;
	uint64_t now; /* ns; of the last event */
	/* takes a record, @len bytes of payload */
	void (*put)(void *arg, unsigned int type, const void *payload, size_t len);
	void *arg;
	unsigned int many_max; /* records of many of a kind; 0: none */
	unsigned int many; /* that were made */
	bool filled; /* a table was, to where it sweeps */
};

/* An event, or a file's name. Returns how many bytes of it there are: some are cut short. */
size_t few_event(struct few *w, struct dx_file_event *f);
/* What the byte @op stands for. False: for nothing here; an event is to be made, or the caller knows. */
bool few_step(struct few *w, unsigned int op);

#endif
