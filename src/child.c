// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* execvpe(), sigabbrev_np(), strchrnul() */
/* child.c - runs another program and waits for its processes */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check_status.h"
#include "child.h"
#include "base/clock.h"
#include "base/process.h"
#include "kernel/limit.h"
#include "base/stop.h"
#include "base/escape.h"

/* ---- signals ---- */

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define NR_FORWARDED (sizeof(forwarded) / sizeof(forwarded[0]))

/* What the program gets: every signal that we, or the session, may change. */
static const int inherited[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD };
#define NR_INHERITED (sizeof(inherited) / sizeof(inherited[0]))

static struct sigaction first[NR_INHERITED], before[NR_FORWARDED + 1];
static sigset_t first_mask;
static bool saved, taken;
static volatile sig_atomic_t target; /* who gets the first signal; 0: nobody yet */
static volatile sig_atomic_t early; /* it came before there was somebody */
static volatile sig_atomic_t seen, over; /* there was a first signal; CMD has ended */

void child_signals_save(void)
{
	for (size_t i = 0; i < NR_INHERITED; i++)
		sigaction(inherited[i], NULL, &first[i]);
	sigprocmask(SIG_SETMASK, NULL, &first_mask);
	saved = true;
}

/*
 * The first is CMD's; it has it already if the kernel sent it, as the terminal's go to the whole
 * foreground group. CMD may not follow, and may be in a state in which no signal reaches it, so
 * any further one ends our waiting.
 */
static void on_signal(int sig, siginfo_t *info, void *context)
{
	int err = errno;

	(void)context;
	if (!stop_asked(sig, info))
		return;
	if (over || seen++)
		stop_wanted = 1;
	else if (!target)
		early = sig;
	else if (info->si_code <= 0) /* SI_USER, SI_QUEUE, SI_TKILL: kill(2) and alike */
		kill(target, sig);
	errno = err;
}

/* Only so that poll() returns. */
static void on_child(int sig)
{
	(void)sig;
}

/* nohup(1): what is ignored for us from the start stays so. */
static bool stays_ignored(size_t i)
{
	return forwarded[i] == SIGHUP && before[i].sa_handler == SIG_IGN;
}

static void signals_take(void)
{
	struct sigaction a = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO };

	/* one at a time: they share what they note */
	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < NR_FORWARDED; i++)
		sigaddset(&a.sa_mask, forwarded[i]);
	early = seen = over = 0;
	for (size_t i = 0; i < NR_FORWARDED; i++) {
		sigaction(forwarded[i], NULL, &before[i]);
		if (!stays_ignored(i))
			sigaction(forwarded[i], &a, NULL);
	}
	a.sa_flags = SA_NOCLDSTOP;
	a.sa_handler = on_child;
	sigaction(SIGCHLD, &a, &before[NR_FORWARDED]);
	taken = true;
}

void child_signals_give_back(void)
{
	if (!taken)
		return;
	for (size_t i = 0; i < NR_FORWARDED; i++)
		sigaction(forwarded[i], &before[i], NULL);
	sigaction(SIGCHLD, &before[NR_FORWARDED], NULL);
	taken = false;
	target = 0;
}

/* Handlers end at exec(), but what is ignored stays ignored: as it was for us at first. */
static void signals_restore(void)
{
	for (size_t i = 0; i < NR_INHERITED; i++)
		sigaction(inherited[i], &first[i], NULL);
	sigprocmask(SIG_SETMASK, &first_mask, NULL);
}

/* ---- in the child ---- */

/* Which step of the child's failed. */
enum step { STEP_USER, STEP_EXEC };
struct failure {
	enum step step;
	int err;
};

/* Sent to the parent; nothing sent: the exec worked, or what was looked for is there. */
static __attribute__((noreturn)) void child_fail(int pipe, enum step step, int err)
{
	struct failure f = { .step = step, .err = err };

	if (write(pipe, &f, sizeof(f)) < 0)
		_exit(126);
	_exit(127);
}

static __attribute__((noreturn)) void child_run(char *const *argv, const struct child_user *u,
						int pipe)
{
	int err = child_user_become(u);

	if (err)
		child_fail(pipe, STEP_USER, err);
	signals_restore();
	limits_give_back();
	execvpe(argv[0], argv, environ);
	child_fail(pipe, STEP_EXEC, -errno);
}

/* What exec() asks before it reads the file (fs/exec.c, do_open_execat()); noexec mounts too. */
static int file_look(const char *path)
{
	struct stat st;

	if (stat(path, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? -errno : 0;
}

/* As execvpe() goes through PATH: on to the next folder, unless the failure is another one than these. */
static int command_look(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char standard[256], file[PATH_MAX];
	int err, found = -ENOENT;

	if (!*name)
		return -ENOENT;
	if (strchr(name, '/'))
		return file_look(name);
	if (!path) {
		confstr(_CS_PATH, standard, sizeof(standard));
		path = standard;
	}
	for (;; path = end + 1) {
		end = strchrnul(path, ':');
		/* an empty one is the current folder; execvpe() leaves out one that is too long */
		if ((size_t)snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - path), path,
				     end > path ? "/" : "", name) < sizeof(file)) {
			err = file_look(file);
			if (!err)
				return 0;
			if (err == -EACCES || err == -EISDIR)
				found = -EACCES;
			else if (err != -ENOENT && err != -ENOTDIR && err != -ESTALE &&
				 err != -ENODEV && err != -ETIMEDOUT)
				return err;
		}
		if (!*end)
			return found;
	}
}

