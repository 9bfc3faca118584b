/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_ON_DEMAND_H
#define DAXTOP_ON_DEMAND_H
/*
 * on_demand.h - programs that are run, or read as iterators, are verified when that is first done:
 * most of a look's are for objects that few machines have at the moment.
 *
 * Until then a program that does nothing has its descriptor: programs_run(), programs_iterate() and programs_fd()
 * see to it that nobody takes that for an answer.
 */
#include <stdbool.h>
#include <stddef.h>

struct bpf_object;
struct bpf_prog_load_opts;
struct bpf_program;

/* Is it run by hand, and attached to nothing? */
bool on_demand_is(const struct bpf_program *prog);
/*
 * libbpf is about to load @prog, relocated, with @opts: its instructions are kept, and both are changed to
 * what does nothing. Returns 0, or -errno.
 */
int on_demand_keep(struct bpf_program *prog, struct bpf_prog_load_opts *opts);
/*
 * Loads it, if it was kept and is not loaded yet; bpf_program__fd() is its descriptor then. Returns 0, or -errno:
 * -ENOSYS: the verifier refused it (refusal_of()), now or before; others may be had another time.
 */
int on_demand_load(const struct bpf_program *prog);
/* Was that tried, and did the verifier refuse it? */
bool on_demand_refused(const struct bpf_program *prog);
/* The object is about to be closed. */
void on_demand_forget(const struct bpf_object *obj);

#endif
