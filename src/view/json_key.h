/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef DAXTOP_JSON_KEY_H
#define DAXTOP_JSON_KEY_H
/*
 * json_key.h - every key of schema 2, and every kind of line
 *
 * A key means the same and has the same unit wherever it stands: its unit is in its name
 * (_ns, _bytes), but for counts. Times are ns of CLOCK_MONOTONIC. Within a schema keys are
 * only added.
 */

/* How a key's value is written; what it may be besides. */
enum json_form {
	JSON_INT,
	JSON_UINT,
	JSON_UINT_NULL, /* or null: not known, or there is none */
	JSON_INT_NULL,
	JSON_BOOL,
	JSON_BOOL_NULL,
	JSON_WORD, /* one of a few words of daxtop's own */
	JSON_WORD_NULL,
	JSON_TEXT, /* a sentence, or a name that no stranger gives */
	JSON_TEXT_NULL,
	JSON_BYTES, /* a stranger's bytes: KEY_hex, in hex, stands beside what is no UTF-8 */
	JSON_BYTES_NULL,
	JSON_HEX, /* "0x1f" */
	JSON_DEV, /* "259:1" */
	JSON_WORDS, /* a list of texts */
	JSON_UINTS,
	JSON_OBJECT, /* with keys of this table */
	JSON_OBJECT_NULL,
	JSON_OBJECTS,
	JSON_BY_NAME, /* names of events: objects */
	JSON_BY_SIZE, /* "4K", "2M", "1G", "other": numbers */
};

