# SPDX-License-Identifier: GPL-2.0
# Split a patch as bases/<base>/patches/ has them: header, message, "---", names of files,
# diffstat, diff. Sets nothing; writes the message to msg, "Files: NAME" or "Replaces:
# NAME" lines to files, the diff to diff. Prints what is wrong with the patch, and fails.
function bad(what) {
	print what
	failed = 1
	exit 1
}
state == 0 && /^Subject: / {
	sub(/^Subject: (\[[^]]*\] *)?/, "")
	subject = $0
	next
}
state == 0 && /^[ \t]/ && subject != "" {
	sub(/^[ \t]+/, "")
	subject = subject " " $0
	next
}
state == 0 && $0 == "" {
	if (subject == "")
		bad("has no Subject: line in its header")
	print subject > msg
	state = 1
	next
}
state == 0 { bad("line " NR ": the header may only have Subject:, not \"" $0 "\"") }
state == 1 && $0 == "---" {
	state = 2
	next
}
state == 1 && /^diff --git / { bad("line " NR ": no \"---\" line before the diff") }
state == 1 {
	if ($0 == "") {
		blank++
		next
	}
	if (!body++)
		blank = 1
	while (blank > 0) {
		print "" > msg
		blank--
	}
	print > msg
	next
}
state == 2 && /^(Files|Replaces):/ {
	for (i = 2; i <= NF; i++)
		print $1, $i > files
	next
}
state == 2 && /^diff --git / { state = 3 }
# Notes would be lost when the patch is written anew.
state == 2 && !/^( |$)/ {
	bad("line " NR ": below \"---\" there can be no notes, make save would lose them: the message or the cover letter may have \"" $0 "\"")
}
state == 3 { print > diff }
END {
	if (!failed && state < 2) {
		print "has no \"---\" line after its message"
		exit 1
	}
}
