#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# cost.sh - runs in the guest, under -icount: every test of bench_load with nothing
# attached, with empty programs on daxtop's functions, with daxtop, with bpftrace, and
# with nothing again. Leaves /out/result; a line: configuration, then bench_load's.

set -u
TESTS="dax dax-2m anon cache fork gup gup-mixed"
cd /tmp || exit 2

die()
{
	echo "cost.sh: $*" >&2
	exit 2
}

# wait_for PATTERN FILE PID: until the process has written that.
wait_for()
{
	i=0
	until grep -q "$1" "$2" 2>/dev/null; do
		kill -0 "$3" 2>/dev/null || die "it ended early: $(cat "$2")"
		i=$((i + 1))
		[ $i -lt 600 ] || die "not ready after a minute: $(cat "$2")"
		usleep 100000
	done
}

# load CONFIGURATION [OPTION...]
load()
{
	name=$1
	shift
	# shellcheck disable=SC2086 # a list
	bench_load "$@" $TESTS >part || die "bench_load could not measure ($name)"
	sed "s/^/$name /" part >>/out/result
}

# end PID: as a user does it.
end()
{
	kill -INT "$1"
	wait "$1"
}

uname -r >/out/kernel

# What the system does by itself every few seconds would fall into one loop or another.
{
	mount -o remount,commit=3600,noinit_itable /mnt/ext4 &&
		echo 0 >/proc/sys/vm/dirty_writeback_centisecs &&
		echo 720000 >/proc/sys/fs/xfs/xfssyncd_centisecs &&
		echo never >/sys/kernel/mm/transparent_hugepage/enabled
} || die "periodic work of the kernel can't be put off"

# What is made once: slabs, page tables, the files' directories.
# shellcheck disable=SC2086
bench_load $TESTS >/dev/null || die "bench_load could not measure"
load none

daxtop trace --ring-size 64M >daxtop.out 2>daxtop.err &
pid=$!
wait_for 'daxtop: ready' daxtop.err $pid
bench_floor learn >floor || die "what daxtop has attached could not be learnt"
wc -l <floor >/out/programs
load daxtop --reader $pid
end $pid
# "received N  lost N  missed program runs N": lost records cost less
tail -n 40 daxtop.out | grep '^received' >part
grep -q '^received [0-9]*  lost 0  missed program runs 0$' part ||
	die "daxtop has lost events, so the figures are not those of recording: $(cat part)"
rm daxtop.out

bench_floor attach floor 2>floor.err &
pid=$!
wait_for 'bench_floor: ready' floor.err $pid
load floor
end $pid

# Pages of the buffer: all records of one loop, as with daxtop.
BPFTRACE_PERF_RB_PAGES=4096 bpftrace -o bpftrace.out /root/trace.bt 2>bpftrace.err &
pid=$!
wait_for 'Attaching' bpftrace.out $pid
# It says so before it does it.
sleep 3
load bpftrace --reader $pid
end $pid
! grep -q '^Lost' bpftrace.out || die "bpftrace has lost events: $(grep '^Lost' bpftrace.out | head -n 1)"
for event in fault unmap free; do
	n=$(grep -c "^$event " bpftrace.out)
	[ "$n" -ge 40000 ] || die "bpftrace has seen $n events \"$event\" of 40000"
done

load again
