// SPDX-License-Identifier: GPL-2.0-only
/* opener.c - looks into other processes, by children that can be abandoned */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/apart.h"
#include "symbol/namer.h"
#include "symbol/opener.h"

#define SOCK	  0 /* the only descriptor there is */
#define KILLED_MS 20 /* what a killed child gets to be gone */
#define FILE_MAX  (8ull << 30)

int opener_send(int sock, const void *packet, size_t len, int fd)
{
	struct iovec v = { .iov_base = (void *)packet, .iov_len = len };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {};
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	ssize_t n;

	if (fd >= 0) {
		struct cmsghdr *c;

		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
		c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void reply(const struct opener_request *q, struct opener_reply *r, int kind, uint32_t index,
		  int status)
{
	r->id = q->id;
	r->kind = kind;
	r->index = index;
	r->status = status;
	opener_send(SOCK, r, sizeof(*r), -1);
}

/* ---- in a child: what is mapped ---- */

/*
 * include/uapi/linux/fs.h, since 6.11 (commit ed5d583a88a9). One mapping is asked for, so a process with a
 * hundred thousand of them costs no more than another, and no text is parsed.
 */
struct procmap_query {
	uint64_t size, query_flags, query_addr;
	uint64_t vma_start, vma_end, vma_flags, vma_page_size, vma_offset, inode;
	uint32_t dev_major, dev_minor, vma_name_size, build_id_size;
	uint64_t vma_name_addr, build_id_addr;
};
#define PROCMAP_QUERY _IOWR('f', 17, struct procmap_query)

/* Returns 0, or -errno: -ENOENT: nothing is mapped there. */
static int query(int maps, uint64_t addr, struct opener_mapping *m)
{
	static char name[4096];
	struct procmap_query q = {
		.size = sizeof(q),
		.query_addr = addr,
		.vma_name_size = sizeof(name),
		.vma_name_addr = (uintptr_t)name,
	};
	const char *end;

	memset(m, 0, sizeof(*m));
	name[0] = 0;
	if (ioctl(maps, PROCMAP_QUERY, &q)) {
		/* deeper folders than a path may have: the file has no name then, but is there */
		if (errno != ENAMETOOLONG)
			return -errno;
		q.vma_name_size = 0;
		q.vma_name_addr = 0;
		if (ioctl(maps, PROCMAP_QUERY, &q))
			return -errno;
		strcpy(name, "?");
	}
	name[sizeof(name) - 1] = 0;
	m->start = q.vma_start;
	m->end = q.vma_end;
	m->offset = q.vma_offset;
	m->ino = q.inode;
	m->major = q.dev_major;
	m->minor = q.dev_minor;
	end = q.inode ? strrchr(name, '/') : NULL;
	end = end ? end + 1 : name;
	memcpy(m->name, end, strnlen(end, sizeof(m->name) - 1));
	return 0;
}

static bool same_mapping(const struct opener_mapping *a, const struct opener_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset &&
	       a->ino == b->ino && a->major == b->major && a->minor == b->minor;
}

/*
 * A list of those that are safe, because new ones come. Not on it: filesystems that a process serves (FUSE), that
 * a server serves (NFS, CIFS, 9p, Ceph, AFS), and those whose files do something (procfs, sysfs). overlayfs may
 * have any of them below: the time limit holds for those.
 */
static bool filesystem_safe(long type)
{
	static const uint32_t safe[] = {
		EXT4_SUPER_MAGIC, /* ext2 and ext3, too */
		XFS_SUPER_MAGIC,   BTRFS_SUPER_MAGIC,	  TMPFS_MAGIC,
		RAMFS_MAGIC,	   OVERLAYFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
		SQUASHFS_MAGIC,	   EROFS_SUPER_MAGIC_V1,  HUGETLBFS_MAGIC,
		ISOFS_SUPER_MAGIC, MSDOS_SUPER_MAGIC,	  0x2fc12fc1, /* ZFS */
		0xca451a4e, /* bcachefs */
	};

	for (size_t i = 0; i < sizeof(safe) / sizeof(safe[0]); i++)
		if ((uint32_t)type == safe[i])
			return true;
	return false;
}

/*
 * What @fd is. The filesystem's type first: what FUSE says of itself is the kernel's for those who may not
 * use it (fuse_statfs()); and no filesystem is made to ask its server: AT_STATX_DONT_SYNC.
 */
static enum opener_refusal file_look(int fd, struct opener_file *f)
{
	struct statx s;
	struct statfs fs;

	memset(f, 0, sizeof(*f));
	if (fstatfs(fd, &fs))
		return OPENER_FAILED;
	if (!filesystem_safe(fs.f_type))
		return OPENER_FILESYSTEM;
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &s))
		return OPENER_FAILED;
	if (!S_ISREG(s.stx_mode))
		return OPENER_NOT_REGULAR;
	if (s.stx_size > FILE_MAX)
		return OPENER_TOO_LARGE;
	*f = (struct opener_file){
		.major = s.stx_dev_major,
		.minor = s.stx_dev_minor,
		.ino = s.stx_ino,
		.size = s.stx_size,
		.ctime = s.stx_ctime.tv_sec,
		.ctime_nsec = s.stx_ctime.tv_nsec,
		.mtime = s.stx_mtime.tv_sec,
		.mtime_nsec = s.stx_mtime.tv_nsec,
	};
	return OPENER_OPENABLE;
}

