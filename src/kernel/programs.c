// SPDX-License-Identifier: GPL-2.0-only
/* programs.c - targets and their types; libbpf's messages; signals while programs are loaded */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include "btf_names.h"
#include "btf_kernel.h"
#include "preflight.h"
#include "programs.h"
#include "kfuncs.h"
#include "limit.h"
#include "on_demand.h"
#include "base/progress.h"
#include "refusal.h"
#include "base/stop.h"
#include "types.h"

/* ---- libbpf's messages: kept, and shown only as part of a sentence of ours ---- */

#define LOAD_ATTEMPTS 8

static char last_message[512];
static char failed_program[64]; /* the one that libbpf spoke of last */

static int keep_message(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[512];
	char *quote;

	if (level > LIBBPF_WARN)
		return 0;
	if (getenv("DAXTOP_LIBBPF")) { /* for daxtop's developers: the verifier's whole log */
		va_list copy;

		va_copy(copy, ap);
		vfprintf(stderr, fmt, copy);
		va_end(copy);
	}
	refusal_keep(fmt, ap);
	vsnprintf(line, sizeof(line), fmt, ap);
	/* "prog 'NAME': ..." names the program that the verifier refused */
	if (!strncmp(line, "libbpf: prog '", 14) && (quote = strchr(line + 14, '\''))) {
		snprintf(failed_program, sizeof(failed_program), "%.*s", (int)(quote - line - 14),
			 line + 14);
	}
	line[strcspn(line, "\n")] = 0;
	if (!strncmp(line, "libbpf: ", 8))
		memmove(line, line + 8, strlen(line + 8) + 1);
	snprintf(last_message, sizeof(last_message), "%s", line);
	return 0;
}

const char *programs_message(void)
{
	return last_message;
}

/* ---- targets ---- */

static struct target {
	const struct bpf_program *prog;
	uint32_t id; /* in the kernel's BTF, or in the module's */
	int module; /* its BTF, -1: the kernel's */
} * targets;
static size_t nr_targets, nr_loading, nr_to_load;

/*
 * libbpf is about to load @prog. It would look for the target itself, through all types of the
 * kernel for each program, if its handler for the section were not replaced by this one.
 */
static int prepare_load(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	int rc;

	(void)cookie;
	if (stop_wanted)
		return -EINTR;
	for (size_t i = 0; !nr_loading && i < nr_targets; i++)
		nr_to_load += bpf_program__autoload(targets[i].prog) &&
			      bpf_program__type(targets[i].prog) == BPF_PROG_TYPE_TRACING &&
			      !on_demand_is(targets[i].prog);
	if (!on_demand_is(prog))
		progress_step("loading BPF programs", ++nr_loading, nr_to_load);
	rc = kfuncs_call(prog);
	for (size_t i = 0; !rc && i < nr_targets; i++) {
		if (targets[i].prog != prog)
			continue;
		opts->attach_prog_fd = 0; /* NO_PROGRAM */
		if (targets[i].id != BTF_NO_TARGET)
			opts->attach_btf_id = targets[i].id;
		if (targets[i].module >= 0)
			opts->attach_btf_obj_fd = targets[i].module;
		if (bpf_program__type(prog) == BPF_PROG_TYPE_SYSCALL)
			opts->prog_flags |= BPF_F_SLEEPABLE; /* there is no other kind */
		return on_demand_is(prog) ? on_demand_keep(prog, opts) : 0;
	}
	return rc ? rc : -ESRCH;
}

