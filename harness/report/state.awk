# SPDX-License-Identifier: GPL-2.0
# The state of the matrix as a table: rows are command, CPU, configuration and depth,
# columns architectures, one block a base. Input: what cells_state prints. format is
# text or markdown.
{
	split($1, word, " ")
	base = word[2]
	row = word[1]
	for (i = 4; i <= 6; i++)
		if (word[i] != "-")
			row = row " " (i == 4 ? "CPU=" : i == 5 ? "CONFIG=" : "DEPTH=") word[i]
	# A CPU's name and its properties are long.
	sub(/,[^ ]*midr=/, ",midr=", row)
	arch = word[3]
	if (!(base in bases)) {
		bases[base] = 1
		order[++nr_bases] = base
	}
	if (!((base, row) in rows)) {
		rows[base, row] = 1
		row_of[base, ++nr_rows[base]] = row
	}
	if (!(arch in arches)) {
		arches[arch] = 1
		arch_of[++nr_arches] = arch
	}
	minutes = $9 != "-" && $9 + 0 > 0 ? $9 / 60 : $11
	if ($3 == "none")
		text = "not run (" hours(minutes) ")"
	else if ($3 == "older")
		text = $5 " of an older tree"
	else
		text = $3 ($4 == "elsewhere" ? " elsewhere" : "")
	cell[base, row, arch] = text
	n[$3]++
	if ($3 == "none" || $3 == "older" || $4 == "elsewhere")
		left += minutes
	if ($4 == "elsewhere" && $3 != "older")
		elsewhere++
}
function hours(minutes) { return minutes < 30 ? sprintf("%.0f min", minutes) : sprintf("%.1f h", minutes / 60) }
function line(first, base, row,   i, s) {
	s = format == "markdown" ? "| " first " |" : sprintf("%-" width[0] "s", first)
	for (i = 1; i <= nr_arches; i++) {
		if (!used[base, arch_of[i]])
			continue
		s = s (format == "markdown" ? " " value(base, row, i) " |" : "  " sprintf("%-" width[i] "s", value(base, row, i)))
	}
	sub(/ +$/, "", s)
	print s
}
function value(base, row, i) {
	if (row == "")
		return arch_of[i]
	return (base, row, arch_of[i]) in cell ? cell[base, row, arch_of[i]] : "-"
}
END {
	for (b = 1; b <= nr_bases; b++) {
		base = order[b]
		width[0] = 0
		for (i = 1; i <= nr_arches; i++)
			width[i] = length(arch_of[i])
		for (r = 1; r <= nr_rows[base]; r++) {
			row = row_of[base, r]
			if (length(row) > width[0])
				width[0] = length(row)
			for (i = 1; i <= nr_arches; i++) {
				if ((base, row, arch_of[i]) in cell)
					used[base, arch_of[i]] = 1
				if (length(value(base, row, i)) > width[i])
					width[i] = length(value(base, row, i))
			}
		}
		print (b > 1 ? "\n" : "") (format == "markdown" ? "### " : "") base "\n"
		line("", base, "")
		if (format == "markdown") {
			s = "|---|"
			for (i = 1; i <= nr_arches; i++)
				if (used[base, arch_of[i]])
					s = s "---|"
			print s
		}
		for (r = 1; r <= nr_rows[base]; r++)
			line(row_of[base, r], base, row_of[base, r])
	}
	printf "\n%d green, %d red, %d of an older tree, %d not run", n["green"], n["red"], n["older"], n["none"]
	if (elsewhere)
		printf "; %d of them recorded elsewhere", elsewhere
	printf "; to run all here would take %s on two cores\n", hours(left)
}
