# SPDX-License-Identifier: GPL-2.0
# For verdict, which says what the files mean: compares the results of the tests with
# the expected ones. Files: EXPECTED, RESULTS.
# Environment: MODE, what kind of kernel it was; ARCH, QEMU_CPU, CONFIG, WITHOUT, TEST, PF_SUITE.
# Needs glob.awk.

BEGIN {
	FS = "\t"
	mode = ENVIRON["MODE"]
	arch = setting("ARCH", "x86_64")
	cpu = setting("QEMU_CPU", "max")
	config = setting("CONFIG", "default")
	without = ENVIRON["WITHOUT"]
	partial = (ENVIRON["TEST"] ENVIRON["PF_SUITE"]) != ""
	file = ARGV[1]
	sub(/.*\//, "", file)
}

function setting(name, otherwise) {
	return ENVIRON[name] == "" ? otherwise : ENVIRON[name]
}

function wrong(what) {
	print what
	bad = 1
}

# LIST, with commas, in alphabetical order and each item once.
function sorted(list,   item, n, i, j, it, s) {
	n = split(list, item, ",")
	for (i = 2; i <= n; i++) {
		it = item[i]
		for (j = i; j > 1 && item[j - 1] > it; j--)
			item[j] = item[j - 1]
		item[j] = it
	}
	for (i = 1; i <= n; i++)
		if (i == 1 || item[i] != item[i - 1])
			s = s (i > 1 ? "," : "") item[i]
	return s
}

function has(list, item) {
	return index("," list ",", "," item ",") != 0
}

# --- EXPECTED

# What is wrong with the present line, or nothing.
function malformed(   i) {
	if (NF != 10)
		return NF " columns, not 10"
	for (i = 1; i <= NF; i++)
		if ($i == "")
			return "column " i " is empty"
	for (i = 1; i <= 7; i++)
		if (("|" $i "|") ~ /\|\|/)
			return "an alternative in column " i " is empty"
	if ($10 == "skip")
		return $8 == "-" ? "" : "what is skipped has no kinds: " $8
	if ($10 !~ /^(base|revert|base,revert)(,may)?$/ || $10 == "base,may")
		return "how is " $10 ", not base, revert, both, with may for revert, or skip"
	if ($8 == "-")
		return "a failure has kinds"
	return ""
}

# Does the present row count on this kind of kernel?
function counts() {
	if ($10 == "skip")
		return 1
	if (mode == "series")
		return 0
	if (mode == "without")
		return has($10, "revert") && $9 == without
	return has($10, "base")
}

# Add the present row, spelled out: once for each choice of alternatives. SPELLED has
# the choice for the columns before COLUMN.
function spell_out(column,   alternative, n, i) {
	if (column > 7) {
		add_row()
		return
	}
	n = split($column, alternative, "|")
	for (i = 1; i <= n; i++) {
		spelled[column] = alternative[i]
		spell_out(column + 1)
	}
}

function add_row() {
	if (!glob_one(spelled[1], arch) || !glob_one(spelled[3], cpu) || !glob_one(spelled[4], config))
		return
	rows++
	test[rows] = spelled[5]
	size[rows] = spelled[2]
	model[rows] = spelled[6]
	check[rows] = spelled[7]
	where[rows] = file ":" FNR
	skip[rows] = $10 == "skip"
	kinds[rows] = sorted($8)
	reason[rows] = $9
	may[rows] = mode == "without" && has($10, "may")
	if (!skip[rows] && !may[rows])
		certain++
}

FILENAME == ARGV[1] {
	if ($0 ~ /^[ \t]*(#|$)/ || $1 == "arch" && NF == 10)
		next
	error = malformed()
	if (error != "")
		wrong(file ":" FNR ": " error)
	else if (counts())
		spell_out(1)
	next
}

# --- RESULTS: test size model check result kinds ... reason more

# The first row for the present test, or 0.
function find_row(   i) {
	for (i = 1; i <= rows; i++)
		if (glob_one(test[i], $1) && glob_one(size[i], $2) && glob_one(model[i], $3) && glob_one(check[i], $4))
			return i
	return 0
}

function not_skipped(   how) {
	how = $5 == "pass" ? "passes" : "fails with " got
	wrong("was to be skipped (" reason[row] "), but ran, and " how " (" where[row] "): " name)
}

function skipped() {
	if (!row)
		wrong("was skipped (" why "), and is not listed to be: " name)
	else if (!skip[row])
		wrong("was skipped (" why "), but is listed to fail (" where[row] "): " name)
	else if (!glob_one(reason[row], why))
		wrong("was skipped (" why "), but is listed to be so because \"" reason[row] "\" (" where[row] "): " name)
}

function passed() {
	if (got != "none" && got != "-")
		wrong("passes, but saw " got ": " name)
	else if (row && !may[row])
		wrong("passes, but is listed to fail with " kinds[row] " (" where[row] "): " name)
}

function failed() {
	if (!row)
		wrong("fails, and is not listed: " name ": " got (why == "-" ? "" : ": " why))
	else if (got != kinds[row])
		wrong("fails with " got ", but is listed with " kinds[row] " (" where[row] "): " name)
}

FNR == 1 { next }

{
	tests++
	name = $1 " " $2 " " $3 " " $4
	got = sorted($6)
	why = $(NF - 1)
	row = find_row()
	used[row] = 1
	if ($5 == "skip")
		skipped()
	else if (skip[row])
		not_skipped()
	else if ($5 == "pass")
		passed()
	else
		failed()
}

END {
	if (!tests)
		wrong("no test ran")
	if (mode == "without" && !certain)
		wrong("no test is listed that has to fail without " without)
	for (i = 1; i <= rows; i++)
		if (!partial && !(i in used))
			wrong("is listed, but no such test ran, or an earlier line has it (" where[i] "): " test[i] " " size[i] " " model[i] " " check[i])
	exit bad
}
