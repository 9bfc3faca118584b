/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_PROGRAMS_H
#define DAXTOP_PROGRAMS_H
/*
 * programs.h - BPF programs on their way into the kernel: the types of their targets, libbpf's
 * word about those that the verifier refuses, how far the load is.
 *
 * One process loads one object at a time.
 */
#include <stddef.h>
#include <stdint.h>

struct bpf_object;
struct bpf_object_open_opts;
struct bpf_program;
struct btf_names;

#define PROGRAMS_FENTRY_MULTI 59
#define PROGRAMS_FEXIT_MULTI  60

/* libbpf's messages are kept, not printed; and its programs' targets are found here. */
void programs_init(void);
const char *programs_message(void); /* the last one */

/* An object's skeleton. */
struct programs_object {
	/* NULL: errno says why */
	struct bpf_object *(*open)(void *arg, const struct bpf_object_open_opts *opts);
	/* What is left out besides, what variables and maps begin with; after programs_choose(). */
	void (*choose)(void *arg);
	int (*load)(void *arg); /* 0, or -errno */
	void (*close)(void *arg);
};
/*
 * By trial: opens and loads @o, whose targets are in @types, the kernel's; a program that this kernel's
 * verifier refuses is left out (refusal_of()), and the rest is loaded anew. Returns 0, or -errno with
 * a sentence in @err and nothing open: -EINTR: a signal ended it (stop_wanted).
 */
int programs_load(const struct programs_object *o, void *arg, const struct btf_names *types,
		  char *err, size_t errlen);
/* Runs a syscall program with @args as its context. Returns 0, or -errno: -ENOSYS: it is not loaded. */
int programs_run(const struct bpf_program *prog, void *args, size_t len);
/*
 * Its descriptor; one that is run by hand is verified at its first call, which -EAGAIN and such may end
 * (on_demand.h). Or -ENOSYS: it is not loaded.
 */
int programs_fd(const struct bpf_program *prog);
/* Begins an iterator over tasks, over the threads of @tid only if that is not 0. Returns what is to be read and closed, or -errno as before. */
int programs_iterate(const struct bpf_program *prog, uint32_t tid);
/* Did the verifier refuse it because the kernel is locked down for confidentiality? */
bool programs_locked_down(const char *program);
/*
 * Why a program's run or the last programs_fd() failed with @rc, -errno: a part of a sentence, good
 * until the next call.
 */
const char *programs_why(int rc);

/*
 * Looks up in @types, the kernel's, what the programs of @obj attach to. Those without a target are
 * not loaded (autoload is off), the others are loaded with its type. To be called between open
 * and load. Returns 0, or -ENOMEM.
 */
int programs_choose(const struct btf_names *types, struct bpf_object *obj);
/*
 * The target of @prog is in the module @module: looks there, and turns autoload on if it is there.
 * Returns 0, or -errno: -ENOENT: the module is not loaded, has no types yet, or no such function;
 * -EACCES: the verifier refused @prog before.
 */
int programs_choose_module(const struct btf_names *types, struct bpf_program *prog,
			   const char *module);
/* The type that @prog was found to attach to; 0: none. */
uint32_t programs_target(const struct bpf_program *prog);
/* Frees what they keep for the load. */
void programs_chosen(void);

#endif
