#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# subjects.t: what a changelog or a cover letter names by its subject is in a series
set -eu
. "$(dirname "$0")/tap.sh"

# unknown DIR: the quoted subjects in the texts below DIR that no patch there has. A
# quotation with "subsystem: " in front is a subject. In ("...") it is a commit's.
# shellcheck disable=SC2317 # called by check
unknown() {
	sed -n 's/^Subject: \[PATCH\] //p' "$1"/*/patches/*.patch >"$T/subjects"
	for text in "$1"/*/patches/*.patch "$1"/*/cover-letter "$1"/*/letters/*; do
		[ -f "$text" ] || continue
		sed -E '/^---$/,$d; /^(Subject|Fixes|Link): /d' "$text" | tr -s '\n ' ' ' |
			grep -oE '[^(]"[A-Za-z0-9_/-]+: [^"]+"' | sed 's/^..//; s/"$//' |
			grep -vxFf "$T/subjects" | sed "s|^|${text#"$1"/}: |" || true
	done
}

check 'each subject that is quoted exists' 0 '' unknown "$TOP/bases"

b=$T/bases/tiny
mkdir -p "$b/patches"
for subject in 'mm: one' 'x86/mm: Two three'; do
	printf 'Subject: [PATCH] %s\n\n%s\n%s\n%s\n---\n"mm: below"\n' "$subject" \
		'After "mm: one" and "x86/mm: Two' 'three", as 123456789abc ("mm: four") has it.' \
		'Fixes: 123456789abc ("mm: five")' >"$b/patches/${subject%%[:/]*}.patch"
done
echo 'The fix is "mm: one".' >"$b/cover-letter"
check 'also over two lines, and what is not in the series' 0 '' unknown "$T/bases"
echo 'The fix is "mm: six".' >"$b/cover-letter"
check 'one in a cover letter that does not' 0 '^tiny/cover-letter: mm: six$' unknown "$T/bases"
mkdir "$b/letters"
mv "$b/cover-letter" "$b/letters/mm"
check '... or in a letter for one tree' 0 '^tiny/letters/mm: mm: six$' unknown "$T/bases"
sed -i 's/"x86\/mm: Two$/"x86\/mm: two/' "$b/patches/mm.patch"
check 'one in a changelog with another letter' 0 '^tiny/patches/mm.patch: x86/mm: two three$' unknown "$T/bases"

plan
