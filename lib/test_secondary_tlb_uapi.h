/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Interface of the software secondary TLB (lib/test_secondary_tlb.c).
 *
 * Private to the test driver and its selftest: it can change at any time.
 */
#ifndef _LIB_TEST_SECONDARY_TLB_UAPI_H
#define _LIB_TEST_SECONDARY_TLB_UAPI_H

#include <linux/types.h>
#include <linux/ioctl.h>

/**
 * enum stlb_model - what the device caches and which invalidations drop it
 * @STLB_MODEL_OVERLAP: an invalidation drops every entry that it touches.
 * @STLB_MODEL_COVER: a PMD or PUD leaf is dropped only by an invalidation that
 *	covers all of it; everything else is dropped on overlap.
 * @STLB_MODEL_SPLINTER: huge mappings are cached as base page pieces.
 * @STLB_MODEL_REFILL: as overlap, and whatever was dropped is walked and cached
 *	again before the invalidation returns, where the page table still allows.
 * @STLB_NR_MODELS: number of models.
 */
enum stlb_model {
	STLB_MODEL_OVERLAP,
	STLB_MODEL_COVER,
	STLB_MODEL_SPLINTER,
	STLB_MODEL_REFILL,
	STLB_NR_MODELS,
};

/* stlb_attach.flags */
/* The device has no hardware dirty update: clean means read-only to it. */
#define STLB_ATTACH_NOHD		0x1
/* A second, start/end only subscriber called before the device's callback ... */
#define STLB_ATTACH_HOLDER_FIRST	0x2
/* ... or after it, where one list walk calls both. */
#define STLB_ATTACH_HOLDER_LAST		0x4
/* Only that subscriber, which is like KVM's: the device has no TLB. */
#define STLB_ATTACH_HOLDER_ONLY		0x8
/*
 * The device does not walk while it has an entry for the address. If that does
 * not allow the access it takes a page fault, and then tries the entry again.
 */
#define STLB_ATTACH_NOWALK		0x10
#define STLB_ATTACH_HOLDERS		(STLB_ATTACH_HOLDER_FIRST |	\
					 STLB_ATTACH_HOLDER_LAST |	\
					 STLB_ATTACH_HOLDER_ONLY)
#define STLB_ATTACH_FLAGS		(STLB_ATTACH_NOHD |		\
					 STLB_ATTACH_NOWALK |		\
					 STLB_ATTACH_HOLDERS)

/**
 * struct stlb_attach - argument of STLB_ATTACH
 * @pid: process whose address space the device shares; 0 for the caller's.
 * @model: enum stlb_model.
 * @flags: STLB_ATTACH_*; at most one of the HOLDER flags.
 * @entries: capacity of the cache in entries; 0 for the default.
 *
 * With STLB_ATTACH_HOLDER_ONLY calls that need a TLB (_FILL, _ACCESS, _QUERY,
 * _CHECK) fail with ESRCH, as they do when the address space is gone.
 */
struct stlb_attach {
	__s32 pid;
	__u32 model;
	__u32 flags;
	__u32 entries;
};

/* stlb_fill.flags and stlb_access.flags */
#define STLB_WRITE	0x1	/* a write access, else a read */
#define STLB_NOFAULT	0x2	/* no I/O page fault: take what is mapped */

/**
 * struct stlb_fill - argument of STLB_FILL: have the device touch a range
 * @addr: first byte; need not be aligned.
 * @len: length in bytes.
 * @flags: STLB_WRITE, STLB_NOFAULT.
 * @pad: has to be 0.
 * @leaves: out: leaf translations that cover the range after the call.
 * @walks: out: page-walk entries (cached page table addresses) of the range.
 * @faults: out: I/O page faults taken.
 * @misses: out: pages left without a translation (with STLB_NOFAULT).
 */
struct stlb_fill {
	__u64 addr;
	__u64 len;
	__u32 flags;
	__u32 pad;
	__u64 leaves;
	__u64 walks;
	__u64 faults;
	__u64 misses;
};

/* stlb_access.result */
#define STLB_HIT	0x1	/* served by a translation already cached */
#define STLB_FAULTED	0x2	/* an I/O page fault was taken */

/**
 * struct stlb_access - argument of STLB_ACCESS: one aligned 64-bit access
 * @addr: address, aligned to 8 bytes.
 * @value: in: what to write; out: what was read.
 * @flags: STLB_WRITE, STLB_NOFAULT.
 * @result: out: STLB_HIT, STLB_FAULTED.
 *
 * The access goes through a cached translation if there is one, however stale,
 * but never to a page known to be freed: that fails with ESTALE. EBUSY: the page
 * faults were handled and have not helped. STLB_FILL and STLB_ACCESS of a page
 * of ZONE_DEVICE fail so, since the device never caches it.
 */
struct stlb_access {
	__u64 addr;
	__u64 value;
	__u32 flags;
	__u32 result;
};

