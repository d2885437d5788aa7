# What the tests of the harness (harness/tests/*.t, for prove) have in common: sourced
# first, instead of lib/lib.sh. A file ends with "plan"; one that stops before has no plan,
# and so fails.
# shellcheck shell=sh

# Nothing of what the caller has set.
unset BASE ARCH CPU CONFIG LINUX KERNEL HEADERS TEST RUNS VARIANT ONLY DEPTH WITHOUT FRESH SAVE HOSTS JOBS QEMU_CPU SELFTESTS
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
	mkdir -p "$HOME_OF/patches" "$F/lib" "$F/tools/testing/selftests/mm" \
		"$K/lib" "$K/mm" "$K/tools/testing/selftests/vm"
	ln -s "$HARNESS" "$F/harness"
	ln -s "$TOP/configs" "$F/configs"
	cat >"$HOME_OF/base" <<-'END'
		SOURCE=none
		SELFTESTS=vm
		ARCHES=x86_64
		PERBASE=lib/perbase.h
	END
	echo '# head' >"$HOME_OF/series"
	echo kernel >"$K/Kbuild"
	seq 20 >"$K/lib/Makefile"
	seq 20 >"$K/mm/memory.c"
	echo x >"$K/tools/testing/selftests/vm/Makefile"
	printf '*.o\n/*\n' >"$K/.gitignore"
}
