#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# quilt.t: make quilt: what is in a queue, what a subset is, and its DEP-3 fields
set -eu
. "$(dirname "$0")/tap.sh"
fake_top
# shellcheck disable=SC2317 # called by check
quilt() { "$F/harness/commands/quilt"; }
# queue [WORDS]: its directory
queue() { echo "$F/build/tiny-local/quilt${1:+-$1}"; }
# has WORDS NAME...: the queue in build/tiny-local/quilt-WORDS has these patches
has() {
	words=$1
	shift
	printf '%s.patch\n' "$@" >"$T/want"
	check "quilt: ... are ${words:-all}: $*" 0 '' diff "$T/want" "$(queue "$words")/series"
}
commit() {
	git -C "$F" add -A bases lib
	GIT_COMMITTER_DATE="$1" git -C "$F" -c user.name=t -c user.email=t@t commit -q -m "$1"
}

P=$HOME_OF/patches
change lib/Makefile 5 five | patch 'lib: add driver' 'Files: lib/driver.c' >"$P/lib-add-driver.patch"
echo 'int driver;' >"$F/lib/driver.c"
change mm/memory.c 3 three | patch 'mm: first' >"$P/mm-first.patch"
change mm/memory.c 10 ten | patch 'mm: rename' >"$P/mm-rename.patch"
# The text of a test, too, which is the kit's.
cat >>"$P/mm-rename.patch" <<'END'
diff --git a/lib/driver.c b/lib/driver.c
--- a/lib/driver.c
+++ b/lib/driver.c
@@ -1 +1 @@
-int driver;
+int renamed;
END
change mm/memory.c 17 seventeen | patch 'mm: last' >"$P/mm-last.patch"
change lib/Makefile 15 fifteen | patch 'lib: suite' >"$P/lib-suite.patch"
cat >"$HOME_OF/series" <<'END'
lib-add-driver # kit
mm-first
mm-rename # after mm-first lib-add
mm-last # after mm-rename
lib-suite
END
cp "$HOME_OF/series" "$T/series"
echo "PARTS='kit=lib-suite rename=mm-rename'" >>"$HOME_OF/base"
git -C "$F" init -q
printf 'build\nharness\nconfigs\n' >"$F/.gitignore"
commit '2020-01-02T03:04:05 +0000'

check 'quilt: the series' 0 '5 patches in .*/quilt, for' quilt
has '' lib-add-driver mm-first mm-rename mm-last lib-suite
has nokit mm-first mm-rename mm-last
has norename lib-add-driver mm-first lib-suite
check 'quilt: without the kit, what others have in its files goes' '!' '' grep -r driver.c "$(queue nokit)"
check 'quilt: ... and with it, not' 0 '^\+int renamed;$' cat "$(queue)/mm-rename.patch"
check 'quilt: two parts' 0 '1 patches' env SERIES='nokit norename' "$F/harness/commands/quilt"
has nokit-norename mm-first
check 'quilt: one patch' 0 '1 patches' env SERIES=mm-fi "$F/harness/commands/quilt"
has mm-fi mm-first
check 'quilt: the kit' 0 '1 patches' env SERIES=kit "$F/harness/commands/quilt"
has kit lib-add-driver

check 'quilt: one that needs another' '!' 'mm-last needs mm-rename, which is left out' env SERIES=mm-last "$F/harness/commands/quilt"
check 'quilt: ... or one of a part that is left out' '!' 'leaves out every patch' env SERIES='mm-last norename' "$F/harness/commands/quilt"
check 'quilt: a word that means nothing' '!' '"nothing" is no part \(.*norename.*\), no tree' env SERIES=nothing "$F/harness/commands/quilt"
check 'quilt: more patches than one' '!' 'mm-first and mm-rename begin so' env SERIES=mm- "$F/harness/commands/quilt"
sed -i 's/mm-rename #.*/mm-rename/' "$HOME_OF/series"
check 'quilt: a patch that needs another and does not say so applies' 0 '3 patches' env SERIES='norename mm-first mm-last' sh -c "sed -i 's/^mm-last.*/mm-last/' '$HOME_OF/series'; '$F/harness/commands/quilt'; cat '$(queue norename-mm-first-mm-last)/series'; echo 3 patches"
change mm/memory.c 10 ten | sed 's/^ 11$/ 11/' >"$T/diff"
seq 20 | sed '10s/.*/ten/' >"$T/old"
sed '11s/.*/eleven/' "$T/old" | diff -u --label a/mm/memory.c --label b/mm/memory.c "$T/old" - >"$T/diff" || true
{ echo 'diff --git a/mm/memory.c b/mm/memory.c'; cat "$T/diff"; } | patch 'mm: last' >"$P/mm-last.patch"
check 'quilt: ... or does not, and it is said what may be missing' '!' 'leaves out: .*mm-rename' env SERIES=norename "$F/harness/commands/quilt"
cp "$T/series" "$HOME_OF/series"
git -C "$F" checkout -q bases
sed -i '1i # for mm: mm-\n# for lists: mm-last\n# for the queue alone: *' "$HOME_OF/series"
check 'series: marks' 0 '^mm-rename	-	mm-first lib-add	mm$' sh -c ". '$HARNESS/lib/series.sh'; HOME_OF='$HOME_OF'; series_marks"
check 'quilt: what is for a tree' 0 '2 patches' env SERIES=mm "$F/harness/commands/quilt"
has mm mm-first mm-rename
check 'quilt: ... needs what is for no other' '!' 'mm-last needs mm-rename, which is left out' env SERIES=lists "$F/harness/commands/quilt"
cp "$T/series" "$HOME_OF/series"
sed -i 's/rename=mm-rename/rename=mm-gone/' "$HOME_OF/base"
check 'quilt: a part of which the patch is gone' '!' 'PARTS of the base has "rename=mm-gone", but no patch' env SERIES=nokit "$F/harness/commands/quilt"
git -C "$F" checkout -q bases

