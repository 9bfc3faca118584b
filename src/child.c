// SPDX-License-Identifier: GPL-2.0-only
#define _GNU_SOURCE /* execvpe(), sigabbrev_np(), strchrnul() */
/* child.c - runs another program and waits for its processes */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "child.h"
#include "source/limit.h"
#include "view/escape.h"

extern char **environ;

/* ---- who ---- */

static int user_fill(struct child_user *u, const struct passwd *pw, char *err, size_t errlen)
{
	if (strlen(pw->pw_name) >= sizeof(u->name) || strlen(pw->pw_dir) >= sizeof(u->home)) {
		snprintf(err, errlen, "the user's name or home directory is too long");
		return -ENAMETOOLONG;
	}
	strcpy(u->name, pw->pw_name);
	strcpy(u->home, pw->pw_dir);
	return 0;
}

static bool id_parse(const char *text, unsigned int *id)
{
	unsigned long long n;
	char *end;

	if (!text || text[0] < '0' || text[0] > '9')
		return false;
	errno = 0;
	n = strtoull(text, &end, 10);
	/* (uid_t)-1 means "leave it" to the system calls */
	if (*end || errno || n >= 0xffffffffull)
		return false;
	*id = n;
	return true;
}

/* sudo(8) tells who called it by SUDO_UID and SUDO_GID. */
static int user_of_sudo(struct child_user *u, char *err, size_t errlen)
{
	const struct passwd *pw;
	unsigned int uid, gid;

	if (geteuid() || !id_parse(getenv("SUDO_UID"), &uid) || !id_parse(getenv("SUDO_GID"), &gid) ||
	    !uid)
		return 0;
	u->change = true;
	u->uid = uid;
	u->gid = gid;
	pw = getpwuid(uid);
	return pw ? user_fill(u, pw, err, errlen) : 0;
}

int child_user_find(struct child_user *u, const char *name, char *err, size_t errlen)
{
	const struct passwd *pw;
	char shown[256];

	memset(u, 0, sizeof(*u));
	if (!name)
		return user_of_sudo(u, err, errlen);
	pw = getpwnam(name);
	if (!pw) {
		escape_columns(shown, sizeof(shown), name, strlen(name), 60, ESCAPE_KEEP_START);
		snprintf(err, errlen, "there is no user '%s'", shown);
		return -ENOENT;
	}
	if (geteuid() && (pw->pw_uid != geteuid() || pw->pw_gid != getegid())) {
		snprintf(err, errlen, "only root can run CMD as another user: use sudo, or leave --user out");
		return -EPERM;
	}
	u->change = true;
	u->uid = pw->pw_uid;
	u->gid = pw->pw_gid;
	return user_fill(u, pw, err, errlen);
}

/* In the child. setresuid() away from 0 drops all capabilities: capabilities(7). */
static int user_become(const struct child_user *u)
{
	if (!u->change)
		return 0;
	if (!geteuid()) {
		if (u->name[0] ? initgroups(u->name, u->gid) : setgroups(1, &u->gid))
			return -errno;
	}
	if (setresgid(u->gid, u->gid, u->gid) || setresuid(u->uid, u->uid, u->uid))
		return -errno;
	if (u->name[0] && (setenv("USER", u->name, 1) || setenv("LOGNAME", u->name, 1) ||
			   setenv("HOME", u->home, 1)))
		return -errno;
	return 0;
}

/* ---- signals ---- */

static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
#define NR_FORWARDED (sizeof(forwarded) / sizeof(forwarded[0]))

/* What the program gets: every signal that we, or the session, may change. */
static const int inherited[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGCHLD };
#define NR_INHERITED (sizeof(inherited) / sizeof(inherited[0]))

static struct sigaction first[NR_INHERITED], before[NR_FORWARDED + 1];
static sigset_t first_mask;
static bool saved, taken;
static volatile sig_atomic_t target; /* who gets the signals; 0: nobody yet */
static volatile sig_atomic_t early; /* a signal that came before there was somebody */

void child_signals_save(void)
{
	for (size_t i = 0; i < NR_INHERITED; i++)
		sigaction(inherited[i], NULL, &first[i]);
	sigprocmask(SIG_SETMASK, NULL, &first_mask);
	saved = true;
}

/* The kernel sends the terminal's signals to the whole foreground group, so CMD has them. */
static void on_forward(int sig, siginfo_t *info, void *context)
{
	int err = errno;

	(void)context;
	if (info->si_code <= 0) { /* SI_USER, SI_QUEUE, SI_TKILL: kill(2) and alike */
		if (target)
			kill(target, sig);
		else
			early = sig;
	}
	errno = err;
}

/* Only so that poll() returns. */
static void on_child(int sig)
{
	(void)sig;
}

