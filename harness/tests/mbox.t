#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# mbox.t: the queue, or what is for one tree, as mails
set -eu
. "$(dirname "$0")/tap.sh"
unset SERIES ONTO PREFIX VERSION FROM ASSISTED DEBIAN
fake_top
mkdir -p "$K/scripts" "$K/net" "$HOME_OF/letters"
seq 20 >"$K/net/core.c"
echo maintainers >"$K/MAINTAINERS"
# As the kernel's: maintainers, reviewers and lists of the files of the diff, and options that
# leave them out.
cat >"$K/scripts/get_maintainer.pl" <<'END'
open(my $diff, "<", $ARGV[-1]);
while (<$diff>) {
	next unless m,^\+\+\+ b/(\w+)/,;
	my $at = $1;
	for $of ("M", "R", "L") { print "\"$of. of $at\" <$of\@$at>\n" unless "@ARGV" =~ /--no$of /i; }
}
END
change mm/memory.c 3 three | patch 'mm: first' >"$HOME_OF/patches/mm-first.patch"
change net/core.c 3 three | patch 'net: first' >"$HOME_OF/patches/net-first.patch"
change net/core.c 15 fifteen | patch 'net: second' >"$HOME_OF/patches/net-second.patch"
change lib/Makefile 5 five | patch 'lib: not for a tree' >"$HOME_OF/patches/lib-not-for-a-tree.patch"
cat >"$T/series" <<'END'
# head
# for mm: mm-
# for net: net-
# not for mailing: lib-
net-first
mm-first
net-second # after mm-first
lib-not-for-a-tree
END
cp "$T/series" "$HOME_OF/series"
printf 'net: two patches\n\nWhat they do.\n' >"$HOME_OF/letters/net"
printf 'mm: one patch\n\nWhat it does.\n\nTo: someone@example.org\n' >"$HOME_OF/letters/mm"
printf 'all of it\n\nThe whole work.\n' >"$HOME_OF/cover-letter"
M=$F/build/tiny-local
# shellcheck disable=SC2317 # called by check
mbox() { rm -rf "$M"/mbox*; env "$@" "$F/harness/commands/mbox"; }
# mail FILE: with its headers on one line each
# shellcheck disable=SC2317
mail() { sed -e :a -e '/^\(To\|Cc\|Subject\):/{N;s/\n[ \t]\+/ /;ta' -e 'P;D' -e '}' "$M/$1"; }

# --- the whole queue
check 'queue: all patches, and a letter' 0 '5 mails in .*/mbox, ' mbox A=b
cp "$T/out" "$T/said"
check 'queue: names what is not for mailing' 0 '^lib-not-for-a-tree is not for mailing' cat "$T/said"
check 'queue: says that nobody has signed it' 0 "^Nobody has signed this: FROM='Name <mail>'" cat "$T/said"
check 'queue: ... and asks for ASSISTED' 0 "ASSISTED='\.\.\.'" cat "$T/said"
check 'queue: no To or Cc' '!' '' grep -rE '^(To|Cc):' "$M/mbox"
check 'queue: no Signed-off-by' '!' '' grep -r '^Signed-off-by:' "$M/mbox"
check 'queue: the letter' 0 '^Subject: \[PATCH 0/4\] all of it$' cat "$M/mbox/0000-cover-letter.patch"
check 'queue: no base-commit that nobody knows' '!' '' grep -r '^base-commit:' "$M/mbox"
check 'queue: ... but a name' 0 '^base: tree kernel$' cat "$M/mbox/0000-cover-letter.patch"

