#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# selftest.t: an operation and a model are added to the selftest as CONTRIBUTING.md says, and
# give the tests that it names. Needs the headers of kselftest, which make stock has left.
# shellcheck disable=SC2317
set -eu
. "$(dirname "$0")/tap.sh"
. "$HARNESS/lib/oldest.sh"
S=$T/source
M=tools/testing/selftests/mm
mkdir -p "$S/$M" "$S/lib"
headers=$BUILD/stock/kselftest/tools/testing/selftests
if [ -f "$headers/kselftest_harness.h" ]; then
	cp "$headers"/*.h "$S/tools/testing/selftests/"
else
	repo=$(find "$BUILD" -mindepth 2 -maxdepth 2 -name repo.git | sort -V | head -n 1)
	git --git-dir="$repo" archive base tools/testing/selftests/kselftest.h tools/testing/selftests/kselftest_harness.h 2>/dev/null |
		tar -x -C "$S" 2>/dev/null || {
		echo 'Bail out!  there are no headers of kselftest: make stock BASE=6.12 first'
		exit 1
	}
fi
chmod a+x "$T"
# as they are, before each addition
fresh() {
	rm -rf "${S:?}/$M"
	oldest_selftest "$S"
}
echo 'int __wrap_geteuid(void); int __wrap_geteuid(void) { return 0; }' >"$T/root.c"
build() { (cd "$S/$M" && gcc -Wall -Werror -o "$T/secondary_tlb" -Wl,--wrap=geteuid "$T/root.c" secondary_tlb.c -D_GNU_SOURCE= -I .. -I ../../../.. -lpthread); }
# tests PATTERN: those that would run, had this machine the device. By a user who cannot
# change its settings, and whom the program is built to take for root.
nobody=
[ "$(id -u)" != 0 ] || nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
tests() {
	{ $nobody "$T/secondary_tlb" "$1" 2>/dev/null || true; } | awk '
		/^#  RUN / { name = $3 }
		/^# stlb: test=/ { identity = $0 }
		/^# stlb: chosen=no/ { name = "" }
		/^#  *OK / { if (name == $3) print name, identity }'
}
# about WHAT: what CONTRIBUTING.md says of it
about() { awk -v begin="**$1**" 'index($0, "**") == 1 { on = index($0, begin) == 1 } /^## / { on = 0 } on' "$TOP/CONTRIBUTING.md"; }
# However it is wrapped.
flat() { tr '\t\n\134' '   ' | tr -s ' '; }
flat_has() { flat <"$1" | grep -cF -- "$(flat <"$2")" >/dev/null; }

# What the text names is there.
for what in 'An operation' 'A model'; do
	# shellcheck disable=SC2016
	about "$what" | tr '\n' ' ' | grep -o '`[^`]*`' | tr -d '`' | sort -u >"$T/names"
	check "$what: the text has names" 0 '' test -s "$T/names"
	while read -r name; do
		case $name in
		'make '*) check "$what: $name" 0 '' test -x "$HARNESS/commands/$(echo "$name" | cut -d ' ' -f 2)" ;;
		*/*) check "$what: $name" 0 '' test -f "$TOP/$name" ;;
		*.*.*) ;;
		expected) ;;
		*) check "$what: $name" 0 . grep -F -- "$(echo "$name" | sed 's/()$/(/; s/\[\]$/[/')" "$TOP/$M/secondary_tlb.c" "$TOP/lib/test_secondary_tlb.c" "$TOP/lib/test_secondary_tlb_uapi.h" ;;
		esac
	done <"$T/names"
done

# --- an operation
about 'An operation' | sed -n 's/^    //p' >"$T/example"
sed '/^\.\.\.$/,$d' "$T/example" >"$T/function"
sed '1,/^\.\.\.$/d' "$T/example" >"$T/row"
check 'operation: the function is as in the selftest' 0 '' flat_has "$TOP/$M/secondary_tlb.c" "$T/function"
check 'operation: ... and the row' 0 '' flat_has "$TOP/$M/secondary_tlb.c" "$T/row"
# add NAME SIZES: the example once more, under another name
add() {
	sed "s/writeback/$1/" "$T/function" >"$T/f"
	sed "s/writeback/$1/g; s/, B)/, $2) \\\\/" "$T/row" >"$T/r"
	sed -i -e "/^#define OPS(X)/r $T/r" "$S/$M/secondary_tlb.c"
	# before the comment above the table
	awk -v f="$T/f" '/^ \* The table of operations/ { while ((getline line <f) > 0) print line; print "" } { if (held) print prev; prev = $0; held = 1 } END { print prev }' \
		"$S/$M/secondary_tlb.c" >"$T/c"
	cp "$T/c" "$S/$M/secondary_tlb.c"
}
fresh
check 'operation: the selftest as it is builds' 0 '' build
check 'operation: ... and has none of that name' 0 '' tests 'added*'
add added B
check 'operation: added, it builds' 0 '' build
about 'An operation' | grep -oE '(op|flush)\.[a-z_]*\.[a-z]+' | sed 's/writeback/added/' | sort >"$T/named"
tests 'added*' >"$T/got"
check 'operation: the text names tests' 0 '^3$' sh -c "wc -l <'$T/named'"
check 'operation: ... which are those that it gives' 0 '' sh -c "cut -d ' ' -f 1 '$T/got' | sort | diff '$T/named' -"
check 'operation: ... with their names for the report' 0 'test=added size=base model=refill check=safe$' cat "$T/got"
fresh
add added MT
check 'operation: a new combination of sizes does not build' '!' 'SIZES_MT' build
sed -i 's/^#define SIZES_B(op).*/&\n#define SIZES_MT(op)	SIZES_M(op) SIZES_T(op)/' "$S/$M/secondary_tlb.c"
check 'operation: ... until it has its SIZES_ macro' 0 '' build
check 'operation: ... and then gives tests of these' 0 '^op.added_thp_cover.safe ' tests 'added*'

# --- a model
fresh
check 'model: the selftest as it is builds' 0 '' build
tests '*' | grep -c '_refill.safe' >"$T/refill" || true
sed -i 's/^	STLB_NR_MODELS,/	STLB_MODEL_ADDED,\n&/; s/^ \* @STLB_NR_MODELS/ * @STLB_MODEL_ADDED: as overlap.\n&/' "$S/lib/test_secondary_tlb_uapi.h"
sed -i '/^static const char \* const model_names/,/^};/s/"refill"/"refill", "added"/' "$S/$M/secondary_tlb.c"
sed -i 's/^#define ADD_SMALL(.*/&\n	ADD_OP(_op, _size, SIZE, added, ADDED) \\/' "$S/$M/secondary_tlb.c"
check 'model: added, it builds' 0 '' build
check 'model: an operation has a test of it' 0 '^op.writeback_base_added.safe .* model=added check=safe$' tests writeback
tests '*' >"$T/got"
check 'model: ... all together as many as of refill' 0 "^$(cat "$T/refill")\$" sh -c "grep -c '_added.safe' '$T/got'"
check 'model: ... which are some' 0 '' test "$(cat "$T/refill")" -gt 9
# The driver takes what the header has.
check 'model: the driver has no list of its own' 0 'model >= STLB_NR_MODELS' grep -n STLB_NR_MODELS "$TOP/lib/test_secondary_tlb.c"
for mutant in "$HARNESS"/tests/mutants/*.patch; do
	check "model: the mutant ${mutant##*/} applies" 0 '' git -C "$TOP" apply --check "$mutant"
	check 'model: ... and says which tests notice it' 0 '^Tests: ' cat "$mutant"
done

plan
