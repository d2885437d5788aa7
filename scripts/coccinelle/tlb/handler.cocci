// SPDX-License-Identifier: GPL-2.0-only
/// A subscriber with a secondary TLB has to handle a range of (0, -1UL), which
/// means the whole mm, and the end of the mm, after which no call comes.
///
//# A loop of "start; start < end; start += size" does not end when end is -1UL,
//# and "end - start + size" overflows. A callback that compares end with -1UL is
//# taken to know. A subscriber without .release is not told that the page tables
//# go away.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@release@
identifier o, r;
position p;
@@

struct mmu_notifier_ops o@p = {
	.release = r,
};

@ops@
identifier o, cb;
identifier op =~ "^(arch_invalidate_secondary_tlbs|invalidate_range)$";
@@

struct mmu_notifier_ops o = {
	.op = cb,
};

@norelease@
identifier o, cb;
identifier op =~ "^(arch_invalidate_secondary_tlbs|invalidate_range)$";
position p != release.p;
@@

struct mmu_notifier_ops o@p = {
	.op = cb,
};

@aware@
identifier ops.cb, S, E, mn, mm;
position f;
@@

cb@f(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long S, unsigned long E)
{
<+...
\(E == \(-1UL\|~0UL\|ULONG_MAX\)\|E != \(-1UL\|~0UL\|ULONG_MAX\)\)
...+>
}

@loop@
identifier ops.cb, S, E, mn, mm;
identifier a;
expression X;
position p, f != aware.f;
@@

cb@f(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long S, unsigned long E)
{
<+...
(
for@p (a = S; a < E; a += X) { ... }
|
while@p (S < E) { <+... S += X ...+> }
)
...+>
}

@overflow@
identifier ops.cb, S, E, mn, mm;
expression X;
position p, f != aware.f;
@@

cb@f(struct mmu_notifier *mn, struct mm_struct *mm, unsigned long S, unsigned long E)
{
<+...
E - S +@p X
...+>
}

@depends on context@
identifier norelease.o;
position norelease.p;
@@

*struct mmu_notifier_ops o@p = { ... };

@depends on context@
position loop.p;
statement T;
@@

(
* for@p (...;...;...) T
|
* while@p (...) T
)

@depends on context@
position overflow.p;
expression A, X;
@@

*A +@p X

@script:python depends on org@
o << norelease.o;
p << norelease.p;
@@

cocci.print_main("%s: flushes a secondary TLB, but has no .release" % o, p)

@script:python depends on org@
f << ops.cb;
p << loop.p;
@@

cocci.print_main("%s: loop does not end for a range up to -1UL" % f, p)

@script:python depends on org@
f << ops.cb;
p << overflow.p;
@@

cocci.print_main("%s: size overflows for the range (0, -1UL)" % f, p)

@script:python depends on report@
o << norelease.o;
p << norelease.p;
@@

coccilib.report.print_report(p[0], "ERROR: %s: flushes a secondary TLB, but has no .release" % o)

@script:python depends on report@
f << ops.cb;
p << loop.p;
@@

coccilib.report.print_report(p[0], "ERROR: %s: loop does not end for a range up to -1UL" % f)

@script:python depends on report@
f << ops.cb;
p << overflow.p;
@@

coccilib.report.print_report(p[0], "ERROR: %s: size overflows for the range (0, -1UL)" % f)