/* stlb_query.state */
#define STLB_PRESENT	0x1
#define STLB_WRITABLE	0x2
#define STLB_DIRTY	0x4
#define STLB_FREED	0x8	/* the page was freed while it was cached */

/**
 * struct stlb_query - argument of STLB_QUERY: look a translation up
 * @addr: address.
 * @size: out: bytes that the cached leaf maps; 0 if there is none.
 * @pfn: out: page frame number that @addr translates to.
 * @state: out: STLB_PRESENT, STLB_WRITABLE, STLB_DIRTY, STLB_FREED.
 * @walks: out: number of page-walk entries cached for @addr.
 */
struct stlb_query {
	__u64 addr;
	__u64 size;
	__u64 pfn;
	__u32 state;
	__u32 walks;
};

/**
 * struct stlb_check - argument of STLB_CHECK: oracle O2
 * @addr: first byte of the range to compare with the page tables.
 * @len: length; 0 and @addr 0 for everything.
 * @leaves: out: leaf translations compared.
 * @walks: out: page-walk entries compared.
 * @gone: out: base pages cached but not mapped any more.
 * @moved: out: base pages cached but mapped to another page frame.
 * @writable: out: base pages cached writable but mapped read-only.
 * @dirty: out: base pages cached dirty and writable but mapped clean.
 * @table: out: cached page tables that the entry above does not point to.
 * @upgrade: out: base pages cached read-only but mapped writable. Allowed where
 *	the device walks again before it reports a permission fault; with
 *	STLB_ATTACH_NOHD it is a violation.
 * @split: out: huge leaves cached, mapped by smaller pages now. No violation
 *	in itself.
 */
struct stlb_check {
	__u64 addr;
	__u64 len;
	__u64 leaves;
	__u64 walks;
	__u64 gone;
	__u64 moved;
	__u64 writable;
	__u64 dirty;
	__u64 table;
	__u64 upgrade;
	__u64 split;
};

/**
 * struct stlb_stats - argument of STLB_STATS: counters since attach or reset
 * @leaves: leaf translations cached now.
 * @walks: page-walk entries cached now.
 * @freed_leaf: O1: leaf entries whose page was freed while cached.
 * @freed_table: O1: page-walk entries whose table was freed while cached; not
 *	seen where several tables share a page.
 * @invalidations: calls of the secondary-TLB callback.
 * @whole: of these, for the whole address space.
 * @empty: of these, for an empty range.
 * @pages: base pages in all ranges that are neither whole nor empty.
 * @dropped: entries dropped by invalidations.
 * @refilled: places that STLB_MODEL_REFILL has looked up again.
 * @cpu_flushes: O3: CPU TLB flush functions entered for this address space.
 * @cpu_whole: of these, for the whole address space.
 * @cpu_batches: batched CPU flushes, of any address space.
 * @unpaired: O3: CPU flushes that returned without a covering callback.
 * @startends: start/end sections seen by the holder.
 * @window_hits: threads held by a window.
 * @window_timeouts: windows that were not released in time.
 * @full: entries not cached since the cache was full: results are void.
 * @log_lost: invalidations no longer in the log.
 * @probes_missed: O3: flushes not seen since too many ran at once.
 */
struct stlb_stats {
	__u64 leaves;
	__u64 walks;
	__u64 freed_leaf;
	__u64 freed_table;
	__u64 invalidations;
	__u64 whole;
	__u64 empty;
	__u64 pages;
	__u64 dropped;
	__u64 refilled;
	__u64 cpu_flushes;
	__u64 cpu_whole;
	__u64 cpu_batches;
	__u64 unpaired;
	__u64 startends;
	__u64 window_hits;
	__u64 window_timeouts;
	__u64 full;
	__u64 log_lost;
	__u64 probes_missed;
};

/**
 * struct stlb_log_entry - one call of the secondary-TLB callback
 * @start: first byte.
 * @end: byte after the last.
 * @tid: thread that called, as in the initial PID namespace.
 * @pad: zero.
 */
struct stlb_log_entry {
	__u64 start;
	__u64 end;
	__s32 tid;
	__u32 pad;
};

/* Size of the log in calls. Compaction of memory makes thousands. */
#define STLB_LOG_ENTRIES	16384

/**
 * struct stlb_log - argument of STLB_LOG: oracle O3, oldest entry first
 * @entries: user pointer to an array of struct stlb_log_entry.
 * @nr: in: length of the array; out: entries stored.
 * @lost: out: older calls that are not in the log any more.
 */
struct stlb_log {
	__u64 entries;
	__u32 nr;
	__u32 lost;
};

/* stlb_window.where */
#define STLB_WINDOW_START	0	/* block in invalidate_range_start() */
#define STLB_WINDOW_END		1	/* block in invalidate_range_end() */

