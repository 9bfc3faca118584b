/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_LOOK_HELD_H
#define DAXTOP_LOOK_HELD_H
/* held.h - what object.c, request.c and rdma.c share */
#include "internal.h"
#include "look_object.h"

/* What processes have. */
struct object_list {
	struct dx_object *o;
	size_t nr, room;
	uint32_t kinds; /* bit of enum dx_object_kind: those that are kept */
	uint64_t cut; /* tasks of which not all were told */
	uint64_t cut_inside; /* sockets and rings */
	uint64_t unmapped; /* address spaces that changed while it was looked for rings in them */
};

/* Runs dx_object_init(). Returns 0 or -errno. */
int look_object_init(struct look *l, struct dx_object_init *init);
/* Objects that the iterator @files (ASK_FILES, ASK_TASKS) tells, of the list's kinds, one of a process, in the order of objects. */
int look_list_objects(struct look *l, enum question files, struct object_list *list, look_stop *stop);
/* One more, if it is of the list's kinds. Returns 0 or -ENOMEM. */
int look_list_add(struct object_list *list, const struct dx_object *o);
/* In the order of objects, one of a process. */
void look_list_sort(struct object_list *list);
/* Adds rings that are mapped, which no descriptor may lead to. */
int look_mapped(struct look *l, struct object_list *list, look_stop *stop);
/*
 * Adds those that are in sockets and rings of the list, which must keep both kinds, and in what is in
 * them.
 */
int look_inside(struct look *l, struct object_list *list, look_stop *stop);
/* Where it was found, in words, if not by a descriptor; "" else. */
void look_say_where(const struct dx_object *o, char *out, size_t len);
/* Says so when not all were told. */
void look_gap_cut(struct scan *s, const struct object_list *list);

/* A holder without anything in it but its kind and the process. */
struct scan_holder look_holder(enum scan_hold kind, uint32_t tgid, uint32_t pid, const char *comm);
/* Adds @h with its process's cgroup. */
int look_add_holder(struct scan *s, struct scan_holder *h);
/* The pages of @held, if they are in a pgmap of the scan. */
int look_add_held(struct scan *s, struct scan_holder *h, const struct dx_held *held);
/*
 * The process could hold pages of what it maps: a candidate for each file. @long_term: pins that
 * stay, which a file of a filesystem refuses (FOLL_LONGTERM): device-dax only, and any of them when
 * it maps none now. Returns 0 or -errno.
 */
int look_add_candidates(struct scan *s, struct scan_holder *h, bool long_term);

#endif
