#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# shared.t: make save, where bases share patches and whole files: what was edited goes to
# where it came from. "newer" is the newest base, "tiny" takes patches from it.
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
base newer mm 'NEWEST=1'
N=$F/bases/newer
# shellcheck disable=SC2317 # called by check
tree() { BASE=$1 "$F/harness/commands/tree"; }
# shellcheck disable=SC2317
save() { BASE=$1 "$F/harness/commands/save"; }
snapshot() { (cd "$F" && find bases lib mm -type f -exec sha256sum {} +) | sort; }

# amend BASE SUBJECT COMMAND: in its tree, in the commit with that subject; then save
amend() {
	L=$F/build/$1-local/linux
	tree "$1" >"$T/tree.log" 2>&1
	snapshot >"$T/before"
	commits=$(git -C "$L" rev-list --reverse refs/tags/base..series)
	git -C "$L" checkout -q --detach refs/tags/base
	for commit in $commits; do
		git -C "$L" cherry-pick "$commit" >"$T/pick.log" 2>&1
		[ "$(git -C "$L" log -1 --format=%s)" != "$2" ] || {
			(cd "$L" && sh -c "$3")
			git -C "$L" commit -q -a --amend --no-edit --allow-empty
		}
	done
	git -C "$L" checkout -q -B series
	check "save: $1, $2: $3" 0 'saved [0-9]+ patches' save "$1"
	snapshot | diff "$T/before" - | sed -n 's/^[<>] .*  //p' | sort -u >"$T/changed"
}
# changed FILE...: these were, and no others
changed() {
	printf '%s\n' "$@" | sort >"$T/expected"
	check "save: ... is written to $(echo "$@" | sed 's/bases.//g')" 0 '' diff "$T/expected" "$T/changed"
}

change lib/Makefile 5 five | patch 'lib: add driver' 'Files: lib/driver.c' >"$N/patches/lib-add-driver.patch"
change lib/Makefile 18 eighteen | patch 'mm: shared' >"$N/patches/mm-shared.patch"
patch 'mm: replace memory' 'Replaces: mm/memory.c' </dev/null >"$N/patches/mm-replace-memory.patch"
printf '# head\nlib-add-driver # kit\nmm-shared\nmm-replace-memory\n' >"$N/series"
mkdir -p "$F/mm" "$HOME_OF/mm" "$HOME_OF/lib"
seq 20 | sed 's/^1$/first/' >"$F/mm/memory.c"
seq 100 120 >"$F/lib/driver.c"
change mm/memory.c 18 eighteen | sed 1d >"$HOME_OF/mm/memory.c.diff"
sed -i '/^diff/d; s/^ 1$/ first/' "$HOME_OF/mm/memory.c.diff"
change lib/Makefile 11 eleven | patch 'lib: own' >"$HOME_OF/patches/lib-own.patch"
# Where the hunks are, is another line than in the other base.
sed -i '1i newer:lib-add-driver # kit\n# own\nlib-own\nnewer:mm-shared # after lib-own\nnewer:mm-replace-memory' "$HOME_OF/series"

# As save writes them.
amend newer 'lib: add driver' 'sed -i s/five/fuenf/ lib/Makefile'
for base in newer tiny; do
	snapshot >"$T/before"
	check "tree: $base" 0 '[34] patches' tree $base
	check "save: $base, as it is" 0 'nothing to save' save $base
	snapshot >"$T/after"
	check "save: ... writes nothing" 0 '' diff "$T/before" "$T/after"
done

# --- an own patch, before those of another base
amend tiny 'lib: own' 'sed -i s/eleven/elf/ lib/Makefile'
changed bases/tiny/patches/lib-own.patch
cp "$HOME_OF/series" "$T/series"
amend tiny 'lib: own' 'sed -i "1i first\nsecond" lib/Makefile'
changed bases/tiny/patches/lib-own.patch
check 'save: what comes after it is still of the other base' 0 '' diff "$T/series" "$HOME_OF/series"

# --- new files
amend newer 'lib: add driver' 'echo int driver >>lib/driver.c'
changed lib/driver.c
amend tiny 'lib: add driver' 'echo int driver2 >>lib/driver.c'
changed lib/driver.c
check 'save: ... and the patch is still of the other base' 0 '' diff "$T/series" "$HOME_OF/series"
cat >"$HOME_OF/lib/driver.c.diff" <<'END'
--- a/lib/driver.c
+++ b/lib/driver.c
@@ -1,3 +1,4 @@
+old
 100
 101
 102
END
amend tiny 'lib: add driver' 'sed -i s/old/older/ lib/driver.c'
changed bases/tiny/lib/driver.c.diff
check 'save: ... as a difference' 0 '^\+older$' cat "$HOME_OF/lib/driver.c.diff"
check 'save: ... and the patch is still of the other base' 0 '' diff "$T/series" "$HOME_OF/series"
amend newer 'lib: add driver' 'echo int driver3 >>lib/driver.c'
changed lib/driver.c
amend tiny 'lib: add driver' 'sed -i /older/d lib/driver.c'
changed bases/tiny/lib/driver.c.diff
check 'save: no difference is no file' '!' . cat "$HOME_OF/lib/driver.c.diff"

# --- the kernel's own
amend newer 'mm: replace memory' 'sed -i s/first/FIRST/ mm/memory.c'
changed mm/memory.c
amend tiny 'mm: replace memory' 'sed -i s/eighteen/achtzehn/ mm/memory.c'
changed bases/tiny/mm/memory.c.diff
check 'save: ... as a difference' 0 '^\+achtzehn$' cat "$HOME_OF/mm/memory.c.diff"
check 'save: ... and the patch is still of the other base' 0 '' diff "$T/series" "$HOME_OF/series"

# --- a patch of another base
amend tiny 'mm: shared' 'sed -i s/eighteen/achtzehn/ lib/Makefile'
changed bases/tiny/patches/mm-shared.patch bases/tiny/series
check "save: another base's patch becomes an own one" 0 '^mm-shared # after lib-own$' cat "$HOME_OF/series"
check 'save: ... and others do not' 0 '^newer:mm-replace-memory$' cat "$HOME_OF/series"
check 'save: ... and keep their marks' 0 '^newer:lib-add-driver # kit$' cat "$HOME_OF/series"
check 'tree: of that' 0 '4 patches' tree tiny
check 'save: ... is as it is' 0 'nothing to save' save tiny
amend newer 'mm: shared' 'sed -i s/eighteen/dixhuit/ lib/Makefile'
changed bases/newer/patches/mm-shared.patch
snapshot >"$T/before"
L=$F/build/newer-local/linux
git -C "$L" commit -q --amend -m 'mm: replaced'
check 'save: a patch that another base takes keeps its name' '!' 'bases/tiny/series takes newer:mm-replace-memory, which .*' save newer
snapshot >"$T/after"
check 'save: ... or nothing is written' 0 '' diff "$T/before" "$T/after"

plan