/* One start/end section can be held open by each of these windows. */
#define STLB_NR_WINDOWS		8
#define STLB_WINDOW_MAX_MS	60000

/**
 * struct stlb_window - argument of STLB_WINDOW_SET, _WAIT and _RELEASE
 * @start: hold a section that overlaps [@start, @end) ...
 * @end: ... end exclusive; 0 and ~0 for any.
 * @tid: hold this thread only; 0 for any.
 * @where: STLB_WINDOW_START or STLB_WINDOW_END.
 * @skip: let that many matching sections pass first.
 * @timeout_ms: _SET: a held thread goes on after that time; _WAIT: how long to
 *	wait for a thread to be held. At most STLB_WINDOW_MAX_MS.
 * @id: _SET: out; _WAIT, _RELEASE: in.
 * @held_tid: _WAIT: out: the held thread.
 *
 * Threads are numbered as in the initial PID namespace.
 *
 * A window holds one thread, once. _RELEASE lets it go on, or removes a window
 * that no thread has entered, and frees @id.
 */
struct stlb_window {
	__u64 start;
	__u64 end;
	__s32 tid;
	__u32 where;
	__u32 skip;
	__u32 timeout_ms;
	__u32 id;
	__s32 held_tid;
};

/* stlb_violation.kind */
#define STLB_FREED_LEAF		0
#define STLB_FREED_TABLE	1
#define STLB_UNPAIRED		2

/**
 * struct stlb_violation - argument of STLB_VIOLATION: take the oldest record
 * @kind: STLB_FREED_LEAF, STLB_FREED_TABLE or STLB_UNPAIRED.
 * @tid: thread that freed the page, or flushed.
 * @va: address that was cached, or start of the CPU's flush.
 * @size: bytes that the entry mapped, or that the CPU flushed.
 * @pfn: page frame that was freed.
 * @comm: name of the thread.
 * @stack: where, innermost caller first, in text.
 *
 * Fails with ENODATA when there is none (left). The first records since attach
 * or reset are kept, later ones only counted in struct stlb_stats.
 */
struct stlb_violation {
	__u32 kind;
	__s32 tid;
	__u64 va;
	__u64 size;
	__u64 pfn;
	char comm[16];
	char stack[512];
};

/* stlb_info.features */
#define STLB_HAS_PAGE_FREE	0x1	/* O1 probe is in place */
#define STLB_HAS_FLUSH_PROBES	0x2	/* CPU flushes are probed */
#define STLB_HAS_BATCH_PROBE	0x4	/* batched CPU flushes are probed */
#define STLB_HAS_SVA_FAULT	0x8	/* STLB_ATTACH_NOWALK faults as SVA does */

/**
 * struct stlb_info - argument of STLB_INFO
 * @features: STLB_HAS_*.
 * @pad: 0.
 * @pmd_size: bytes that a PMD leaf maps.
 * @pud_size: bytes that a PUD leaf maps.
 * @callback: name of the callback that the device subscribes to.
 */
struct stlb_info {
	__u32 features;
	__u32 pad;
	__u64 pmd_size;
	__u64 pud_size;
	char callback[48];
};

/* Private: not listed in Documentation/userspace-api/ioctl. */
#define STLB_IOC		0x5e

#define STLB_INFO		_IOR(STLB_IOC, 0x00, struct stlb_info)
#define STLB_ATTACH		_IOW(STLB_IOC, 0x01, struct stlb_attach)
#define STLB_DETACH		_IO(STLB_IOC, 0x02)
#define STLB_FILL		_IOWR(STLB_IOC, 0x03, struct stlb_fill)
#define STLB_ACCESS		_IOWR(STLB_IOC, 0x04, struct stlb_access)
#define STLB_QUERY		_IOWR(STLB_IOC, 0x05, struct stlb_query)
#define STLB_CHECK		_IOWR(STLB_IOC, 0x06, struct stlb_check)
#define STLB_STATS		_IOR(STLB_IOC, 0x07, struct stlb_stats)
/* Empty the cache, the log and the records, and clear the counters. */
#define STLB_RESET		_IO(STLB_IOC, 0x08)
/* Wait until pages and tables freed so far have reached the page allocator. */
#define STLB_QUIESCE		_IO(STLB_IOC, 0x09)
#define STLB_LOG		_IOWR(STLB_IOC, 0x0a, struct stlb_log)
#define STLB_WINDOW_SET		_IOWR(STLB_IOC, 0x0b, struct stlb_window)
#define STLB_WINDOW_WAIT	_IOWR(STLB_IOC, 0x0c, struct stlb_window)
#define STLB_WINDOW_RELEASE	_IOW(STLB_IOC, 0x0d, struct stlb_window)
#define STLB_VIOLATION		_IOR(STLB_IOC, 0x0e, struct stlb_violation)

#endif /* _LIB_TEST_SECONDARY_TLB_UAPI_H */
