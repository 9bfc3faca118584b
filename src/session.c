// SPDX-License-Identifier: GPL-2.0-only
/* session.c - one source, one engine, one loop; which source, only its operations know */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/apart.h"
#include "base/clock.h"
#include "session.h"
#include "kernel/source.h"
#include "kernel/device.h"
#include "own_pid.h"
#include "base/stop.h"
#include "tee.h"
#include "base/escape.h"

#define CPUS_MAX 65536

void session_stop(void)
{
	stop_wanted = 1;
}

void session_resume(struct session *s)
{
	stop_wanted = 0;
	s->deadline = UINT64_MAX;
}

bool session_done(const struct session *s)
{
	return stop_wanted || s->from->done(s);
}

/* ---- records: to the file, to the engine, to who shows ---- */

static void tee(struct session *s, const struct dx_record *r, const void *payload)
{
	if (!s->tee || !tee_write(s->tee, r, payload, s->tee_failed, sizeof(s->tee_failed)) ||
	    s->screen)
		return;
	fprintf(stderr, "daxtop: %s\n", s->tee_failed);
	s->tee_failed[0] = '\0';
}

static bool ends(const char *text, size_t size)
{
	return memchr(text, 0, size);
}

static int refuse(struct session *s, const char *why)
{
	s->refusal = why;
	return -EBADMSG;
}

static int take_hello(struct session *s, const struct dx_hello *h)
{
	if (s->hello.nr_cpus)
		return refuse(s, "a second beginning");
	if (!ends(h->boot_id, sizeof(h->boot_id)) || !ends(h->host, sizeof(h->host)) ||
	    !ends(h->machine, sizeof(h->machine)) || !ends(h->kernel, sizeof(h->kernel)) ||
	    !h->nr_cpus || h->nr_cpus > CPUS_MAX)
		return refuse(s, "the beginning says nothing that can be");
	if (h->page_shift != 12)
		return refuse(s, "pages of that machine are not of 4096 bytes");
	s->lost_by_cpu = calloc(h->nr_cpus, sizeof(*s->lost_by_cpu));
	if (!s->lost_by_cpu)
		return s->error = -ENOMEM;
	s->hello = *h;
	s->start = h->start;
	return 0;
}

static int take_path(struct session *s, const struct dx_path *p)
{
	struct dx_path *more;

	if (!ends(p->path, sizeof(p->path)))
		return refuse(s, "a path does not end");
	more = reallocarray(s->path, s->nr_paths + 1, sizeof(*more));
	if (!more)
		return s->error = -ENOMEM;
	s->path = more;
	s->path[s->nr_paths++] = *p;
	return 0;
}

static int take_probe(struct session *s, const struct dx_probe *row)
{
	struct probe *p = row->row < s->nr_probes ? &s->probe[row->row] : NULL;

	if (!s->probe)
		return 0;
	if (!p || !ends(row->event, sizeof(row->event)) || strcmp(p->event, row->event) ||
	    row->state > PROBE_LEFT_OUT || row->chosen < -1 || row->chosen >= PROBE_CANDIDATES ||
	    !ends(row->why, sizeof(row->why)))
		return refuse(s, "the probe table is another daxtop's");
	p->state = row->state;
	p->chosen = row->chosen;
	snprintf(p->why, sizeof(p->why), "%s", row->why);
	return 0;
}

static int take_command(struct session *s, const struct dx_command *c)
{
	if (!ends(c->user, sizeof(c->user)) || !ends(c->name, sizeof(c->name)) ||
	    !ends(c->cut, sizeof(c->cut)))
		return refuse(s, "what is said of a command does not end");
	for (size_t i = 0; i < DX_LEFT_MAX; i++)
		if (!ends(c->left[i].comm, sizeof(c->left[i].comm)))
			return refuse(s, "a process's name does not end");
	s->command = *c;
	return 0;
}

static int take_device(struct session *s, const struct dx_device *d)
{
	if (!ends(d->name, sizeof(d->name)))
		return refuse(s, "a device's name does not end");
	s->last_device = *d;
	return 0;
}

static int take_lost(struct session *s, const struct dx_lost *l)
{
	if (l->type >= DX_EVENT_TYPES || l->cpu >= s->hello.nr_cpus)
		return refuse(s, "a loss on no CPU, or of no event");
	s->counts.lost[l->type] += l->nr;
	s->lost_by_cpu[l->cpu] += l->nr;
	return 0;
}

static int take_gap(struct session *s, const struct dx_gap *g)
{
	if (!ends(g->text, sizeof(g->text)))
		return refuse(s, "a sentence about a look does not end");
	if (s->nr_gaps < sizeof(s->gap) / sizeof(s->gap[0]))
		s->gap[s->nr_gaps++] = *g;
	return 0;
}

