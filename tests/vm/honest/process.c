// SPDX-License-Identifier: GPL-2.0-only
/* process.c - fork, exec, exit, death and threads with DAX memory in hand. */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "honest.h"

#define RW (PROT_READ | PROT_WRITE)

/* A fork of a fork of a fork, each with what the one before has touched. */
static void fork_deep(struct span *s, unsigned int depth)
{
	pid_t pid;

	span_touch(s, 6);
	if (!depth)
		return;
	pid = child_fork();
	if (!pid) {
		fork_deep(s, depth - 1);
		if (one_in(2))
			span_unmap(s);
		_exit(0);
	}
	span_touch(s, 6);
	child_wait(pid, false);
}

static void run_fork(void)
{
	while (job_on()) {
		struct span shared_one, private_one = {};

		span_pool(&shared_one, 1 + rnd(16));
		must(span_map(&shared_one, RW, MAP_SHARED) ? 0 : -1);
		if (job.place->fs) {
			/* Its page table is copied by fork, a shared one's is not. */
			span_pool(&private_one, 8);
			must(span_map(&private_one, RW, MAP_PRIVATE) ? 0 : -1);
			span_touch(&private_one, 12);
		}
		fork_deep(&shared_one, 1 + rnd(3));
		if (private_one.p) {
			fork_deep(&private_one, 2);
			span_end(&private_one);
		}
		span_end(&shared_one);
		job_did();
	}
}

/* A copy of this program on the filesystem: its text is DAX pages. */
static void program_copy(char *path, size_t len)
{
	int in = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), out;
	struct stat st;
	off_t at = 0;

	file_name(path, len, job.place, "program");
	out = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
	must(in);
	must(out);
	must(fstat(in, &st));
	while (at < st.st_size)
		must(sendfile(out, in, &at, (size_t)(st.st_size - at)));
	close(in);
	close(out);
}

static void run_exec(void)
{
	char program[200] = "/proc/self/exe";

	if (job.place->fs)
		program_copy(program, sizeof(program));
	while (job_on()) {
		struct span s;
		pid_t pid;

		span_pool(&s, 8);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		span_touch(&s, 8);
		pid = child_fork();
		if (!pid) {
			span_touch(&s, 8);
			execl(program, "honest", "--nothing", NULL);
			must(-1);
		}
		child_wait(pid, false);
		span_end(&s);
		job_did();
	}
	if (job.place->fs)
		must(unlink(program));
}

/* kill -9 in the middle of whatever it does. */
static void run_kill(void)
{
	while (job_on()) {
		struct span s;
		pid_t pid;

		span_pool(&s, one_in(4) ? 512 : 16);
		must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
		pid = hammer_fork(&s, DO_ALL);
		pause_rnd(15000);
		child_kill(pid);
		span_touch(&s, 4);
		span_end(&s);
		job_did();
	}
}

/* ---- threads ---- */

struct thread {
	pthread_t id;
	struct span *s;
	uint64_t seed;
	unsigned int nr;
};

static void *thread_run(void *arg)
{
	struct thread *t = arg;

	rnd_seed(t->seed);
	while (job_on()) {
		switch (t->nr ? 0 : rnd(3)) {
		case 0:
			span_touch(t->s, 16);
			break;
		case 1:
			must(madvise(t->s->p, t->s->len, MADV_DONTNEED));
			break;
		case 2:
			/* The others get SIGSEGV meanwhile. */
			must(mprotect(t->s->p, t->s->len, PROT_READ));
			must(mprotect(t->s->p, t->s->len, RW));
			break;
		}
		if (t->nr == 1)
			direct_once(span_at(t->s, SZ_4K), SZ_4K, true);
		job_did();
	}
	return NULL;
}

/* Threads fault the same pages while one of them drops and protects them. */
static void run_threads(void)
{
	struct thread threads[4];
	struct span s;
	size_t i;

	span_pool(&s, one_in(2) ? 512 : 8);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	for (i = 0; i < 4; i++) {
		threads[i] = (struct thread){ .s = &s, .seed = rnd(1u << 30), .nr = (unsigned int)i };
		errno = pthread_create(&threads[i].id, NULL, thread_run, &threads[i]);
		must(errno ? -1 : 0);
	}
	for (i = 0; i < 4; i++)
		pthread_join(threads[i].id, NULL);
	span_end(&s);
}

/* ---- a core dump with DAX pages in it: GUP by the dumper ---- */

static void core_child(void)
{
	struct rlimit limit = { 4 * MB, 4 * MB };
	struct span s;
	int fd;

	must(chdir("/tmp"));
	fd = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC);
	must(fd);
	/* All sorts of mappings, DAX too. */
	must(write(fd, "0x1ff", 5));
	close(fd);
	must(setrlimit(RLIMIT_CORE, &limit));
	span_pool(&s, 8);
	must(span_map(&s, RW, MAP_SHARED) ? 0 : -1);
	span_touch(&s, 16);
	signal(SIGABRT, SIG_DFL);
	abort();
}

static void run_core(void)
{
	while (job_on()) {
		char path[64];
		int status;
		pid_t pid = child_fork();

		if (!pid)
			core_child();
		must(waitpid(pid, &status, 0));
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT)
			job_fail("the process that should dump core ended with %#x", status);
		if (!WCOREDUMP(status))
			job_fail("no core was dumped; /proc/sys/kernel/core_pattern should be core");
		unlink("/tmp/core");
		snprintf(path, sizeof(path), "/tmp/core.%d", pid);
		unlink(path);
		job_did();
	}
}

const struct kind process_kinds[] = {
	KIND("fork", AT_ALL, run_fork), KIND("exec", AT_ALL, run_exec),
	KIND("kill", AT_ALL, run_kill), KIND("threads", AT_ALL, run_threads),
	KIND("core", AT_ALL, run_core), KINDS_END,
};
