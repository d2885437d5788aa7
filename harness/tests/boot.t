#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# boot.t: guest/boot on a real kernel in QEMU: each way in which a guest goes wrong must be
# told from the others. The kernel is Debian's, of the oldest base that make stock has taken.
set -eu
. "$(dirname "$0")/tap.sh"
kernel=$(printf '%s\n' "$BUILD"/stock/*/root/boot/vmlinuz-* | sort -V | head -n 1)
[ -f "$kernel" ] || {
	echo 'Bail out!  there is no kernel to boot: make stock BASE=6.1 first'
	exit 1
}

# The module is in the key of its boot, which any clone may use.
# shellcheck disable=SC2016
check 'stock: the module names no directory of this clone' 0 '' sh -c '[ -f "$1" ] && ! grep -lF "$0" "$@"' "$TOP" \
	"$BUILD"/stock/*/module/test_secondary_tlb.ko

# guest NAME: an initrd from $T/NAME.c, or from the real init if there is none,
# with the programs in $T/NAME.tests
guest() {
	mkdir -p "$T/$1.root/tests"
	init=$T/$1.c
	[ -f "$init" ] || init=$HARNESS/guest/init.c
	gcc -static -O2 -Wall -o "$T/$1.root/init" "$init"
	for program in "$T/$1.tests"/*.c; do
		[ ! -f "$program" ] || gcc -static -O2 -o "$T/$1.root/tests/$(basename "$program" .c)" "$program"
	done
	[ ! -f "$T/$1.tests/list" ] || cp "$T/$1.tests/list" "$T/$1.root/tests/"
	(cd "$T/$1.root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$T/$1.cpio"
}

# expect NAME SECONDS PATTERN WHAT: boot it; the harness must fail, and say PATTERN
expect() {
	check "boot: $4" '!' "$3" env PF_WATCHDOG="$2" "$HARNESS/guest/boot" "$T/$1.out" "${image:-$kernel}" "$T/$1.cpio"
	cp "$T/out" "$T/$1.said"
}

printf '#include <unistd.h>\nint main(void) { sleep(1); return 1; }\n' >"$T/panic.c"
guest panic
expect panic 120 'kernel panic: .*Attempted to kill init' 'init that exits: a panic'
printf '#include <unistd.h>\nint main(void) { for (;;) pause(); }\n' >"$T/hang.c"
guest hang
expect hang 40 'guest hung: the watchdog ended it after 40 s' 'init that hangs'
cat >"$T/cut.c" <<-'END'
	#include <sys/reboot.h>
	#include <unistd.h>
	int main(void) { sleep(1); return reboot(RB_AUTOBOOT); }
END
guest cut
expect cut 120 'init did not start' 'machine that restarts before its tests'
mkdir "$T/bad.tests"
printf 'int main(void) { for (;;) ; }\n' >"$T/bad.tests/spin.c"
printf 'int main(void) { return *(volatile int *)0; }\n' >"$T/bad.tests/fault.c"
cat >"$T/bad.tests/reboot.c" <<-'END'
	#include <stdio.h>
	#include <sys/reboot.h>
	int main(void) { puts("1..1"); fflush(stdout); return reboot(RB_AUTOBOOT); }
END
printf '3 /tests/spin\n9 /tests/fault\n9 /tests/none\n9 /tests/reboot\n' >"$T/bad.tests/list"
guest bad
expect bad 120 'test hung: /tests/spin' 'test that hangs is killed, and the next ones run'
for pattern in 'test died: /tests/fault: signal 11' 'test died: /tests/none: exit status 127' \
	'test unfinished: /tests/reboot' 'console cut short: it has no end mark' 'guest: .*ram0'; do
	check "boot: ... $pattern" 0 "$pattern" cat "$T/bad.said"
done
head -c 100000 /dev/zero >"$T/zero"
image=$T/zero
cp "$T/cut.cpio" "$T/zero.cpio"
expect zero 20 'QEMU failed|does not boot' 'a file that is no kernel'

plan
