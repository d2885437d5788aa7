# SPDX-License-Identifier: GPL-2.0
# Patterns in tables. "*" in a pattern stands for anything, "|" stands between
# alternatives. No other character is special.

# Does TEXT match PATTERN, which has no alternatives?
function glob_one(pattern, text) {
	if (pattern == "*" || pattern == text)
		return 1
	gsub(/[.+?()^$|{}\\]|\[|\]/, "\\\\&", pattern)
	gsub(/\*/, ".*", pattern)
	return text ~ ("^" pattern "$")
}

# Does TEXT match one of the alternatives of PATTERN?
function glob(pattern, text,   alternative, n, i) {
	n = split(pattern, alternative, "|")
	for (i = 1; i <= n; i++)
		if (glob_one(alternative[i], text))
			return 1
	return 0
}
