#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# start.sh [-v] - runs in the guest, under -icount: what the start and the end of daxtop's
# commands take, of as many empty programs on the functions of daxtop trace, and of bpftrace
# with trace.bt. Leaves in /out:
#
#	kernel, result	the latter of bench_start's lines
#	bpftrace	why it has no figures, or nothing
#
# -v is bench_start's.

set -u
verbose=${1:-}
cd /tmp || exit 2

die()
{
	echo "start.sh: $*" >&2
	exit 2
}

# measure OPTIONS-OF-bench_start NAME COMMAND...
measure()
{
	# shellcheck disable=SC2086 # none or one
	bench_start $verbose "$@" >>/out/result || die "a start could not be measured"
}

uname -r >/out/kernel
{
	mount -o remount,commit=3600,noinit_itable /mnt/ext4 &&
		echo 0 >/proc/sys/vm/dirty_writeback_centisecs &&
		echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs
} || die "periodic work of the kernel can't be put off"

# What is done once a boot: the kernel reads its own types at the first program.
daxtop scan >scan.out || die "daxtop scan: $(tail -n 2 scan.out)"
measure -r 'daxtop: ready' -x 'bench_floor learn >/tmp/floor' trace daxtop trace
measure scan daxtop scan
measure check daxtop check -- true
measure -r 'bench_floor: ready' floor bench_floor attach /tmp/floor

# On a kernel before the folio's own pgmap, what comes nearest: a start is measured, not events.
cp /root/trace.bt . || die "no script for bpftrace"
grep -q ' insert_page_into_pte_locked$' /proc/kallsyms ||
	sed -i -e 's/insert_page_into_pte_locked/vmf_insert_mixed_mkwrite/; s/args->page\>/args->vma/g' \
		-e 's/flags\.f\>/flags/g; s/->pgmap/->page.pgmap/g' trace.bt ||
	die "the script for bpftrace could not be changed"
# It can't load the program of gup_fast_fallback's return on every kernel: then it has no figures.
# shellcheck disable=SC2086 # none or one
bench_start $verbose -a Attaching bpftrace bpftrace /tmp/trace.bt >part 2>bpftrace.err && cat part >>/out/result
cat bpftrace.err >&2
sed -n 's/^ERROR: //p' bpftrace.err >/out/bpftrace
grep -q '^bpftrace all' /out/result || [ -s /out/bpftrace ] || die "bpftrace's start could not be measured"
