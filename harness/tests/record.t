#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# record.t: lib/record.sh, and what guest/boot takes from records instead of booting
set -eu
. "$(dirname "$0")/tap.sh"
PF_CACHE=$T/cache
CACHE=$PF_CACHE
export PF_CACHE
. "$(dirname "$0")/../lib/record.sh"

# put KEY TEXT: a record of two files
put() {
	tmp=$(record_new kind)
	printf '%s\n' "$2" >"$tmp/one"
	seq 1000 >"$tmp/two"
	record_put kind "$1" "$tmp"
}
# shellcheck disable=SC2317 # called by check
have() { record_have kind "$1" && cat "$record/one"; }
# shellcheck disable=SC2317
left() { find "$RECORDS/kind" -mindepth 1 -maxdepth 1 ! -name "$1"; }

check 'record: none' '!' '' have a
cp "$T/out" "$T/said"
check 'record: ... and nothing to say of it' 0 '' cat "$T/said"
put a first
check 'record: one that was put' 0 '^first$' have a
put a second
check 'record: one that takes the place of another' 0 '^second$' have a
check 'record: ... and leaves nothing beside it' 0 '' left a
for damage in 'echo x >>two' ': >two' 'rm two' 'truncate -s 100 two' 'rm sums' ': >sums' \
	'echo nonsense >sums' 'sed -i /two/d sums' 'truncate -s -20 sums'; do
	put b good
	(cd "$RECORDS/kind/b" && sh -c "$damage")
	check "record: damaged by \"$damage\"" '!' 'note: the record .*/kind/b is damaged and not used' have b
done
put b anew
check 'record: in the place of a damaged one' 0 '^anew$' have b
tmp=$(record_new kind)
echo half >"$tmp/one"
check 'record: what is being written is none' 0 '^2$' sh -c "ls '$RECORDS/kind' | wc -l"
rm -rf "$tmp"

for writer in 1 2 3; do
	(
		n=0
		while [ $((n += 1)) -le 20 ]; do
			put c "writer $writer"
		done
	) &
done
wait
check 'record: of many writers at once, one is there' 0 '^writer [123]$' have c
check 'record: ... and nothing else' 0 '' sh -c "ls -A '$RECORDS/kind' | grep -vx '[abc]' || true"

# --- boot, with a QEMU that writes a console from a file, and counts
mkdir "$T/bin"
cat >"$T/bin/qemu-system-x86_64" <<'END'
#!/bin/sh
if [ "$1" = --version ]; then
	echo 'QEMU emulator version 7.2.99 (a fake)'
	exit
fi
echo "$@" >>"$FAKE/calls"
while [ $# -gt 0 ]; do
	case $1 in
	-serial) console=${2#file:} ;;
	-append) nonce=${2##*pf.nonce=} ;;
	esac
	shift
done
sed "s/NONCE/$nonce/" "$FAKE/console" >"$console"
END
chmod +x "$T/bin/qemu-system-x86_64"
PATH=$T/bin:$PATH
FAKE=$T
export PATH FAKE
cat >"$T/console" <<'END'
[    0.000000] Linux version 7.3.4
[    0.100000] pf: start NONCE
[    0.200000] pf: run 1 /tests/a
[    0.300000] pf|000001|1..1
[    0.300000] pf|000002|ok 1 a.safe
[    0.400000] pf: exit 1 status 0
[    0.600000] pf: end NONCE 2
END
cp "$T/console" "$T/good"
echo image >"$T/image"
echo initrd >"$T/initrd"
# shellcheck disable=SC2317
boot() { rm -rf "$T/guest" && "$HARNESS/guest/boot" "$T/guest" "$T/image" "$T/initrd" "$@"; }
# booted NAME N: so often, since the last time
booted() {
	check "boot: $1" 0 "^$2\$" sh -c "cat '$T/calls' 2>/dev/null | wc -l"
	rm -f "$T/calls"
}
check 'boot: a guest' 0 '' boot
booted '... is booted' 1
check 'boot: ... and has its console' 0 'ok 1 a.safe' cat "$T/guest/ktap"
check 'boot: the same again' 0 '' boot
booted '... is not' 0
check 'boot: ... has its console' 0 'ok 1 a.safe' cat "$T/guest/ktap"
check 'boot: ... and says that it is old' 0 '^recorded=2' cat "$T/guest/boot"
check 'boot: FRESH=1' 0 '' env FRESH=1 "$HARNESS/guest/boot" "$T/guest" "$T/image" "$T/initrd"
booted '... boots' 1
check 'boot: another argument' 0 '' boot kunit.filter_glob=none
booted '... boots' 1
check 'boot: another CPU' 0 '' env CPU=qemu64 "$HARNESS/guest/boot" "$T/guest" "$T/image" "$T/initrd"
booted '... boots' 1
echo other >"$T/initrd"
check 'boot: another initrd' 0 '' boot
booted '... boots' 1
echo other >"$T/image"
check 'boot: another image' 0 '' boot
booted '... boots' 1
check 'boot: ... and is not booted again' 0 '' boot
booted '... either' 0
sed -i 's/7\.2\.99/7.2.100/' "$T/bin/qemu-system-x86_64"
check 'boot: another QEMU' 0 '' boot
booted '... boots' 1
truncate -s 20 "$(grep -l . "$RECORDS/boot/$(cat "$T/guest/record")/console.gz")"
check 'boot: a damaged record' 0 'note: the record .* is damaged' boot
booted '... boots' 1
check 'boot: ... and has a good one then' 0 '' boot
booted '... in its place' 0
for wrong in '2a [    0.1] Kernel panic - not syncing: x' '/end NONCE/d' '/000002/d' 's/status 0/timeout/'; do
	sed "$wrong" "$T/good" >"$T/console"
	check "boot: wrong ($wrong)" '!' . boot "$wrong"
	cp "$T/good" "$T/console"
	rm -f "$T/calls"
	check 'boot: ... is not recorded: right the next time' 0 '' boot "$wrong"
	booted '... as it boots' 1
done

plan
