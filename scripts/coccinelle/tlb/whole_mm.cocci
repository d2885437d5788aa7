// SPDX-License-Identifier: GPL-2.0-only
/// A flush of the whole mm makes a device drop all entries. A function that
/// gets the range has to pass it on.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@whole@
identifier f;
identifier x =~ "^(start|[a-z]*addr|address)$";
expression mm;
position p;
@@

f(..., unsigned long x, ...)
{
<+...
\(mmu_notifier_arch_invalidate_secondary_tlbs@p\|mmu_notifier_invalidate_range@p\)(mm, 0, \(-1UL\|~0UL\|ULONG_MAX\))
...+>
}

@depends on context@
identifier n =~ "^mmu_notifier_(arch_invalidate_secondary_tlbs|invalidate_range)$";
position whole.p;
@@

*n@p(...)

@script:python depends on org@
f << whole.f;
p << whole.p;
@@

cocci.print_main("%s: flushes secondary TLBs for the whole mm, though it has a range" % f, p)

@script:python depends on report@
f << whole.f;
p << whole.p;
@@

coccilib.report.print_report(p[0], "WARNING: %s: flushes secondary TLBs for the whole mm, though it has a range" % f)