static void take_looked(struct session *s, const struct dx_look *l)
{
	struct view_looks *looks = &s->counts.looks;

	looks->nr++;
	if (looks->turn_things < l->turn_things)
		looks->turn_things = l->turn_things;
	if (looks->turn_ns < l->turn_ns)
		looks->turn_ns = l->turn_ns;
	looks->gap = s->gap;
	looks->nr_gaps = s->nr_gaps;
}

/* What a session keeps of a record that is no event: what is said at the end. */
static int take(struct session *s, unsigned int type, const void *payload, size_t len)
{
	uint64_t left;

	switch (type) {
	case DX_REC_HELLO:
		return take_hello(s, payload);
	case DX_REC_PATH:
		return take_path(s, payload);
	case DX_REC_PROBE:
		return take_probe(s, payload);
	case DX_REC_COMMAND:
		return take_command(s, payload);
	case DX_REC_DEVICE:
		return take_device(s, payload);
	case DX_REC_STACK:
		return s->stacks && stacks_put(s->stacks, payload, len) == -EBADMSG
			       ? refuse(s, "the names of a stack are not all there")
			       : 0;
	case DX_REC_LOST:
		return take_lost(s, payload);
	case DX_REC_MISSED:
		s->counts.missed_runs += ((const struct dx_missed *)payload)->nr;
		break;
	case DX_REC_UNKEPT:
		s->counts.stacks_unkept = ((const struct dx_unkept *)payload)->nr;
		break;
	case DX_REC_COUNTERS:
		left = dx_left_forgotten(payload);
		if (s->counts.indexes_forgotten < left)
			s->counts.indexes_forgotten = left;
		break;
	case DX_REC_PGMAP:
		s->watching = true;
		break;
	case DX_REC_LOOK:
		s->nr_gaps = 0;
		break;
	case DX_REC_GAP:
		return take_gap(s, payload);
	case DX_REC_LOOKED:
		take_looked(s, payload);
		break;
	case DX_REC_TASK:
		if (s->task)
			s->task(s, payload);
		break;
	case DX_REC_PICTURE:
		s->picture = *(const struct dx_picture *)payload;
		s->drawn = true;
		break;
	case DX_REC_END:
		s->ended = true;
		/* fallthrough */
	case DX_REC_TIME:
	case DX_REC_READY:
	case DX_REC_ENDING:
		s->now = ((const struct dx_time *)payload)->time;
		break;
	}
	return 0;
}

/*
 * What views look up of an event stands in the stream before it: they find the same there, now and later.
 */
static void look_up(struct session *s, const struct dx_event *ev)
{
	s->device = s->show_devices && ev->time >= s->start ? session_device(s, ev) : NULL;
	if (s->show_devices && s->from->fresh && ev->type != DX_FILE && ev->time >= s->start)
		s->from->fresh(s, ev);
	if (s->symbols && (!s->shows || ev->type == DX_MODULE || s->shows(s, ev)))
		symbols_note(s->symbols, ev);
}

void session_fresh(struct session *s)
{
	if (s->from->fresh)
		s->from->fresh(s, NULL);
}

int session_feed(struct session *s, const struct dx_record *r, const void *payload)
{
	bool event = r->type == DX_REC_EVENT || r->type == DX_REC_FILE;
	size_t len = r->len - sizeof(*r);
	const struct dx_event *ev = payload;
	int rc;

	s->refusal = NULL;
	if (dx_record_wrong(r))
		return refuse(s, dx_record_wrong(r));
	if (event && ev->type < DX_EVENT_TYPES) {
		look_up(s, ev);
		s->counts.received[ev->type]++;
	}
	tee(s, r, payload);
	rc = event ? 0 : take(s, r->type, payload, len);
	if (!rc)
		rc = engine_feed(s->engine, r, payload);
	if (rc == -ENOMEM)
		s->error = -ENOMEM;
	/* names from before everything was attached are kept, not shown */
	if (event && rc != -EBADMSG && s->event && ev->time >= s->start)
		s->event(s, ev, len);
	return rc;
}

void session_put(struct session *s, enum dx_record_type type, const void *payload, size_t len)
{
	const struct dx_record r = { .len = sizeof(r) + len, .type = type };

	session_feed(s, &r, payload);
}

void session_put_time(struct session *s, enum dx_record_type type, uint64_t time)
{
	const struct dx_time t = { time };

	session_put(s, type, &t, sizeof(t));
}

/* ---- its life ---- */