# --- what is for one tree
check 'tree: its patches' 0 '3 mails in .*/mbox-net, ' mbox SERIES=net
check 'tree: ... and these alone' 0 '^0002-net-second.patch$' ls "$M/mbox-net"
check 'tree: its letter' 0 '^Subject: \[PATCH 0/2\] net: two patches$' mail mbox-net/0000-cover-letter.patch
check 'tree: prerequisite by subject, and its tree' 0 '^  mm: first +\(mm\)$' sed '/^  mm: first/{N;s/\n/ /}' "$M/mbox-net/cover"
check 'tree: prerequisite for tools' 0 '^prerequisite-patch-id: [0-9a-f]{40}$' cat "$M/mbox-net/0000-cover-letter.patch"
check 'tree: To of the patches, not of the prerequisite' 0 '^To: "M. of net" <M@net>$' mail mbox-net/0002-net-second.patch
check 'tree: Cc' 0 '^Cc: "R. of net" <R@net>, "L. of net" <L@net>$' mail mbox-net/0000-cover-letter.patch
check 'tree: ... as b4 reads them' 0 '^To: "M. of net" <M@net>$' cat "$M/mbox-net/cover"
check 'tree: a letter that names whom it is to' 0 '2 mails' mbox SERIES=mm
check 'tree: ... is to them' 0 '^To: someone@example.org$' mail mbox-mm/0001-mm-first.patch
check 'tree: ... with a copy to the others' 0 '^Cc: "M. of mm" <M@mm>, "R. of mm" <R@mm>, "L. of mm" <L@mm>$' mail mbox-mm/0001-mm-first.patch
check 'tree: ... and does not say so in its text' 0 '^1$' grep -c '^To:' "$M/mbox-mm/0000-cover-letter.patch"
check 'all: each tree' 0 '3 mails in .*/mbox-net, ' mbox SERIES=all
check 'all: ... and the other' 0 '^0001-mm-first.patch$' ls "$M/mbox-mm"
check 'tree: that there is not' '!' 'SERIES=usb: bases/tiny/series has no such tree; have: mm net all $' mbox SERIES=usb
check 'tree: what is not for mailing is none' '!' 'SERIES=lib: .* has no such tree' mbox SERIES=lib
check 'tree: that is a part of a name' '!' 'SERIES=ne: .* has no such tree' mbox SERIES=ne
mv "$HOME_OF/letters/net" "$T/net"
check 'tree: without a letter' '!' 'there is no .*/letters/net: a series for a tree has a letter' mbox SERIES=net
check 'all: says which one is missing' '!' 'no mails for: net; see above' mbox SERIES=all
mv "$T/net" "$HOME_OF/letters/net"

# --- marks
sed -i 's/^# not for mailing.*/# for the queue alone: */' "$HOME_OF/series"
check 'marks: the rest is for the queue alone' 0 '5 mails' mbox A=b
check 'marks: ... and not named' '!' '' grep 'not for mailing' "$T/out"
sed -i '/^# for the queue/d' "$HOME_OF/series"
check 'marks: a patch that is for no tree' '!' 'lib-not-for-a-tree is for no tree: name it' mbox SERIES=net
cp "$T/series" "$HOME_OF/series"
sed -i 's/^# for mm: .*/& mm-second/' "$HOME_OF/series"
check 'marks: that name no patch' '!' 'no patch begins with mm-second' mbox SERIES=net
sed 's/^# for net: .*/# for net: net-fir\n# for two: net- net-f n/; s/^mm-first/& # after net-first/' "$T/series" >"$HOME_OF/series"
cp "$HOME_OF/letters/net" "$HOME_OF/letters/two"
check 'marks: the longest beginning counts' 0 '2 mails in .*/mbox-two, ' mbox SERIES=two
check 'marks: prerequisites of prerequisites' 0 '^  net: first$' cat "$M/mbox-two/cover"
sed 's/^mm-first/& # after net-first/' "$T/series" >"$HOME_OF/series"
check 'marks: trees that need each other' '!' 'net needs mm-first of another tree, and that needs net-first of net' mbox SERIES=net
cp "$T/series" "$HOME_OF/series"
# What compose finds apart and git apply does not: a prerequisite that nobody named.
change net/core.c 4 four | sed 's/^ 3$/ three/' | patch 'net: needs the first' >"$HOME_OF/patches/usb-needs.patch"
printf '# for usb: usb-\nusb-needs\n' >>"$HOME_OF/series"
cp "$HOME_OF/letters/net" "$HOME_OF/letters/usb"
check 'tree: a prerequisite that is not named' '!' 'usb-needs does not apply to the base: net/core.c:1' mbox SERIES=usb
check 'tree: ... leaves no mails' '!' '' test -e "$M/mbox-usb"
cp "$T/series" "$HOME_OF/series"

