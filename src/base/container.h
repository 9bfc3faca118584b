/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_BASE_CONTAINER_H
#define DAXTOP_BASE_CONTAINER_H
/* container.h - whose cgroup it is, by its path */
#include <stdbool.h>
#include <stddef.h>

#define CONTAINER_ID 65 /* bytes: 64 digits */
#define POD_UID	     37

/*
 * The id of the container that runs in cgroup @path, "" for none: 64 hex digits in the path's last part that has some (docker-ID.scope,
 * crio-ID.scope, libpod-ID.scope, cri-containerd-ID.scope, docker/ID, kubepods/.../ID). Returns @out.
 */
char *container_id(char out[CONTAINER_ID], const char *path);
/* The uid of its pod, "" for none: kubelet's "podUID" (cgroupfs), "...-podUID.slice" with _ for - (systemd). Returns @out. */
char *container_pod(char out[POD_UID], const char *path);
/*
 * Did root name all of @path, a cgroup in the unified hierarchy below @root ("/sys/fs/cgroup")? Whoever owns a cgroup
 * makes others in it, called as he likes: systemd delegates one to each user who has logged in. False also if it is not there any more.
 */
bool container_is_roots(const char *root, const char *path);

#endif
