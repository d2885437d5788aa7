# SPDX-License-Identifier: GPL-2.0
# What the tests of the harness (harness/tests/*.t, for prove) have in common: sourced
# first, instead of lib/lib.sh. A file ends with "plan"; one that stops before has no plan,
# and so fails.
# shellcheck shell=sh

# Nothing of what the caller has set.
unset BASE ARCH CPU CONFIG LINUX KERNEL HEADERS TEST RUNS VARIANT ONLY DEPTH WITHOUT SERIES FROM FRESH SAVE HOSTS JOBS QEMU_CPU SELFTESTS
. "$(dirname "$0")/../lib/lib.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/paired-flush.XXXXXX")
trap 'rm -rf "$T"' EXIT
trap 'exit 143' INT TERM HUP
tests=0
failed=0

# check NAME STATUS PATTERN COMMAND...: the command must end with 0 ("0") or not ("!"),
# and have printed PATTERN, an extended regular expression; if that is empty, nothing.
# What it has printed is in $T/out.
check() {
	name=$1
	status=$2
	pattern=$3
	shift 3
	rc=0
	"$@" >"$T/out" 2>&1 || rc=$?
	why=
	if { [ "$status" = 0 ] && [ $rc != 0 ]; } || { [ "$status" = '!' ] && [ $rc = 0 ]; }; then
		why="exit status $rc"
	elif [ -z "$pattern" ] && [ "$status" = 0 ] && [ -s "$T/out" ]; then
		why="printed something"
	elif [ -n "$pattern" ] && ! grep -qE -- "$pattern" "$T/out"; then
		why="no \"$pattern\" in its output"
	fi
	tests=$((tests + 1))
	if [ -z "$why" ]; then
		printf 'ok %d - %s\n' $tests "$name"
		return 0
	fi
	failed=$((failed + 1))
	printf 'not ok %d - %s\n# %s\n' $tests "$name" "$why"
	head -n 20 "$T/out" | sed 's/^/#	/'
}

# skip NAME WHY: a test that cannot be had here
skip() {
	tests=$((tests + 1))
	printf 'ok %d - %s # SKIP %s\n' $tests "$1" "$2"
}

plan() {
	printf '1..%d\n' $tests
	[ $failed = 0 ]
	exit
}

# fake_top: a tree of its own in $F, with this harness and a base "tiny", and a kernel of
# four files for it, in $K. What is run as $F/harness/... finds all else in $F, and keeps
# what it keeps in a cache there.
# shellcheck disable=SC2034
fake_top() {
	F=$T/top
	K=$T/kernel
	PF_CACHE=$T/cache
	BASE=tiny
	LINUX=$K
	export PF_CACHE BASE LINUX
	HOME_OF=$F/bases/tiny
	L=$F/build/tiny-local/linux
	mkdir -p "$F/bases" "$F/lib" "$F/tools/testing/selftests/mm" \
		"$K/lib" "$K/mm" "$K/tools/testing/selftests/vm"
	ln -s "$HARNESS" "$F/harness"
	ln -s "$TOP/configs" "$F/configs"
	base tiny vm 'PERBASE=lib/perbase.h'
	echo '# head' >"$HOME_OF/series"
	echo kernel >"$K/Kbuild"
	seq 20 >"$K/lib/Makefile"
	seq 20 >"$K/mm/memory.c"
	echo x >"$K/tools/testing/selftests/vm/Makefile"
	printf '*.o\n/*\n' >"$K/.gitignore"
}

# base NAME SELFTESTS [LINE...]: a base of it
base() {
	mkdir -p "$F/bases/$1/patches"
	printf 'SOURCE=none\nSELFTESTS=%s\nARCHES=x86_64\n' "$2" >"$F/bases/$1/base"
	home=$F/bases/$1
	shift 2
	printf '%s\n' "$@" >>"$home/base"
}

# patch SUBJECT [LINE...]: a patch to stdout; the lines come between "---" and the diff,
# which is stdin
patch() {
	printf 'Subject: [PATCH] %s\n\nWhy: because.\n---\n' "$1"
	shift
	[ $# = 0 ] || printf '%s\n' "$@"
	printf '\n'
	cat
}

# change FILE LINE TEXT: the diff that puts TEXT in the place of a line of "seq 20"
change() {
	printf 'diff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n' "$1" "$1" "$1" "$1"
	seq 20 >"$T/old"
	sed "$2s/.*/$3/" "$T/old" | diff -u "$T/old" - | tail -n +3
}
