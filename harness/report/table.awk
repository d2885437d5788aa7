# SPDX-License-Identifier: GPL-2.0
# For table, which says what it is for.
BEGIN {
	files = ARGC - 1
	for (i = 1; i < ARGC; i++) {
		kernel[i] = ARGV[i]; sub(/=.*/, "", kernel[i])
		sub(/^[^=]*=/, "", ARGV[i])
	}
	shown = split("kinds cpu inv pages whole", show, " ")
	split("violations CPU 2nd pages whole-mm", title, " ")
	split("free-leaf free_leaf free-table free_table stale-gone gone stale-moved moved stale-write writable stale-dirty dirty stale-table table unpaired unpaired empty empty", pair, " ")
	for (i = 1; i in pair; i += 2) count_of[pair[i]] = pair[i + 1]
}
FNR == 1 { file++; for (i = 1; i <= NF; i++) column[file, $i] = i; next }
{
	key = $1 "\t" $2 "\t" $3 "\t" $4
	if (!(key in have)) { have[key] = 1; order[++n] = key }
	cell[key, file, "result"] = $5
	for (i = 1; i <= shown; i++) cell[key, file, show[i]] = $(column[file, show[i]])
	cell[key, file, "kinds"] = counted($(column[file, "kinds"]))
}
# free-leaf,stale-gone: with how many of each there were
function counted(kinds,   kind, k, i, s, n) {
	k = split(kinds, kind, ",")
	for (i = 1; i <= k; i++) {
		s = s (i > 1 ? "," : "") kind[i]
		if (kind[i] in count_of) {
			n = $(column[file, count_of[kind[i]]])
			if (n + 0 > 0) s = s ":" n
		}
	}
	return s
}
function value(key, file, what) { return (key, file, what) in cell ? cell[key, file, what] : "-" }
function beside(key, what,   i, s, same) {
	s = value(key, 1, what)
	same = 1
	for (i = 2; i <= files; i++) if (value(key, i, what) != value(key, 1, what)) same = 0
	if (!same) for (i = 2; i <= files; i++) s = s " | " value(key, i, what)
	return s
}
END {
	row = "test\tsize\tmodel\tcheck"
	for (i = 1; i <= files; i++) row = row "\t" kernel[i]
	for (i = 1; i <= shown; i++) row = row "\t" title[i]
	line[0] = row
	line_tsv = "test\tsize\tmodel\tcheck"
	for (f = 1; f <= files; f++) {
		line_tsv = line_tsv "\t" kernel[f]
		for (i = 1; i <= shown; i++) line_tsv = line_tsv "\t" kernel[f] "." show[i]
	}
	print line_tsv > tsv
	for (r = 1; r <= n; r++) {
		row = order[r]
		for (f = 1; f <= files; f++) row = row "\t" value(order[r], f, "result")
		for (i = 1; i <= shown; i++) row = row "\t" beside(order[r], show[i])
		line[r] = row
		row = order[r]
		for (f = 1; f <= files; f++) {
			row = row "\t" value(order[r], f, "result")
			for (i = 1; i <= shown; i++) row = row "\t" value(order[r], f, show[i])
		}
		print row > tsv
	}
	for (r = 0; r <= n; r++) {
		m = split(line[r], field, "\t")
		for (i = 1; i <= m; i++) if (length(field[i]) > width[i]) width[i] = length(field[i])
	}
	for (r = 0; r <= n; r++) {
		m = split(line[r], field, "\t")
		row = ""
		for (i = 1; i <= m; i++) row = row sprintf("%-" width[i] "s  ", field[i])
		sub(/ +$/, "", row)
		print row
	}
}