/* The mapped file itself, whatever its path leads to now: proc(5), /proc/PID/map_files. O_PATH does nothing with it. */
static int mapped_path(uint32_t tgid, const struct opener_mapping *m)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%u/map_files/%" PRIx64 "-%" PRIx64, tgid, m->start,
		 m->end);
	return open(path, O_PATH | O_CLOEXEC);
}

/*
 * stat()'s numbers may be others than the mapping's, which are those of the superblock and of the inode: btrfs has a
 * device a subvolume, overlayfs one a layer. So what makes them the same file is that the mapping is the
 * same before and after; the numbers are compared where the filesystem has one device.
 */
static enum opener_refusal mapped_look(int maps, uint32_t tgid, uint64_t addr,
				       const struct opener_mapping *m, struct opener_file *f)
{
	struct opener_mapping after;
	enum opener_refusal refusal;
	int fd = mapped_path(tgid, m);

	if (fd < 0)
		return errno == ENOENT ? OPENER_GONE : OPENER_FAILED;
	refusal = file_look(fd, f);
	close(fd);
	if (refusal)
		return refusal;
	if (f->major == m->major && f->minor == m->minor && f->ino != m->ino)
		return OPENER_GONE;
	return query(maps, addr, &after) || !same_mapping(m, &after) ? OPENER_GONE : OPENER_OPENABLE;
}

