// SPDX-License-Identifier: GPL-2.0-only
/* file_names.c - what files are called while a live session watches */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "file_names.h"
#include "look/look.h"
#include "look/place.h"
#include "look_live.h"
#include "session.h"

#define TURN	  256 /* files that are looked up in one go */
#define FRESH_ALL 4096 /* ... for one picture; if there are more, the others for the next one */
#define FILES_MAX (1u << 18) /* then one is forgotten for each that comes */

/* Where the kernel has a file. */
struct known {
	uint64_t mapping; /* address of its struct address_space; 0: the place is free */
	uint64_t ino;
	uint64_t checked; /* ns: its name was so then */
	uint32_t dev, gen;
	uint32_t tgid; /* who used it last: it may be named in his mount namespace only. 0: not known */
	bool wanted;
};

struct file_names {
	struct known *known; /* a hash table; @room is a power of two */
	size_t nr, room;
	size_t wanted, at; /* how many; the next may be here */
	uint32_t fresh; /* file_names_fresh_all() goes on here */
	struct places *places;
};

struct file_names *file_names_new(void)
{
	struct file_names *n = calloc(1, sizeof(*n));

	if (n)
		n->places = places_new();
	if (n && n->places)
		return n;
	free(n);
	return NULL;
}

void file_names_free(struct file_names *n)
{
	if (!n)
		return;
	places_free(n->places);
	free(n->known);
	free(n);
}

/* ---- where they are ---- */

static size_t place_of(const struct file_names *n, uint32_t dev, uint64_t ino, uint32_t gen)
{
	uint64_t hash =
		(ino * 0x9e3779b97f4a7c15ull ^ dev ^ (uint64_t)gen << 32) * 0xff51afd7ed558ccdull;

	return hash >> 32 & (n->room - 1);
}

/* Its place, or the free one where it would be. */
static struct known *known_find(const struct file_names *n, uint32_t dev, uint64_t ino, uint32_t gen)
{
	size_t at = place_of(n, dev, ino, gen);

	for (;; at = (at + 1) & (n->room - 1)) {
		struct known *k = &n->known[at];

		if (!k->mapping || (k->ino == ino && k->dev == dev && k->gen == gen))
			return k;
	}
}

static int known_grow(struct file_names *n)
{
	struct file_names more = { .room = n->room ? 2 * n->room : 256 };

	more.known = calloc(more.room, sizeof(*more.known));
	if (!more.known)
		return -ENOMEM;
	for (size_t i = 0; i < n->room; i++) {
		const struct known *k = &n->known[i];

		if (k->mapping)
			*known_find(&more, k->dev, k->ino, k->gen) = *k;
	}
	free(n->known);
	n->known = more.known;
	n->room = more.room;
	n->at = 0;
	return 0;
}

static void forget(struct session *s, const struct known *k);

/* NULL: memory is short. */
static struct known *learn(struct session *s, const struct look_inode *id, uint32_t tgid)
{
	struct file_names *n = s->names;
	struct known *k;

	if (2 * n->nr >= n->room && n->room < 2 * FILES_MAX && known_grow(n)) {
		s->error = -ENOMEM;
		return NULL;
	}
	k = known_find(n, id->dev, id->ino, id->gen);
	if (!k->mapping && n->nr >= FILES_MAX) {
		/* in another's place, past which those go on that collided with it */
		k = &n->known[place_of(n, id->dev, id->ino, id->gen)];
		n->wanted -= k->wanted;
		forget(s, k);
	} else if (k->mapping) {
		k->mapping = id->mapping;
		k->tgid = tgid ? tgid : k->tgid;
		return k;
	} else {
		n->nr++;
	}
	*k = (struct known){
		.mapping = id->mapping, .ino = id->ino, .dev = id->dev, .gen = id->gen, .tgid = tgid
	};
	return k;
}

/* ---- their records ---- */

/* What a file is called. */
struct name {
	const char *path; /* "": that is not known any more */
	uint32_t flags, whose; /* DX_PATH_*; the process of DX_PATH_NAMESPACE */
	uint64_t time; /* ns */
	const struct dx_event *who; /* used it; NULL: not known */
};

