# SPDX-License-Identifier: GPL-2.0
# Records: what was found out once, under the hash of what it depends on; sourced after
# lib.sh. A record is a directory $CACHE/records/<kind>/<key> with files, one of which,
# "sums", has the SHA256 of the others. It is put there by one rename, and so is whole or
# not there; what is damaged later is noticed and ignored. Kinds:
#	boot	what a guest printed (guest/boot)
#	proof	what a kernel or object built at one commit has given (lib/proof.sh)
#	cell	the verdict of a cell of the matrix (lib/cell.sh)
# shellcheck shell=sh

RECORDS=$CACHE/records

# record_whole DIRECTORY: each of its files is as "sums" says, and none is unnamed
record_whole() (
	cd "$1" && [ -s sums ] && sha256sum -c --status --strict sums &&
		[ "$(find . -type f ! -path ./sums | wc -l)" = "$(wc -l <sums)" ]
)

# record_have KIND KEY: sets $record to the directory, or fails
record_have() {
	record=$RECORDS/$1/$2
	[ -d "$record" ] || return 1
	if record_whole "$record" 2>/dev/null; then
		touch -c "$record"
		return 0
	fi
	note "note: the record $record is damaged and not used"
	return 1
}

# record_put KIND KEY DIRECTORY: the files in it become the record; the directory goes
record_put() {
	record=$RECORDS/$1/$2
	mkdir -p "$RECORDS/$1"
	sums=$(cd "$3" && find . -type f -exec sha256sum {} +)
	printf '%s\n' "$sums" >"$3/sums"
	# Another one may have been faster: both are right.
	if [ -d "$record" ]; then
		record_away "$1" "$2"
	fi
	mv -T "$3" "$record" 2>/dev/null || rm -rf "$3"
}

# record_new KIND: prints a directory to fill, on the file system of the records
record_new() {
	mkdir -p "$RECORDS/$1"
	mktemp -d "$RECORDS/$1/.new.XXXXXX"
}

# record_away KIND KEY
record_away() {
	gone=$(mktemp -d "$RECORDS/$1/.old.XXXXXX")
	mv -T "$RECORDS/$1/$2" "$gone/record" 2>/dev/null || true
	rm -rf "$gone"
}
