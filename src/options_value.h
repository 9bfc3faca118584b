/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_OPTIONS_VALUE_H
#define DAXTOP_OPTIONS_VALUE_H
/*
 * options_value.h - the words behind options as values. Each returns 0, or EINVAL
 * after one sentence on stderr that begins with @command ("daxtop trace").
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "view/screen.h"

#define complain(command, fmt, ...) fprintf(stderr, "%s: " fmt "\n", command, ##__VA_ARGS__)

/* What the user typed, safe to print and not too long. Returns @out. */
const char *value_shown(char *out, size_t outlen, const char *text);

int value_number(const char *command, const char *option, const char *arg, uint64_t least,
		 uint64_t most, uint64_t *value);
int value_size(const char *command, const char *option, const char *arg, size_t *value);
int value_ring_size(const char *command, const char *arg, size_t *value);
/* Seconds with up to nine decimals, as ns. */
int value_seconds(const char *command, const char *option, const char *arg, uint64_t least_ns,
		  uint64_t *ns);
/* "pin,unpin": adds 1 << enum dx_event_type to @events */
int value_events(const char *command, const char *arg, uint32_t *events);
int value_sort(const char *command, const char *arg, enum screen_sort *sort);
/* "PFN" or "PFN-PFN" */
int value_range(const char *command, const char *option, const char *arg, uint64_t *first,
		uint64_t *last);
int value_string(const char *command, const char *option, const char *arg, const char **value);
/* The name of a device, "pmem0" or "/dev/pmem0"; without "/dev/" in *@value, which points into @arg. */
int value_device(const char *command, const char *arg, const char **value);
/* "install-zero-ref,pgmap-leak": adds 1 << enum dx_rule to @rules */
int value_rules(const char *command, const char *arg, uint32_t *rules);

#endif
