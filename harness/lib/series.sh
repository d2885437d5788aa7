# SPDX-License-Identifier: GPL-2.0
# What a series file names; sourced after lib.sh, with HOME_OF (bases/<base>) set.
# shellcheck shell=sh
# shellcheck disable=SC2153

# patch_file NAME: its file. NAME may be BASE:NAME, a patch of another base whose text
# is the same.
patch_file() {
	case $1 in
	*/*) set -- "$1" "$1" ;;
	*:*) set -- "$1" "$TOP/bases/${1%%:*}/patches/${1#*:}.patch" ;;
	*) set -- "$1" "$HOME_OF/patches/$1.patch" ;;
	esac
	[ -f "$2" ] || die "$HOME_OF/series names $1, but there is no $2"
	printf '%s\n' "$2"
}

# series_name BEGINNING WHAT [BEFORE]: the one name in the series that begins so, also
# without the name of another base; of those before BEFORE
series_name() {
	found=$(awk -v begins="$1" -v stop="${3:-}" '
		stop != "" && $1 == stop { exit }
		/^(#|$)/ { next }
		{ name = $1; sub(/^[^:]*:/, "", name) }
		index(name, begins) == 1 { print $1 }' "$HOME_OF/series")
	case $found in
	'') die "$2: no patch${3:+ before $3} in $HOME_OF/series has a name that begins so" ;;
	*"
"*) die "$2: more than one patch begins so: $(printf '%s' "$found" | tr '\n' ' ')" ;;
	esac
	printf '%s\n' "$found"
}

# A kernel file's name in the repository is that of the newest kernel. Only where the
# selftests of mm live has changed.
kernel_path() {
	case $1 in
	tools/testing/selftests/mm/*) printf '%s\n' "tools/testing/selftests/$SELFTESTS/${1#tools/testing/selftests/mm/}" ;;
	*) printf '%s\n' "$1" ;;
	esac
}
stored_path() {
	case $1 in
	"tools/testing/selftests/$SELFTESTS/"*) printf '%s\n' "tools/testing/selftests/mm/${1#"tools/testing/selftests/$SELFTESTS/"}" ;;
	*) printf '%s\n' "$1" ;;
	esac
}

# needs NAME: what has to come before the patch by its "# after", directly or not, one
# name a line, each after what it needs itself
needs() {
	# shellcheck disable=SC2013
	for need in $(sed -n "s/^$1 # after //p" "$HOME_OF/series"); do
		found=$(series_name "$need" "$HOME_OF/series: $1 is after $need" "$1") || exit 1
		(needs "$found")
		printf '%s\n' "$found"
	done
}

# patch_trees: "tree name" for each patch, in the order of the series. The marks are
# comments of the series file:
#	# for TREE: BEGINNING...		the patches whose names begin so are for TREE
#	# for the queue alone: BEGINNING...	mailed with the whole queue, with no tree: (queue)
#	# not for mailing: BEGINNING...		the same, and the export says so: (none)
# The longest beginning counts; "*" is what no other one names.
patch_trees() {
	awk -v file="$HOME_OF/series" '
		function mark(tree, i) {
			for (sub(/^[^:]*: */, ""); split($0, words, " ") >= ++i; )
				of[words[i] == "*" ? "" : words[i]] = tree
			marks = 1
		}
		function bad(what) {
			printf "%s: %s\n", file, what > "/dev/stderr"
			failed = 1
		}
		/^# for the queue alone: / { mark("(queue)"); next }
		/^# not for mailing: / { mark("(none)"); next }
		/^# for [a-z0-9-]+: / { mark(substr($3, 1, length($3) - 1)); next }
		/^(#|$)/ { next }
		{
			names[++n] = $1
		}
		END {
			if (!marks)
				of[""] = "(queue)"
			for (i = 1; i <= n; i++) {
				name = names[i]
				sub(/^[^:]*:/, "", name)
				best = -1
				for (begins in of)
					if (index(name, begins) == 1 || begins == "") {
						used[begins] = 1
						if (length(begins) > best)
							best = length(begins)
					}
				if (best < 0) {
					bad(names[i] " is for no tree: name it, or a beginning of it, in a \"# for\" line")
					continue
				}
				print of[substr(name, 1, best)], names[i]
			}
			for (begins in of)
				if (begins != "" && !used[begins])
					bad("no patch begins with " begins ", which a \"# for\" line names")
			exit failed
		}' "$HOME_OF/series"
}

# series_marks: name, "kit" or "-", what it is after, which tree it is for, one patch a line,
# with tabs
series_marks() {
	of_trees=$(patch_trees) || exit 1
	printf '%s\n' "$of_trees" | awk -v OFS='\t' '
		FNR == NR { tree[$2] = $1; next }
		/^(#|$)/ { next }
		{
			after = ""
			if ($3 == "after") {
				after = $0
				sub(/^[^#]*# after /, "", after)
			}
			print $1, $3 == "kit" ? "kit" : "-", after, tree[$1]
		}' - "$HOME_OF/series"
}

# subset_of WORDS PARTS: the names of the patches that the words choose, in the order of
# the series; the head of commands/quilt says what a word can be. PARTS is that of
# bases/<base>/base.
subset_of() {
	series_marks | awk -F '\t' -v words="$1" -v parts="$2" -v series="$HOME_OF/series" -f "$HARNESS/lib/subset.awk"
}

# subset_with_kit WORDS PARTS: the words for the same subset with the kit, or none if that is
# the series
subset_with_kit() {
	with=
	chosen=
	for word in $1; do
		[ "$word" != nokit ] || continue
		with="$with${with:+ }$word"
		case "$word $(printf %s "$2" | tr '\n' ' ')" in
		"no"*" ${word#no}="*) ;;
		*) chosen=kit ;;
		esac
	done
	case " $with " in
	*' kit '*) chosen= ;;
	esac
	printf '%s\n' "$with${chosen:+ kit}"
}

# subset_name WORDS: for refs, files and directories
subset_name() {
	printf 'subset-%s' "$1" | tr -cs 'a-zA-Z0-9.\n-' '-'
}

# expected_here FILE: bases/<base>/expected to FILE, less the rows of patches that the base
# already has
expected_here() {
	awk -F '\t' '
		FILENAME ~ /pf-left$/ { sub(/^[^:]*:/, "", $1); left[$1]; next }
		!/^#/ && $10 !~ /skip/ { for (name in left) if (index(name, $9) == 1) next }
		{ print }' "$REPO/pf-left" "$HOME_OF/expected" >"$1"
}
