#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# compose.t: prepare/compose and source, by way of make tree and alone: a series becomes commits
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
# shellcheck disable=SC2317 # called by check
tree() { "$F/harness/commands/tree"; }
# shellcheck disable=SC2317
alone() { DEPTH=applies "$F/harness/commands/alone"; }
# of REF PATH: a file of the commit
# shellcheck disable=SC2317
of() { git --git-dir="$F/build/tiny-local/repo.git" show "refs/pf/$1:$2"; }

mkdir -p "$T/patches"
change lib/Makefile 5 five | patch 'lib: add driver' 'Files: lib/driver.c' >"$T/patches/lib-add-driver.patch"
change mm/memory.c 15 fifteen | patch 'mm: change memory' >"$T/patches/mm-change-memory.patch"
printf '# head\nlib-add-driver # kit\nmm-change-memory\n' >"$T/series"
echo 'int driver;' >"$F/lib/driver.c"
fresh() {
	rm -f "$HOME_OF"/patches/*
	cp "$T/patches"/* "$HOME_OF/patches/"
	cp "$T/series" "$HOME_OF/series"
}
fresh
check 'compose: two patches' 0 '2 patches' tree
check 'compose: the same again' 0 '2 patches' tree
check 'compose: control is the kit alone' 0 '^15$' of control mm/memory.c
check 'compose: ... with its file' 0 '^int driver;$' of control lib/driver.c
check 'compose: series is all of it' 0 '^fifteen$' of series mm/memory.c

# --- alone
check 'alone: a patch that needs no other' 0 '^mm-change-memory +yes ' alone
sed -i 's/ # kit//; s/^mm-change.*/& # after lib-add/' "$HOME_OF/series"
check 'alone: on the one that it names' 0 '^mm-change-memory +yes +- +lib-add$' alone
sed -i 's/lib-add$/nothing/' "$HOME_OF/series"
check 'alone: names one that is not before it' '!' 'is after nothing.*: no patch before' alone
fresh

# --- without
# shellcheck disable=SC2317
without() {
	WITHOUT=$1 SELFTESTS=vm FLAVOUR=x86_64 "$F/harness/prepare/compose" "$F/build/tiny-local/repo.git" "$HOME_OF" "$F" &&
		of without-x86_64 mm/memory.c
}
check 'without: the series less one patch' 0 '^15$' without mm-change
check 'without: no such patch' '!' 'no patch in .* begins so' without nothing

# --- what cannot be composed
sed -i 's/^---$/---\nv2: a note/' "$HOME_OF/patches/mm-change-memory.patch"
check 'compose: notes that save would lose' '!' 'there can be no notes.*v2: a note' tree
fresh
sed -i 's/^ 14$/ fourteen/' "$HOME_OF/patches/mm-change-memory.patch"
check 'compose: patch that does not apply' '!' 'mm-change-memory.patch does not apply' tree
check 'compose: ... says where' '!' 'mm/memory.c:12' tree
fresh
rm "$F/lib/driver.c"
check 'compose: named file that does not exist' '!' 'names lib/driver.c, which does not exist' tree
echo 'int driver;' >"$F/lib/driver.c"
echo 'nothing' >>"$HOME_OF/series"
check 'compose: patch in the series that does not exist' '!' 'names nothing, but there is no .*/patches/nothing.patch' tree
fresh
sed -i 's/^lib-add-driver/nothing/' "$HOME_OF/series"
check 'compose: ... of which others follow, is said, and nothing else' '!' 'names nothing, but there is no' tree
cp "$T/out" "$T/said"
check 'compose: ... once' 0 '^1$' grep -c '^[^[]' "$T/said"
fresh
echo 'lib-add-driver after' >>"$HOME_OF/series"
check 'compose: what follows a name is known' '!' 'only "# kit" or "# after NAME..." may follow a name' tree
fresh

# --- what the base has already
have() { # TEXT: a kernel of which line 15 of mm/memory.c is another
	seq 20 | sed "15s/.*/$1/" >"$K/mm/memory.c"
}
upstream() { printf '%s\n' "$*" | tr '|' '\t' >"$HOME_OF/upstream"; }
# shellcheck disable=SC2317
save() { "$F/harness/commands/save"; }
have fifteen
check 'upstream: the same change' 0 '^note: mm-change-memory is left out: the base has this change$' tree
check 'upstream: ... and the rest is there' 0 '1 patches' tree
check 'upstream: ... said each time' 0 'mm-change-memory is left out' tree
check 'upstream: ... no patch to save' '!' 'mm-change-memory: the base has this change' save
check 'upstream: ... nor to be without' '!' 'WITHOUT=mm-change: mm-change-memory is not in the series here' without mm-change
check 'upstream: ... nor to stand alone' 0 '' sh -c "DEPTH=applies '$F/harness/commands/alone' 2>/dev/null | grep mm-change || true"
sed -i 's/^mm-change.*/&\nmm-more # after mm-change/' "$HOME_OF/series"
change mm/memory.c 3 three | patch 'mm: more' >"$HOME_OF/patches/mm-more.patch"
check 'upstream: ... and what is after it has it' 0 '^mm-more +yes ' alone
fresh
have 'fuenf zehn'
check 'upstream: another change, not listed' '!' 'mm-change-memory.patch does not apply' tree
upstream 'mm-change|6.1.5|mm/memory.c|fuenf zehn'
sed -i '1i # head' "$HOME_OF/upstream"
check 'upstream: ... listed' 0 '^note: mm-change-memory is left out: upstream cured it in 6.1.5: mm/memory.c has "fuenf zehn"$' tree
check 'upstream: ... is left out' 0 '1 patches' tree
check 'upstream: ... so that the series has what the base has' 0 '^fuenf zehn$' of series mm/memory.c
have 15
check 'upstream: listed, but the base has it not' 0 '2 patches' tree
check 'upstream: ... is in the series' 0 '^fifteen$' of series mm/memory.c
check 'upstream: ... without a note' '!' '' sh -c "'$F/harness/commands/tree' 2>&1 | grep 'left out'"
have 'fuenf.zehn'
upstream 'mm-change|6.1.5|mm/memory.c|fuenf.*zehn'
check 'upstream: a text is no pattern' '!' 'mm-change-memory.patch does not apply' tree
have 15
upstream 'mm-change|6.1.5|mm/memroy.c|fuenf zehn'
check 'upstream: a file that the patch does not change' '!' 'upstream: mm-change-memory does not change mm/memroy.c' tree
upstream 'mm-change mm/memory.c fuenf'
check 'upstream: a line that is none' '!' 'a line is patch, version, file and text, with tabs' tree
rm "$HOME_OF/upstream"
echo 'mm-change-memory' >>"$HOME_OF/series"
check 'upstream: a patch twice is none that the base has' '!' 'mm-change-memory.patch does not apply' tree
fresh

# --- whole files, and other bases
base newer mm 'NEWEST=1'
N=$F/bases/newer
change mm/memory.c 3 three | patch 'mm: shared by bases' >"$N/patches/mm-shared-by-bases.patch"
echo 'newer:mm-shared-by-bases' >>"$HOME_OF/series"
check "compose: another base's patch" 0 '3 patches' tree
check 'compose: ... is in the series' 0 '^three$' of series mm/memory.c
check 'compose: ... which names it so' 0 '^[0-9a-f]{40} newer:mm-shared-by-bases$' cat "$F/build/tiny-local/repo.git/pf-series"
sed -i 's/three/drei/' "$N/patches/mm-shared-by-bases.patch"
check 'compose: ... in which something has changed' 0 '3 patches' tree
check 'compose: ... that is in the series' 0 '^drei$' of series mm/memory.c
check 'compose: without it' 0 '^3$' without mm-shared
check 'alone: it stands alone' 0 '^newer:mm-shared-by-bases +yes ' alone
echo 'newer:nothing' >>"$HOME_OF/series"
check 'compose: a patch that the other base has not' '!' 'names newer:nothing, but there is no .*/bases/newer/patches/nothing.patch' tree
fresh
echo 'none:mm-shared-by-bases' >>"$HOME_OF/series"
check 'compose: another base that there is not' '!' 'there is no .*/bases/none/patches/mm-shared-by-bases.patch' tree
fresh

sed 's,^Files:.*,Files: lib/driver.c tools/testing/selftests/mm/test.c,' "$T/patches/lib-add-driver.patch" >"$HOME_OF/patches/lib-add-driver.patch"
echo 'int test;' >"$F/tools/testing/selftests/mm/test.c"
chmod +x "$F/tools/testing/selftests/mm/test.c"
check 'Files: two' 0 '2 patches' tree
check 'Files: ... where this kernel has its selftests' 0 '^int test;$' of series tools/testing/selftests/vm/test.c
check 'Files: ... with its mode' 0 '^100755 .*test.c$' git --git-dir="$F/build/tiny-local/repo.git" ls-tree refs/pf/series tools/testing/selftests/vm/
mkdir -p "$HOME_OF/lib"
printf -- '--- a/lib/driver.c\n+++ b/lib/driver.c\n@@ -1 +1 @@\n-int driver;\n+int old_driver;\n' >"$HOME_OF/lib/driver.c.diff"
check 'Files: a file with what differs in this base' 0 '2 patches' tree
check 'Files: ... has it' 0 '^int old_driver;$' of series lib/driver.c
check 'Files: ... and the repository has not' 0 '^int driver;$' cat "$F/lib/driver.c"
sed -i 's/old_driver/older_driver/' "$HOME_OF/lib/driver.c.diff"
check 'Files: ... of which something has changed' 0 '2 patches' tree
check 'Files: ... that is in the series' 0 '^int older_driver;$' of series lib/driver.c
echo 'int new_driver;' >"$F/lib/driver.c"
check 'Files: a difference that does not apply' '!' 'bases/tiny/lib/driver.c.diff does not apply to .*/lib/driver.c' tree
echo 'int driver;' >"$F/lib/driver.c"
rm -r "$HOME_OF/lib/driver.c.diff"
fresh
sed -i 's,^Files:.*,Files: mm/memory.c,' "$HOME_OF/patches/lib-add-driver.patch"
mkdir "$F/mm"
echo 'whole' >"$F/mm/memory.c"
check 'Files: what the kernel has' '!' 'its Files: line names mm/memory.c, but the kernel already has mm/memory.c' tree
fresh
change lib/Makefile 15 fifteen | patch 'mm: replace memory' 'Replaces: mm/memory.c' >"$HOME_OF/patches/mm-change-memory.patch"
check 'Replaces: what the kernel has' 0 '2 patches' tree
check 'Replaces: ... is another one then' 0 '^whole$' of series mm/memory.c
check 'Replaces: ... and not in the control kernel' 0 '^20$' of control mm/memory.c
mkdir "$HOME_OF/mm"
printf -- '--- a/mm/memory.c\n+++ b/mm/memory.c\n@@ -1 +1,2 @@\n whole\n+old\n' >"$HOME_OF/mm/memory.c.diff"
check 'Replaces: with what differs in this base' 0 '2 patches' tree
check 'Replaces: ... has it' 0 '^old$' of series mm/memory.c
rm -r "$HOME_OF/mm/memory.c.diff"
sed -i 's,^Replaces:.*,Replaces: mm/none.c,' "$HOME_OF/patches/mm-change-memory.patch"
echo none >"$F/mm/none.c"
check 'Replaces: what the kernel has not' '!' 'its Replaces: line names mm/none.c, but the kernel has no mm/none.c' tree
fresh

# --- a tree to compose on
git init -q "$T/clone"
cp -r "$K/." "$T/clone/"
git -C "$T/clone" add -A -f .
rm "$F/build/tiny-local/import.index"
check 'LINUX: a git tree, of which the working tree counts' 0 '2 patches on tree clone' env LINUX="$T/clone" "$F/harness/commands/tree"
check 'bad LINUX' '!' 'no such tree' env LINUX=/nonexistent "$F/harness/commands/tree"
check 'LINUX: a file that is no tarball' '!' 'nor a tarball' env LINUX="$K/Kbuild" "$F/harness/commands/tree"

plan