static int read_stack(void *arg, int32_t id, uint64_t *addr, size_t max)
{
	struct session *s = arg;

	return s->source ? source_stack(s->source, id, addr, max) : -ENOENT;
}

static void tell_stack(void *arg, const struct dx_stack_names *names, size_t len)
{
	session_put(arg, DX_REC_STACK, names, len);
}

static void tell_missing(void *arg, int32_t number, const struct stack_who *who)
{
	struct session *s = arg;

	symbols_tell(s->symbols, number, who);
}

static int begin_stacks(struct session *s)
{
	struct symbols_options o = {
		.read = read_stack,
		.ask = session_program,
		.tell = tell_stack,
		.arg = s,
		.all_users = s->all_user_stacks,
	};

	s->stacks = o.stacks = stacks_new();
	if (!s->stacks)
		return -ENOMEM;
	if (s->o->from)
		return 0;
	s->symbols = symbols_new(&o);
	if (!s->symbols)
		return -ENOMEM;
	stacks_set_missing(s->stacks, tell_missing, s);
	return 0;
}

static int begin(struct session *s, char *err, size_t errlen)
{
	const struct options *o = s->o;
	uint32_t events = o->filter.events;
	struct engine_options eo = {
		.history_bytes = o->history_budget,
		.window_ns = o->window_ns,
		.max_folios = o->max_folios,
		.strict = o->strict,
		.patrol = o->judge,
		.leak_ns = o->leak_ns,
		.stall_ns = o->stall_ns,
		/*
		 * Half of the probes are no ground to judge on: a pin without its unpin is a leak. The bench
		 * compares with and without.
		 */
		.no_rules = getenv("DAXTOP_NO_RULES") || (events && !(events & 1u << DX_VIOLATION)),
	};

	if (s->show_stacks && begin_stacks(s)) {
		snprintf(err, errlen, "memory is short");
		return -1;
	}
	s->engine = engine_new(&eo);
	if (!s->engine) {
		snprintf(err, errlen, "no memory for the engine: try a smaller --history-budget");
		return -1;
	}
	if (o->tee) {
		s->tee = tee_open(o->tee, err, errlen);
		if (!s->tee)
			return -1;
	}
	return s->from->begin ? s->from->begin(s, err, errlen) : 0;
}

int session_begin(struct session *s, const struct options *o)
{
	char err[768];

	s->o = o;
	s->deadline = UINT64_MAX;
	s->from = o->from ? &session_file : &session_live;
	if (!begin(s, err, sizeof(err)))
		return 0;
	fprintf(stderr, "daxtop: %s\n", err);
	session_close(s);
	return 2;
}

int session_open(struct session *s)
{
	char err[768];

	stop_catch();
	if (!s->from->open(s, err, sizeof(err)))
		return 0;
	fprintf(stderr, "daxtop: %s\n", err);
	session_close(s);
	return 2;
}

void session_ready(struct session *s)
{
	s->from->ready(s);
}

int session_poll(struct session *s, int timeout_ms, int fd)
{
	return s->from->poll(s, timeout_ms, fd);
}

void session_heal(struct session *s)
{
	s->from->heal(s);
}

void session_drain(struct session *s)
{
	s->from->drain(s);
}

uint64_t session_pending(struct session *s)
{
	if (!s->ending)
		session_put_time(s, DX_REC_ENDING, clock_now());
	s->ending = true;
	return engine_pending(s->engine);
}

void session_close(struct session *s)
{
	if (s->from)
		s->from->close(s);
	tee_close(s->tee, s->tee_failed, sizeof(s->tee_failed));
	if (s->tee_failed[0])
		fprintf(stderr, "daxtop: %s\n", s->tee_failed);
	replay_close(s->replay);
	engine_free(s->engine);
	symbols_free(s->symbols);
	stacks_free(s->stacks);
	free(s->lost_by_cpu);
	free(s->path);
	s->tee = NULL;
	s->replay = NULL;
	s->engine = NULL;
	s->stacks = NULL;
	s->lost_by_cpu = NULL;
	s->path = NULL;
}

/* ---- what it is ---- */

enum regime session_regime(const struct session *s)
{
	return s->hello.flags & DX_HELLO_LEGACY ? REGIME_LEGACY : REGIME_CURRENT;
}

const struct probe *session_probes(const struct session *s, size_t *n)
{
	return s->from->probes(s, n);
}

int session_program(void *arg, uint32_t tgid, struct usym_task *task)
{
	struct session *s = arg;

	struct dx_task now;
	int rc = s->source ? source_task(s->source, tgid, &now) : -ENOSYS;

	if (!rc)
		*task = (struct usym_task){ .start = now.start, .exec = now.exec };
	return rc;
}

