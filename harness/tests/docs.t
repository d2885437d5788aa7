#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# docs.t: what README.md and CONTRIBUTING.md name is there
set -eu
. "$(dirname "$0")/tap.sh"
sed -n '/^export /,/[^\\]$/p' "$TOP/Makefile" | sed 's/^export //' | tr -s ' \\\t' '\n' >"$T/settings"
for doc in README.md CONTRIBUTING.md; do
	# code: what is indented, up to the comment behind it; and what is in backquotes
	# shellcheck disable=SC2016
	{
		sed -nE 's/^    (make .*)/\1/p' "$TOP/$doc" | sed 's/   .*//'
		sed 's/^    .*//' "$TOP/$doc" | tr '\n' ' ' | grep -o '`[^`]*`' | tr -d '`'
	} | sort -u >"$T/names"
	: >"$T/missing"
	while read -r name; do
		case $name in
		*'*'* | *'<'* | *' '* | build/*) [ "${name#make }" != "$name" ] || continue ;;
		esac
		case $name in
		'make '*)
			command=${name#make }
			[ -x "$HARNESS/commands/${command%% *}" ] || echo "$name: no such command" >>"$T/missing"
			echo "$name" | grep -oE '\b[A-Z]+=' | tr -d = | grep -vxFf "$T/settings" | sed "s,^,no such setting in \"$name\": ," >>"$T/missing" || true
			;;
		bases/* | configs/* | drivers/* | harness/* | lib/* | mm/* | records/* | scripts/* | tools/* | Documentation/*)
			[ -e "$TOP/$name" ] || [ -e "$HARNESS/$name" ] || case $name in
			records/boot/ | records/cell/ | records/proof/) ;;
			*) echo "$name: there is no such file" >>"$T/missing" ;;
			esac
			;;
		esac
	done <"$T/names"
	check "$doc: has names of commands" 0 '^make tree' cat "$T/names"
	check "$doc: each file, command and setting is there" 0 '' cat "$T/missing"
done
check 'README.md has at most 120 lines' 0 '' test "$(wc -l <"$TOP/README.md")" -le 120
check 'make: a word that is no command' '!' 'make frobnicate: there is no such command; "make help" lists them' make -C "$TOP" frobnicate
check 'make help: the newest base is the default' 0 "\[BASE=$BASE\]" env BASE=6.1 make -C "$TOP" help
check 'make figures: of a base without a source' '!' 'only stock kernels' env BASE=6.12 "$HARNESS/commands/figures"

plan