# --- subjects
check 'PREFIX=RFC' 0 '3 mails' mbox SERIES=net PREFIX=RFC VERSION=2
check 'PREFIX=RFC: with VERSION' 0 '^Subject: \[RFC PATCH v2 1/2\] net: first$' cat "$M/mbox-net/v2-0001-net-first.patch"
check 'PREFIX: as it is' 0 '3 mails' mbox SERIES=net 'PREFIX=PATCH 6.1'
check 'PREFIX: ... is it' 0 '^Subject: \[PATCH 6.1 1/2\] net: first$' cat "$M/mbox-net/0001-net-first.patch"
check 'PREFIX: that is none' '!' 'PREFIX=\[RFC\]: letters' mbox SERIES=net 'PREFIX=[RFC]'
check 'VERSION: that is none' '!' 'VERSION=v2: a number' mbox SERIES=net VERSION=v2

# --- whose they are
check 'FROM' 0 '3 mails' mbox SERIES=net 'FROM=Jörg Sender <me@example.org>' 'ASSISTED=LLM sparse'
cp "$T/out" "$T/said"
check 'FROM: no reminder' '!' '' grep -E 'FROM=|ASSISTED=' "$T/said"
check 'FROM: the author' 0 '^From: =\?UTF-8\?q\?J=C3=B6rg=20Sender\?= <me@example.org>$' cat "$M/mbox-net/0001-net-first.patch"
check 'FROM: ... of the letter, too' 0 '^From: .*<me@example.org>$' cat "$M/mbox-net/0000-cover-letter.patch"
check 'FROM: Signed-off-by, after Assisted-by' 0 '^Assisted-by: LLM sparse Signed-off-by: Jörg Sender <me@example.org>$' \
	sh -c "grep -h -- '-by: ' '$M/mbox-net/0002-net-second.patch' | tr '\n' ' ' | sed 's/ \$//'"
check 'FROM: nobody else' '!' '' grep -r 'paired-flush@' "$M/mbox-net"
check 'FROM: without a mail' '!' "FROM=Jörg Sender: this has to be 'Name <mail>'" mbox 'FROM=Jörg Sender'
check 'FROM: without a name' '!' "FROM=<me@example.org>: this has to be" mbox 'FROM=<me@example.org>'
check 'FROM: with half a mail' '!' "FROM=Me <me>: this has to be" mbox 'FROM=Me <me>'
check 'FROM: and the whole queue' 0 '5 mails' mbox 'FROM=Me <me@example.org>'
check 'FROM: ... is signed' 0 '^4$' sh -c "grep -l '^Signed-off-by: Me <me@example.org>' '$M'/mbox/*.patch | wc -l"