const struct view_summary *session_summary(struct session *s)
{
	s->counts.lost_by_cpu = s->lost_by_cpu;
	s->counts.nr_cpus = s->hello.nr_cpus;
	return &s->counts;
}

static int output_errno; /* why a flush of stdout failed; 0: none did, or printf()'s own */

bool output_flush(void)
{
	if (fflush(stdout))
		output_errno = errno;
	/* the stream's own mark: what printf() flushed and failed has left nothing to flush */
	return !ferror(stdout);
}

bool output_failed(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	if (output_flush())
		return false;
	if (output_errno == EPIPE || (poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLHUP)))
		return false;
	fprintf(stderr, "daxtop: the output could not be written%s%s\n", output_errno ? ": " : "",
		output_errno ? strerror(output_errno) : "");
	return true;
}

int session_output(struct session *s)
{
	if (output_failed())
		return 2;
	if (s->error) {
		fprintf(stderr, "daxtop: memory ran out, so what was shown is not all: try a smaller "
				"--history-budget or --max-folios\n");
		return 2;
	}
	return s->incomplete ? 2 : 0;
}

int session_path(struct session *s, const char *path, struct dx_path *p)
{
	struct apart_inode inode;
	const struct statx *st = &inode.st;
	int rc;

	*p = (struct dx_path){ 0 };
	if (s->o->from) {
		for (size_t i = 0; i < s->nr_paths; i++)
			if (!strcmp(s->path[i].path, path)) {
				*p = s->path[i];
				return 0;
			}
		return -ENOENT;
	}
	rc = apart_inode(path, &inode);
	if (rc)
		return rc;
	p->kind = S_ISREG(st->stx_mode)	  ? DX_PATH_REGULAR
		  : S_ISDIR(st->stx_mode) ? DX_PATH_DIRECTORY
		  : S_ISCHR(st->stx_mode) ? DX_PATH_CHARACTER
					  : DX_PATH_OTHER;
	p->dev = p->kind == DX_PATH_CHARACTER ? st->stx_rdev_major << 20 | st->stx_rdev_minor
					      : st->stx_dev_major << 20 | st->stx_dev_minor;
	p->ino = st->stx_ino;
	p->gen = inode.gen;
	p->gen_known = inode.gen_known;
	if (s->tee && strlen(path) < sizeof(p->path)) {
		strcpy(p->path, path);
		session_put(s, DX_REC_PATH, p, sizeof(*p));
	}
	return 0;
}

static void filter_file(struct session *s, struct view_filter *f)
{
	struct dx_path p;
	int rc = f->file ? session_path(s, f->file, &p) : -ENOENT;
	char name[512];

	if (rc == -ETIMEDOUT) {
		escape_columns(name, sizeof(name), f->file, strlen(f->file), 120, ESCAPE_KEEP_END);
		fprintf(stderr, "daxtop: %s: %s; --file goes by the path alone\n", name,
			apart_sentence(rc));
	}
	if (rc || p.kind == DX_PATH_DIRECTORY)
		return;
	f->file_dev = p.dev;
	f->file_ino = p.ino;
	f->file_gen = p.gen;
	f->file_gen_known = p.gen_known;
}

int filter_resolve(struct session *s, struct view_filter *f)
{
	filter_file(s, f);
	/* a recording has numbers of the initial namespace */
	return s->o->from ? 0 : own_pid_filter(&f->pid);
}

/* An event without a page is of a filesystem's device, or of a device-dax; the last one is kept. */
static const char *device_of_inode(struct session *s, const struct dx_event *ev)
{
	struct dx_device d = { .dev = ev->dev, .character = ev->type == DX_DEV_FAULT };
	const struct dx_device *last = &s->last_device;
	bool same = last->dev == d.dev && last->character == d.character;

	if (!ev->dev)
		return NULL;
	if (s->source && (!same || !last->name[0])) {
		device_name_dev(d.dev, d.character, d.name, sizeof(d.name));
		if (!same || d.name[0])
			session_put(s, DX_REC_DEVICE, &d, sizeof(d));
		same = true;
	}
	return same && last->name[0] ? last->name : NULL;
}

const char *session_device(struct session *s, const struct dx_event *ev)
{
	const char *name;

	if (!ev->pgmap && !ev->pfn)
		return device_of_inode(s, ev);
	name = engine_device(s->engine, ev->pgmap, ev->pfn);
	if (!name && s->from->find_names(s))
		name = engine_device(s->engine, ev->pgmap, ev->pfn);
	return name;
}
