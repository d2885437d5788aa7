# SPDX-License-Identifier: GPL-2.0
# The program of "results": KTAP of KUnit (a file called kunit) and of the selftest
# (any other) to a table, one row a test. Nothing is guessed: what a test is and
# what it found, it says itself.
#
# The selftest, between the line RUN of a test and its result:
#
#	# stlb: test=munmap size=base model=overlap check=safe
#		what the test is; each test has to say it
#	# stlb: chosen=no
#		the pattern TEST leaves it out
#	# stlb: kinds=free-leaf,stale-gone leaf=64 ...
#		what it found ("none"), and counts
#
# KUnit has suites of cases of parameters. A parameter is called "SIZE, MODEL" or
# "SIZE", in the suite secondary_tlb "SIZE, MODEL" or "MODEL". Lines of a case:
#
#	stlb: kinds=short: these words are the reason
#		what an expectation that failed was about
#	# CASE: skipped: these words are the reason
#		the KUnit of an old kernel reports a parameter that is skipped as passed
#
# A failure without kinds is of kind "error".

BEGIN {
	OFS = "\t"
	nr_ids = split("test size model check", ids, " ")
	nr_counts = split("leaf walk free_leaf free_table gone moved writable dirty table cpu cpu_whole batch inv pages whole empty unpaired", counts, " ")
	known["kinds"] = known["chosen"] = 1
	for (i = 1; i <= nr_ids; i++) {
		is_id[ids[i]] = known[ids[i]] = 1
		head = head ids[i] OFS
	}
	head = head "result" OFS "kinds"
	for (i = 1; i <= nr_counts; i++) {
		known[counts[i]] = 1
		head = head OFS counts[i]
	}
	print head, "reason", "more" > tsv
}

function wrong(what) {
	print what
	bad = 1
}

function or_dash(text) {
	return text == "" ? "-" : text
}

# Forget what the last test said.
function forget() {
	split("", value)
	more = why = ""
}

# A row of the table, from what is in value[], the reason and the keys not known.
function row(result, reason,   i, key, name, line) {
	for (i = 1; i <= nr_ids; i++) {
		key = key or_dash(value[ids[i]]) OFS
		name = name " " or_dash(value[ids[i]])
	}
	line = key result OFS or_dash(value["kinds"])
	for (i = 1; i <= nr_counts; i++)
		line = line OFS or_dash(value[counts[i]])
	print line, or_dash(reason), or_dash(more) > tsv
	if (key in seen)
		wrong("two tests are called" name)
	seen[key] = 1
	forget()
}

# KUnit

# The end of a case, or of one of its parameters.
function kunit_result(result, param, reason,   at, size, model) {
	if (match(param, /, [^,]*$/)) {
		size = substr(param, 1, RSTART - 1)
		model = substr(param, RSTART + 2)
	} else if (suite == "secondary_tlb")
		model = param
	else
		size = param
	gsub(/ /, "-", size)
	gsub(/ /, "-", model)
	at = kcase
	sub(/^test_/, "", at)
	if (suite != "secondary_tlb")
		at = suite "." at
	value["test"] = at
	value["size"] = size
	value["model"] = model
	value["check"] = "kunit"
	if (result != "skip")
		value["kinds"] = kinds != "" ? kinds : result == "pass" ? "none" : "error"
	row(result, reason)
	kunit_tests++
	kparams++
	kcount[result]++
}

