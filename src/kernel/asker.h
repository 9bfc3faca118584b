/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ASKER_H
#define DAXTOP_ASKER_H
/*
 * asker.h - questions to the running kernel: programs that are loaded and run, and iterators that
 * are read (bpf/look/). Nothing is attached, nothing in the kernel changes.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "look_inode.h"
#include "look_object.h"
#include "look_stack.h"
#include "look_task.h"
#include "look_vma.h"
#include "model/probe.h"
#include "scan.h"

struct asker;
struct btf_names;
struct walk;

/* What runs once and answers in its arguments, and in struct answers: program, arguments. */
#define QUESTIONS(Q)                                         \
	Q(PGMAP, dx_next_pgmap, dx_pgmap_args)               \
	Q(SYMBOL, dx_symbol, dx_symbol_args)                 \
	Q(PATH, dx_look_path, look_path_args)                \
	Q(INDEX, dx_look_index, look_index_args)             \
	Q(FILE, dx_look_file, look_file_args)                \
	Q(SUPER, dx_look_super, look_sb_args)                \
	Q(INODES, dx_look_inodes, look_inodes_args)          \
	Q(VMAS, dx_look_vmas, look_vmas_args)                \
	Q(PTES, dx_look_ptes, look_ptes_args)                \
	Q(WAIT_INIT, dx_look_wait_init, look_wait_init_args) \
	Q(CLOCK, dx_look_clock, look_clock_args)             \
	Q(OBJECT_INIT, dx_object_init, dx_object_init)       \
	Q(DISKS, dx_disks, dx_disks_args)                    \
	Q(TAGS, dx_tags, dx_tags_args)                       \
	Q(REQUESTS, dx_requests, dx_requests_args)           \
	Q(MR, dx_next_mr, dx_mr_args)                        \
	Q(INSIDE, dx_inside, dx_inside_args)

/* What answers record by record: program, record. */
#define ITERATORS(I)                          \
	I(FILES, dx_files, dx_object)         \
	I(TASKS, dx_tasks, dx_object)         \
	I(MAPPED, dx_mapped, dx_object)       \
	I(MMS, dx_look_mms, look_mm_task)     \
	I(WAITS, dx_look_waits, look_blocked) \
	I(STACKS, dx_look_stacks, look_stack_pages)

enum question {
#define ASK_CONSTANT(question, ...) ASK_##question,
	QUESTIONS(ASK_CONSTANT) ITERATORS(ASK_CONSTANT)
#undef ASK_CONSTANT
	/* the pages in an object of a kind, struct dx_hold_args; of kinds without a program there is no question */
	ASK_HOLD, /* + enum dx_object_kind */
	ASK_QUESTIONS = ASK_HOLD + DX_OBJECTS
};

/* Where the last answer stands besides the arguments, which say how much of it. */
struct answers {
	const char *symbol; /* DX_SYMBOL_LEN */
	const struct look_name *names;
	const struct look_mapping_id *inodes;
	const struct look_vma *vmas;
	const struct look_pte *ptes;
	const struct dx_held *held;
	const struct dx_object *inside;
	const struct dx_disk *disks;
	const uint64_t *tag_sets;
	const uint64_t *ops, *end; /* ASK_OBJECT_INIT */
};

/*
 * Loads. Returns NULL with a sentence (no newline) in @err that says what to do. The process must have
 * passed preflight(). @mr: ASK_MR is wanted; it is left out else.
 */
struct asker *asker_open(bool mr, char *err, size_t errlen);
void asker_close(struct asker *k); /* NULL is fine */

enum regime asker_regime(const struct asker *k);
const struct btf_names *asker_types(const struct asker *k); /* the kernel's */
unsigned int asker_nr_cpus(const struct asker *k); /* possible ones */
const struct answers *asker_answers(const struct asker *k);
/* Address of the kernel's pgmap_array, 0: it is not known. */
uint64_t asker_pgmap_array(const struct asker *k);

/*
 * A look is many questions. @fn is called before each ask() and each read of an iterator, on the same thread, with
 * how many things were looked at since; it may use @k for an ask_at_once() only. NULL: nothing is.
 */
void asker_between(struct asker *k, void (*fn)(void *arg, uint64_t things), void *arg);
/* Calls it, in a step that takes long; asker_step(): ... that is none of these, and one more thing. */
void asker_turn(struct asker *k);
void asker_step(struct asker *k);

/*
 * Runs the program with @args as its context, @len bytes: the struct of the table. Returns 0, or -errno: -ENOSYS:
 * it is not loaded (ask_why()).
 */
int ask(struct asker *k, enum question q, void *args, size_t len);
/* The same, and nothing is done before: where what comes between would be taken for part of the answer. */
int ask_at_once(struct asker *k, enum question q, void *args, size_t len);
/*
 * Reads the iterator to its end, of the thread @tid only (0: of all). @fn gets each record, @size bytes: the struct
 * of the table; it returns 0, or what ends it. Returns 0, that, or -errno; -ESRCH: the thread has gone.
 */
int ask_each(struct asker *k, enum question q, uint32_t tid, size_t size,
	     int (*fn)(void *arg, const void *record), void *arg);
/* Is there such a program at all? */
bool ask_is_known(const struct asker *k, enum question q);
/* There is such a program, it was wanted, and this kernel does not take it. */
bool ask_was_refused(const struct asker *k, enum question q);
/* Its descriptor, for a process that is to keep it; negative: none. */
int ask_fd(const struct asker *k, enum question q);
/* strerror() of what one of these returned, or why the program is not loaded; good until the next call. */
const char *ask_why(int rc);

/* @w is to walk struct pages by the asker's program: w->prog and w->found. */
void asker_walk(const struct asker *k, struct walk *w);
/* Iterators of files go on from descriptor @fd (0: the first). */
void asker_files_from(struct asker *k, int fd);
/* ASK_WAITS tells of all blocked threads of the process @tgid; 0: of those in known waits only, as of others. */
void asker_waits_of(struct asker *k, uint32_t tgid);
/* Tasks of which not all was told since the last call. */
uint64_t asker_objects_cut(struct asker *k);
/* Processes whose mappings ASK_MAPPED could not read since the last call. */
uint64_t asker_mapped_unsure(struct asker *k);
/* Whether a bio holds its pages is told by a bit that BTF names: false: it does not. */
bool asker_knows_bio_pinned(struct asker *k);

#endif
