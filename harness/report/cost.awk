# SPDX-License-Identifier: GPL-2.0
# For make cost: a table of what was measured, and the verdict.
# Columns of the input: kernel pass other subscriber operation median least most calls.
# The least counts: now and then memory that is freed has to go further, and how often
# that happens in 200 times is not a matter of flushes.
function cell(kernel, row) { return measured(kernel, 2, row) }
function measured(kernel, pass, row) { return ((kernel, pass, row) in cost) ? cost[kernel, pass, row] : "-" }
function less(a, b) { return a == "-" || b == "-" ? "-" : a - b }
function each(a, n) { return a == "-" || !n ? "-" : sprintf("%.1f", a / n) }
function wrong(what) { print "fail: " what; bad = 1 }
# What is judged are differences between kernels: the second pass of a boot must give
# the same as the first. (The operations themselves take a few instructions more or
# less in the second pass, the same in all kernels: they find memory in another state.)
function repeated(row, other, second, n,   first) {
	first = less(measured("series", 1, row), measured(other, 1, row))
	if (first == "-") { wrong(row ": not measured twice"); return }
	pairs++
	first = (first > second ? first - second : second - first) / n
	if (first > most) most = first
	if (first > noise) wrong(row ": series less " other " differs by " sprintf("%.1f", first) " instructions a flush between two passes of one boot")
}
function line(text) { print text > tsv; gsub(/\t/, " ", text); shown[++lines] = text }
BEGIN { names = split("control series nocheck nonotifier", kernels, " ") }
{
	row = $3 " " $4 " " $5
	cost[$1, $2, row] = $7
	if ($4 == "stlb") { calls[$1, $5] = $9; next }
	if (!(row in known)) { known[row] = 1; order[++rows] = row }
}
END {
	line("other\tsubscriber\toperation\tflushes\tcontrol\tseries\tnocheck\tnonotifier\tseries-nocheck\ta-flush\tseries-control\tseries-nonotifier")
	for (i = 1; i <= rows; i++) {
		row = order[i]
		split(row, r, " ")
		n = calls["series", r[3]]
		d = less(cell("series", row), cell("nocheck", row))
		c = less(cell("series", row), cell("control", row))
		line(r[1] "\t" r[2] "\t" r[3] "\t" n "\t" cell("control", row) "\t" cell("series", row) "\t" cell("nocheck", row) "\t" cell("nonotifier", row) "\t" d "\t" each(d, n) "\t" c "\t" less(cell("series", row), cell("nonotifier", row)))
		if (d == "-" || c == "-") { wrong(row ": not measured on all kernels"); continue }
		if (!n) { wrong(row ": a secondary TLB saw no flush of it"); continue }
		repeated(row, "nocheck", d, n)
		repeated(row, "control", c, n)
		if (d > n * limit) wrong(row ": the check costs " each(d, n) " instructions a flush, more than " limit)
		# the control of this measurement: a walk of the list is seen
		if (walks && r[2] == "kvm" && -c <= n * limit) wrong(row ": the unpatched kernel walks the list of subscribers, and no cost is seen")
	}
	for (i = 1; i <= lines; i++) {
		m = split(shown[i], f, " ")
		for (j = 1; j <= m; j++) if (length(f[j]) > width[j]) width[j] = length(f[j])
	}
	for (i = 1; i <= lines; i++) {
		m = split(shown[i], f, " ")
		text = ""
		for (j = 1; j <= m; j++) text = text sprintf("%" (j < 4 ? "-" : "") width[j] "s  ", f[j])
		print text
	}
	if (!pairs) wrong("nothing was measured twice")
	printf "the least of 200, in instructions; of two passes in one boot: differences between kernels differ by %.1f a flush (at most %s)\n", most, noise
	printf "the check: at most %d instructions a flush: %s\n", limit, bad ? "red" : "green"
	exit bad
}