# --- DEP-3
# shellcheck disable=SC2317
header() { TZ=WEST12 SERIES=$1 quilt >"$T/log" 2>&1 && sed '/^---$/q' "$(queue "$1")/$1.patch"; }
header mm-first >"$T/header"
check 'DEP-3: subject' 0 '^Description: mm: first$' cat "$T/header"
check 'DEP-3: text' 0 '^ Why: because\.$' cat "$T/header"
check 'DEP-3: of nobody' '!' '' grep -i ^Author "$T/header"
check 'DEP-3: not from upstream' 0 '^Origin: other, .*bases/tiny/patches/mm-first.patch$' cat "$T/header"
check 'DEP-3: not forwarded' 0 '^Forwarded: no$' cat "$T/header"
check 'DEP-3: when it was committed' 0 '^Last-Update: 2020-01-02$' cat "$T/header"
check 'DEP-3: not upstream' '!' '' grep Applied "$T/header"
echo 'int driver2;' >"$F/lib/driver.c"
sed -i 's/^-int driver;/-int driver2;/' "$P/mm-rename.patch"
check 'DEP-3: what is not committed has no date' '!' '' sh -c "SERIES=kit '$F/harness/commands/quilt' >'$T/log' 2>&1; grep Last-Update '$(queue kit)/lib-add-driver.patch'"
commit '2021-06-07T23:30:00 -0300'
check 'DEP-3: the date of a whole file, in UTC' 0 '^Last-Update: 2021-06-08$' header lib-add-driver
check 'DEP-3: ... is not that of another patch' 0 '^Last-Update: 2020-01-02$' header mm-first
mainline() { # TEXT: a patch with this at the end of its changelog
	change mm/memory.c 3 three | {
		printf 'Subject: [PATCH] mm: first\n\nWhy: because.\n\n%b\n---\n\n' "$1"
		cat
	} >"$P/mm-first.patch"
}
mainline 'Mainline: commit 6bbd42e2df8f ("mm:\n(one)") and a part of\ncommit ec8832d007cb ("mm: two"), and more\nof commit 6bbd42e2df8f ("mm: (one)").'
check 'DEP-3: commits of mainline' 0 '^Origin: backport, https://git.kernel.org/linus/6bbd42e2df8f, https://git.kernel.org/linus/ec8832d007cb$' header mm-first
check 'DEP-3: ... need not be forwarded' 0 '^Forwarded: not-needed$' header mm-first
mainline 'Mainline commit: 6bbd42e2df8f ("mm: one")'
check 'DEP-3: ... in a line' 0 '^Origin: backport, https://git.kernel.org/linus/6bbd42e2df8f$' header mm-first
mainline 'Mainline: commit 6bbd42e ("mm: one")'
check 'DEP-3: ... too short' '!' 'mm-first: its changelog has "Mainline:", but names no commit' quilt
mainline 'Mainline: the rest of it.'
check 'DEP-3: ... or none' '!' 'mm-first: its changelog has "Mainline:", but names no commit' quilt
mainline 'Mainline has no such commit. It removed it with\ncommit 5a0b11a180a9 ("mm: gone").'
check 'DEP-3: no commit of mainline' 0 '^Origin: other' header mm-first
printf 'mm-first\t6.1.5\tmm/memory.c\tdrei\n' >"$HOME_OF/upstream"
check 'DEP-3: in a newer release' 0 '^Applied-Upstream: 6.1.5$' header mm-first
check 'DEP-3: from someone' 0 '^Author: A. U. Thor <a@example.org>$' sh -c "SERIES=mm-first FROM='A. U. Thor <a@example.org>' '$F/harness/commands/quilt' >'$T/log' 2>&1; cat '$(queue mm-first)/mm-first.patch'"
check 'DEP-3: from an address alone' '!' "FROM=a@example.org: give 'Name <mail>'" env FROM=a@example.org "$F/harness/commands/quilt"

plan
