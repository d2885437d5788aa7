# SPDX-License-Identifier: GPL-2.0
# The cells of the matrix and what is known of each; sourced after lib.sh.
# shellcheck shell=sh

. "$HARNESS/lib/record.sh"

# cells: the cells of harness/matrix.tsv that there are, one a line: command base arch cpu
# config depth minutes. Environment: ONLY, a regular expression over the first six.
cells() {
	for home in "$TOP"/bases/*; do
		grep -vE '^(#|$)' "$HARNESS/matrix.tsv" | while read -r command bases arches cpu config depth minutes; do
			if ! cell_is "$bases" "${home##*/}"; then
				continue
			fi
			for arch in $(base_value "$home" ARCHES); do
				if cell_is "$arches" "$arch" && cell_can "$command" "$home" "$arch" "$cpu" "$config"; then
					echo "$command ${home##*/} $arch $cpu $config $depth $minutes"
				fi
			done
		done
	done | sort -t ' ' -k 2,2V -k 1,1 -k 3,6 -u | awk -v only="${ONLY:-.}" '
		{ cell = $1 " " $2 " " $3 " " $4 " " $5 " " $6 }
		cell ~ only'
}
# base_value DIRECTORY NAME: what its base file sets
base_value() {
	sed -n "s/^$2=//p" "$1/base" | tr -d "'"
}
# cell_is PATTERN WORD: "*", or one of a|b
cell_is() {
	case "|$1|" in
	'|*|' | *"|$2|"*) return 0 ;;
	esac
	return 1
}
# cell_can COMMAND DIRECTORY ARCH CPU CONFIG: does the base have what the row needs?
cell_can() {
	if [ "$1" = stock ]; then
		case " $(base_value "$2" STOCK_IMAGES)" in
		*" $3="*) return 0 ;;
		esac
		return 1
	fi
	[ -n "$(base_value "$2" SOURCE)" ] || return 1
	[ "$5" = - ] || [ -f "$TOP/configs/more/$5.config" ] || [ -f "$TOP/configs/more/$5-$3.config" ] || return 1
	[ "$1" != reverts ] || [ -n "$(reverts_listed "$2/expected" "$3" "$4" "$5")" ]
}

# reverts_listed EXPECTED ARCH CPU CONFIG: the patches that it lists with "revert". With
# a configuration, those that need it: the others are shown without.
reverts_listed() {
	config=$4
	[ "$config" != - ] || config=default
	awk -F '\t' -v arch="$2" -v cpu="$("$HARNESS/lib/cpu" "$2" "$3")" -v config="$config" "$(cat "$HARNESS/lib/glob.awk")"'
		$10 ~ /(^|,)revert(,|$)/ && glob($1, arch) && glob($3, cpu) && glob($4, config) &&
			(config == "default" || !glob($4, "default")) { print $9 }' "$1" | sort -u
}

# cells_known: the records of cells, of this cache and of the repository, one a line:
# place, cell, key, verdict, counts, skips, date, seconds, versions, with tabs
cells_known() {
	# shellcheck disable=SC2016
	# All sums at once, with the directory in front; what is damaged is left out.
	printf '%s\0' "$RECORDS"/cell/*/sums | xargs -0 awk '
		BEGIN { if (ARGV[1] ~ /\*/) exit }
		{ print $1 "  " substr(FILENAME, 1, length(FILENAME) - 4) substr($0, 69) }' | { sha256sum -c 2>/dev/null || true; } | while IFS= read -r line; do
		case $line in
		*/cell': OK') printf '%s\n' "${line%: OK}" ;;
		*) note "note: the record ${line%/*} is damaged and not used" ;;
		esac
	done | tr '\n' '\0' | xargs -0r awk -F = '
		function out() {
			print "here\t" v["cell"] "\t" v["key"] "\t" v["verdict"] "\t" v["counts"] "\t" v["skips"] "\t" v["date"] "\t" v["seconds"] "\t" v["versions"]
			delete v
		}
		FNR == 1 && NR > 1 { out() }
		{ name = $1; sub(/^[^=]*=/, ""); v[name] = $0 }
		END { if (NR) out() }'
	for file in "$TOP"/records/*.tsv; do
		[ ! -f "$file" ] || { grep -v '^#' "$file" || true; } | sed 's/^/elsewhere\t/'
	done
}

# cells_state: for each cell: cell, key, state (green red older none), place, verdict,
# counts, skips, date, seconds, versions, minutes, key of the record, with tabs. "older"
# is the newest record of another tree. The caller has a directory TMP.
cells_state() {
	cells >"$TMP/cells"
	[ -s "$TMP/cells" ] || die "ONLY=${ONLY:-}: no cell of harness/matrix.tsv has such a name"
	cells_known >"$TMP/known"
	"$HARNESS/lib/cell-key" <"$TMP/cells" >"$TMP/keys" || exit 1
	awk -F '\t' -v OFS='\t' '
		FILENAME ~ /known$/ {
			of = $2
			# What came from records took no time: the longest counts.
			if ($8 + 0 > longest[of]) longest[of] = $8
			now[$1, of, $3] = $0
			if ($7 >= date[of]) { date[of] = $7; newest[of] = $0 }
			next
		}
		{
			state = "none"
			line = ""
			if (("here", $1, $2) in now) line = now["here", $1, $2]
			else if (("elsewhere", $1, $2) in now) line = now["elsewhere", $1, $2]
			if (line != "") { split(line, f, "\t"); state = f[4] }
			else if ($1 in newest) { split(newest[$1], f, "\t"); state = "older" }
			else split("-\t-\t-\t-\t-\t-\t-\t-\t-", f, "\t")
			print $1, $2, state, f[1], f[4], f[5], f[6], f[7], ($1 in longest) ? longest[$1] : f[8], f[9], $3, f[3]
		}' "$TMP/known" "$TMP/keys"
}
