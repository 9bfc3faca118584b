#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2086 # lists of tests are words of their own
#
# cost.sh - runs in the guest, under -icount: every test of bench_load with nothing
# attached, with empty programs on daxtop's functions, with daxtop, with bpftrace, and
# with nothing again; those that the rules are about also with daxtop trace without its
# rules and with daxtop check. Leaves /out/result; a line: configuration, then bench_load's.

set -u
TESTS="dax dax-2m anon cache fork gup gup-mixed"
RULE_TESTS="dax dax-2m gup-dax"
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

# load CONFIGURATION OPTIONS-AND-TESTS...
load()
{
	name=$1
	shift
	echo "cost.sh: measuring $name"
	bench_load "$@" >part || die "bench_load could not measure ($name)"
	sed "s/^/$name /" part >>/out/result
}

# end PID: as a user does it.
end()
{
	kill -INT "$1"
	wait "$1"
}

# trace_end PID: and what it has printed.
trace_end()
{
	end "$1"
	# "received N  lost N  missed program runs N": lost records cost less
	tail -n 40 daxtop.out | grep '^received' >part
	grep -q '^received [0-9]*  lost 0  missed program runs 0$' part ||
		die "daxtop has lost events, so the figures are not those of recording: $(cat part)"
	rm daxtop.out
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
bench_load $TESTS gup-dax >/dev/null || die "bench_load could not measure"
load none $TESTS gup-dax

daxtop trace --ring-size 64M >daxtop.out 2>daxtop.err &
pid=$!
wait_for 'daxtop: ready' daxtop.err $pid
bench_floor learn >floor || die "what daxtop has attached could not be learnt"
wc -l <floor >/out/programs
load daxtop --reader $pid $TESTS gup-dax
trace_end $pid

DAXTOP_NO_RULES=1 daxtop trace --ring-size 64M >daxtop.out 2>daxtop.err &
pid=$!
wait_for 'daxtop: ready' daxtop.err $pid
load no-rules --reader $pid $RULE_TESTS
trace_end $pid

daxtop check --ring-size 64M >daxtop.out 2>daxtop.err &
pid=$!
wait_for 'daxtop: ready' daxtop.err $pid
load check --reader $pid $RULE_TESTS
end $pid || die "daxtop check does not say CLEAN: $(tail -n 1 daxtop.out)"

bench_floor attach floor 2>floor.err &
pid=$!
wait_for 'bench_floor: ready' floor.err $pid
load floor $TESTS
end $pid

# Pages of the buffer: all records of one loop, as with daxtop.
BPFTRACE_PERF_RB_PAGES=4096 bpftrace -o bpftrace.out /root/trace.bt 2>bpftrace.err &
pid=$!
wait_for 'Attaching' bpftrace.out $pid
# It says so before it does it.
sleep 3
load bpftrace --reader $pid $TESTS
end $pid
! grep -q '^Lost' bpftrace.out || die "bpftrace has lost events: $(grep '^Lost' bpftrace.out | head -n 1)"
for event in fault unmap free; do
	n=$(grep -c "^$event " bpftrace.out)
	[ "$n" -ge 40000 ] || die "bpftrace has seen $n events \"$event\" of 40000"
done

load again $TESTS