static __attribute__((noreturn)) void child_look(const char *name, const struct child_user *u,
						 int pipe)
{
	int err = child_user_become(u);

	if (err)
		child_fail(pipe, STEP_USER, err);
	err = command_look(name);
	if (err)
		child_fail(pipe, STEP_EXEC, err);
	_exit(0);
}

/* ---- starting ---- */

#define EXEC_NS	     5000000000ULL
#define EXEC_POLL_MS 20

static char *command_shown(char *out, size_t outlen, const char *name)
{
	escape_columns(out, outlen, name, strlen(name), 80, ESCAPE_KEEP_END);
	return out;
}

static int failure_say(const struct failure *f, const char *name, const struct child_user *u,
		       char *err, size_t errlen)
{
	char shown[512], user[256];

	command_shown(shown, sizeof(shown), name);
	child_user_format(user, sizeof(user), u);
	if (f->step == STEP_USER)
		snprintf(err, errlen, "can't become user %u to run '%s': %s", u->uid, shown,
			 strerror(-f->err));
	else if (f->err == -ENOENT && !strchr(name, '/'))
		snprintf(err, errlen, "there is no command '%s' in PATH", shown);
	else if (f->err == -EACCES && u->change)
		snprintf(err, errlen, "can't run '%s' as %s: %s", shown, user, strerror(EACCES));
	else
		snprintf(err, errlen, "can't run '%s': %s", shown, strerror(-f->err));
	if (f->step == STEP_USER)
		return CHECK_FAILED;
	return f->err == -ENOENT ? CHECK_NOT_FOUND : CHECK_CANNOT_RUN;
}

static bool failure_read(int pipe, struct failure *f)
{
	ssize_t got;

	do
		got = read(pipe, f, sizeof(*f));
	while (got < 0 && errno == EINTR);
	close(pipe);
	return got == sizeof(*f);
}

/*
 * exec() may wait for a file for ever, deaf to all signals: then it is waited for as CMD is. The pipe
 * stays open, or a late failure would be SIGPIPE and not its exit status.
 */
static bool exec_waits(int pipe)
{
	struct pollfd p = { .fd = pipe, .events = POLLIN };
	uint64_t until = clock_now() + EXEC_NS;

	while (poll(&p, 1, EXEC_POLL_MS) <= 0)
		if (stop_wanted || clock_now() >= until)
			return true;
	return false;
}

static void wait_for(pid_t pid)
{
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int child_find(const char *name, const struct child_user *u, char *err, size_t errlen)
{
	struct failure f;
	bool failed;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		snprintf(err, errlen, "can't make a pipe: %s", strerror(errno));
		return CHECK_FAILED;
	}
	pid = fork();
	if (!pid)
		child_look(name, u, fds[1]);
	if (pid < 0) {
		snprintf(err, errlen, "can't start a process: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return CHECK_FAILED;
	}
	close(fds[1]);
	failed = failure_read(fds[0], &f);
	wait_for(pid);
	return failed ? failure_say(&f, name, u, err, errlen) : 0;
}

int child_start(struct child *c, char *const *argv, const struct child_user *u, char *err,
		size_t errlen)
{
	struct failure f;
	sigset_t all, mask;
	char shown[512];
	int fds[2];

	memset(c, 0, sizeof(*c));
	if (pipe2(fds, O_CLOEXEC)) {
		snprintf(err, errlen, "can't make a pipe: %s", strerror(errno));
		return CHECK_FAILED;
	}
	/* before there is anyone who can lose his parent */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	if (!saved)
		child_signals_save();
	signals_take();
	/* from here on they are noted by on_signal() */
	if (stop_wanted) {
		child_signals_give_back();
		close(fds[0]);
		close(fds[1]);
		snprintf(err, errlen, "a signal came before '%s' was started",
			 command_shown(shown, sizeof(shown), argv[0]));
		return CHECK_FAILED;
	}
	/* our handlers must not run in the child */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &mask);
	fflush(NULL);
	c->pid = fork();
	if (!c->pid)
		child_run(argv, u, fds[1]);
	if (c->pid > 0)
		target = c->pid;
	sigprocmask(SIG_SETMASK, &mask, NULL);
	close(fds[1]);
	if (c->pid < 0) {
		snprintf(err, errlen, "can't start a process: %s", strerror(errno));
		c->pid = 0;
		close(fds[0]);
		child_signals_give_back();
		return CHECK_FAILED;
	}
	if (early)
		kill(c->pid, early);
	if (exec_waits(fds[0]) || !failure_read(fds[0], &f))
		return 0;
	wait_for(c->pid);
	c->pid = 0;
	child_signals_give_back();
	return failure_say(&f, argv[0], u, err, errlen);
}

