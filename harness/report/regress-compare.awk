# SPDX-License-Identifier: GPL-2.0
# For regress-compare, which says what it is for.
BEGIN {
	OFS = "\t"
	bad = 0
	printf "" > "differ"
	for (i = 1; i < ARGC; i++) if (ARGV[i] ~ /^control.*results.tsv$/) if (ARGV[i] ~ /run-again/) again = ", and more of what differed"; else runs++
}
FNR == 1 { split(FILENAME, dir, "/"); kernel = dir[1] }
FILENAME ~ /skipped.tsv$/ { not_run[++left] = $1; why_not[left] = $2; next }
# A machine that fails is never green; a warning, when it is new.
FILENAME ~ /trouble$/ {
	if ($0 ~ /^test (hung|died)/) next
	if ($0 ~ /^kernel warning: / || $0 ~ /^kernel: tainted [0-9]+: warning/) {
		warned[kernel, $0] = 1
		warnings[$0] = 1
	} else trouble[FILENAME ": " $0] = 1
	next
}
{
	key = $1 OFS $2
	if ($3 == "missing") trouble[FILENAME ": " $1 " did not run"] = 1
	if (!(key in order)) { order[key] = ++keys; name[keys] = key }
	if (!((kernel, key, $3) in has)) {
		has[kernel, key, $3] = 1
		results[kernel, key] = results[kernel, key] (results[kernel, key] == "" ? "" : "/") $3
		kinds[kernel, key]++
	}
	times[kernel, key]++
	if ($4 != "-" && $2 == "-" && !(kernel == "series" && ("control", key) in reason)) reason[kernel, key] = $4
	if ($5 != "-" && $5 + 0 > took[$1] + 0) took[$1] = $5
	if ($2 == "-") { if (!($1 in known)) { known[$1] = 1; test[++tests] = $1 } }
}
# How often the program ran that has the subtest.
function runs_of(kernel, key,   part) {
	split(key, part, "\t")
	return times[kernel, part[1] OFS "-"]
}
# In a run that lacks a subtest it is "absent".
function absent(kernel, key) {
	if (times[kernel, key] < runs_of(kernel, key)) {
		has[kernel, key, "absent"] = 1
		results[kernel, key] = results[kernel, key] (results[kernel, key] == "" ? "" : "/") "absent"
		kinds[kernel, key]++
	}
}
# Killed when its time was over: subtests that it did not reach are no result.
function unreached(kernel, key,   part) {
	split(key, part, "\t")
	return part[2] != "-" && times[kernel, key] < runs_of(kernel, key) && (kernel, part[1] OFS "-", "timeout") in has
}
function verdict(key,   n, i, one) {
	if (!runs_of("control", key) || !runs_of("series", key)) return "DIFFERS"
	if (!unreached("control", key)) absent("control", key)
	if (!unreached("series", key)) absent("series", key)
	if (results["control", key] == "" || results["series", key] == "") return "not reached"
	n = split(results["series", key], one, "/")
	for (i = 1; i <= n; i++) if (!(("control", key, one[i]) in has)) return "DIFFERS"
	return kinds["control", key] > 1 || n > 1 ? "flaky" : "same"
}
function counts(kernel, test,   s, i, n, kind, list) {
	n = split("pass fail skip xfail", list, " ")
	for (i = 1; i <= n; i++) if (number[kernel, test, list[i]]) s = s (s == "" ? "" : ", ") number[kernel, test, list[i]] " " list[i]
	return s
}
END {
	print "test", "subtest", "control", "series", "verdict" > "table.tsv"
	for (i = 1; i <= keys; i++) {
		v = verdict(name[i])
		print name[i], results["control", name[i]], results["series", name[i]], v > "table.tsv"
		split(name[i], part, "\t")
		total[part[2] == "-" ? "program" : "subtest"]++
		said[part[2] == "-" ? "program" : "subtest", results["control", name[i]]]++
		if (part[2] != "-") {
			number["control", part[1], results["control", name[i]]]++
			number["series", part[1], results["series", name[i]]]++
			if (v != "same" && v != "not reached") inside[part[1]] = inside[part[1]] sprintf("\n    %s: %s: control %s, series %s", v, part[2], results["control", name[i]], results["series", name[i]])
		}
		of[name[i]] = v
		if (v == "DIFFERS") {
			bad = 1
			differ++
			if (!told[part[1]]++) print part[1] > "differ"
		}
		if (v == "flaky") flaky++
		if (v == "not reached") lost++
	}
	for (i = 1; i <= tests; i++) if (length(test[i]) > width) width = length(test[i])
	printf "%-" width "s  %-10s %-10s %-8s %7s  %s\n", "test", "control", "series", "", "seconds", "subtests"
	for (i = 1; i <= tests; i++) {
		key = test[i] OFS "-"
		more = counts("control", test[i])
		if (results["control", key] ~ /skip/) more = more (more == "" ? "" : "; ") reason["control", key]
		else if (results["control", key] != "pass" && more == "") more = reason["control", key]
		printf "%-" width "s  %-10s %-10s %-8s %7s  %s%s\n", test[i], results["control", key], results["series", key], of[key], took[test[i]], more, inside[test[i]]
	}
	print ""
	for (i = 1; i <= left; i++) print "not run: " not_run[i] ": " why_not[i]
	for (w in warnings) {
		new = ("series", w) in warned && !(("control", w) in warned)
		if (new) bad = 1
		print (new ? "NEW in the series: " : "on the control kernel too: ") w
	}
	for (t in trouble) { print "trouble: " t; bad = 1 }
	if (!tests) bad = 1
	printf "%s: %d programs (%d pass, %d skip) and %d subtests (%d pass, %d skip), %d runs of each kernel%s: %d differ, %d flaky, %d not reached in time\n", bad ? "red" : "green",
		total["program"], said["program", "pass"], said["program", "skip"], total["subtest"], said["subtest", "pass"], said["subtest", "skip"],
		runs, again, differ, flaky, lost
	exit bad
}
