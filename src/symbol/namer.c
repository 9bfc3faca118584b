// SPDX-License-Identifier: GPL-2.0-only
/* namer.c - reads symbol tables with no rights at all */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include "symbol/namer.h"

#define SOCK	    0
#define NOBODY	    65534
#define CPU_SECONDS 20 /* after so many it lets another one take its place */
#define MEMORY_MAX  (512ul << 20)

bool namer_reply_valid(const struct namer_reply *r, size_t len, uint32_t id)
{
	if (len != sizeof(*r) || r->id != id || r->status > 0)
		return false;
	for (size_t i = 0; i < ELF_NAMES_MAX; i++)
		if (!memchr(r->name[i].name, 0, sizeof(r->name[i].name)))
			return false;
	return true;
}

/* ---- giving everything up ---- */

/* The mounts of the new namespace are copies of the old one's: an empty root takes their place. */
static int root_empty(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("none", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
		  "size=4k,nr_inodes=2,mode=555") ||
	    chdir("/proc"))
		return -errno;
	if (!syscall(SYS_pivot_root, ".", ".")) {
		if (umount2(".", MNT_DETACH))
			return -errno;
	} else if (mount(".", "/", NULL, MS_MOVE, NULL)) {
		/* an initramfs can't be put elsewhere, but covered: pivot_root(2) */
		return -errno;
	}
	if (chroot(".") || chdir("/") ||
	    mount(NULL, "/", NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL))
		return -errno;
	return 0;
}

static int limits_set(void)
{
	static const struct {
		int what;
		rlim_t max;
	} limits[] = {
		{ RLIMIT_AS, MEMORY_MAX }, { RLIMIT_CPU, 2 * CPU_SECONDS },
		{ RLIMIT_FSIZE, 0 },	   { RLIMIT_CORE, 0 },
		{ RLIMIT_NPROC, 0 },	   { RLIMIT_NOFILE, 2 }, /* the socket and a file */
		{ RLIMIT_MEMLOCK, 0 },	   { RLIMIT_MSGQUEUE, 0 },
		{ RLIMIT_SIGPENDING, 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit r = { limits[i].max, limits[i].max };

		if (setrlimit(limits[i].what, &r))
			return -errno;
	}
	return 0;
}

static int rights_drop(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = {};

	for (int cap = 0; !prctl(PR_CAPBSET_DROP, cap); cap++)
		;
	if (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) || syscall(SYS_capset, &h, none) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_DUMPABLE, 0) ||
	    /* after setresuid(), which takes it back: prctl(2) */
	    prctl(PR_SET_PDEATHSIG, SIGKILL))
		return -errno;
	return 0;
}

/* What the loop below needs, and no more: nothing that names a file or makes memory. */
static int calls_filter(void)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int rc;

	if (!f)
		return -ENOMEM;
	rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(recvmsg), 1, SCMP_A0(SCMP_CMP_EQ, SOCK));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
				      SCMP_A0(SCMP_CMP_EQ, SOCK));
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(pread64), 0);
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(close), 0);
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(clock_gettime), 0);
	if (!rc)
		rc = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(exit_group), 0);
	if (!rc)
		rc = seccomp_load(f);
	/* its memory is left: freeing could need calls that are not allowed any more */
	return rc;
}

/* ---- the loop ---- */

/* Returns the file, or -1: there was none. false: the other end is closed. */
static bool receive(struct namer_request *q, int *fd)
{
	struct iovec v = { .iov_base = q, .iov_len = sizeof(*q) };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = {
		.msg_iov = &v,
		.msg_iovlen = 1,
		.msg_control = control.buf,
		.msg_controllen = sizeof(control.buf),
	};
	struct cmsghdr *c;

	*fd = -1;
	if (recvmsg(SOCK, &m, MSG_CMSG_CLOEXEC) != sizeof(*q))
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return *fd >= 0 && q->nr <= ELF_NAMES_MAX;
}

static bool tired(void)
{
	struct timespec t;

	return clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) || t.tv_sec >= CPU_SECONDS;
}

static bool answer(const struct namer_reply *r)
{
	return send(SOCK, r, sizeof(*r), MSG_NOSIGNAL) == sizeof(*r);
}

void namer_run(int sock)
{
	static struct namer_request q;
	static struct namer_reply r;
	int fd;

	if (dup2(sock, SOCK) != SOCK || close_range(SOCK + 1, ~0u, 0))
		_exit(1);
	prctl(PR_SET_NAME, "daxtop-namer");
	r.status = root_empty();
	if (!r.status)
		r.status = limits_set();
	if (!r.status)
		r.status = rights_drop();
	if (!r.status)
		r.status = calls_filter();
	if (!answer(&r) || r.status)
		_exit(1);
	while (!r.last && receive(&q, &fd)) {
		r.status = elf_names(fd, q.at, q.nr, r.name);
		r.id = q.id;
		r.last = tired();
		close(fd);
		if (!answer(&r))
			break;
	}
	_exit(0);
}
