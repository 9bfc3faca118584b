// SPDX-License-Identifier: GPL-2.0-only
/*
 * slots.c - the slots of faults under way (bpf/task.bpf.h). That one stays busy after its
 * task's end needs a program that the kernel skips, which can't be had at will: so the
 * test makes one busy itself.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <scan.h> /* include/, not the one in this folder */
#include "daxtop.h"
#include "harness.h"

/* Where variable @name stands in the section @btf describes; -1: it has none of that name. */
static long variable_offset(const struct btf *btf, const char *section, const char *name)
{
	int id = btf__find_by_name_kind(btf, section, BTF_KIND_DATASEC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	int i;

	for (i = 0; t && i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *v = btf_var_secinfos(t) + i;
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), name))
			return v->offset;
	}
	return -1;
}

/* The global variable @name of the programs that run now, to read and write. */
static void *variable(const char *name)
{
	struct bpf_map_info info;
	uint32_t id = 0, len;
	long at = -1;
	char *all;
	int fd;

	while (at < 0) {
		struct btf *btf = NULL;

		if (bpf_map_get_next_id(id, &id))
			fail("no BPF program has a variable \"%s\"", name);
		fd = bpf_map_get_fd_by_id(id);
		memset(&info, 0, sizeof(info));
		len = sizeof(info);
		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &len) && info.btf_id)
			btf = btf__load_from_kernel_by_id(info.btf_id);
		if (btf && strstr(info.name, ".bss"))
			at = variable_offset(btf, ".bss", name);
		btf__free(btf);
		if (at < 0)
			close(fd);
	}
	all = mmap(NULL, info.value_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	must(all != MAP_FAILED);
	return all + at;
}

static pid_t dead_pid(void)
{
	pid_t pid = fork();

	must(pid >= 0);
	if (!pid)
		_exit(0);
	must(waitpid(pid, NULL, 0) == pid);
	return pid;
}

static void test_dead(struct place *p)
{
	volatile uint64_t *faults, *dead, *living;
	uint64_t own = (uint64_t)getpid() << 1 | 1;
	int64_t end = now_ms() + PATIENCE_MS;
	struct daxtop *d;

	(void)p;
	/* one variable of that name */
	programs_settle();
	d = daxtop_start(ARGS("trace", "--json"));
	faults = variable("faults");
	dead = faults + 5 * DX_FAULT_WORDS + DX_FAULT_OWNER;
	living = faults + 7 * DX_FAULT_WORDS + DX_FAULT_OWNER;
	*living = own;
	*dead = (uint64_t)dead_pid() << 1 | 1;
	while (*dead) {
		if (now_ms() > end)
			fail("the slot of a task that is no more is still busy");
		poll_pause();
	}
	if (*living != own)
		fail("got %#llx in the slot of a living task, expected %#llx",
		     (unsigned long long)*living, (unsigned long long)own);
	daxtop_stop(d);
}

const struct test slots_tests[] = {
	TEST("slots/dead-task", ON_NONE | ON_BOTH, test_dead),
	TESTS_END,
};