/* The end of a path is what tells files apart. */
static void tell(struct session *s, const struct known *k, const struct name *name)
{
	struct dx_file_event ev = {
		.e = {
			.type = DX_FILE,
			.time = name->time,
			.ino = k->ino,
			.dev = k->dev,
			.gen = k->gen,
			.nr = 1,
			.arg = name->whose,
			.stack = -1,
			.ustack = -1,
		},
		.path_flags = name->flags,
	};
	const char *path = name->path;
	size_t len = strlen(path);

	if (name->who) {
		ev.e.cpu = name->who->cpu;
		ev.e.tgid = name->who->tgid;
		ev.e.pid = name->who->pid;
		memcpy(ev.e.comm, name->who->comm, sizeof(ev.e.comm));
	}

	if (len >= sizeof(ev.path)) {
		path += len - (sizeof(ev.path) - 1);
		len = sizeof(ev.path) - 1;
		ev.path_flags |= DX_PATH_TRUNCATED;
	}
	memcpy(ev.path, path, len);
	ev.path_len = len;
	session_put(s, DX_REC_FILE, &ev, offsetof(struct dx_file_event, path) + len);
}

/* Nobody looks at it again: better no name than an old one. */
static void forget(struct session *s, const struct known *k)
{
	tell(s, k, &(struct name){ .path = "", .time = clock_now() });
}

static void tell_new(struct session *s, const struct known *k, const struct name *name)
{
	struct engine_file was = engine_file(s->engine, k->dev, k->ino, k->gen);

	if (!was.path || strcmp(was.path, name->path) || was.path_flags != name->flags ||
	    was.path_tgid != name->whose)
		tell(s, k, name);
}

/* It is the name that it had: only that is told, and what became of it. */
static void tell_lost(struct session *s, const struct known *k, struct name *name, uint32_t flag)
{
	struct engine_file was = engine_file(s->engine, k->dev, k->ino, k->gen);
	char *path = was.path ? strdup(was.path) : NULL;

	name->path = path;
	name->flags = (was.path_flags & ~DX_PATH_UNCHECKED) | flag;
	name->whose = was.path_tgid;
	if (path && !(was.path_flags & DX_PATH_DELETED))
		tell_new(s, k, name);
	free(path);
}

/* Returns what look_inode_path() does; with 1, *@path, to be freed, NULL: no name is known. */
static int ask(struct session *s, const struct known *k, char **path, uint32_t *flags,
	       uint32_t *whose)
{
	const struct look_inode id = { k->mapping, k->ino, k->dev, k->gen };
	struct places *p = s->names->places;
	struct look *l = look_live(s);
	char *inside;
	int rc;

	*path = NULL;
	if (!l)
		return -ENOENT;
	rc = look_inode_path(l, &id, &inside, flags);
	if (rc <= 0 || !inside)
		return rc;
	/* without it, the file is named by its device */
	places_read(p);
	*path = places_path(p, k->dev, inside, &k->tgid, 1, flags, whose);
	free(inside);
	return *path ? 1 : -ENOMEM;
}

/* @who: its event is next; NULL: none is. */
static void fresh(struct session *s, struct known *k, const struct dx_event *who, uint64_t time)
{
	struct name name = { .who = who, .time = time };
	const struct known id = *k;
	char *path;
	int rc;

	k->checked = clock_now();
	if (!name.time)
		name.time = k->checked;
	rc = ask(s, &id, &path, &name.flags, &name.whose);
	if (rc == -ENOMEM)
		s->error = rc;
	if (rc < 0)
		return;
	name.path = path;
	if (path)
		tell_new(s, &id, &name);
	else if ((who && who->flags & DX_F_UNLINKED) || (rc && name.flags & DX_PATH_DELETED))
		tell_lost(s, &id, &name, DX_PATH_DELETED);
	else if (!rc)
		tell_lost(s, &id, &name, DX_PATH_UNCHECKED);
	free(path);
}