/* clang-format off */
/* X(constant, key, form, meaning) */
#define JSON_KEYS(X) \
	/* every line */ \
	X(SCHEMA, "schema", JSON_UINT, "2") \
	X(TYPE, "type", JSON_WORD, "kind of line") \
	X(TIME, "time_ns", JSON_UINT, "when") \
	/* the kernel */ \
	X(KERNEL, "kernel", JSON_TEXT, "release") \
	X(REGIME, "regime", JSON_WORD, "how the kernel counts references: legacy, transition or current") \
	X(REGIMES, "regimes", JSON_WORDS, "of kernels that the rule is for") \
	X(CPU, "cpu", JSON_INT, "number of the processor") \
	/* processes */ \
	X(PID, "pid", JSON_UINT_NULL, "thread; 0 or null: not known") \
	X(TGID, "tgid", JSON_UINT_NULL, "process; 0 or null: not known") \
	X(COMM, "comm", JSON_BYTES_NULL, "name of the thread") \
	X(CGROUP, "cgroup", JSON_BYTES_NULL, "path of its cgroup") \
	X(CONTAINER, "container", JSON_TEXT_NULL, "id of the container, as the cgroup's path has it; null: none") \
	X(POD, "pod", JSON_TEXT_NULL, "uid of the pod, the same") \
	X(CGROUP_ID, "cgroup_id", JSON_UINT, "of its cgroup: the inode number of the folder in the unified hierarchy") \
	X(PID_NS, "pid_ns", JSON_UINT, "inode number of its pid namespace, as in /proc/PID/ns; 0: it has ended") \
	X(MOUNT_NS, "mount_ns", JSON_UINT, "the same, of its mount namespace") \
	X(PROCESS_START, "process_start_ns", JSON_UINT, "when the process began") \
	X(EXEC, "exec", JSON_UINT, "grows with each program that the process executes") \
	X(TASK_STATE, "task_state", JSON_WORD, "one letter, as in proc_pid_stat(5)") \
	/* folios */ \
	X(PFN, "pfn", JSON_UINT_NULL, "number of the first page; of a pgmap, of its memory") \
	X(PFNS, "pfns", JSON_UINTS, "page frame numbers of the folios waited for") \
	X(ORDER, "order", JSON_INT, "2^order pages: 0 4K, 9 2M, 18 1G") \
	X(FOLIO_BYTES, "folio_bytes", JSON_UINT, "size of each of the folios") \
	X(FOLIOS, "folios", JSON_UINT, "how many folios") \
	X(PAGES, "pages", JSON_UINT, "how many pages of 4K") \
	X(BAD_BYTES, "bad_bytes", JSON_UINT_NULL, "in bad blocks of the block device, or of the region that it is in; null: not known") \
	X(PAGES_BY_SIZE, "pages_by_size", JSON_BY_SIZE, "pages in folios of each size") \
	X(RANGES, "ranges", JSON_OBJECTS, "ranges of pages") \
	X(DEVICE, "device", JSON_TEXT_NULL, "its name; null: not known") \
	X(PGMAP, "pgmap", JSON_UINT, "number of the memory in this run") \
	X(MEMORY_TYPE, "memory_type", JSON_WORD_NULL, "fs-dax, generic (device-dax), private, coherent, pci-p2pdma") \
	X(REFCOUNT, "refcount", JSON_INT_NULL, "references, at the point or now") \
	X(REFCOUNT_BEFORE, "refcount_before", JSON_INT, "before the step") \
	X(REFCOUNT_AFTER, "refcount_after", JSON_INT, "after the step") \
	X(REFCOUNT_IDLE, "refcount_idle", JSON_INT, "when nobody uses the folio") \
	X(REFCOUNT_INFERRED, "refcount_inferred", JSON_BOOL, "mappings went more than a second before the last event: refcount is without their references") \
	X(MAPCOUNT, "mapcount", JSON_INT, "mappings, at the point or now") \
	X(PINS, "pins", JSON_INT, "pins, at the point or now") \
	X(PINS_EXACT, "pins_exact", JSON_BOOL, "false: pins is refcount / 1024") \
	X(GETS, "gets", JSON_INT, "references that are neither mappings nor pins") \
	X(HELD_PINS, "held_pins", JSON_INT, "pins that were found in an object") \
	X(HELD_GETS, "held_gets", JSON_INT, "gets that were found in an object") \
	X(REFS, "refs", JSON_UINT, "pins or references that are concerned; of a holder, that it has of each folio") \
	X(REFS_UNKNOWN, "refs_unknown", JSON_INT, "pins and gets that were found in no object") \
	X(SHARE, "share", JSON_UINT, "the page's share count") \
	X(OVERPUT, "overput", JSON_BOOL, "fewer references than there should be") \
	X(MOVING, "moving", JSON_BOOL, "the counts were in motion") \
	X(WAITS, "waits", JSON_UINT, "tasks that wait") \
	X(PREDATES, "predates", JSON_BOOL, "it had references before daxtop") \
	X(WAITED, "waited", JSON_BOOL, "somebody waits for the folio") \
	X(DOUBTFUL, "doubtful", JSON_BOOL, "events were lost since the counts were read") \
	/* files */ \
	X(FILE, "file", JSON_BYTES_NULL, "path; null: not known, or of no file") \
	X(FILE_DELETED, "file_deleted", JSON_BOOL, "the name was the file's last: unlinked, or replaced") \
	X(FILE_STATE, "file_state", JSON_WORD, "current: the path leads to this file; deleted; gone: no longer in memory, what it was called last; namespace: in the mount namespace of file_pid; container: that has another root, too; hidden: no mount that was found shows it, [device]/path in its filesystem") \
	X(FILE_PID, "file_pid", JSON_UINT, "process in whose mount namespace the path is") \
	X(FILE_TRUNCATED, "file_truncated", JSON_BOOL, "parts of the path are missing") \
	X(DEV, "dev", JSON_DEV, "MAJOR:MINOR of the filesystem, or of the device-dax device") \
	X(INO, "ino", JSON_UINT, "inode number") \
	X(GENERATION, "generation", JSON_UINT, "of the inode: its number is used again with another one") \
	X(OFFSET, "offset_bytes", JSON_UINT_NULL, "in the file, or in the device's memory") \
	X(OFFSET_END, "offset_end_bytes", JSON_UINT, "first byte behind") \
	/* events */ \
	X(EVENT, "event", JSON_WORD, "which; see daxtop-trace(1)") \
	X(FLAGS, "flags", JSON_WORDS, "see daxtop-trace(1)") \
	X(NR, "nr", JSON_UINT, "pages or references; NR of daxtop-trace(1)") \
	X(ADDR, "addr", JSON_UINT_NULL, "user address") \
	X(LEVEL, "level", JSON_WORD, "pte, pmd or pud") \
	X(REF_FIRST, "ref_first", JSON_INT, "refcount before the insert") \
	X(REF_INSTALL, "ref_install", JSON_INT, "refcount before the install") \
	X(MAP_INSTALL, "map_install", JSON_INT, "mapcount before the install") \
	X(INSTALL_TIME, "install_time_ns", JSON_UINT, "when the install was") \
	X(GUP_FLAGS, "gup_flags", JSON_HEX, "FOLL_* flags of the caller") \
	X(RET, "ret", JSON_INT, "VM_FAULT_* bits, pages, a negative errno; of a shared remove, the owners left") \
	X(RESULT, "result", JSON_TEXT, "ret of a fault, in words") \
	X(REASON, "reason", JSON_WORD, "why a process gets SIGBUS; see sigbus in daxtop-trace(1)") \
	X(STACK_ID, "stack_id", JSON_INT, "of the kernel; the same number in a run is the same stack; -1: none, -2: it could not be kept") \
	X(USER_STACK_ID, "user_stack_id", JSON_INT, "the same, of the process") \
	X(RECEIVED, "received", JSON_UINT, "events, whether shown or not") \
	X(LOST, "lost", JSON_UINT, "events that the ring had no room for") \
	X(LOST_BY_CPU, "lost_by_cpu", JSON_UINTS, "lost, of each processor") \
	X(BY_EVENT, "by_event", JSON_BY_NAME, "received and lost, of each event that came") \
	X(MISSED_RUNS, "missed_runs", JSON_UINT, "runs of daxtop's programs that the kernel skipped: LOSS in daxtop(1)") \
	X(STACKS_NOT_KEPT, "stacks_not_kept", JSON_UINT, "stacks that events name and that could not be kept") \
	X(INDEXES_FORGOTTEN, "indexes_forgotten", JSON_UINT, "pages, at least, whose stale index there was no room for: share-mismatch does not tell of them") \
	X(LOOKS, "looks", JSON_UINT, "looks at who holds and who waits, while events came") \
	X(LOOK_TURN_THINGS, "look_turn_things", JSON_UINT, "tasks, descriptors, words of stacks, runs of programs that a look looked at, at most, between two reads of the ring") \
	X(LOOK_TURN, "look_turn_ns", JSON_UINT, "the time between two, at most") \
	/* stacks, innermost frame first */ \
	X(KERNEL_STACK, "kernel_stack", JSON_OBJECTS, "frames in the kernel") \
	X(USER_STACK, "user_stack", JSON_OBJECTS, "frames in the process") \
	X(KERNEL_STACK_NOT_KEPT, "kernel_stack_not_kept", JSON_BOOL, "the list is empty because the stack could not be kept") \
	X(USER_STACK_NOT_KEPT, "user_stack_not_kept", JSON_BOOL, "the same") \
	X(IP, "ip", JSON_HEX, "address; of processes only") \
	X(SYMBOL, "symbol", JSON_BYTES_NULL, "function") \
	X(SYMBOL_OFFSET, "symbol_offset_bytes", JSON_UINT, "into the function") \
	X(MODULE, "module", JSON_TEXT, "of the kernel") \
	X(BINARY, "binary", JSON_BYTES, "file that is mapped there") \
	/* histories */ \
	X(FOLIO, "folio", JSON_BYTES, "as it was asked for") \
	X(ERROR, "error", JSON_TEXT, "not seen: nothing is known of the folio") \
	X(STEPS, "steps", JSON_OBJECTS, "what changed the counts, oldest first") \
	X(STEPS_DROPPED, "steps_dropped", JSON_UINT, "how many older steps were forgotten") \
	X(OBSERVED, "observed", JSON_BOOL, "a probe saw it; false: inferred") \
	X(AFTER_LOSS, "after_loss", JSON_BOOL, "events were lost before it: more may have happened in between") \
	/* devices */ \
	X(DRIVER, "driver", JSON_WORD_NULL, "of the device") \
	X(OWNER, "owner", JSON_TEXT_NULL, "module or driver of the pgmap, null: not known") \
	X(OPS, "ops", JSON_TEXT_NULL, "symbol of its struct dev_pagemap_ops, null: none") \
	X(ALTMAP_PAGES, "altmap_pages", JSON_UINT, "pages at the start, without a struct page") \
	X(DYING, "dying", JSON_BOOL, "memunmap_pages() is under way") \
	X(WALK, "walk", JSON_WORD, "walked, partly, vanished or skipped") \
	X(PGMAP_REFS, "pgmap_refs", JSON_INT_NULL, "references of the pgmap; null: not known") \
	X(PGMAP_REFS_BASE, "pgmap_refs_base", JSON_INT_NULL, "that it has of itself") \
	X(PGMAP_REFS_EXPLAINED, "pgmap_refs_explained", JSON_INT_NULL, "by folios in use") \
	X(PGMAP_REFS_UNEXPLAINED, "pgmap_refs_unexplained", JSON_INT_NULL, "by nothing") \
	X(FOLIOS_IN_USE, "folios_in_use", JSON_UINT, "folios that are not idle") \
	X(FOLIOS_MAPPED, "folios_mapped", JSON_UINT, "of them") \
	X(FOLIOS_PINNED, "folios_pinned", JSON_UINT, "of them") \
	X(FOLIOS_UNKNOWN, "folios_unknown", JSON_UINT, "that have references of unknown holders") \
	X(FOLIOS_OVERPUT, "folios_overput", JSON_UINT, "that have too few references") \
	X(BY_DEVICE, "by_device", JSON_OBJECTS, "sums of each device") \
	X(BY_FILE, "by_file", JSON_OBJECTS, "sums of each file") \
	X(BY_ORDER, "by_order", JSON_OBJECTS, "sums of each size") \
	X(BY_PROCESS, "by_process", JSON_OBJECTS, "what was found in an object, of each process that has it") \
	X(BY_CGROUP, "by_cgroup", JSON_OBJECTS, "the same of each cgroup") \
	X(GAPS, "gaps", JSON_WORDS, "what could not be looked at, in sentences") \
	X(INTERRUPTED, "interrupted", JSON_BOOL, "a signal ended the look") \
	/* holders and waits */ \
	X(HOLDERS, "holders", JSON_OBJECTS, "who holds the folio") \
	X(NR_HOLDERS, "nr_holders", JSON_UINT, "holders that are certain") \
	X(KIND, "kind", JSON_WORD, "of holder: HOLDER in daxtop-scan(1)") \
	X(CERTAIN, "certain", JSON_BOOL, "false: it could hold it") \
	X(PIN, "pin", JSON_BOOL, "its references are pins") \
	X(LONGTERM, "longterm", JSON_BOOL, "pinned with FOLL_LONGTERM") \
	X(GONE, "gone", JSON_BOOL, "the process is no more") \
	X(FD, "fd", JSON_UINT_NULL, "file descriptor") \
	X(OBJECT_ID, "object_id", JSON_UINT_NULL, "of a pipe or socket the inode number, of a memory region its number") \
	X(OBJECT, "object", JSON_BYTES_NULL, "more of what holds it, in words") \
	X(SINCE, "since_ns", JSON_UINT_NULL, "when it began; null: not known") \
	X(AGE, "age_ns", JSON_UINT_NULL, "how long it has been, or was") \
	X(WAIT, "wait", JSON_WORD, "what a task waits for: WAIT in daxtop-scan(1)") \
	X(OWNER_PID, "owner_pid", JSON_UINT_NULL, "thread that has the lock; null: there is none, or it is not known") \
	X(OWNER_COMM, "owner_comm", JSON_BYTES_NULL, "name of that thread") \
	X(READ_OWNED, "read_owned", JSON_BOOL, "readers have the lock, and the owner was the last of them to come: it may have let go") \
	X(CHAIN, "chain", JSON_UINTS, "threads that end it: who has the lock, who has what that one waits for, and so on") \
	X(CHAIN_INFERRED, "chain_inferred", JSON_BOOL, "a reader stands in the chain, who could have it") \
	X(ENTRY_LOCKED, "entry_locked", JSON_BOOL_NULL, "whether the entry that is waited for is locked at this moment; null: it waits for none") \
	X(BEHIND, "behind", JSON_UINT, "tasks whose chain ends here") \
	X(CHANGE, "change", JSON_WORD, "new, gone or changed") \
	X(BEFORE, "before", JSON_OBJECT_NULL, "counts at the look before; null: idle") \
	X(AFTER, "after", JSON_OBJECT_NULL, "counts now; null: idle") \
	X(UNBIND, "unbind", JSON_WORD, "what an unbind would do: VERDICT in daxtop-holders(1)") \
	X(BLOCKERS, "blockers", JSON_UINT, "folios, pins or processes in its way") \
	X(OPENERS, "openers", JSON_UINT, "processes that have the device open") \
	X(UNDER_WAY, "under_way", JSON_BOOL, "somebody unbinds it now") \
	X(MOUNT, "mount", JSON_BYTES_NULL, "where it is mounted") \
	/* rules and findings */ \
	X(RULE, "rule", JSON_WORD, "its id: daxtop-rules(7)") \
	X(RULE_STATE, "rule_state", JSON_WORD, "kept, broken, inconclusive, not-exercised, not-checked") \
	X(CHECKED, "checked", JSON_UINT, "how often it was looked at") \
	X(BROKEN, "broken", JSON_UINT, "how often it was broken") \
	X(BY_DESIGN, "by_design", JSON_UINT, "how often this kernel did it by itself, by design or by a known defect") \
	X(SAYS, "says", JSON_TEXT, "a sentence") \
	X(TEXT, "text", JSON_TEXT, "what it demands, at length") \
	X(SOURCE, "source", JSON_TEXT, "functions and files of the kernel") \
	X(AT_THE_POINT, "at_the_point", JSON_BOOL, "judged in the kernel; false: from history") \
	X(NEEDS, "needs", JSON_WORDS, "probes without which it is not checked: daxtop-probes(1)") \
	X(DETAIL, "detail", JSON_WORD, "which part of the rule was broken") \
	X(WANTED, "wanted", JSON_INT, "what the rule demands, in the detail's terms") \
	X(GOT, "got", JSON_INT, "what there was") \
	X(FINDING, "finding", JSON_UINT, "its number in this run") \
	X(CONFIDENCE, "confidence", JSON_WORD, "proven, suspected, inconclusive") \
	X(WHY, "why", JSON_TEXT, "what makes it so, or what is missing") \
	X(NOTE, "note", JSON_BOOL, "it is what this kernel does by design") \
	X(COUNTS, "counts", JSON_BOOL, "it decides the verdict") \
	X(COUNT, "count", JSON_UINT, "how often it was seen") \
	X(FIRST_TIME, "first_time_ns", JSON_UINT, "when it was seen first") \
	X(LAST_TIME, "last_time_ns", JSON_UINT, "when it was seen last") \
	X(OVER, "over", JSON_BOOL, "it has ended") \
	X(START_TIME, "start_time_ns", JSON_UINT, "begin of the run") \
	X(END_TIME, "end_time_ns", JSON_UINT, "end of the run or of the finding") \
	X(LEAKED_PINS, "leaked_pins", JSON_BOOL, "refs are pins") \
	/* verdicts */ \
	X(VERDICT, "verdict", JSON_WORD, "clean, broken, inconclusive") \
	X(EXIT_STATUS, "exit_status", JSON_INT, "daxtop's; see daxtop-check(1)") \
	X(DECIDED_BY, "decided_by", JSON_WORD, "findings, inconclusive, command (its own status) or rules-kept") \
	X(FINDINGS_PROVEN, "findings_proven", JSON_UINT, "findings") \
	X(FINDINGS_SUSPECTED, "findings_suspected", JSON_UINT, "findings") \
	X(FINDINGS_INCONCLUSIVE, "findings_inconclusive", JSON_UINT, "findings") \
	X(FINDINGS_OVER, "findings_over", JSON_UINT, "findings that have ended") \
	X(FINDINGS_LEFT_OUT, "findings_left_out", JSON_UINT, "findings that --only-proven left out") \
	X(RULES_EXERCISED, "rules_exercised", JSON_UINT, "rules") \
	X(RULES_NOT_EXERCISED, "rules_not_exercised", JSON_UINT, "rules that were judged and had no occasion") \
	X(RULES_NOT_CHECKED, "rules_not_checked", JSON_UINT, "rules that are not judged on this kernel") \
	X(RULES_LEFT_OUT, "rules_left_out", JSON_UINT, "rules that options left out") \
	X(COMMAND, "command", JSON_OBJECT, "CMD of check or perf") \
	X(NAME, "name", JSON_BYTES, "of the command") \
	X(USER, "user", JSON_TEXT, "that it ran as") \
	X(UID, "uid", JSON_UINT, "that it ran as") \
	X(GID, "gid", JSON_UINT, "that it ran as") \
	X(NOT_WAITED_FOR, "not_waited_for", JSON_TEXT, "why not") \
	X(SIGNAL, "signal", JSON_INT, "that ended it") \
	X(STATUS, "status", JSON_INT, "its exit status") \
	X(LEFT, "left", JSON_OBJECTS, "processes that were not waited for, 16 at most") \
	X(LEFT_MORE, "left_more", JSON_UINT, "how many more") \
	/* sums of perf */ \
	X(WHAT, "what", JSON_WORD, "fault, gup-fast, gup-fallback (a fast call that went on in the slow path), gup-slow, unpin, layout-break, entry-lock") \
	X(OUTCOME, "outcome", JSON_WORD, "how it ended: OUTCOME in daxtop-perf(1)") \
	X(CAUSE, "cause", JSON_WORD, "why: WHY NOT 2M in daxtop-perf(1)") \
	X(REMEDY, "remedy", JSON_TEXT, "what would change it") \
	X(TIMED, "timed", JSON_UINT, "of count, those that are in the histogram") \
	X(TOTAL_NS, "total_ns", JSON_UINT, "time of all of them") \
	X(MAX_NS, "max_ns", JSON_UINT, "the longest") \
	X(MAX_PAGES, "max_pages", JSON_UINT, "pages of the largest call") \
	X(P50, "p50", JSON_OBJECT, "range that the median lies in, both ends included") \
	X(P90, "p90", JSON_OBJECT, "range that the 90th percentile lies in") \
	X(P99, "p99", JSON_OBJECT, "range that the 99th percentile lies in") \
	X(HISTOGRAM, "histogram", JSON_OBJECTS, "how many lie in each range; ranges without any are left out") \
	X(FROM_NS, "from_ns", JSON_UINT, "of a range") \
	X(TO_NS, "to_ns", JSON_UINT, "of a range, included") \
	X(FROM_PAGES, "from_pages", JSON_UINT, "of a range") \
	X(TO_PAGES, "to_pages", JSON_UINT, "of a range, included") \
	X(FAULTS_BY_SIZE, "faults_by_size", JSON_BY_SIZE, "faults that mapped a page of each size") \
	X(OTHERS, "others", JSON_BY_NAME, "what there was no room to count apart, of each what") \
	/* probes */ \
	X(PROBES, "probes", JSON_OBJECTS, "what this kernel offers") \
	X(TARGET, "target", JSON_TEXT, "function or tracepoint chosen; when none could be had, the first one tried") \
	X(CANDIDATE, "candidate", JSON_INT, "which of the ways was chosen: 0 the first; -1 none") \
	X(PROBE_STATE, "probe_state", JSON_WORD, "STATE of daxtop-probes(1)") \
	X(ESSENTIAL, "essential", JSON_BOOL, "daxtop can't do without it") \
	X(COSTS, "costs", JSON_TEXT, "what is lost without it, whether it is or not")