void programs_init(void)
{
	static const struct {
		const char *section;
		enum bpf_prog_type type;
		int attach_type;
	} kinds[] = {
		{ "fentry/", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY },
		{ "fexit/", BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT },
		{ "tp_btf/", BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP },
		{ "iter/", BPF_PROG_TYPE_TRACING, BPF_TRACE_ITER },
		/* enum bpf_attach_type of 7.2; the headers that we are built with may be older */
		{ "fentry.multi", BPF_PROG_TYPE_TRACING, PROGRAMS_FENTRY_MULTI },
		{ "fexit.multi", BPF_PROG_TYPE_TRACING, PROGRAMS_FEXIT_MULTI },
		{ "syscall", BPF_PROG_TYPE_SYSCALL, 0 },
		{ "raw_tp/", BPF_PROG_TYPE_RAW_TRACEPOINT, 0 },
	};
	LIBBPF_OPTS(libbpf_prog_handler_opts, o, .prog_prepare_load_fn = prepare_load);
	static bool done;

	libbpf_set_print(keep_message);
	for (size_t i = 0; !done && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		libbpf_register_prog_handler(kinds[i].section, kinds[i].type, kinds[i].attach_type,
					     &o);
	done = true;
}

void programs_chosen(void)
{
	for (size_t i = 0; i < nr_targets; i++)
		if (targets[i].module >= 0)
			close(targets[i].module);
	free(targets);
	targets = NULL;
	nr_targets = nr_loading = nr_to_load = 0;
}

/*
 * libbpf reads all of the kernel's types once more for a program that attaches to the kernel
 * (libbpf.c, prog_needs_vmlinux_btf()), so until prepare_load() it takes this for one that attaches to
 * another program.
 */
#define NO_PROGRAM 1

int programs_choose(const struct btf_names *types, struct bpf_object *obj)
{
	struct bpf_program *prog;
	size_t n = 0;

	programs_chosen();
	kfuncs_find(types);
	bpf_object__for_each_program(prog, obj)
		n++;
	targets = calloc(n, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	bpf_object__for_each_program(prog, obj) {
		uint32_t id = btf_target(types, bpf_program__section_name(prog));

		targets[nr_targets++] = (struct target){ prog, id, -1 };
		bpf_program__set_autoload(prog, id);
		if (bpf_program__type(prog) == BPF_PROG_TYPE_TRACING)
			bpf_program__set_attach_target(prog, NO_PROGRAM, NULL);
	}
	return 0;
}

uint32_t programs_target(const struct bpf_program *prog)
{
	for (size_t i = 0; i < nr_targets; i++)
		if (targets[i].prog == prog)
			return targets[i].id;
	return 0;
}

/* ---- load ---- */

static char refused[LOAD_ATTEMPTS][64];
static size_t nr_refused;

static bool was_refused(const struct bpf_program *prog)
{
	for (size_t i = 0; i < nr_refused; i++)
		if (!strcmp(refused[i], bpf_program__name(prog)))
			return true;
	return false;
}

static int load_once(const struct programs_object *o, void *arg, const struct btf_names *types)
{
	struct types_file file;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = file.path);
	int rc = types_open(&file);
	struct bpf_object *obj = rc ? NULL : o->open(arg, &opts);
	struct bpf_program *prog;

	failed_program[0] = 0;
	if (!obj) {
		rc = rc ? rc : -errno;
		snprintf(last_message, sizeof(last_message), "they can't be opened");
		goto out;
	}
	rc = programs_choose(types, obj);
	rc = rc ? rc : types_fill(&file, obj, types);
	if (!rc) {
		bpf_object__for_each_program(prog, obj)
			if (was_refused(prog))
				bpf_program__set_autoload(prog, false);
		o->choose(arg);
		rc = o->load(arg);
		/* libbpf could not read the kernel's types, which we have read: what differs is the memory that is left */
		if (rc == -ESRCH && !failed_program[0])
			rc = -ENOMEM;
	}
	programs_chosen();
	if (rc)
		o->close(arg);
out:
	types_close(&file);
	return stop_wanted && rc ? -EINTR : rc;
}

/*
 * No securityfs told of it (preflight()). Lockdown takes bpf_probe_read_kernel() away from all programs
 * (kernel/bpf/core.c, bpf_base_func_proto() and kernel/trace/bpf_trace.c, LOCKDOWN_BPF_READ_KERNEL), so libbpf
 * thinks that the kernel is older and writes bpf_probe_read().
 */
bool programs_locked_down(const char *program)
{
	const char *says = *program ? refusal_of(program) : NULL;

	return says && strstr(says, "cannot use helper bpf_probe_read");
}

int programs_load(const struct programs_object *o, void *arg, const struct btf_names *types,
		  char *err, size_t errlen)
{
	int rc;

	nr_refused = 0;
	do {
		rc = load_once(o, arg, types);
		if (!rc)
			return 0;
		if (rc == -EINTR || limit_reached(rc) || !failed_program[0] ||
		    programs_locked_down(failed_program))
			break;
		snprintf(refused[nr_refused++], sizeof(refused[0]), "%s", failed_program);
	} while (nr_refused < LOAD_ATTEMPTS);
	if (rc == -EINTR)
		snprintf(err, errlen, "a signal ended it before everything was loaded");
	else if (limit_reached(rc))
		snprintf(err, errlen, "the BPF programs could not be loaded: %s", limit_sentence(rc));
	else if (programs_locked_down(failed_program))
		snprintf(err, errlen, PREFLIGHT_LOCKDOWN);
	else if (nr_refused == LOAD_ATTEMPTS)
		snprintf(err, errlen,
			 "this kernel's verifier refuses too many of the BPF programs; of the last one, %s, it says: %s",
			 failed_program, refusal_of(failed_program) ?: programs_message());
	else
		snprintf(err, errlen, "the BPF programs could not be loaded: %s (%s)",
			 strerror(-rc), programs_message());
	return rc;
}

static char not_loaded[64];

int programs_fd(const struct bpf_program *prog)
{
	int fd = bpf_program__fd(prog), rc = fd < 0 ? -ENOSYS : on_demand_load(prog);

	if (rc == -ENOSYS)
		snprintf(not_loaded, sizeof(not_loaded), "%s", bpf_program__name(prog));
	return rc ? rc : fd;
}

const char *programs_why(int rc)
{
	static char why[320];
	const char *says = rc == -ENOSYS ? refusal_of(not_loaded) : NULL;

	if (rc != -ENOSYS)
		return strerror(-rc);
	if (says)
		snprintf(why, sizeof(why), "the verifier refused %s: %s", not_loaded, says);
	else
		snprintf(why, sizeof(why), "this kernel has nothing for %s", not_loaded);
	return why;
}

int programs_run(const struct bpf_program *prog, void *args, size_t len)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .ctx_in = args, .ctx_size_in = len);
	int fd = programs_fd(prog);

	if (fd < 0)
		return fd;
	return bpf_prog_test_run_opts(fd, &o) ? -errno : 0;
}

