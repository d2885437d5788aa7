# SPDX-License-Identifier: GPL-2.0
# For save: the series file keeps its comments, each before the patch it stood before,
# and its marks: by patch, by subject, or, for one that was reworded, by place.
FILENAME ~ /\/subjects$/ { subject[$1] = $2; next }
FILENAME ~ /\/series$/ {
	if ($0 ~ /^#/ || $0 == "") { comment = comment $0 "\n"; next }
	split($0, w, " ")
	before[w[1]] = comment
	comment = ""
	mark[w[1]] = substr($0, length(w[1]) + 1)
	order[++n] = w[1]
	bysubject[subject[w[1]]] = w[1]
	next
}
{ new[++m] = $1; old[m] = $2; subj[m] = $3 }
END {
	for (i = 1; i <= m; i++) {
		if (old[i] == "-" && (subj[i] in bysubject)) old[i] = bysubject[subj[i]]
		if (old[i] != "-") used[old[i]] = 1
	}
	for (i = 1; i <= m; i++)
		if (old[i] == "-" && n == m && !(order[i] in used)) {
			old[i] = order[i]
			used[order[i]] = 1
		}
	if (n == 0) printf "%s", comment
	for (i = 1; i <= m; i++) {
		printf "%s%s%s\n", before[old[i]], new[i], mark[old[i]]
	}
	for (i = 1; i <= n; i++)
		if (!(order[i] in used)) {
			printf "%s", before[order[i]]
			printf "save: %s%s is no longer in the series\n", order[i], mark[order[i]] > "/dev/stderr"
		}
	if (n) printf "%s", comment
}
