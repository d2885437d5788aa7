# SPDX-License-Identifier: GPL-2.0
# For abi, which says what is compared and what is printed.
# Variables: before, after: the directories; where: the two files that say where exports are;
# listed.

# lines of FILE, one at a time, into line
function more(file,    got) {
	got = (getline line < file)
	if (got < 0) {
		print "abi: " file " cannot be read" > "/dev/stderr"
		failed = 1
		exit 2
	}
	if (!got)
		close(file)
	return got
}

# --- exports: CRC, name, module, kind, namespace
function symvers(side, dir,    f) {
	while (more(dir "/symvers")) {
		split(line, f, "\t")
		crc[side, f[2]] = f[1]
		kind[side, f[2]] = f[4] (f[5] == "" ? "" : ", namespace " f[5])
		module[f[2]] = f[3]
		names[f[2]]
	}
}

# --- structures: the size; and for each member its offset, size and name
# A nested structure has its name in the line that ends it. Bitfields have "offset:bit".
function structs(side, dir,    type, word, at, name, key, nth) {
	while (more(dir "/structs")) {
		if (line ~ /^(struct|union) [A-Za-z_0-9]+ \{/) {
			split(line, word, " ")
			type = substr(word[1], 1, 1) "#" word[2]
			# Another of the same name, in another file: the first counts.
			if ((side, type) in members)
				type = ""
			else {
				members[side, type] = 0
				types[type]
				split("", nth)
			}
			continue
		}
		if (type == "")
			continue
		if (match(line, /\/\* size: [0-9]+/))
			size[side, type] = substr(line, RSTART + 9, RLENGTH - 9)
		if (!match(line, /\/\* +[0-9]+(: *[0-9]+)? +[0-9]+ \*\/$/))
			continue
		at = substr(line, RSTART + 2, RLENGTH - 4)
		name = substr(line, 1, RSTART - 1)
		gsub(/^ +| +$/, "", at)
		sub(/: +/, ":", at)
		gsub(/ +/, "+", at)
		# int (*name)(int)
		if (match(name, /\(\*+ *[A-Za-z_0-9]+\)/))
			name = substr(name, RSTART + 1, RLENGTH - 2)
		sub(/;[ \t]*$/, "", name)
		sub(/:[0-9]+$/, "", name)
		sub(/(\[[0-9]*\])+$/, "", name)
		sub(/^.*[^A-Za-z_0-9]/, "", name)
		key = name == "" ? "(unnamed)" : name
		nth[key]++
		if (nth[key] > 1)
			key = key " (" nth[key] ")"
		layout[side, type] = layout[side, type] " " at
		place[side, type, key] = at
		order[side, type, ++members[side, type]] = key
	}
}

# how the layout of a structure differs, or nothing. "offset+size" is what is compared.
function differs(type,    i, key) {
	if (!(("b", type) in members) || !(("a", type) in members))
		return ""
	if (size["b", type] != size["a", type])
		return "size " size["b", type] " -> " size["a", type]
	if (layout["b", type] == layout["a", type])
		return ""
	for (i = 1; i <= members["b", type]; i++) {
		key = order["b", type, i]
		if (!(("a", type, key) in place))
			return key " (at " place["b", type, key] ") is gone"
		if (place["a", type, key] != place["b", type, key])
			return key " at " place["b", type, key] " -> " place["a", type, key]
	}
	for (i = 1; i <= members["a", type]; i++) {
		key = order["a", type, i]
		if (!(("b", type, key) in place))
			return key " is new (at " place["a", type, key] ")"
	}
	return "members have another order"
}

# --- types of a file, spelled out
function load(side, file) {
	if (loaded[side] == file)
		return
	loaded[side] = file
	if (side == "b")
		split("", defb)
	else
		split("", defa)
	while (more(file)) {
		match(line, /^[^ ]+ /)
		if (side == "b")
			defb[substr(line, 1, RLENGTH - 1)] = substr(line, RLENGTH + 1)
		else
			defa[substr(line, 1, RLENGTH - 1)] = substr(line, RLENGTH + 1)
	}
}
# reach WHAT: all that it is made of, to inb and ina
function reach(what) {
	follow(what, defb, inb)
	follow(what, defa, ina)
}
# A list, and no recursion: types are nested deeper than awk may be.
function follow(what, def, seen,    n, done, i, m, word) {
	split("", seen)
	n = 0
	queue[++n] = what
	seen[what]
	for (done = 1; done <= n; done++) {
		m = split(def[queue[done]], word, " ")
		for (i = 1; i <= m; i++)
			if (word[i] ~ /^[A-Za-z]#/ && !(word[i] in seen) && (word[i] in def)) {
				seen[word[i]]
				queue[++n] = word[i]
			}
	}
}
function english(type,    word) {
	word["s"] = "struct"
	word["u"] = "union"
	word["e"] = "enum"
	word["t"] = "typedef"
	word["E"] = "enumerator"
	word["S"] = "structure"
	return (type ~ /^[a-zA-Z]#/) ? word[substr(type, 1, 1)] " " substr(type, 3) : "its declaration"
}
# why the definition of a type is another one
function reason(type) {
	if (defb[type] ~ /\{ UNKNOWN \}/)
		return english(type) " (only declared before)"
	if (defa[type] ~ /\{ UNKNOWN \}/)
		return english(type) " (only declared now)"
	if (type ~ /^[su]#/ && ("b", type) in members)
		return english(type) " (of the same layout)"
	return english(type)
}

function sorted(list, out,    n, i, j, key) {
	n = 0
	for (key in list)
		out[++n] = key
	# shell sort: there can be thousands
	for (gap = int(n / 2); gap > 0; gap = int(gap / 2))
		for (i = gap + 1; i <= n; i++) {
			key = out[i]
			for (j = i; j > gap && out[j - gap] > key; j -= gap)
				out[j] = out[j - gap]
			out[j] = key
		}
	return n
}
function row(ok, text) {
	print (ok ? "        " : "not ok  ") text
	if (!ok)
		bad++
}

BEGIN {
	while (more(listed)) {
		if (line ~ /^(#|$)/)
			continue
		if (split(line, f, "\t") != 2) {
			print "abi: " listed ": a line is a type or an export, and a reason, with a tab: " line > "/dev/stderr"
			exit 2
		}
		may[f[1]] = f[2]
	}
	symvers("b", before)
	symvers("a", after)
	structs("b", before)
	structs("a", after)
	while (more(where ".before")) {
		split(line, f, "\t")
		file["b", f[2]] = f[1]
	}
	while (more(where ".after")) {
		split(line, f, "\t")
		file["a", f[2]] = f[1]
	}

	n = sorted(names, name)
	print "exports:"
	for (i = 1; i <= n; i++) {
		s = name[i]
		if (!(("b", s) in crc)) {
			added++
			row(1, "+ " s " (" module[s] ", " kind["a", s] ")")
		} else if (!(("a", s) in crc)) {
			removed++
			row(s in may, "- " s " (" module[s] ", " kind["b", s] ")" (s in may ? ": " may[s] : ""))
			used[s]
		} else {
			both++
			if (kind["b", s] != kind["a", s]) {
				row(s in may, s ": " kind["b", s] " -> " kind["a", s] (s in may ? ": " may[s] : ""))
				used[s]
			}
			if (crc["b", s] != crc["a", s])
				changed[s]
		}
	}

	for (type in types)
		if ((how = differs(type)) != "")
			moved[type] = how

	# By file, each of which is read once.
	for (s in changed)
		todo[file["b", s] "\t" file["a", s] "\t" s]
	n = sorted(todo, list)
	for (i = 1; i <= n; i++) {
		split(list[i], f, "\t")
		s = f[3]
		differ++
		if (f[1] == "" || f[2] == "") {
			why[s] = "no .symtypes has it"
			others++
			continue
		}
		load("b", f[1])
		load("a", f[2])
		reach(s)
		other = by = ""
		split("", kinds)
		for (type in inb)
			# What only one of them has, another difference has brought.
			if (type in ina && defb[type] != defa[type])
				kinds[type]
		m = sorted(kinds, kind_list)
		for (j = 1; j <= m; j++) {
			type = kind_list[j]
			if (type in moved)
				counts[type]++
			else if (type in may) {
				allowed[type]++
				used[type]
			} else
				other = other (other == "" ? "" : ", ") reason(type)
		}
		if (!m)
			other = "nothing in its .symtypes differs"
		if (other != "" && s in may) {
			used[s]
			why_may[s] = other
			other = ""
		}
		if (other != "") {
			why[s] = other
			others++
		} else
			explained++
	}

	print "structures whose size or offsets change:"
	n = sorted(moved, list)
	for (i = 1; i <= n; i++) {
		type = list[i]
		row(1, english(type) ": " moved[type] " (in " counts[type] + 0 " CRCs)")
	}
	print "CRCs that change for another reason:"
	n = sorted(why, list)
	for (i = 1; i <= n; i++)
		row(0, list[i] ": " why[list[i]])
	n = sorted(why_may, list)
	for (i = 1; i <= n; i++)
		row(1, list[i] ": " why_may[list[i]] ": " may[list[i]])
	n = sorted(allowed, list)
	for (i = 1; i <= n; i++)
		row(1, english(list[i]) " (in " allowed[list[i]] " CRCs): " may[list[i]])
	for (type in may)
		if (!(type in used))
			print "note: " listed " has " type ", which does not change"
	printf "%d exports added, %d removed; %d structures change; %d of %d CRCs differ, %d for another reason\n", \
		added, removed, sorted(moved, list), differ, both, others
	exit bad > 0
}