int programs_iterate(const struct bpf_program *prog, uint32_t tid)
{
	union bpf_iter_link_info info = { .task.tid = tid };
	LIBBPF_OPTS(bpf_link_create_opts, o, .iter_info = &info, .iter_info_len = sizeof(info));
	int fd = programs_fd(prog), link, rc;

	if (fd < 0)
		return fd;
	link = bpf_link_create(fd, 0, BPF_TRACE_ITER, tid ? &o : NULL);
	if (link < 0)
		return link;
	rc = bpf_iter_create(link);
	/* it has its own hold on the link (kernel/bpf/bpf_iter.c, bpf_iter_new_fd()) */
	close(link);
	return rc;
}

/* ---- targets in modules ---- */

/* The BTF of a module, by its name: an fd, or -errno. */
static int module_btf(const char *module)
{
	uint32_t id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		char name[64] = "";
		struct bpf_btf_info info = { .name = (uintptr_t)name, .name_len = sizeof(name) };
		uint32_t len = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(id);

		if (fd < 0 && limit_reached(-errno))
			return -errno;
		if (fd < 0)
			continue; /* it has gone meanwhile */
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.kernel_btf &&
		    !strcmp(name, module))
			return fd;
		close(fd);
	}
	return -ENOENT;
}

int programs_choose_module(const struct btf_names *types, struct bpf_program *prog,
			   const char *module)
{
	struct btf *kernel = btf_names_btf(types), *btf;
	struct bpf_btf_info info = {};
	uint32_t id = 0, len = sizeof(info);
	int fd = module_btf(module), rc = -ENOENT;
	struct btf_names *own;

	if (fd < 0)
		return fd;
	if (was_refused(prog)) {
		close(fd);
		return -EACCES;
	}
	btf = bpf_obj_get_info_by_fd(fd, &info, &len)
		      ? NULL
		      : btf__load_from_kernel_by_id_split(info.id, kernel);
	own = btf ? btf_names_new(btf, btf__type_cnt(kernel)) : NULL;
	if (own)
		id = btf_target(own, bpf_program__section_name(prog));
	else if (btf)
		rc = -ENOMEM;
	btf_names_free(own);
	for (size_t i = 0; id && i < nr_targets; i++)
		if (targets[i].prog == prog) {
			targets[i].id = id;
			targets[i].module = fd;
			bpf_program__set_autoload(prog, true);
			return 0;
		}
	close(fd);
	return rc;
}
