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
