// SPDX-License-Identifier: GPL-2.0-only
/* usym.c - names of addresses in processes: asks opener and namer, keeps what they said */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/process.h"
#include "symbol/namer.h"
#include "symbol/opener.h"
#include "symbol/usym.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* The least recently used one goes. */
#define PROCESSES_MAX 64
#define MAPPINGS_MAX  48 /* of a process; a stack has 32 at most */
#define FILES_MAX     256
#define NAMES_MAX     8192 /* a power of two */

#define FRESH_NS (1 * NS_PER_S) /* a mapping is believed for so long */
/* it keeps its own limit; a namer's namespaces take time */
#define OPENER_WAIT_MS	(OPENER_LIMIT_MS + 10000)
#define NAMER_LIMIT_MS	2000
#define NAMER_STARTS	32 /* and one a minute */
#define NAMER_STARTS_NS (60 * NS_PER_S)
#define VAIN_NS		(2 * NS_PER_S) /* time waited for nothing: this, and a twentieth of all */
#define VAIN_PART	20
#define OWN_NS		(200 * NS_PER_MS) /* for one process: this, and a tenth of all */
#define OWN_PART	10

struct mapping {
	struct opener_mapping m;
	struct opener_file file;
	enum opener_refusal refusal;
	uint64_t read; /* ns */
};

struct process {
	uint32_t tgid;
	struct usym_task task;
	const char *why; /* nothing more is asked of it; NULL: it may be */
	struct mapping mapping[MAPPINGS_MAX];
	size_t nr, next; /* next: the one to be replaced */
	uint64_t since, spent; /* ns: first asked for, and what that took */
	uint64_t used;
};

struct file {
	struct opener_file id;
	uint32_t serial; /* never used again; 0: none */
	const char *why; /* it can't be read, or must not be again; NULL: it may be */
	uint64_t used;
};

/* What a file has at an offset. */
struct known {
	uint32_t serial;
	uint64_t at;
	uint64_t offset;
	char *name; /* NULL: none */
};

struct usym {
	usym_ask *ask;
	void *arg;
	int opener, namer; /* sockets, -1: none */
	uint32_t id; /* of the last request */
	uint64_t begun, vain; /* ns */
	uint64_t starts; /* of namers */
	const char *off; /* why no names can be had at all */
	struct process *process[PROCESSES_MAX];
	struct file file[FILES_MAX];
	uint32_t serial;
	struct known known[NAMES_MAX];
	uint64_t uses;
	/* of the last stack */
	char file_name[STACK_FRAMES][OPENER_NAME_MAX];
	char name[STACK_FRAMES][ELF_NAME_MAX];
};

static const char why_ended[] = "the process has ended";
static const char why_exec[] = "another program runs in this process now";
static const char why_slow[] = "the process or its files did not answer in time";
static const char why_failed[] = "the process could not be looked into";
static const char why_later[] = "looking up took too much time already";
static const char why_stopped[] = "the processes that look names up have ended";
static const char why_file[] = "its symbols could not be read";
static const char why_no_elf[] = "not an ELF program or library";
static const char why_no_namer[] = "what reads symbols has ended too often";

static const char *const refusals[] = {
	[OPENER_OPENABLE] = NULL,
	[OPENER_GONE] = "no longer mapped",
	[OPENER_NOT_REGULAR] = "not a regular file",
	[OPENER_FILESYSTEM] = "files of its filesystem are not opened",
	[OPENER_TOO_LARGE] = "too large to be read",
	[OPENER_FAILED] = "it could not be looked at",
	[OPENER_SILENT] = "it was not answered for in time",
};
#define NR_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))

struct usym *usym_new(usym_ask *ask, void *arg)
{
	struct usym *u = calloc(1, sizeof(*u));

	if (!u)
		return NULL;
	u->ask = ask;
	u->arg = arg;
	u->namer = u->opener = -1;
	u->begun = clock_now();
	/* records have pids of the initial namespace */
	if (process_all_seen())
		u->opener = opener_start();
	if (u->opener < 0)
		u->off = why_failed;
	return u;
}

static void sock_close(int *sock)
{
	if (*sock >= 0)
		close(*sock);
	*sock = -1;
}

