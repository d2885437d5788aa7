# SPDX-License-Identifier: GPL-2.0
# For subset_of() in lib/series.sh: which patches do the words choose? Reads what
# series_marks() prints. Fails, and says why, if a word means nothing, or if a patch is
# chosen without one that it needs.
function bad(what) {
	print "SERIES=\"" words "\": " what > "/dev/stderr"
	failed = 1
	exit 1
}
# the one patch whose name begins so, before the patch number "before"
function one(begins, before, whose,    i, at) {
	for (i = 1; i < before; i++)
		if (index(plain[i], begins) == 1) {
			if (at)
				bad(whose " \"" begins "\": " name[at] " and " name[i] " begin so")
			at = i
		}
	return at
}
{
	name[NR] = plain[NR] = $1
	sub(/^[^:]*:/, "", plain[NR])
	kit[NR] = $2 == "kit"
	after[NR] = $3
	trees[NR] = $4
}
END {
	if (failed)
		exit 1
	# needs[i]: the numbers of those that it is after
	for (i = 1; i <= NR; i++) {
		m = split(after[i], list, " ")
		for (j = 1; j <= m; j++) {
			at = one(list[j], i, series ": " name[i] " is after")
			if (!at)
				bad(series ": " name[i] " is after " list[j] ": no patch before it begins so")
			needs[i] = needs[i] " " at
		}
	}
	m = split(parts, list, " ")
	for (j = 1; j <= m; j++) {
		part = list[j]
		begins = part
		sub(/=.*/, "", part)
		sub(/^[^=]*=/, "", begins)
		at = one(begins, NR + 1, "PARTS")
		if (!at)
			bad("PARTS of the base has \"" list[j] "\", but no patch in " series " begins so")
		ispart[part] = 1
		inpart[part, at] = 1
	}
	ispart["kit"] = 1
	for (i = 1; i <= NR; i++)
		if (kit[i])
			inpart["kit", i] = 1

	# Words that choose; without one, all are chosen.
	n = split(words, list, " ")
	for (j = 1; j <= n; j++) {
		word = list[j]
		if (word ~ /^no/ && (substr(word, 3) in ispart))
			continue
		some = 1
		hit = 0
		for (i = 1; i <= NR; i++)
			if (word == "kit" ? kit[i] : trees[i] == word)
				hit = chosen[i] = 1
		if (hit)
			continue
		at = one(word, NR + 1, "more than one patch:")
		if (!at) {
			have = ""
			for (part in ispart)
				have = have " no" part
			bad("\"" word "\" is no part (" substr(have, 2) "), no tree that " series " names, and no patch in it begins so")
		}
		chosen[at] = 1
	}
	for (i = 1; i <= NR && !some; i++)
		chosen[i] = 1
	# Words that leave out. With a part goes what needs it; nothing needs the kit, of which
	# the others only have text in files that go with it.
	for (j = 1; j <= n; j++) {
		part = substr(list[j], 3)
		if (list[j] !~ /^no/ || !(part in ispart))
			continue
		for (i = 1; i <= NR; i++) {
			gone[i] = (part, i) in inpart
			m = split(needs[i], need, " ")
			for (k = 1; k <= m; k++)
				if (gone[need[k]] && !kit[need[k]])
					gone[i] = 1
			if (gone[i])
				delete chosen[i]
		}
	}
	any = 0
	for (i = 1; i <= NR; i++) {
		if (!(i in chosen))
			continue
		any = 1
		m = split(needs[i], need, " ")
		for (k = 1; k <= m; k++)
			if (!(need[k] in chosen) && !kit[need[k]])
				bad(name[i] " needs " name[need[k]] ", which is left out")
		print name[i]
	}
	if (!any)
		bad("leaves out every patch")
}