# --- on a tree of the sender's
git init -q -b main "$T/theirs"
cp -r "$K/." "$T/theirs/"
# shellcheck disable=SC2317
theirs() { git -C "$T/theirs" -c user.name=x -c user.email=x@x "$@"; }
theirs add -A -f .
theirs commit -qm base
seq 30 | sed 's/^20$/twenty/' >"$T/theirs/net/core.c"
theirs commit -qam later
tip=$(theirs rev-parse HEAD)
theirs checkout -q -b broken
seq 30 | sed 's/^16$/sixteen/' >"$T/theirs/net/core.c"
theirs commit -qam broken
theirs checkout -q -b half main
sed -i 's/^3$/three/' "$T/theirs/net/core.c"
theirs commit -qam 'has the first one'
theirs checkout -q -b moved main
{ seq -f 'new %g' 12; cat "$T/theirs/net/core.c"; } >"$T/new" && mv "$T/new" "$T/theirs/net/core.c"
sed -i 's/^1$/one/' "$T/theirs/net/core.c"
theirs commit -qam 'moved, and with other context'
theirs checkout -q main
check 'ONTO: HEAD of a tree' 0 '3 mails in .*, for .*/theirs$' mbox SERIES=net ONTO="$T/theirs"
check 'ONTO: base-commit' 0 "^base-commit: $tip$" cat "$M/mbox-net/0000-cover-letter.patch"
check 'ONTO: ... and no other base' '!' '' grep -riE '^base(d on|:)' "$M/mbox-net"
check 'ONTO: nothing is written there' 0 '^5$' sh -c "git -C '$T/theirs' rev-list --all | wc -l"
check 'ONTO: the whole queue' 0 '5 mails' mbox ONTO="$T/theirs#main"
check 'ONTO: where one does not apply' '!' '^net-second does not apply to .*/theirs#broken: net/core.c:12 $' mbox SERIES=net ONTO="$T/theirs#broken"
cp "$T/out" "$T/said"
check 'ONTO: ... how many, and no mails' 0 '1 of 3 patches do not apply, see above; nothing was exported' cat "$T/said"
check 'ONTO: ... and the others are not named' '!' '' grep 'net-first' "$T/said"
check 'ONTO: that has one already' 0 '2 mails' mbox SERIES=net ONTO="$T/theirs#half"
cp "$T/out" "$T/said"
check 'ONTO: ... says so' 0 '^net-first: .*/theirs has it already; left out$' cat "$T/said"
check 'ONTO: where it takes a merge' 0 '^net-first: placed by a three-way merge, read it: net/core.c:1 $' mbox SERIES=net ONTO="$T/theirs#moved"
check 'ONTO: that is no git tree' '!' 'ONTO=.*/cache: .*/cache is not a git tree on this machine' mbox SERIES=net ONTO="$T/cache"
check 'ONTO: that is not there' '!' 'is not a git tree on this machine' mbox SERIES=net ONTO=/nonexistent
check 'ONTO: a commit that is not there' '!' 'has no commit v9.9' mbox SERIES=net ONTO="$T/theirs#v9.9"
git clone -q --depth=1 "file://$T/theirs" "$T/shallow"
check 'ONTO: a shallow clone' 0 '3 mails' mbox SERIES=net ONTO="$T/shallow"

# --- Debian's patches
mkdir -p "$T/debian/patches/bugfix"
change net/core.c 1 one >"$T/debian/patches/bugfix/one.patch"
change net/core.c 2 two >"$T/debian/patches/bugfix/two.patch"
printf '# head\n\nbugfix/one.patch\n' >"$T/debian/patches/series"
check 'DEBIAN: a patch that touches a file' 0 '^  bugfix/one.patch: net/core.c$' mbox SERIES=net DEBIAN="$T/debian"
check 'DEBIAN: ... is named in the letter' 0 '^  bugfix/one.patch: net/core.c$' cat "$M/mbox-net/0000-cover-letter.patch"
check 'DEBIAN: ... and not one that is not applied' '!' '' grep -r bugfix/two "$M/mbox-net"
tar -cJf "$T/debian.tar.xz" -C "$T" debian
check 'DEBIAN: none, from a tarball' 0 "^No patch of Debian's queue touches" mbox SERIES=mm DEBIAN="$T/debian.tar.xz"
check 'DEBIAN: that is nothing of the kind' '!' 'this holds no debian/patches/series' mbox SERIES=net DEBIAN="$K"
echo bugfix/three.patch >>"$T/debian/patches/series"
check 'DEBIAN: not all of it' '!' 'its series names bugfix/three.patch, which is not there' mbox SERIES=net DEBIAN="$T/debian"

plan