void usym_free(struct usym *u)
{
	struct pollfd end = { .events = 0 };

	if (!u)
		return;
	sock_close(&u->namer);
	if (u->opener >= 0) {
		/* it ends at once, unless a child of its own is stuck with its socket */
		shutdown(u->opener, SHUT_WR);
		end.fd = u->opener;
		poll(&end, 1, OPENER_LIMIT_MS);
		sock_close(&u->opener);
	}
	for (size_t i = 0; i < PROCESSES_MAX; i++)
		free(u->process[i]);
	for (size_t i = 0; i < NAMES_MAX; i++)
		free(u->known[i].name);
	free(u);
}

/* ---- requests ---- */

/* A packet, and the descriptor that came with it (-1: none). Returns its length, 0: the other end is closed, or -errno. */
static ssize_t receive(int sock, void *to, size_t len, int *fd, uint64_t deadline)
{
	struct iovec v = { .iov_base = to, .iov_len = len };
	union {
		char buf[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	struct pollfd p = { .fd = sock, .events = POLLIN };
	struct cmsghdr *c;
	ssize_t n;

	if (fd)
		*fd = -1;
	for (;;) {
		uint64_t now = clock_now();
		int rc = poll(&p, 1, now < deadline ? (deadline - now) / NS_PER_MS + 1 : 0);

		if (rc > 0)
			break;
		if (!rc)
			return -ETIMEDOUT;
		if (errno != EINTR)
			return -errno;
	}
	if (fd) {
		m.msg_control = control.buf;
		m.msg_controllen = sizeof(control.buf);
	}
	n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	c = fd ? CMSG_FIRSTHDR(&m) : NULL;
	if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
	    c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return n;
}

static void stop(struct usym *u)
{
	sock_close(&u->namer);
	sock_close(&u->opener);
	u->off = why_stopped;
}

/* Hands the reply's packets over as they come (@fd: -1, or to be closed by @fn). Returns its status. */
static int request(struct usym *u, struct opener_request *q,
		   void (*fn)(void *arg, const struct opener_reply *r, int fd), void *arg)
{
	uint64_t begun = clock_now(), deadline = begun + OPENER_WAIT_MS * NS_PER_MS;
	struct opener_reply r;
	int rc, fd;

	q->id = ++u->id;
	rc = u->opener < 0 ? -EPIPE : opener_send(u->opener, q, sizeof(*q), -1);
	while (!rc) {
		ssize_t n = receive(u->opener, &r, sizeof(r), &fd, deadline);

		if (n != sizeof(r)) {
			if (fd >= 0)
				close(fd);
			rc = -EPIPE;
			break;
		}
		if (r.id == q->id && r.kind == OPENER_END) {
			if (fd >= 0)
				close(fd);
			rc = r.status > 0 ? -EIO : r.status;
			break;
		}
		/* what a child said that was given up meanwhile has another id */
		if (r.id == q->id && r.index < STACK_FRAMES && fn)
			fn(arg, &r, fd);
		else if (fd >= 0)
			close(fd);
	}
	if (rc == -EPIPE)
		stop(u);
	if (rc == -ETIMEDOUT)
		u->vain += clock_now() - begun;
	return rc;
}

static void take_fd(void *arg, const struct opener_reply *r, int fd)
{
	int *taken = arg;

	if (r->kind == OPENER_FD && fd >= 0 && *taken < 0)
		*taken = fd;
	else if (fd >= 0)
		close(fd);
}

/* ---- the namer ---- */

static void namer_end(struct usym *u)
{
	struct opener_request q = { .op = OPENER_NAMER, .nr = 0 };

	if (u->namer < 0)
		return;
	sock_close(&u->namer);
	request(u, &q, NULL, NULL);
}

/* There is one that lives. */
static bool namer_ready(struct usym *u)
{
	static struct namer_reply r;
	struct opener_request q = { .op = OPENER_NAMER, .nr = 1 };
	struct pollfd p = { .fd = u->namer, .events = 0 };
	ssize_t n;

	if (u->namer >= 0 && !poll(&p, 1, 0))
		return true;
	sock_close(&u->namer);
	if (u->starts >= NAMER_STARTS + (clock_now() - u->begun) / NAMER_STARTS_NS)
		return false;
	u->starts++;
	if (request(u, &q, take_fd, &u->namer) || u->namer < 0) {
		sock_close(&u->namer);
		return false;
	}
	n = receive(u->namer, &r, sizeof(r), NULL, clock_now() + OPENER_WAIT_MS * NS_PER_MS);
	if (n > 0 && namer_reply_valid(&r, n, 0) && !r.status)
		return true;
	namer_end(u);
	return false;
}

static struct known *known_slot(struct usym *u, uint32_t serial, uint64_t at)
{
	return &u->known[((at ^ at >> 12) * 0x9e3779b97f4a7c15ull >> 32 ^ serial * 2654435761u) &
			 (NAMES_MAX - 1)];
}

static const struct known *known_find(struct usym *u, uint32_t serial, uint64_t at)
{
	const struct known *k = known_slot(u, serial, at);

	return k->serial == serial && k->at == at ? k : NULL;
}

static void known_keep(struct usym *u, uint32_t serial, uint64_t at, const struct elf_name *name)
{
	struct known *k = known_slot(u, serial, at);

	free(k->name);
	k->serial = serial;
	k->at = at;
	k->offset = name->offset;
	k->name = name->name[0] ? strdup(name->name) : NULL;
}

/* Sends it the file and takes its answer. A file that it does not survive is not shown to another one. */
static void file_names_ask(struct usym *u, struct file *f, int fd, const uint64_t *at, size_t nr)
{
	static struct namer_reply r;
	struct namer_request q = { .id = ++u->id ? u->id : ++u->id, .nr = nr };
	uint64_t begun = clock_now();
	ssize_t n = -EPIPE;

	memcpy(q.at, at, nr * sizeof(*at));
	if (!opener_send(u->namer, &q, sizeof(q), fd))
		n = receive(u->namer, &r, sizeof(r), NULL, begun + NAMER_LIMIT_MS * NS_PER_MS);
	if (n == -ETIMEDOUT)
		u->vain += clock_now() - begun;
	if (n <= 0 || !namer_reply_valid(&r, n, q.id)) {
		f->why = why_file;
		namer_end(u);
		return;
	}
	if (r.status)
		f->why = r.status == -ENOEXEC ? why_no_elf : why_file;
	for (size_t i = 0; i < nr && !f->why; i++)
		known_keep(u, f->serial, at[i], &r.name[i]);
	if (r.last)
		namer_end(u);
}

/* ---- files ---- */

static struct file *file_get(struct usym *u, const struct opener_file *id)
{
	struct file *f = &u->file[0];

	for (size_t i = 0; i < FILES_MAX; i++) {
		if (u->file[i].serial && !memcmp(&u->file[i].id, id, sizeof(*id))) {
			u->file[i].used = ++u->uses;
			return &u->file[i];
		}
		if (u->file[i].used < f->used)
			f = &u->file[i];
	}
	*f = (struct file){ .id = *id, .serial = ++u->serial, .used = ++u->uses };
	return f;
}

static uint64_t offset_in(const struct mapping *m, uint64_t addr)
{
	return m->m.offset + (addr - m->m.start);
}

/* Learns what file @f has at the addresses @addr of the mappings @m, as far as that is not known. */
static void file_learn(struct usym *u, struct process *p, struct file *f,
		       const struct mapping *const *m, const uint64_t *addr, size_t nr)
{
	struct opener_request q = { .op = OPENER_OPEN, .tgid = p->tgid };
	uint64_t at[ELF_NAMES_MAX];
	size_t wanted = 0;
	int fd = -1, rc;

	for (size_t i = 0; i < nr; i++) {
		if (!m[i] || m[i]->refusal || memcmp(&m[i]->file, &f->id, sizeof(f->id)) ||
		    known_find(u, f->serial, offset_in(m[i], addr[i])))
			continue;
		q.mapping = m[i]->m;
		at[wanted++] = offset_in(m[i], addr[i]);
	}
	if (!wanted || f->why || !namer_ready(u))
		return;
	q.file = f->id;
	rc = request(u, &q, take_fd, &fd);
	if (fd >= 0) {
		file_names_ask(u, f, fd, at, wanted);
		close(fd);
	} else if (rc == -ENOEXEC) {
		f->why = why_no_elf;
	} else if (rc == -ETIMEDOUT || rc == -EWOULDBLOCK) {
		f->why = why_slow;
	}
}

/* ---- processes ---- */

static struct process *process_get(struct usym *u, uint32_t tgid, const struct usym_task *task)
{
	struct process **at = &u->process[0], *p;

	for (size_t i = 0; i < PROCESSES_MAX; i++) {
		p = u->process[i];
		if (p && p->tgid == tgid && p->task.start == task->start &&
		    p->task.exec == task->exec) {
			p->used = ++u->uses;
			return p;
		}
		if (*at && (!p || p->used < (*at)->used))
			at = &u->process[i];
	}
	if (!*at)
		*at = malloc(sizeof(**at));
	p = *at;
	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	p->tgid = tgid;
	p->task = *task;
	p->since = clock_now();
	p->used = ++u->uses;
	return p;
}

static const struct mapping *mapping_find(const struct process *p, uint64_t addr, uint64_t now)
{
	for (size_t i = 0; i < p->nr; i++) {
		const struct mapping *m = &p->mapping[i];

		if (addr >= m->m.start && addr < m->m.end && now - m->read < FRESH_NS)
			return m;
	}
	return NULL;
}

/* The mappings that a reply tells of, an address each. */
struct told {
	struct mapping at[STACK_FRAMES];
	bool is[STACK_FRAMES];
};

static void take_mapping(void *arg, const struct opener_reply *r, int fd)
{
	struct told *t = arg;
	struct mapping *m = &t->at[r->index];

	if (fd >= 0)
		close(fd);
	switch (r->kind) {
	case OPENER_MAPPING:
		m->m = r->mapping;
		m->m.name[sizeof(m->m.name) - 1] = 0;
		/* until it is told what it is */
		m->refusal = OPENER_SILENT;
		t->is[r->index] = true;
		break;
	case OPENER_FILE:
		m->file = r->file;
		m->refusal = r->status >= 0 && (size_t)r->status < NR_REFUSALS
				     ? (enum opener_refusal)r->status
				     : OPENER_FAILED;
		break;
	default:
		break;
	}
}

static bool is_same(const struct opener_mapping *a, const struct opener_mapping *b)
{
	return a->start == b->start && a->end == b->end && a->offset == b->offset && a->ino == b->ino;
}

static void mapping_keep(struct process *p, const struct mapping *m, uint64_t now)
{
	size_t nr = 0;

	/* what it overlaps is not there any more */
	for (size_t i = 0; i < p->nr; i++)
		if (m->m.start >= p->mapping[i].m.end || m->m.end <= p->mapping[i].m.start)
			p->mapping[nr++] = p->mapping[i];
	p->nr = nr;
	if (p->nr == MAPPINGS_MAX)
		nr = p->next++ % MAPPINGS_MAX;
	else
		p->nr++;
	p->mapping[nr] = *m;
	p->mapping[nr].read = now;
}

/* Returns NULL, or why nothing is known of the process. */
static const char *mappings_learn(struct usym *u, struct process *p, const uint64_t *addr,
				  size_t nr, uint64_t now)
{
	struct opener_request q = { .op = OPENER_MAPPINGS, .tgid = p->tgid, .nr = nr };
	static struct told t;
	int rc;

	memset(&t, 0, sizeof(t));
	memcpy(q.addr, addr, nr * sizeof(*addr));
	rc = request(u, &q, take_mapping, &t);
	for (size_t i = 0; i < nr; i++) {
		bool first = t.is[i];

		/* an address that is none, as walks without frame pointers end: that is known, too */
		if (first && t.at[i].m.start >= t.at[i].m.end)
			t.at[i].m = (struct opener_mapping){ .start = addr[i], .end = addr[i] + 1 };
		/* of several addresses in one mapping the first one's has the file */
		for (size_t k = 0; k < i && first; k++)
			first = !is_same(&t.at[i].m, &t.at[k].m);
		if (first)
			mapping_keep(p, &t.at[i], now);
	}
	if (rc == -ETIMEDOUT || rc == -EBUSY)
		return why_slow;
	return rc == -ENOENT || rc == -ESRCH ? why_ended : rc ? why_failed : NULL;
}

/* Is it still the program whose stack it was? */
static const char *process_check(struct usym *u, const struct stack_who *who, struct usym_task *task)
{
	int rc = u->ask(u->arg, who->tgid, task);

	if (rc)
		return rc == -ESRCH ? why_ended : why_failed;
	if (task->start > who->time)
		return why_ended;
	return (uint8_t)task->exec == who->exec ? NULL : why_exec;
}

/* What can't be had is said once. */
static const char *why_say(const char *why, const struct stack_frame *frames, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (frames[k].why == why)
			return NULL;
	return why;
}

static void frame_fill(struct usym *u, struct stack_frame *frames, size_t i, const struct mapping *m)
{
	struct stack_frame *f = &frames[i];
	const struct known *k = NULL;
	const char *why = NULL;

	if (!m)
		return;
	if (m->m.name[0]) {
		memcpy(u->file_name[i], m->m.name, sizeof(m->m.name));
		f->in = u->file_name[i];
	}
	if (!m->m.ino)
		return;
	if (m->refusal) {
		why = refusals[m->refusal];
	} else {
		const struct file *file = file_get(u, &m->file);

		k = known_find(u, file->serial, offset_in(m, f->addr));
		if (!k)
			why = u->off	     ? u->off
			      : file->why    ? file->why
			      : u->namer < 0 ? why_no_namer
					     : why_file;
	}
	if (k && k->name) {
		snprintf(u->name[i], sizeof(u->name[i]), "%s", k->name);
		f->name = u->name[i];
		f->offset = k->offset;
	}
	f->why = why ? why_say(why, frames, i) : NULL;
}

static const char *frames_learn(struct usym *u, const struct stack_who *who, const uint64_t *addr,
				size_t nr, const struct mapping **m)
{
	struct usym_task task, after;
	const char *why;
	struct process *p;
	uint64_t now = clock_now();
	bool all = true;

	if (u->off)
		return u->off;
	why = process_check(u, who, &task);
	if (why)
		return why;
	p = process_get(u, who->tgid, &task);
	if (!p)
		return NULL;
	for (size_t i = 0; i < nr; i++)
		all = all && mapping_find(p, addr[i], now);
	if (!all && (u->vain > VAIN_NS + (now - u->begun) / VAIN_PART ||
		     p->spent > OWN_NS + (now - p->since) / OWN_PART))
		return why_later;
	if (!all && !p->why) {
		why = mappings_learn(u, p, addr, nr, now);
		/* it was this program's all the time? */
		if (process_check(u, who, &after) || after.start != task.start ||
		    after.exec != task.exec) {
			p->nr = 0;
			return why_exec;
		}
		/* it is not waited for a second time */
		if (why == why_slow)
			p->why = why;
	}
	for (size_t i = 0; i < nr; i++)
		m[i] = mapping_find(p, addr[i], now);
	for (size_t i = 0; i < nr; i++) {
		if (!m[i] || !m[i]->m.ino || m[i]->refusal)
			continue;
		file_learn(u, p, file_get(u, &m[i]->file), m, addr, nr);
	}
	p->spent += clock_now() - now;
	return p->why ? p->why : why;
}

void usym_frames(struct usym *u, const struct stack_who *who, const uint64_t *addr, size_t nr,
		 struct stack_frame *frames)
{
	const struct mapping *m[STACK_FRAMES] = {};
	const char *why;

	for (size_t i = 0; i < nr; i++)
		frames[i] = (struct stack_frame){ .addr = addr[i] };
	if (!u || !nr || nr > STACK_FRAMES)
		return;
	why = frames_learn(u, who, addr, nr, m);
	for (size_t i = 0; i < nr; i++) {
		frame_fill(u, frames, i, m[i]);
		if (why && !m[i])
			frames[i].why = why_say(why, frames, i);
	}
}
