// SPDX-License-Identifier: GPL-2.0-only
/// Secondary TLBs have to be flushed for the range that the function was given. When
/// a parameter that holds it was changed before, as by a loop that advances start,
/// the flush comes for another range, or for none.
///
// Confidence: High
// Options: --no-includes --include-headers

virtual context
virtual org
virtual report

@changed exists@
identifier f, x;
expression E;
position p, q;
@@

f(..., unsigned long x, ...)
{
... when any
\(x@p = E\|x@p += E\|x@p -= E\|x@p &= E\|x@p |= E\|x@p++\|++x@p\|x@p--\|--x@p\)
... when any
\(mmu_notifier_arch_invalidate_secondary_tlbs@q\|mmu_notifier_invalidate_range@q\)(..., <+... x ...+>, ...)
... when any
}

@depends on context@
identifier changed.x;
position changed.p;
@@

* x@p

@script:python depends on org@
f << changed.f;
x << changed.x;
p << changed.p;
q << changed.q;
@@

cocci.print_main("%s: %s changed before the flush of secondary TLBs" % (f, x), p)
cocci.print_secs("flush", q)

@script:python depends on report@
f << changed.f;
x << changed.x;
p << changed.p;
@@

coccilib.report.print_report(p[0], "ERROR: %s: %s changed before the flush of secondary TLBs" % (f, x))