/* What it was called there and then, for when it is gone already. */
static void tell_as_told(struct session *s, const struct known *k, const struct dx_file_event *ev)
{
	struct name name = { .flags = ev->path_flags, .time = ev->e.time, .who = &ev->e };
	struct places *p = s->names->places;
	char inside[DX_PATH_LEN];
	char *path;

	if (!ev->path_len || engine_file(s->engine, k->dev, k->ino, k->gen).path)
		return;
	snprintf(inside, sizeof(inside), "%.*s", (int)(ev->path_len % DX_PATH_LEN), ev->path);
	places_read(p);
	path = places_path(p, ev->e.arg, inside, &k->tgid, 1, &name.flags, &name.whose);
	name.path = path;
	if (path)
		tell(s, k, &name);
	free(path);
}

void file_names_told(struct session *s, const struct dx_file_event *ev)
{
	const struct look_inode id = { ev->e.addr, ev->e.ino, ev->e.dev, ev->e.gen };
	struct known *k = learn(s, &id, ev->e.tgid);

	if (!k)
		return;
	tell_as_told(s, k, ev);
	fresh(s, k, &ev->e, 0);
}

void file_names_found(struct session *s, const struct scan_file *f)
{
	const struct look_inode id = { f->mapping, f->ino, f->dev, f->gen };
	struct engine_file was = engine_file(s->engine, f->dev, f->ino, f->gen);
	bool shown = was.path && !(was.path_flags & DX_PATH_HIDDEN);
	struct known *k;

	/* the look knows who has it, and so may know where it is shown */
	if (!f->ino || !f->mapping || f->device || shown)
		return;
	k = learn(s, &id, f->path_tgid);
	if (k && f->path && (!was.path || f->path_flags & DX_PATH_NAMESPACE))
		tell(s, k,
		     &(struct name){ .path = f->path,
				     .flags = f->path_flags,
				     .whose = f->path_tgid,
				     .time = s->start - 1 });
}

int file_names_want(struct session *s, const struct dx_event *ev)
{
	const struct look_inode id = { ev->addr, ev->ino, ev->dev, ev->gen };
	struct known *k;

	if (!ev->ino || !ev->addr)
		return 0;
	k = learn(s, &id, 0);
	if (!k)
		return -ENOMEM;
	s->names->wanted += !k->wanted;
	k->wanted = true;
	return 0;
}

bool file_names_wanted(const struct session *s)
{
	return s->names->wanted;
}

void file_names_go_on(struct session *s)
{
	struct file_names *n = s->names;

	for (size_t i = 0; n->wanted && i < TURN; n->at = (n->at + 1) & (n->room - 1)) {
		struct known *k = &n->known[n->at];

		if (!k->wanted)
			continue;
		k->wanted = false;
		n->wanted--;
		i++;
		fresh(s, k, NULL, s->start - 1);
	}
}

void file_names_fresh(struct session *s, const struct dx_event *ev)
{
	struct engine_file was;
	struct known *k;
	bool news;

	if (!s->names->room || !ev->ino)
		return;
	k = known_find(s->names, ev->dev, ev->ino, ev->gen);
	if (!k->mapping)
		return;
	was = engine_file(s->engine, ev->dev, ev->ino, ev->gen);
	/* the event may know more of an inode that is no longer there */
	news = ev->flags & DX_F_UNLINKED && !(was.path_flags & DX_PATH_DELETED);
	if (k->checked <= ev->time || news)
		fresh(s, k, ev, 0);
}

static void fresh_one(void *arg, uint32_t dev, uint64_t ino, uint32_t gen)
{
	struct session *s = arg;
	struct known *k = known_find(s->names, dev, ino, gen);

	if (k->mapping)
		fresh(s, k, NULL, 0);
}

void file_names_fresh_all(struct session *s)
{
	if (s->names && s->names->room)
		engine_files(s->engine, &s->names->fresh, FRESH_ALL, fresh_one, s);
}
