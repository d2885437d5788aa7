#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# console.t: report/console, on canned consoles
set -eu
. "$(dirname "$0")/tap.sh"

console() { # name, qemu status; the console is on stdin
	mkdir -p "$T/$1"
	cat >"$T/$1/console"
	printf 'nonce=abc\nqemu_status=%s\nseconds=1\nwatchdog=9\n' "$2" >"$T/$1/boot"
	: >"$T/$1/qemu.log"
}
good_console() {
	cat <<-'EOF'
		[    0.000000] Linux version 7.3.4
		[    0.100000] pf: start abc
		[    0.200000] pf: run 1 /tests/a
		[    0.300000] pf|000001|TAP version 13
		[    0.300000] pf|000002|1..1
		[    0.300000] pf+000003|#  RUN           op.munmap_base_ov
		[    0.300000][    T1] pf|000004|erlap.safe ...
		[    0.300000] pf|000005|ok 1 op.munmap_base_overlap.safe
		[    0.400000] pf: exit 1 status 0
		[    0.500000] pf: tainted:
		[    0.500000] pf:   0
		[    0.600000] pf: end abc 5
	EOF
}
good_console | console good 0
check 'console: a good one' 0 '' "$HARNESS/report/console" "$T/good"
check 'console: a line in two pieces is joined' 0 'RUN +op.munmap_base_overlap.safe' cat "$T/good/ktap"
good_console | sed '/end abc/d' | console cut 0
check 'console: cut short at its end' '!' 'console cut short: it has no end mark' "$HARNESS/report/console" "$T/cut"
good_console | head -n 6 | console cut2 0
check 'console: cut short in a test' '!' 'test unfinished: /tests/a' "$HARNESS/report/console" "$T/cut2"
good_console | sed '/000002/d' | console gap 0
check 'console: a line is missing' '!' 'console cut short: line 2' "$HARNESS/report/console" "$T/gap"
good_console | sed 's/end abc/end xyz/' | console nonce 0
check "console: another run's end mark" '!' 'no end mark' "$HARNESS/report/console" "$T/nonce"
good_console | head -n 6 | console hung 124
check 'console: hung guest' '!' 'guest hung: the watchdog ended it after 9 s' "$HARNESS/report/console" "$T/hung"
good_console | head -n 6 | console killed 137
check 'console: QEMU that somebody else killed' '!' 'QEMU was killed after 1 s, and not by the watchdog' "$HARNESS/report/console" "$T/killed"
sed -i 's/^seconds=1$/seconds=9/' "$T/killed/boot"
check 'console: guest that the watchdog had to kill' '!' 'guest hung: the watchdog ended it after 9 s' "$HARNESS/report/console" "$T/killed"
good_console | sed '6a [    0.9] pf: kmemleak: scan: Operation not permitted' | console noscan 0
check 'console: kmemleak that has given up' '!' 'kmemleak cannot be had' "$HARNESS/report/console" "$T/noscan"
: | console mute 124
check 'console: kernel that does not boot' '!' 'does not boot' "$HARNESS/report/console" "$T/mute"
: | console noqemu 1
echo 'qemu: could not load kernel' >"$T/noqemu/qemu.log"
check 'console: QEMU that fails' '!' 'QEMU failed \(status 1\): qemu: could not load kernel' "$HARNESS/report/console" "$T/noqemu"
good_console | sed '2a [    0.1] Kernel panic - not syncing: Attempted to kill init!' | console panic 0
check 'console: panic' '!' 'kernel panic: Kernel panic' "$HARNESS/report/console" "$T/panic"
for splat in 'BUG: KASAN: slab-use-after-free in f' 'WARNING: possible circular locking dependency detected' \
	'WARNING: CPU: 0 PID: 1 at mm/memory.c:1 f' 'BUG: sleeping function called from invalid context at f.c:1' \
	'kmemleak: 2 new suspected memory leaks (see /sys/kernel/debug/kmemleak)' \
	'INFO: task init:1 blocked for more than 60 seconds.' 'BUG: Bad page state in process init' \
	'Oops: general protection fault, probably for non-canonical address' \
	'rcu: INFO: rcu_sched detected stalls on CPUs/tasks:'; do
	good_console | sed "4a [    0.1] $splat" | console splat 0
	check "console: $splat" '!' ': ' "$HARNESS/report/console" "$T/splat"
done
echo 'WARNING: .* at include/linux/fs\.h:[0-9]+ f\+' >"$T/known-warnings"
good_console | sed '4a [    0.1] WARNING: CPU: 0 PID: 1 at include/linux/fs.h:509 f+0x1/0x2' |
	sed 's/pf:   0/pf:   512/' | console known 0
# shellcheck disable=SC2016
check 'console: known warning of the base' 0 '^WARNING: at include/linux/fs.h:509 f' \
	env PF_KNOWN="$T/known-warnings" sh -c '"$1/report/console" "$2" && cat "$2/known"' sh "$HARNESS" "$T/known"
sed -i '5a [    0.1] WARNING: CPU: 0 PID: 1 at mm/memory.c:1 g+0x1/0x2' "$T/known/console"
check 'console: warning beside a known one' '!' 'kernel warning: .*mm/memory.c' env PF_KNOWN="$T/known-warnings" "$HARNESS/report/console" "$T/known"
good_console | sed 's/pf:   0/pf:   512/' | console taint 0
check 'console: taint that no message explains' '!' 'tainted 512: warning' "$HARNESS/report/console" "$T/taint"
good_console | sed 's/exit 1 status 0/exit 1 signal 11/' | console signal 0
check 'console: test that dies' '!' 'test died: /tests/a: signal 11' "$HARNESS/report/console" "$T/signal"
good_console | sed 's/exit 1 status 0/exit 1 timeout/' | console timeout 0
check 'console: test that hangs' '!' 'test hung: /tests/a' "$HARNESS/report/console" "$T/timeout"
good_console | sed '2a [    0.1] pf: module brd.ko failed: No such device' | console module 0
check 'console: module that does not load' '!' 'module brd.ko failed' "$HARNESS/report/console" "$T/module"

plan