static void signals_take(void)
{
	struct sigaction a = { .sa_sigaction = on_forward, .sa_flags = SA_SIGINFO };

	sigemptyset(&a.sa_mask);
	for (size_t i = 0; i < NR_FORWARDED; i++)
		sigaction(forwarded[i], &a, &before[i]);
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

static __attribute__((noreturn)) void child_run(char *const *argv, const struct child_user *u, int pipe)
{
	int err = user_become(u);

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
		if ((size_t)snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - path), path, end > path ? "/" : "",
				     name) < sizeof(file)) {
			err = file_look(file);
			if (!err)
				return 0;
			if (err == -EACCES || err == -EISDIR)
				found = -EACCES;
			else if (err != -ENOENT && err != -ENOTDIR && err != -ESTALE && err != -ENODEV &&
				 err != -ETIMEDOUT)
				return err;
		}
		if (!*end)
			return found;
	}
}

static __attribute__((noreturn)) void child_look(const char *name, const struct child_user *u, int pipe)
{
	int err = user_become(u);

	if (err)
		child_fail(pipe, STEP_USER, err);
	err = command_look(name);
	if (err)
		child_fail(pipe, STEP_EXEC, err);
	_exit(0);
}

/* ---- starting ---- */

static int failure_say(const struct failure *f, const char *name, const struct child_user *u, char *err,
		       size_t errlen)
{
	char shown[512], user[256];

	escape_columns(shown, sizeof(shown), name, strlen(name), 80, ESCAPE_KEEP_END);
	if (u->name[0])
		escape_columns(user, sizeof(user), u->name, strlen(u->name), 60, ESCAPE_KEEP_START);
	else
		snprintf(user, sizeof(user), "%u", u->uid);
	if (f->step == STEP_USER)
		snprintf(err, errlen, "can't become user %u to run '%s': %s", u->uid, shown,
			 strerror(-f->err));
	else if (f->err == -ENOENT && !strchr(name, '/'))
		snprintf(err, errlen, "there is no command '%s' in PATH", shown);
	else if (f->err == -EACCES && u->change)
		snprintf(err, errlen, "can't run '%s' as user %s: %s", shown, user, strerror(EACCES));
	else
		snprintf(err, errlen, "can't run '%s': %s", shown, strerror(-f->err));
	return f->err;
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
		return -errno;
	}
	pid = fork();
	if (!pid)
		child_look(name, u, fds[1]);
	if (pid < 0) {
		f.err = -errno;
		snprintf(err, errlen, "can't start a process: %s", strerror(errno));
		close(fds[0]);
		close(fds[1]);
		return f.err;
	}
	close(fds[1]);
	failed = failure_read(fds[0], &f);
	wait_for(pid);
	return failed ? failure_say(&f, name, u, err, errlen) : 0;
}

int child_start(struct child *c, char *const *argv, const struct child_user *u, char *err, size_t errlen)
{
	struct failure f;
	sigset_t all, mask;
	int fds[2];

	memset(c, 0, sizeof(*c));
	if (pipe2(fds, O_CLOEXEC)) {
		snprintf(err, errlen, "can't make a pipe: %s", strerror(errno));
		return -errno;
	}
	/* before there is anyone who can lose his parent */
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	early = 0;
	if (!saved)
		child_signals_save();
	signals_take();
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
		f.err = -errno;
		c->pid = 0;
		close(fds[0]);
		child_signals_give_back();
		return f.err;
	}
	if (early)
		kill(c->pid, early);
	if (!failure_read(fds[0], &f))
		return 0;
	wait_for(c->pid);
	c->pid = 0;
	child_signals_give_back();
	return failure_say(&f, argv[0], u, err, errlen);
}

/* ---- waiting ---- */

void child_reap(struct child *c)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid == c->pid && !c->ended) {
			c->ended = true;
			c->status = status;
			/* its number may soon be another's */
			target = 0;
		} else {
			c->others++;
		}
	}
	c->alone = pid < 0 && errno == ECHILD;
}

size_t child_left(pid_t *pids, size_t max)
{
	char path[64];
	size_t n = 0;
	FILE *f;

	/* of this thread; daxtop has no other */
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	f = fopen(path, "re");
	while (f && n < max && fscanf(f, "%d", &pids[n]) == 1)
		n++;
	if (f)
		fclose(f);
	return n;
}

/* ---- how it ended ---- */

char *child_status_format(char *out, size_t outlen, int status)
{
	if (WIFSIGNALED(status)) {
		const char *name = sigabbrev_np(WTERMSIG(status));
		char number[16];

		snprintf(number, sizeof(number), "%d", WTERMSIG(status));
		snprintf(out, outlen, "ended by %s%s%s", name ? "SIG" : "signal ", name ? name : number,
			 WCOREDUMP(status) ? " (core dumped)" : "");
	} else {
		snprintf(out, outlen, "exited with %d", WEXITSTATUS(status));
	}
	return out;
}

int child_exit_status(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