# A line "ok" or "not ok". How far it is indented tells whose it is.
function kunit_ok(depth, text,   fail, skip, reason, name, result) {
	name = text
	if (match(text, /# *SKIP */)) {
		skip = 1
		reason = substr(text, RSTART + RLENGTH)
		sub(/ *# *SKIP.*/, "", name)
	}
	if (kskip != "") {
		skip = 1
		if (reason == "")
			reason = kskip
	}
	fail = sub(/^not /, "", name)
	sub(/^ok [0-9]+ *(- )?/, "", name)
	result = skip ? "skip" : fail ? "fail" : "pass"
	if (skip && reason == "")
		reason = "no reason given"
	if (fail && !skip)
		reason = kwhy

	if (depth >= 2)
		kunit_result(result, name, reason)
	else if (depth == 1) {
		# The end of a case that has parameters is no result of its own.
		if (!kparams || kcase != name) {
			kcase = name
			kunit_result(result, "", reason)
		}
		kparams = 0
	} else {
		kdone++
		if (name != suite)
			wrong("KUnit: the end of suite " suite " is missing")
	}
	kinds = kwhy = kskip = ""
}

# What an expectation that failed was about: each kind once.
function kunit_kinds(text,   rest, part, i, n) {
	rest = text
	sub(/^[a-z,-]+/, "", rest)
	n = split(substr(text, 1, length(text) - length(rest)), part, ",")
	for (i = 1; i <= n; i++)
		if (index("," kinds ",", "," part[i] ",") == 0)
			kinds = kinds (kinds == "" ? "" : ",") part[i]
	sub(/^: */, "", rest)
	if (rest != "")
		kwhy = kwhy (kwhy == "" ? "" : "; ") rest
}

FILENAME ~ /\/kunit$/ {
	match($0, /^ */)
	depth = RLENGTH / 4
	text = substr($0, RLENGTH + 1)
	said = "# " kcase ": skipped: "
	if (text ~ /^# Subtest: /) {
		if (depth == 1) {
			suite = substr(text, 12)
			suites++
		} else {
			kcase = substr(text, 12)
			split("", kcount)
		}
	} else if (depth == 0 && text ~ /^1\.\.[0-9]+/) {
		kplan = substr(text, 4) + 0
		kplanned = 1
	} else if (text ~ /^(not )?ok [0-9]+/) {
		kunit_ok(depth, text)
	} else if (depth == 1 && match(text, /: pass:[0-9]+ fail:[0-9]+ skip:[0-9]+ total:/)) {
		# KUnit's own count of the results of the case.
		kstats = "pass:" kcount["pass"] + 0 " fail:" kcount["fail"] + 0 " skip:" kcount["skip"] + 0
		if (!index(text, "# " kcase ": " kstats " "))
			wrong("KUnit: the results of " kcase " are " kstats ", and KUnit itself says " text)
	} else if (index(text, said) == 1) {
		kskip = substr(text, length(said) + 1)
	} else if (match(text, /^(# [^ ]+: )?stlb: kinds=/)) {
		kunit_kinds(substr(text, RSTART + RLENGTH))
	}
	next
}

# The selftest

function selftest_result(result, name, reason,   i, missing) {
	tests++
	for (i = 1; i <= nr_ids; i++)
		missing += !(ids[i] in value)
	if (missing) {
		wrong("test " name " did not say what it is")
		if (!("test" in value))
			value["test"] = name
	}
	if (value["chosen"] == "no") {
		others++
		forget()
		return
	}
	if (result == "fail" && (value["kinds"] == "" || value["kinds"] == "none"))
		value["kinds"] = "error"
	row(result, reason)
}

/^1\.\.[0-9]+/ {
	plan = substr($0, 4) + 0
	planned = 1
	next
}

/^# +RUN +/ {
	forget()
	run = $3
	next
}

/^# stlb: / {
	for (i = 3; i <= NF; i++) {
		at = index($i, "=")
		if (!at)
			continue
		key = substr($i, 1, at - 1)
		new = substr($i, at + 1)
		if (key in is_id && key in value && value[key] != new)
			wrong("test " run " said " key "=" value[key] " first, and then " key "=" new)
		value[key] = new
		if (!(key in known))
			more = more (more == "" ? "" : " ") $i
	}
	next
}

# The first message of the test's own.
/^# .*\.c:[0-9]+:/ && why == "" {
	why = substr($0, 3)
	sub(/^[^ ]*\//, "", why)
	gsub(/\t/, " ", why)
	next
}

/^(not )?ok [0-9]+/ {
	fail = $1 == "not"
	name = $(fail + 3)
	if (run != "" || name == "" || name == "#")
		name = run
	if (match($0, /# *SKIP */)) {
		reason = substr($0, RSTART + RLENGTH)
		selftest_result("skip", name, reason == "" ? "no reason given" : reason)
	} else if (fail)
		selftest_result("fail", name, why)
	else
		selftest_result("pass", name, "")
	run = ""
	next
}

END {
	if (run != "")
		wrong("the tests ended in the middle of " run)
	if (ENVIRON["PF_SUITE"] != "selftest" && !suites)
		wrong("KUnit ran no suite")
	else if (ENVIRON["PF_SUITE"] != "selftest" && (!kplanned || kplan != kdone))
		wrong("KUnit planned " kplan + 0 " suites, and " kdone + 0 " came to their end")
	if (ENVIRON["PF_SUITE"] == "kunit")
		exit bad
	if (!planned)
		wrong("the tests printed no plan (1..N)")
	else if (plan != tests + 0)
		wrong("the tests planned " plan " results and gave " tests + 0)
	else if (!tests)
		wrong("no test was run")
	else if (others == tests)
		wrong("no test has a name like TEST=" ENVIRON["TEST"])
	exit bad
}