static int maps_open(uint32_t tgid)
{
	char path[64];
	int fd;

	/* belongs to the program that runs now: after an exec it answers no more (fs/proc/task_mmu.c, proc_maps_open()) */
	snprintf(path, sizeof(path), "/proc/%u/maps", tgid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int tell_mappings(const struct opener_request *q)
{
	struct opener_mapping m[STACK_FRAMES];
	struct opener_reply r = {};
	int maps = maps_open(q->tgid), rc;

	if (maps < 0)
		return maps;
	for (uint32_t i = 0; i < q->nr; i++) {
		rc = query(maps, q->addr[i], &m[i]);
		if (rc && rc != -ENOENT)
			return rc;
		r.mapping = m[i];
		reply(q, &r, OPENER_MAPPING, i, 0);
	}
	for (uint32_t i = 0; i < q->nr; i++) {
		bool told = !m[i].end || !m[i].ino;

		for (uint32_t k = 0; k < i && !told; k++)
			told = same_mapping(&m[i], &m[k]);
		if (!told) {
			rc = mapped_look(maps, q->tgid, q->addr[i], &m[i], &r.file);
			reply(q, &r, OPENER_FILE, i, rc);
		}
	}
	return 0;
}

/* ---- in a child: opening ---- */

static int open_again(int path)
{
	char name[40];
	/* O_NONBLOCK: a lease is not waited for. O_NOATIME: reading leaves no trace. */
	int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, fd;

	snprintf(name, sizeof(name), "/proc/self/fd/%d", path);
	fd = open(name, flags | O_NOATIME);
	if (fd < 0 && errno == EPERM)
		fd = open(name, flags);
	return fd < 0 ? -errno : fd;
}

static int tell_fd(const struct opener_request *q)
{
	struct opener_reply r = { .id = q->id, .kind = OPENER_FD };
	int path = mapped_path(q->tgid, &q->mapping), fd;
	struct opener_file f;
	char magic[4];

	if (path < 0)
		return -errno;
	if (file_look(path, &f) || memcmp(&f, &q->file, sizeof(f)))
		return -ESTALE;
	fd = open_again(path);
	if (fd < 0)
		return fd;
	if (pread(fd, magic, sizeof(magic), 0) != sizeof(magic) || memcmp(magic, "\177ELF", 4))
		return -ENOEXEC;
	return opener_send(SOCK, &r, sizeof(r), fd);
}

/* ---- the process itself ---- */

struct opener {
	pid_t stuck[OPENER_STUCK_MAX];
	size_t nr_stuck;
	pid_t namer; /* 0: none */
};

static void reap_stuck(struct opener *o)
{
	for (size_t i = 0; i < o->nr_stuck;)
		if (waitpid(o->stuck[i], NULL, WNOHANG))
			o->stuck[i] = o->stuck[--o->nr_stuck];
		else
			i++;
}

/* Waits for its end at most @ms. */
static bool ended(pid_t pid, int ms, int *status)
{
	struct pollfd p = { .fd = pidfd_open(pid, 0), .events = POLLIN };

	if (p.fd >= 0) {
		poll(&p, 1, ms);
		close(p.fd);
	}
	return waitpid(pid, status, WNOHANG);
}

/* It is not waited for: in an uninterruptible sleep it outlives even SIGKILL. */
static void abandon(struct opener *o, pid_t pid)
{
	kill(pid, SIGKILL);
	if (!ended(pid, KILLED_MS, NULL))
		o->stuck[o->nr_stuck++] = pid;
}

/* A child that ends with the opener. */
static pid_t fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	if (!pid && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return pid;
}

static int serve(struct opener *o, const struct opener_request *q)
{
	pid_t pid = fork_child();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		status = q->op == OPENER_OPEN ? tell_fd(q) : tell_mappings(q);
		_exit(-status & 0xff);
	}
	if (ended(pid, OPENER_LIMIT_MS, &status))
		return WIFEXITED(status) ? -WEXITSTATUS(status) : -EIO;
	abandon(o, pid);
	return -ETIMEDOUT;
}

static int start_namer(struct opener *o, const struct opener_request *q)
{
	struct opener_reply r = { .id = q->id, .kind = OPENER_FD };
	/* a pid namespace's first process, so that nothing of it is left when it ends */
	unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC |
			      CLONE_NEWUTS | CLONE_NEWCGROUP | SIGCHLD;
	int ends[2], rc;

	if (o->namer)
		abandon(o, o->namer);
	o->namer = 0;
	if (!q->nr)
		return 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	o->namer = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);
	rc = o->namer < 0 ? -errno : 0;
	if (!o->namer)
		namer_run(ends[1]);
	close(ends[1]);
	if (rc)
		o->namer = 0;
	else
		rc = opener_send(SOCK, &r, sizeof(r), ends[0]);
	close(ends[0]);
	return rc;
}

static __attribute__((noreturn)) void run(void)
{
	struct opener o = {};
	struct opener_request q;
	struct opener_reply r;
	sigset_t all;
	ssize_t n;

	/* the terminal's signals are daxtop's, which may have more to ask when it gets one */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	prctl(PR_SET_NAME, "daxtop-opener");
	prctl(PR_SET_DUMPABLE, 0);
	if (chdir("/"))
		_exit(1);
	for (;;) {
		int status = -EBUSY;

		n = recv(SOCK, &q, sizeof(q), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n != sizeof(q) || q.nr > STACK_FRAMES)
			break;
		reap_stuck(&o);
		/* one place is the namer's */
		if (o.nr_stuck < OPENER_STUCK_MAX - 1)
			status = q.op == OPENER_NAMER ? start_namer(&o, &q) : serve(&o, &q);
		memset(&r, 0, sizeof(r));
		reply(&q, &r, OPENER_END, 0, status);
	}
	if (o.namer)
		kill(o.namer, SIGKILL);
	_exit(0);
}

int opener_start(void)
{
	int ends[2], rc;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return -errno;
	rc = apart_fork();
	if (!rc) {
		if (dup2(ends[1], SOCK) != SOCK || close_range(SOCK + 1, ~0u, 0))
			_exit(1);
		run();
	}
	close(ends[1]);
	if (rc < 0) {
		close(ends[0]);
		return rc;
	}
	return ends[0];
}