/* ---- waiting ---- */

#define OWN_MAX 16

static pid_t own[OWN_MAX]; /* 0: a free place */

static pid_t *own_find(pid_t pid)
{
	for (size_t i = 0; i < OWN_MAX; i++)
		if (own[i] == pid)
			return &own[i];
	return NULL;
}

void child_own(pid_t pid)
{
	pid_t *place = own_find(0);

	if (place)
		*place = pid;
}

void child_disown(pid_t pid)
{
	pid_t *place = pid ? own_find(pid) : NULL;

	if (place)
		*place = 0;
}

/* Has @pid ended? Then it is taken note of, and is no more. */
static bool reap(struct child *c, pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG) != pid)
		return false;
	if (pid == c->pid && !c->ended) {
		c->ended = true;
		c->status = status;
		/* its number may soon be another's */
		target = 0;
		over = 1;
	} else {
		c->others++;
	}
	return true;
}

/*
 * Calls @fn with each child of one of @pid's threads, until it returns false. False: can't be read, or the numbers there
 * are of another pid namespace: @pid's is another process there.
 */
static bool children_of(pid_t pid, bool (*fn)(pid_t child, void *arg), void *arg)
{
	char path[64];
	struct dirent *task;
	bool read = false, go_on = true;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = process_proc_ours() ? opendir(path) : NULL;
	while (dir && go_on && (task = readdir(dir))) {
		FILE *f;
		int one;

		if (task->d_name[0] == '.')
			continue;
		/* proc_tid_children(5); CONFIG_PROC_CHILDREN */
		snprintf(path, sizeof(path), "/proc/%d/task/%.16s/children", pid, task->d_name);
		f = fopen(path, "re");
		read |= !!f;
		while (f && go_on && fscanf(f, "%d", &one) == 1)
			go_on = fn(one, arg);
		if (f)
			fclose(f);
	}
	if (dir)
		closedir(dir);
	return read;
}

struct reaping {
	struct child *c;
	bool left;
};

static bool reap_child(pid_t pid, void *arg)
{
	struct reaping *r = arg;

	if (!own_find(pid) && !reap(r->c, pid))
		r->left = true;
	return true;
}

void child_reap(struct child *c)
{
	struct reaping r = { .c = c };

	/* by number: other children may be daxtop's own, and those are not ours to wait for */
	if (c->pid && !c->ended)
		reap(c, c->pid);
	if (!children_of(getpid(), reap_child, &r))
		r.left = false; /* nothing tells who is there: CMD alone is waited for */
	c->alone = c->ended && !r.left;
}

/* Comm and state, from the one line of proc_pid_stat(5). */
static bool process_read(struct child_process *p, pid_t pid)
{
	char path[64], line[512], *open, *close;
	size_t len;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	len = fread(line, 1, sizeof(line) - 1, f);
	fclose(f);
	line[len] = '\0';
	/* a comm may have brackets of its own */
	open = strchr(line, '(');
	close = strrchr(line, ')');
	if (!open || !close || close < open || close[1] != ' ')
		return false;
	memset(p, 0, sizeof(*p));
	p->pid = pid;
	p->state = close[2];
	len = close - open - 1;
	memcpy(p->comm, open + 1, len < sizeof(p->comm) ? len : sizeof(p->comm) - 1);
	/* has ended, and its parent has not noticed */
	return p->state != 'Z' && p->state != 'X';
}

struct leaving {
	struct child_process *list;
	size_t nr, max;
};

static bool leave(pid_t pid, void *arg)
{
	struct leaving *l = arg;
	struct child_process p;

	if (own_find(pid) || !process_read(&p, pid))
		return true;
	if (l->nr < l->max)
		l->list[l->nr] = p;
	l->nr++;
	return true;
}

size_t child_left(struct child_process *list, size_t max)
{
	struct leaving l = { .list = list, .max = max };

	children_of(getpid(), leave, &l);
	/* and theirs: a shell that waits says less than what it waits for */
	for (size_t i = 0; i < l.nr && i < max; i++)
		children_of(list[i].pid, leave, &l);
	return l.nr;
}

/* ---- how it ended ---- */

char *child_status_format(char *out, size_t outlen, int status)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));
		char number[16];

		snprintf(number, sizeof(number), "%d", WTERMSIG(status));
		snprintf(out, outlen, "ended by %s%s%s", name ? "SIG" : "signal ",
			 name ? name : number, WCOREDUMP(status) ? " (core dumped)" : "");
	} else {
		snprintf(out, outlen, "exited with %d", WEXITSTATUS(status));
	}
	return out;
}

int child_exit_status(int status)
{
	return WIFSIGNALED(status) ? CHECK_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}
