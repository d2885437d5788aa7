# SPDX-License-Identifier: GPL-2.0
# For console, which says what it is for.
function wrong(what) { print what; bad = 1 }
# Only the first of each kind: the rest is usually its consequence.
function once(kind, what) { if (!(kind in said)) wrong(kind ": " what); said[kind] = 1 }
BEGIN { printf "" > ktap; printf "" > kunit; printf "" > seen; known = ENVIRON["known"] }
{
	sub(/\r+$/, "")
	line = $0
	sub(/^\[ *[0-9]+\.[0-9]+\]( *\[ *[CT][0-9]+\])? /, "", line)
	if (line ~ /[^ ]/) last = line
}
line ~ /^pf[|+][0-9]+[|]/ {
	number = substr(line, 4, 6) + 0
	if (number != ++lines) {
		once("console cut short", "line " lines " of the tests is missing (line " NR " of the console)")
		lines = number
	}
	if (line ~ /^pf[+]/) printf "%s", substr(line, 11) > ktap
	else print substr(line, 11) > ktap
	next
}
line ~ /^pf: start / { started = (line == "pf: start " nonce); in_kunit = 0; next }
!started && line ~ /^ *K?TAP version/ { in_kunit = 1 }
in_kunit { print line > kunit }
# KUnit registers a subscriber of both kinds, which warns by design. Kernels
# that can suppress the warning do.
in_kunit && !by_design && line ~ /^WARNING: .* at mm\/mmu_notifier.c:[0-9]+ __mmu_notifier_register/ { by_design = wanted = 1; next }
known != "" && line ~ /^WARNING: / && line ~ known { sub(/CPU: [0-9]+ PID: [0-9]+ /, "", line); if (!expected[line]++) print line > seen; wanted = 1; next }
line ~ /^pf: end / {
	split(line, w, " ")
	if (w[3] == nonce) {
		ended = 1
		if (w[4] + 0 != lines) once("console cut short", "the tests printed " w[4] " lines, the console has " lines)
	}
	next
}
line ~ /^pf: run / { split(line, w, " "); running[w[3]] = w[4]; next }
line ~ /^pf: exit / {
	split(line, w, " ")
	name = running[w[3]]
	delete running[w[3]]
	if (w[4] == "timeout") wrong("test hung: " name " was killed after its time was over; where it was, stands in the console")
	else if (w[4] == "signal") wrong("test died: " name ": " substr(line, index(line, "signal")))
	else if (w[4] == "status" && w[5] != 0 && w[5] != 1 && w[5] != 4) wrong("test died: " name ": exit status " w[5])
	next
}
line ~ /^pf: module .*(failed|cannot)/ { wrong("module: " substr(line, 5)); next }
line ~ /^pf: set / { wrong("guest: " substr(line, 5)); next }
line ~ /^pf: no tests/ && only == "kunit" { next }
line ~ /^pf: no (swap|file system|tests)/ || line ~ /^pf: .* cannot be / { if (!lenient) wrong("guest: " substr(line, 5)); next }
line ~ /^pf: kmemleak: scan:/ { wrong("kmemleak cannot be had: " substr(line, 5)); next }
line ~ /kmemleak: .*(disabled|out of memory)/ { once("kmemleak", line) }
line ~ /^pf: kmemleak:/ { leaks = 1; next }
leaks && line ~ /unreferenced object/ { once("kmemleak", line) }
line ~ /^pf: tainted:/ { tainted = 1; leaks = 0; next }
tainted == 1 && line ~ /^pf: / {
	t = substr(line, 5) + 0
	tainted = 2
	# bits: 5 bad page, 7 died, 9 warning, 14 soft lockup
	if (int(t / 32) % 2) once("kernel", "tainted " t ": bad page")
	if (int(t / 128) % 2) once("kernel", "tainted " t ": oops")
	if (int(t / 512) % 2 && !wanted) once("kernel", "tainted " t ": warning")
	if (int(t / 16384) % 2) once("kernel", "tainted " t ": soft lockup")
	next
}
line ~ /^pf: / { next }
line ~ /Linux version / { booted = 1 }
line ~ /Kernel panic - not syncing/ { once("kernel panic", line) }
line ~ /^(Oops|Internal error|general protection fault|Unable to handle kernel|BUG: unable to handle|kernel BUG at|Unrecoverable exception)/ { once("kernel oops", line) }
line ~ /KASAN: / { once("KASAN", line) }
line ~ /(possible circular locking|possible recursive locking|inconsistent lock state|possible irq lock inversion|suspicious RCU usage|bad unlock balance|Invalid wait context|lock held when returning|held lock freed|possible deadlock)/ { once("lockdep", line) }
line ~ /BUG: sleeping function|BUG: scheduling while atomic/ { once("sleep in atomic", line) }
line ~ /kmemleak: [0-9]+ new suspected/ { once("kmemleak", line) }
line ~ /^BUG: / && line !~ /KASAN/ { once("kernel BUG", line) }
line ~ /^WARNING: / { once("kernel warning", line) }
line ~ /^UBSAN: / { once("UBSAN", line) }
line ~ /(blocked for more than|detected stall|soft lockup|hard LOCKUP|self-detected stall)/ { once("kernel stall", line) }
END {
	if (status == 137 && seconds + 0 < watchdog + 0)
		wrong("QEMU was killed after " seconds " s, and not by the watchdog: out of memory?")
	else if (!NR || !booted) {
		if (status == 124 || status == 137) wrong("does not boot: nothing from the kernel in " watchdog " s")
		else if (status != 0) wrong("QEMU failed (status " status "): " qemu)
		else wrong("does not boot: QEMU ended before the kernel wrote anything")
	} else if (status == 124 || status == 137)
		wrong("guest hung: the watchdog ended it after " watchdog " s; its last words: " last)
	else if (status != 0)
		wrong("QEMU failed (status " status "): " qemu)
	if (booted && !started && !ended) wrong("init did not start")
	else if (booted && !ended) wrong("console cut short: it has no end mark; its last line: " last)
	for (number in running) wrong("test unfinished: " running[number])
	exit bad
}