/* clang-format on */
enum json_key {
#define JSON_KEY_CONSTANT(constant, key, form, meaning) KEY_##constant,
	JSON_KEYS(JSON_KEY_CONSTANT)
#undef JSON_KEY_CONSTANT
		JSON_KEY_NR
};

/* clang-format off */
/* X(type, meaning, keys that it always has) */
#define JSON_LINES(X) \
	X("event", "trace: an event", KEY_TIME, KEY_CPU, KEY_EVENT, KEY_PID, KEY_TGID, KEY_COMM, KEY_FLAGS) \
	X("process", "trace: of the events that follow; again when it has become another", KEY_TIME, KEY_TGID, KEY_COMM, \
	  KEY_PROCESS_START, KEY_EXEC, KEY_CGROUP_ID, KEY_PID_NS, KEY_MOUNT_NS) \
	X("summary", "trace: counts of the run", KEY_RECEIVED, KEY_LOST, KEY_BY_EVENT, KEY_LOST_BY_CPU, \
	  KEY_MISSED_RUNS, KEY_STACKS_NOT_KEPT, KEY_INDEXES_FORGOTTEN, KEY_LOOKS, KEY_LOOK_TURN_THINGS, KEY_LOOK_TURN, \
	  KEY_GAPS) \
	X("held", "trace: a folio that was held before the first event, and by whom", KEY_PFN, KEY_ORDER, KEY_DEVICE, \
	  KEY_FILE, KEY_OFFSET, KEY_TGID, KEY_PID, KEY_COMM, KEY_PIN, KEY_REFS, KEY_SINCE, KEY_KIND, KEY_CERTAIN) \
	X("waiting", "trace: a task that waited before the first event; check: one that waits at the end", KEY_WAIT, KEY_TGID, KEY_PID, KEY_COMM, \
	  KEY_SINCE, KEY_AGE, KEY_PFN, KEY_DEVICE, KEY_FILE, KEY_OFFSET, KEY_OWNER_PID, KEY_OWNER_COMM, KEY_READ_OWNED, \
	  KEY_CHAIN, KEY_CHAIN_INFERRED, KEY_ENTRY_LOCKED, KEY_BEHIND) \
	X("history", "history: a folio", KEY_FOLIO) \
	X("rule", "check: a rule", KEY_RULE, KEY_RULE_STATE, KEY_CHECKED, KEY_BROKEN) \
	X("finding", "check: what broke a rule", KEY_FINDING, KEY_RULE, KEY_CONFIDENCE, KEY_NOTE, KEY_COUNTS, \
	  KEY_COUNT, KEY_FIRST_TIME, KEY_LAST_TIME, KEY_OVER, KEY_SAYS, KEY_WANTED, KEY_GOT, KEY_REFS, KEY_PID, \
	  KEY_TGID, KEY_COMM, KEY_KERNEL_STACK, KEY_USER_STACK, KEY_HOLDERS) \
	X("verdict", "check: all in all", KEY_VERDICT, KEY_EXIT_STATUS, KEY_DECIDED_BY, KEY_FINDINGS_PROVEN, \
	  KEY_FINDINGS_SUSPECTED, KEY_FINDINGS_INCONCLUSIVE, KEY_FINDINGS_OVER, KEY_RULES_EXERCISED, \
	  KEY_RULES_NOT_EXERCISED, KEY_RULES_NOT_CHECKED, KEY_RULES_LEFT_OUT, KEY_LOST, KEY_MISSED_RUNS, \
	  KEY_STACKS_NOT_KEPT, KEY_INDEXES_FORGOTTEN, KEY_LOOKS, KEY_LOOK_TURN_THINGS, KEY_LOOK_TURN, KEY_GAPS, KEY_KERNEL, KEY_REGIME, KEY_START_TIME, KEY_END_TIME) \
	X("scan", "scan, holders: begin of a look", KEY_KERNEL, KEY_REGIME, KEY_TIME) \
	X("pgmap", "scan, holders: a device's memory", KEY_DEVICE, KEY_DRIVER, KEY_MEMORY_TYPE, KEY_OWNER, KEY_OPS, \
	  KEY_RANGES, KEY_ALTMAP_PAGES, KEY_DYING, KEY_WALK, KEY_PGMAP_REFS, KEY_PGMAP_REFS_BASE, \
	  KEY_PGMAP_REFS_EXPLAINED, KEY_PGMAP_REFS_UNEXPLAINED, KEY_FOLIOS_IN_USE, KEY_FOLIOS_MAPPED, \
	  KEY_FOLIOS_PINNED, KEY_PAGES_BY_SIZE, KEY_BAD_BYTES) \
	X("poisoned", "scan, holders: a folio whose memory is bad, idle or not, and who maps it", KEY_PFN, KEY_ORDER, \
	  KEY_DEVICE, KEY_FILE, KEY_OFFSET, KEY_HOLDERS) \
	X("folio", "scan, holders: folios that are alike and not idle", KEY_PFN, KEY_FOLIOS, KEY_FOLIO_BYTES, KEY_ORDER, \
	  KEY_DEVICE, KEY_MEMORY_TYPE, KEY_REFCOUNT, KEY_MAPCOUNT, KEY_PINS, KEY_PINS_EXACT, KEY_REFCOUNT_IDLE, \
	  KEY_SHARE, KEY_FILE, KEY_OFFSET, KEY_GETS, KEY_HELD_PINS, KEY_HELD_GETS, KEY_REFS_UNKNOWN, KEY_OVERPUT, \
	  KEY_MOVING, KEY_WAITS, KEY_HOLDERS) \
	X("holder", "scan, holders: one that stands at no folio", KEY_KIND, KEY_CERTAIN, KEY_PIN, KEY_REFS, KEY_PFN, \
	  KEY_PAGES, KEY_TGID, KEY_PID, KEY_COMM, KEY_CGROUP, KEY_FD, KEY_OBJECT_ID, KEY_ADDR, KEY_SINCE, KEY_OBJECT, \
	  KEY_FILE, KEY_DEVICE) \
	X("wait", "scan, holders: a task that is blocked", KEY_WAIT, KEY_TASK_STATE, KEY_TGID, KEY_PID, KEY_COMM, \
	  KEY_CGROUP, KEY_SINCE, KEY_AGE, KEY_PFN, KEY_REFCOUNT, KEY_DEVICE, KEY_FILE, KEY_OFFSET, KEY_KERNEL_STACK, \
	  KEY_PFNS, KEY_OWNER_PID, KEY_OWNER_COMM, KEY_READ_OWNED, KEY_CHAIN, KEY_CHAIN_INFERRED, KEY_ENTRY_LOCKED, KEY_BEHIND) \
	X("scan-summary", "scan, holders: sums", KEY_FOLIOS, KEY_PAGES, KEY_FOLIOS_MAPPED, KEY_FOLIOS_PINNED, KEY_PINS, \
	  KEY_FOLIOS_UNKNOWN, KEY_FOLIOS_OVERPUT, KEY_BY_DEVICE, KEY_BY_FILE, KEY_BY_ORDER, KEY_BY_PROCESS, KEY_BY_CGROUP, KEY_NR_HOLDERS, KEY_WAITS, \
	  KEY_GAPS, KEY_INTERRUPTED) \
	X("unbind", "holders: of a device", KEY_DEVICE, KEY_UNBIND, KEY_BLOCKERS, KEY_FOLIOS, \
	  KEY_PGMAP_REFS_UNEXPLAINED, KEY_OPENERS, KEY_UNDER_WAY, KEY_MOUNT, KEY_SAYS) \
	X("change", "scan --delay: of folios", KEY_TIME, KEY_CHANGE, KEY_PFN, KEY_FOLIOS, KEY_ORDER, KEY_DEVICE, KEY_FILE, \
	  KEY_OFFSET, KEY_BEFORE, KEY_AFTER) \
	X("wait-change", "scan --delay: of a task", KEY_TIME, KEY_CHANGE, KEY_WAIT, KEY_TASK_STATE, KEY_TGID, KEY_PID, \
	  KEY_COMM, KEY_CGROUP, KEY_SINCE, KEY_AGE, KEY_PFN, KEY_REFCOUNT, KEY_DEVICE, KEY_FILE, KEY_OFFSET) \
	X("perf", "perf: what happened and how it ended, of all or of one of --by", KEY_WHAT, KEY_OUTCOME, KEY_COUNT, KEY_PAGES, \
	  KEY_HISTOGRAM) \
	X("perf-summary", "perf: the run", KEY_KERNEL, KEY_REGIME, KEY_START_TIME, KEY_END_TIME, KEY_FAULTS_BY_SIZE, \
	  KEY_OTHERS, KEY_MISSED_RUNS, KEY_GAPS) \
	X("probes", "probes", KEY_KERNEL, KEY_REGIME, KEY_PROBES) \
	X("rule-text", "rules", KEY_RULE, KEY_SAYS, KEY_TEXT, KEY_SOURCE, KEY_REGIMES, KEY_AT_THE_POINT, KEY_NEEDS)
/* clang-format on */

#endif
