// SPDX-License-Identifier: GPL-2.0
/*
 * A software secondary TLB: an SVA device in software.
 *
 * The device attaches to the address space of a process as a subscriber of the
 * secondary-TLB callback of struct mmu_notifier_ops, walks that process's page
 * tables as an IOMMU does, and caches what it finds: leaf translations, and the
 * addresses of the page tables on the way to them. Three oracles say whether
 * the kernel flushes the device's TLB wherever it flushes the CPU's:
 *
 * O1	a probe on the kmem:mm_page_free tracepoint: a page or page table that
 *	is freed while the device still caches it. It misses pages that go back
 *	to the hugetlb pool, and tables that share a page with others (powerpc
 *	with pages of 64 KiB). These are left to O2. It misses pages of
 *	ZONE_DEVICE (fs-dax, device-coherent), which do not go back to the page
 *	allocator: the device caches none,
 * O2	a comparison of all cached entries with the page tables, on request,
 * O3	the log of invalidations, and kretprobes on the CPU TLB flush functions
 *	that require a covering invalidation between entry and return.
 *
 * Insertions, invalidations and the page-free probe are serialised by one lock,
 * stlb_lock, and so is every walk of the page tables. So a violation is never
 * the fault of a device that caches something after its invalidation: it found
 * the entry in the page tables after the kernel had flushed it. The lock also
 * keeps the tables alive during a walk: their pages cannot pass the page-free
 * probe. Without the probe nothing is cached at all. It does not help a table
 * that shares its page with others. Such a table is freed by RCU, which waits
 * for this CPU as long as interrupts are disabled. MMU_GATHER_RCU_TABLE_FREE
 * makes that true of all page tables of a process, but not all configurations
 * have it.
 *
 * A second subscriber, with invalidate_range_start() and _end() only, can hold
 * a start/end section open ("window"), so that a race becomes a sequence.
 *
 * See tools/testing/selftests/mm/secondary_tlb.c for the tests.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/interval_tree.h>
#include <linux/io.h>
#include <linux/kprobes.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/pgtable.h>
#include <linux/rcupdate.h>
#include <linux/rwsem.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stacktrace.h>
#include <linux/tracepoint.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "test_secondary_tlb_uapi.h"
/* What differs between kernel versions: stlb_callback, stlb_drain_lru(), ... */
#include "test_secondary_tlb_base.h"

#define STLB_DEFAULT_ENTRIES	16384
#define STLB_MAX_ENTRIES	0x100000
#define STLB_RECORDS		24
/* Unpaired flushes can be many: leave room for the freed pages. */
#define STLB_UNPAIRED_RECORDS	8
#define STLB_STACK_DEPTH	16
/* Entries compared before stlb_lock is dropped for a while. */
#define STLB_CHECK_BATCH	128
/* Page faults for one address before the device gives up. */
#define STLB_MAX_FAULTS		16

/* Page table levels; a folded level is never cached. */
#define STLB_LEVELS		5

/**
 * struct stlb_entry - one cached leaf translation or page table address
 * @va: the addresses translated; in &stlb.tree.
 * @pa: the memory that the entry points to; in stlb_memory unless @freed.
 * @free: in &stlb.free while unused.
 * @dev: the device that caches it.
 * @used: neither in &stlb.free nor being refilled.
 * @table: a page-walk entry, else a leaf translation.
 * @huge: a leaf of PMD size or larger.
 * @writable: the device may write through it.
 * @dirty: the hardware dirty bit was set when the entry was walked.
 * @freed: the memory was freed: never access it.
 */
struct stlb_entry {
	struct interval_tree_node va;
	struct interval_tree_node pa;
	struct list_head free;
	struct stlb *dev;
	bool used;
	bool table;
	bool huge;
	bool writable;
	bool dirty;
	bool freed;
};

enum stlb_window_state {
	STLB_WINDOW_FREE,
	STLB_WINDOW_ARMED,	/* no thread has reached it yet */
	STLB_WINDOW_HELD,	/* a thread waits in it */
	STLB_WINDOW_RELEASED,	/* a thread is about to leave it */
	STLB_WINDOW_EXPIRED,	/* the thread has left it without a release */
};

struct stlb_window_slot {
	enum stlb_window_state state;
	struct stlb_window w;
};

struct stlb_record {
	u32 kind;
	pid_t tid;
	unsigned long va;
	unsigned long size;
	unsigned long pfn;
	char comm[TASK_COMM_LEN];
	unsigned int nr_stack;
	unsigned long stack[STLB_STACK_DEPTH];
};

/**
 * struct stlb - one device, made by open()
 * @rwsem: taken for write by attach and detach, for read by all other calls.
 * @mn: the secondary TLB.
 * @holder: the subscriber that holds windows open.
 * @mm: the address space, pinned by the subscriptions; NULL when not attached.
 * @id: number of the attachment, never used again.
 * @flags: STLB_ATTACH_*.
 * @model: what is cached and dropped.
 * @node: in stlb_devices.
 * @dead: the address space is gone, or there is no TLB. stlb_lock protects it
 *	and the fields below, up to @missed_base.
 * @slots: all entries.
 * @nr_slots: number of @slots.
 * @free: unused entries.
 * @tree: used entries by virtual address.
 * @stats: counters; &stlb_stats.leaves and .walks are kept up to date.
 * @log: ring of the latest invalidations.
 * @log_head: invalidations ever logged, modulo the ring the next place in it.
 * @records: what the oracles found first.
 * @nr_records: records taken.
 * @next_record: first record not yet read.
 * @nr_unpaired: records of kind STLB_UNPAIRED.
 * @log_base: @log_head at the last reset.
 * @batches_base: stlb_cpu_batches at the last reset.
 * @missed_base: stlb_probes_missed() at the last reset.
 * @window_lock: never held together with stlb_lock; held for short moments only.
 * @startends: see struct stlb_stats, like the next two.
 * @window_hits: see there.
 * @window_timeouts: see there.
 * @windows: start/end sections to hold.
 * @closing: no thread may be held any more.
 * @wait: held threads, and those that wait for them.
 */
struct stlb {
	struct rw_semaphore rwsem;
	struct mmu_notifier mn;
	struct mmu_notifier holder;
	struct mm_struct *mm;
	u64 id;
	u32 flags;
	u32 model;

	struct list_head node;
	bool dead;
	struct stlb_entry *slots;
	unsigned int nr_slots;
	struct list_head free;
	struct rb_root_cached tree;
	struct stlb_stats stats;
	struct stlb_log_entry *log;
	u64 log_head;
	struct stlb_record *records;
	unsigned int nr_records;
	unsigned int next_record;
	unsigned int nr_unpaired;
	u64 log_base;
	u64 batches_base;
	u64 missed_base;

	spinlock_t window_lock;	/* protects what follows */
	u64 startends;
	u64 window_hits;
	u64 window_timeouts;
	struct stlb_window_slot windows[STLB_NR_WINDOWS];
	bool closing;
	wait_queue_head_t wait;
};

/*
 * Innermost lock: taken under the page table lock, from interrupts (pages and
 * tables are freed there) and by probes.
 */
static DEFINE_RAW_SPINLOCK(stlb_lock);
/* Attached devices. */
static LIST_HEAD(stlb_devices);
/* Memory that is cached by any device, by physical address. */
static struct rb_root_cached stlb_memory = RB_ROOT_CACHED;
/* Lets the probes leave early; written under stlb_lock. */
static unsigned int stlb_nr_devices;
static u64 stlb_attachments;
static u64 stlb_cpu_batches;
/* Written by module init only. */
static u32 stlb_features;

static bool probes = true;
module_param(probes, bool, 0444);
MODULE_PARM_DESC(probes, "Watch pages being freed and CPU TLB flushes (default: on; off to measure what flushes cost)");

/*
 * What the hardware walker sees in an entry. pXd_present() is also true for
 * entries that the hardware faults on (PROT_NONE, huge entries that are being
 * split), so look at the bits.
 */
#if defined(CONFIG_X86_64)
static bool stlb_hw_present(pte_t pte)
{
	return pte_flags(pte) & _PAGE_PRESENT;
}

static bool stlb_hw_user(pte_t pte)
{
	return pte_flags(pte) & _PAGE_USER;
}

static bool stlb_hw_young(pte_t pte)
{
	return pte_flags(pte) & _PAGE_ACCESSED;
}

/* A page fault leaves the bit to the hardware on x86. Fails if the entry changes. */
static bool stlb_hw_set_young(pte_t *ptep, pte_t pte)
{
	return try_cmpxchg(&ptep->pte, &pte.pte, pte.pte | _PAGE_ACCESSED);
}

static bool stlb_hw_writable(pte_t pte)
{
	return pte_flags(pte) & _PAGE_RW;
}

static bool stlb_hw_dirty(pte_t pte)
{
	return pte_flags(pte) & _PAGE_DIRTY;
}
#elif defined(CONFIG_ARM64)
static bool stlb_hw_present(pte_t pte)
{
	return pte_val(pte) & PTE_VALID;
}

static bool stlb_hw_user(pte_t pte)
{
	return pte_val(pte) & PTE_USER;
}

static bool stlb_hw_young(pte_t pte)
{
	return pte_val(pte) & PTE_AF;
}

/* PTE_WRITE is the DBM bit: hardware may turn a clean entry into a dirty one. */
static bool stlb_hw_writable(pte_t pte)
{
	return (pte_val(pte) & PTE_WRITE) || !(pte_val(pte) & PTE_RDONLY);
}

static bool stlb_hw_dirty(pte_t pte)
{
	return !(pte_val(pte) & PTE_RDONLY);
}
#elif defined(CONFIG_PPC_BOOK3S_64)
static bool stlb_hw_present(pte_t pte)
{
	return pte_val(pte) & _PAGE_PRESENT;
}

static bool stlb_hw_user(pte_t pte)
{
	/* Newer kernels have no privilege in PROT_NONE, but no access either. */
	return !(pte_val(pte) & _PAGE_PRIVILEGED) && pte_val(pte) & _PAGE_RWX;
}

static bool stlb_hw_young(pte_t pte)
{
	return pte_val(pte) & _PAGE_ACCESSED;
}

static bool stlb_hw_writable(pte_t pte)
{
	return pte_val(pte) & _PAGE_WRITE;
}

static bool stlb_hw_dirty(pte_t pte)
{
	return pte_val(pte) & _PAGE_DIRTY;
}
#elif defined(CONFIG_RISCV)
static bool stlb_hw_present(pte_t pte)
{
	return pte_val(pte) & _PAGE_PRESENT;
}

static bool stlb_hw_user(pte_t pte)
{
	return pte_val(pte) & _PAGE_USER;
}

static bool stlb_hw_young(pte_t pte)
{
	return pte_val(pte) & _PAGE_ACCESSED;
}

static bool stlb_hw_writable(pte_t pte)
{
	return pte_val(pte) & _PAGE_WRITE;
}

static bool stlb_hw_dirty(pte_t pte)
{
	return pte_val(pte) & _PAGE_DIRTY;
}
#else
#error "What does the hardware make of a page table entry here?"
#endif

/* Not all versions of powerpc have pud_pfn(). */
#ifdef CONFIG_PPC_BOOK3S_64
#define stlb_pud_pfn(pud) pte_pfn(__pte(pud_val(pud)))
#else
#define stlb_pud_pfn(pud) pud_pfn(pud)
#endif

#ifndef CONFIG_X86_64
/* The page fault handler sets the bit. */
static bool stlb_hw_set_young(pte_t *ptep, pte_t pte)
{
	return false;
}
#endif

/**
 * struct stlb_walk - result of a page table walk
 * @size: bytes that the last entry looked at maps, leaf or not.
 * @leaf: a leaf that user accesses may use was found.
 * @young: it has the accessed bit set: the device may cache it.
 * @ptep: where the leaf is.
 * @pte: the leaf, as a PTE whatever its level.
 * @pa: physical address of the first byte that the leaf maps.
 * @nr_tables: number of @tables.
 * @tables: page tables below the top level that the walk went through.
 */
struct stlb_walk {
	unsigned long size;
	bool leaf;
	bool young;
	pte_t *ptep;
	pte_t pte;
	phys_addr_t pa;
	unsigned int nr_tables;
	struct {
		unsigned long region_size;
		phys_addr_t pa;
		unsigned long bytes;
	} tables[STLB_LEVELS];
};

static void stlb_walk_table(struct stlb_walk *walk, const void *entry,
			    unsigned long bytes, unsigned long region_size)
{
	unsigned int i = walk->nr_tables++;

	walk->tables[i].region_size = region_size;
	walk->tables[i].pa = ALIGN_DOWN(virt_to_phys((void *)entry), bytes);
	walk->tables[i].bytes = bytes;
}

static void stlb_walk_leaf(struct stlb_walk *walk, void *ptep, pte_t pte,
			   unsigned long pfn)
{
	walk->leaf = stlb_hw_user(pte);
	walk->young = stlb_hw_young(pte);
	walk->ptep = ptep;
	walk->pte = pte;
	walk->pa = PFN_PHYS(pfn);
}

/*
 * Walk the page tables for one address, without a lock of mm, as the hardware
 * does. The caller holds stlb_lock, so tables seen here cannot be freed yet.
 */
static void stlb_walk(struct mm_struct *mm, unsigned long va,
		      struct stlb_walk *walk)
{
	pgd_t *pgdp, pgd;
	p4d_t *p4dp, p4d;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;
	pte_t *ptep, pte;

	lockdep_assert_held(&stlb_lock);
	memset(walk, 0, sizeof(*walk));

	walk->size = PGDIR_SIZE;
	pgdp = pgd_offset(mm, va);
	pgd = READ_ONCE(*pgdp);
	if (!mm_p4d_folded(mm) && !stlb_hw_present(__pte(pgd_val(pgd))))
		return;

	p4dp = p4d_offset_lockless(pgdp, pgd, va);
	if (!mm_p4d_folded(mm))
		stlb_walk_table(walk, p4dp, PTRS_PER_P4D * sizeof(p4d_t),
				PGDIR_SIZE);
	walk->size = P4D_SIZE;
	p4d = READ_ONCE(*p4dp);
	if (!mm_pud_folded(mm) && !stlb_hw_present(__pte(p4d_val(p4d))))
		return;

	pudp = pud_offset_lockless(p4dp, p4d, va);
	if (!mm_pud_folded(mm))
		stlb_walk_table(walk, pudp, PTRS_PER_PUD * sizeof(pud_t),
				P4D_SIZE);
	walk->size = PUD_SIZE;
	pud = READ_ONCE(*pudp);
	if (!stlb_hw_present(__pte(pud_val(pud))))
		return;
	if (pud_leaf(pud)) {
		stlb_walk_leaf(walk, pudp, __pte(pud_val(pud)),
			       stlb_pud_pfn(pud));
		return;
	}

	pmdp = pmd_offset_lockless(pudp, pud, va);
	stlb_walk_table(walk, pmdp, PTRS_PER_PMD * sizeof(pmd_t), PUD_SIZE);
	walk->size = PMD_SIZE;
	pmd = READ_ONCE(*pmdp);
	if (!stlb_hw_present(__pte(pmd_val(pmd))))
		return;
	if (pmd_leaf(pmd)) {
		stlb_walk_leaf(walk, pmdp, __pte(pmd_val(pmd)), pmd_pfn(pmd));
		return;
	}

	ptep = pte_offset_kernel(&pmd, va);
	stlb_walk_table(walk, ptep, PTRS_PER_PTE * sizeof(pte_t), PMD_SIZE);
	walk->size = PAGE_SIZE;
	pte = READ_ONCE(*ptep);
	if (stlb_hw_present(pte))
		stlb_walk_leaf(walk, ptep, pte, pte_pfn(pte));
}

static bool stlb_walk_writable(const struct stlb *dev,
			       const struct stlb_walk *walk)
{
	if (!stlb_hw_writable(walk->pte))
		return false;
	return !(dev->flags & STLB_ATTACH_NOHD) || stlb_hw_dirty(walk->pte);
}

/* First address after the part of the page table that @walk, at @va, has seen. */
static unsigned long stlb_walk_next(const struct stlb_walk *walk,
				    unsigned long va)
{
	return ALIGN_DOWN(va, walk->size) + walk->size;
}

static unsigned long stlb_entry_size(const struct stlb_entry *e)
{
	return e->va.last - e->va.start + 1;
}

static struct stlb_entry *stlb_first(struct stlb *dev, unsigned long start,
				     unsigned long last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&dev->tree, start, last);
	return node ? container_of(node, struct stlb_entry, va) : NULL;
}

static struct stlb_entry *stlb_next(struct stlb_entry *e, unsigned long start,
				    unsigned long last)
{
	struct interval_tree_node *node;

	node = interval_tree_iter_next(&e->va, start, last);
	return node ? container_of(node, struct stlb_entry, va) : NULL;
}

static struct stlb_entry *stlb_find_leaf(struct stlb *dev, unsigned long va)
{
	struct stlb_entry *e;

	for (e = stlb_first(dev, va, va); e; e = stlb_next(e, va, va))
		if (!e->table)
			return e;
	return NULL;
}

static void stlb_forget(struct stlb_entry *e)
{
	struct stlb *dev = e->dev;

	interval_tree_remove(&e->va, &dev->tree);
	if (!e->freed)
		interval_tree_remove(&e->pa, &stlb_memory);
	if (e->table)
		dev->stats.walks--;
	else
		dev->stats.leaves--;
	e->used = false;
	list_add(&e->free, &dev->free);
}

static struct stlb_entry *stlb_remember(struct stlb *dev, unsigned long va,
					unsigned long size, phys_addr_t pa,
					unsigned long bytes, bool table)
{
	struct stlb_entry *e;

	e = list_first_entry_or_null(&dev->free, struct stlb_entry, free);
	if (!e) {
		dev->stats.full++;
		return NULL;
	}
	list_del(&e->free);
	e->va.start = va;
	e->va.last = va + size - 1;
	e->pa.start = pa;
	e->pa.last = pa + bytes - 1;
	e->table = table;
	e->freed = false;
	e->used = true;
	interval_tree_insert(&e->va, &dev->tree);
	interval_tree_insert(&e->pa, &stlb_memory);
	if (table)
		dev->stats.walks++;
	else
		dev->stats.leaves++;
	return e;
}

static void stlb_cache_table(struct stlb *dev, unsigned long region,
			     unsigned long region_size, phys_addr_t pa,
			     unsigned long bytes)
{
	struct stlb_entry *e;

	/*
	 * A device uses what it has cached. If the page tables have another
	 * table here, the cached one is stale: leave that to the oracles.
	 */
	for (e = stlb_first(dev, region, region); e;
	     e = stlb_next(e, region, region))
		if (e->table && e->va.start == region &&
		    stlb_entry_size(e) == region_size)
			return;
	stlb_remember(dev, region, region_size, pa, bytes, true);
}

/* Does O1 miss that the page is freed, and somebody else gets it? */
static bool stlb_unwatched(unsigned long pfn)
{
	return pfn_valid(pfn) && is_zone_device_page(pfn_to_page(pfn));
}

/* Cache what a walk for @va has found. Returns the leaf, if it has one. */
static struct stlb_entry *stlb_cache(struct stlb *dev, unsigned long va,
				     const struct stlb_walk *walk)
{
	unsigned long size = walk->size;
	phys_addr_t pa = walk->pa;
	struct stlb_entry *e;
	unsigned int i;

	for (i = 0; i < walk->nr_tables; i++)
		stlb_cache_table(dev,
				 ALIGN_DOWN(va, walk->tables[i].region_size),
				 walk->tables[i].region_size,
				 walk->tables[i].pa, walk->tables[i].bytes);
	if (!walk->leaf || !walk->young || stlb_unwatched(PHYS_PFN(pa)))
		return NULL;

	/* A TLB can evict at any time: the walk replaces the entry for @va. */
	while ((e = stlb_find_leaf(dev, va)))
		stlb_forget(e);

	if (dev->model == STLB_MODEL_SPLINTER) {
		pa += ALIGN_DOWN(va & (size - 1), PAGE_SIZE);
		size = PAGE_SIZE;
	}
	e = stlb_remember(dev, ALIGN_DOWN(va, size), size, pa, size, false);
	if (e) {
		e->huge = size > PAGE_SIZE;
		e->writable = stlb_walk_writable(dev, walk);
		e->dirty = stlb_hw_dirty(walk->pte);
	}
	return e;
}

static struct stlb_record *stlb_new_record(struct stlb *dev, u32 kind)
{
	struct stlb_record *r;

	if (dev->nr_records == STLB_RECORDS)
		return NULL;
	if (kind == STLB_UNPAIRED &&
	    dev->nr_unpaired++ >= STLB_UNPAIRED_RECORDS)
		return NULL;
	r = &dev->records[dev->nr_records++];
	r->kind = kind;
	r->tid = current->pid;
	strscpy(r->comm, current->comm, sizeof(r->comm));
	/* Leave out the oracle itself, or the return probe's trampoline. */
	r->nr_stack = stack_trace_save(r->stack, STLB_STACK_DEPTH,
				       kind == STLB_UNPAIRED ? 6 : 2);
	return r;
}

static void stlb_refill(struct stlb *dev, unsigned long start,
			unsigned long last)
{
	struct stlb_walk walk;
	unsigned long va = start;

	do {
		if (!stlb_find_leaf(dev, va)) {
			stlb_walk(dev->mm, va, &walk);
			stlb_cache(dev, va, &walk);
			dev->stats.refilled += walk.leaf || walk.nr_tables;
			va = stlb_walk_next(&walk, va);
		} else {
			va += PAGE_SIZE;
		}
	} while (va > start && va <= last);
}

static bool stlb_drops(const struct stlb *dev, const struct stlb_entry *e,
		       unsigned long start, unsigned long last)
{
	if (dev->model != STLB_MODEL_COVER || e->table || !e->huge)
		return true;
	return start <= e->va.start && last >= e->va.last;
}

static void stlb_invalidate_locked(struct stlb *dev, unsigned long start,
				   unsigned long last)
{
	struct stlb_entry *e, *next;
	LIST_HEAD(dropped);

	for (e = stlb_first(dev, start, last); e; e = next) {
		next = stlb_next(e, start, last);
		if (!stlb_drops(dev, e, start, last))
			continue;
		stlb_forget(e);
		dev->stats.dropped++;
		if (dev->model == STLB_MODEL_REFILL)
			list_move_tail(&e->free, &dropped);
	}

	while ((e = list_first_entry_or_null(&dropped, struct stlb_entry,
					     free))) {
		unsigned long from = max(start, e->va.start);
		/* Walking the first page of a region caches its table again. */
		unsigned long to = e->table ? from : min(last, e->va.last);

		list_move(&e->free, &dev->free);
		if (!dev->dead)
			stlb_refill(dev, from, to);
	}
}

/* The secondary-TLB callback. Called under the page table lock, among others. */
static void stlb_invalidate(struct mmu_notifier *mn, struct mm_struct *mm,
			    unsigned long start, unsigned long end)
{
	struct stlb *dev = container_of(mn, struct stlb, mn);
	struct stlb_log_entry *log;
	unsigned long flags;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	dev->stats.invalidations++;
	log = &dev->log[dev->log_head++ % STLB_LOG_ENTRIES];
	log->start = start;
	log->end = end;
	log->tid = current->pid;

	if (start >= end) {
		dev->stats.empty++;
	} else {
		if (!start && end == ~0UL)
			dev->stats.whole++;
		else
			dev->stats.pages += DIV_ROUND_UP(end - start, PAGE_SIZE);
		stlb_invalidate_locked(dev, start, end - 1);
	}
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
}

static void stlb_clear(struct stlb *dev)
{
	struct stlb_entry *e;

	while ((e = stlb_first(dev, 0, ~0UL)))
		stlb_forget(e);
}

/* The address space goes away, or DETACH: stop the device. */
static void stlb_release_mm(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct stlb *dev = container_of(mn, struct stlb, mn);
	unsigned long flags;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	dev->dead = true;
	stlb_clear(dev);
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
}

static const struct mmu_notifier_ops stlb_ops = {
	.release	= stlb_release_mm,
	.stlb_callback	= stlb_invalidate,
};

static void stlb_hold(struct stlb *dev, const struct mmu_notifier_range *range,
		      u32 where)
{
	struct stlb_window_slot *slot;
	bool released;
	long left;
	int i;

	if (!mmu_notifier_range_blockable(range))
		return;

	spin_lock(&dev->window_lock);
	if (where == STLB_WINDOW_START)
		dev->startends++;
	for (i = 0; i < STLB_NR_WINDOWS; i++) {
		slot = &dev->windows[i];
		if (slot->state == STLB_WINDOW_ARMED &&
		    slot->w.where == where &&
		    slot->w.start < range->end && slot->w.end > range->start &&
		    (!slot->w.tid || slot->w.tid == current->pid)) {
			if (!slot->w.skip)
				break;
			slot->w.skip--;
		}
	}
	if (i == STLB_NR_WINDOWS || dev->closing) {
		spin_unlock(&dev->window_lock);
		return;
	}
	WRITE_ONCE(slot->state, STLB_WINDOW_HELD);
	slot->w.held_tid = current->pid;
	dev->window_hits++;
	spin_unlock(&dev->window_lock);

	wake_up_all(&dev->wait);
	left = wait_event_killable_timeout(dev->wait,
					   READ_ONCE(slot->state) ==
						STLB_WINDOW_RELEASED ||
					   READ_ONCE(dev->closing),
					   msecs_to_jiffies(slot->w.timeout_ms));

	spin_lock(&dev->window_lock);
	released = slot->state == STLB_WINDOW_RELEASED;
	WRITE_ONCE(slot->state, released ? STLB_WINDOW_FREE :
					   STLB_WINDOW_EXPIRED);
	if (!released && !left)
		dev->window_timeouts++;
	spin_unlock(&dev->window_lock);
	wake_up_all(&dev->wait);
}

static int stlb_hold_start(struct mmu_notifier *mn,
			   const struct mmu_notifier_range *range)
{
	stlb_hold(container_of(mn, struct stlb, holder), range,
		  STLB_WINDOW_START);
	return 0;
}

static void stlb_hold_end(struct mmu_notifier *mn,
			  const struct mmu_notifier_range *range)
{
	stlb_hold(container_of(mn, struct stlb, holder), range,
		  STLB_WINDOW_END);
}

static const struct mmu_notifier_ops stlb_holder_ops = {
	.invalidate_range_start	= stlb_hold_start,
	.invalidate_range_end	= stlb_hold_end,
};

/* Oracle O1. Runs in any context in which pages are freed. */
static void stlb_page_free(void *data, struct page *page, unsigned int order)
{
	phys_addr_t start = page_to_phys(page);
	phys_addr_t last = start + (PAGE_SIZE << order) - 1;
	struct interval_tree_node *node;
	unsigned long flags;

	if (!READ_ONCE(stlb_nr_devices))
		return;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	while ((node = interval_tree_iter_first(&stlb_memory, start, last))) {
		struct stlb_entry *e = container_of(node, struct stlb_entry,
						    pa);
		struct stlb_record *r;

		r = stlb_new_record(e->dev, e->table ? STLB_FREED_TABLE :
						       STLB_FREED_LEAF);
		if (r) {
			r->va = e->va.start;
			r->size = stlb_entry_size(e);
			r->pfn = PHYS_PFN(max_t(phys_addr_t, start,
						e->pa.start));
		}
		if (e->table)
			e->dev->stats.freed_table++;
		else
			e->dev->stats.freed_leaf++;
		/* The page may get a new user. The device must not use it. */
		e->freed = true;
		interval_tree_remove(&e->pa, &stlb_memory);
	}
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
}

#ifdef CONFIG_KRETPROBES
/*
 * Oracle O3: functions that flush user translations from CPU TLBs. Those of
 * other architectures are inline or too many: only the log is checked there.
 */
enum stlb_flush_args {
	STLB_ARGS_MM_RANGE,	/* mm, start, end */
	STLB_ARGS_BATCH,	/* a batch of any address spaces */
};

struct stlb_flush_probe {
	struct kretprobe rp;
	const char *name;
	enum stlb_flush_args args;
	bool registered;
};

struct stlb_flush {
	u64 id;
	unsigned long start;
	unsigned long end;
	u64 log_head;
};

static struct stlb_flush_probe stlb_flush_probes[] = {
#ifdef CONFIG_X86_64
	{ .name = "flush_tlb_mm_range", .args = STLB_ARGS_MM_RANGE },
	{ .name = "arch_tlbbatch_flush", .args = STLB_ARGS_BATCH },
#endif
};

/* Not all versions of powerpc have regs_get_kernel_argument(). */
static unsigned long stlb_argument(struct pt_regs *regs, unsigned int n)
{
#ifdef CONFIG_PPC64
	return regs->gpr[3 + n];
#else
	return regs_get_kernel_argument(regs, n);
#endif
}

static struct stlb *stlb_find_device(const struct mm_struct *mm)
{
	struct stlb *dev;

	list_for_each_entry(dev, &stlb_devices, node)
		if (dev->mm == mm && !dev->dead)
			return dev;
	return NULL;
}

static int stlb_flush_entry(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct stlb_flush_probe *probe;
	struct stlb_flush *flush = (struct stlb_flush *)ri->data;
	unsigned long flags;
	struct stlb *dev;

	if (!READ_ONCE(stlb_nr_devices))
		return 1;

	probe = container_of(get_kretprobe(ri), struct stlb_flush_probe, rp);
	/*
	 * To lockdep a breakpoint is an NMI, which may come while the lock is
	 * held. No probed function is called with the lock held, and lockdep
	 * allows a trylock in an NMI.
	 */
	while (!raw_spin_trylock_irqsave(&stlb_lock, flags))
		cpu_relax();
	if (probe->args == STLB_ARGS_BATCH) {
		stlb_cpu_batches++;
		dev = NULL;
	} else {
		dev = stlb_find_device((void *)stlb_argument(regs, 0));
	}
	if (dev) {
		flush->id = dev->id;
		flush->start = stlb_argument(regs, 1);
		flush->end = stlb_argument(regs, 2);
		flush->log_head = dev->log_head;
		dev->stats.cpu_flushes++;
		dev->stats.cpu_whole += !flush->start && flush->end == ~0UL;
	}
	raw_spin_unlock_irqrestore(&stlb_lock, flags);

	/* No return probe where there is nothing to check. */
	return !dev;
}

static void stlb_flush_check(struct stlb *dev, const struct stlb_flush *flush)
{
	struct stlb_record *r;
	u64 i;

	/* Entries were overwritten: assume that one covered this flush. */
	if (dev->log_head - flush->log_head > STLB_LOG_ENTRIES)
		return;
	for (i = flush->log_head; i < dev->log_head; i++) {
		const struct stlb_log_entry *log;

		log = &dev->log[i % STLB_LOG_ENTRIES];
		if (log->tid == current->pid && log->start <= flush->start &&
		    log->end >= flush->end)
			return;
	}

	dev->stats.unpaired++;
	r = stlb_new_record(dev, STLB_UNPAIRED);
	if (r) {
		r->va = flush->start;
		r->size = flush->end - flush->start;
		r->pfn = 0;
	}
}

static int stlb_flush_return(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	struct stlb_flush *flush = (struct stlb_flush *)ri->data;
	unsigned long flags;
	struct stlb *dev;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	/* The device may have been detached in the meantime. */
	list_for_each_entry(dev, &stlb_devices, node)
		if (dev->id == flush->id) {
			stlb_flush_check(dev, flush);
			break;
		}
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
	return 0;
}

static u64 stlb_probes_missed(void)
{
	u64 missed = 0;
	int i;

	for (i = 0; i < ARRAY_SIZE(stlb_flush_probes); i++)
		if (stlb_flush_probes[i].registered)
			missed += stlb_flush_probes[i].rp.nmissed;
	return missed;
}

static void stlb_register_flush_probes(void)
{
	int i, ret;

	for (i = 0; i < ARRAY_SIZE(stlb_flush_probes); i++) {
		struct stlb_flush_probe *probe = &stlb_flush_probes[i];

		probe->rp.kp.symbol_name = probe->name;
		probe->rp.entry_handler = stlb_flush_entry;
		probe->rp.handler = stlb_flush_return;
		probe->rp.data_size = sizeof(struct stlb_flush);
		probe->rp.maxactive = 4 * num_possible_cpus() + 64;
		ret = register_kretprobe(&probe->rp);
		if (ret) {
			pr_info("no probe on %s (%d): its calls are not counted\n",
				probe->name, ret);
			continue;
		}
		probe->registered = true;
		stlb_features |= probe->args == STLB_ARGS_BATCH ?
					STLB_HAS_BATCH_PROBE :
					STLB_HAS_FLUSH_PROBES;
	}
}

static void stlb_unregister_flush_probes(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(stlb_flush_probes); i++)
		if (stlb_flush_probes[i].registered)
			unregister_kretprobe(&stlb_flush_probes[i].rp);
}
#else
static u64 stlb_probes_missed(void)
{
	return 0;
}

static void stlb_register_flush_probes(void)
{
}

static void stlb_unregister_flush_probes(void)
{
}
#endif /* CONFIG_KRETPROBES */

static void stlb_reset_locked(struct stlb *dev)
{
	stlb_clear(dev);
	memset(&dev->stats, 0, sizeof(dev->stats));
	dev->log_base = dev->log_head;
	dev->batches_base = stlb_cpu_batches;
	dev->missed_base = stlb_probes_missed();
	dev->nr_records = 0;
	dev->next_record = 0;
	dev->nr_unpaired = 0;
}

static void stlb_free_memory(struct stlb *dev)
{
	kvfree(dev->slots);
	kvfree(dev->log);
	kvfree(dev->records);
	dev->slots = NULL;
	dev->log = NULL;
	dev->records = NULL;
}

static int stlb_alloc_memory(struct stlb *dev, unsigned int nr_slots)
{
	unsigned int i;

	dev->slots = kvcalloc(nr_slots, sizeof(*dev->slots), GFP_KERNEL);
	dev->log = kvcalloc(STLB_LOG_ENTRIES, sizeof(*dev->log), GFP_KERNEL);
	dev->records = kvcalloc(STLB_RECORDS, sizeof(*dev->records),
				GFP_KERNEL);
	if (!dev->slots || !dev->log || !dev->records) {
		stlb_free_memory(dev);
		return -ENOMEM;
	}
	dev->nr_slots = nr_slots;
	dev->tree = RB_ROOT_CACHED;
	INIT_LIST_HEAD(&dev->free);
	for (i = 0; i < nr_slots; i++) {
		dev->slots[i].dev = dev;
		list_add_tail(&dev->slots[i].free, &dev->free);
	}
	return 0;
}

static struct mm_struct *stlb_get_mm(pid_t nr)
{
	struct task_struct *task;
	struct mm_struct *mm;
	struct pid *pid;

	if (!nr) {
		mmget(current->mm);
		return current->mm;
	}
	if (!capable(CAP_SYS_ADMIN))
		return ERR_PTR(-EPERM);
	pid = find_get_pid(nr);
	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return ERR_PTR(-ESRCH);
	mm = get_task_mm(task);
	put_task_struct(task);
	return mm ?: ERR_PTR(-ESRCH);
}

/* The list of subscribers is walked from the one registered last. */
static int stlb_subscribe(struct stlb *dev, struct mm_struct *mm)
{
	bool holder_first = dev->flags & STLB_ATTACH_HOLDER_FIRST;
	bool holder_last = dev->flags & STLB_ATTACH_HOLDER_LAST;
	int ret;

	if (dev->flags & STLB_ATTACH_HOLDER_ONLY)
		return mmu_notifier_register(&dev->holder, mm);
	if (holder_last) {
		ret = mmu_notifier_register(&dev->holder, mm);
		if (ret)
			return ret;
	}
	ret = mmu_notifier_register(&dev->mn, mm);
	if (ret) {
		if (holder_last)
			mmu_notifier_unregister(&dev->holder, mm);
		return ret;
	}
	if (holder_first) {
		ret = mmu_notifier_register(&dev->holder, mm);
		if (ret)
			mmu_notifier_unregister(&dev->mn, mm);
	}
	return ret;
}

static int stlb_attach(struct stlb *dev, void __user *uarg)
{
	struct stlb_attach arg;
	unsigned long flags;
	struct mm_struct *mm;
	int ret;

	lockdep_assert_held_write(&dev->rwsem);
	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.pid < 0 || arg.model >= STLB_NR_MODELS ||
	    arg.flags & ~STLB_ATTACH_FLAGS || arg.entries > STLB_MAX_ENTRIES)
		return -EINVAL;
	if (hweight32(arg.flags & STLB_ATTACH_HOLDERS) > 1)
		return -EINVAL;
	if (dev->mm)
		return -EBUSY;

	mm = stlb_get_mm(arg.pid);
	if (IS_ERR(mm))
		return PTR_ERR(mm);
	ret = stlb_alloc_memory(dev, arg.entries ?: STLB_DEFAULT_ENTRIES);
	if (ret)
		goto out_put;

	memset(dev->windows, 0, sizeof(dev->windows));
	dev->closing = false;
	dev->startends = 0;
	dev->window_hits = 0;
	dev->window_timeouts = 0;
	dev->flags = arg.flags;
	dev->model = arg.model;
	dev->dead = arg.flags & STLB_ATTACH_HOLDER_ONLY;
	dev->log_head = 0;
	dev->mm = mm;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	dev->id = ++stlb_attachments;
	stlb_reset_locked(dev);
	raw_spin_unlock_irqrestore(&stlb_lock, flags);

	ret = stlb_subscribe(dev, mm);
	if (ret) {
		dev->mm = NULL;
		stlb_free_memory(dev);
		goto out_put;
	}

	/* Only now: a flush before the subscription is not an unpaired one. */
	raw_spin_lock_irqsave(&stlb_lock, flags);
	list_add(&dev->node, &stlb_devices);
	WRITE_ONCE(stlb_nr_devices, stlb_nr_devices + 1);
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
out_put:
	mmput(mm);
	return ret;
}

static void stlb_let_all_go(struct stlb *dev)
{
	spin_lock(&dev->window_lock);
	WRITE_ONCE(dev->closing, true);
	spin_unlock(&dev->window_lock);
	wake_up_all(&dev->wait);
}

static void stlb_detach(struct stlb *dev)
{
	unsigned long flags;

	lockdep_assert_held_write(&dev->rwsem);
	/* Unregistering waits for callbacks, and so for held threads. */
	stlb_let_all_go(dev);
	if (dev->flags & STLB_ATTACH_HOLDERS)
		mmu_notifier_unregister(&dev->holder, dev->mm);
	if (!(dev->flags & STLB_ATTACH_HOLDER_ONLY))
		mmu_notifier_unregister(&dev->mn, dev->mm);

	raw_spin_lock_irqsave(&stlb_lock, flags);
	list_del(&dev->node);
	WRITE_ONCE(stlb_nr_devices, stlb_nr_devices - 1);
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
	dev->mm = NULL;
	stlb_free_memory(dev);
}

/* Can the device use @e for the access, or has it to walk first? */
static bool stlb_allows(const struct stlb_entry *e, bool write)
{
	/* A first write has to set the dirty bit in the page table. */
	return !write || (e->writable && e->dirty);
}

/*
 * Returns the leaf to use for an access to @va, walking if necessary; NULL if
 * the page tables do not allow the access.
 */
static struct stlb_entry *stlb_translate(struct stlb *dev, unsigned long va,
					 bool write, bool *hit)
{
	struct stlb_entry *e = stlb_find_leaf(dev, va);
	struct stlb_walk walk;

	*hit = e && stlb_allows(e, write);
	if (*hit)
		return e;
	if (e && dev->flags & STLB_ATTACH_NOWALK)
		return NULL;
	stlb_walk(dev->mm, va, &walk);
	if (walk.leaf && !walk.young)
		walk.young = stlb_hw_set_young(walk.ptep, walk.pte);
	e = stlb_cache(dev, va, &walk);
	return e && stlb_allows(e, write) ? e : NULL;
}

/* An I/O page fault. */
static int stlb_fault(struct stlb *dev, unsigned long va, bool write)
{
	struct mm_struct *mm = dev->mm;
	bool unlocked = false;
	int ret;

	if (!mmget_not_zero(mm))
		return -ESRCH;
	if (dev->flags & STLB_ATTACH_NOWALK) {
		ret = stlb_sva_fault(mm, va, write);
		mmput(mm);
		return ret;
	}
	ret = mmap_read_lock_killable(mm);
	if (!ret) {
		ret = fixup_user_fault(mm, va, write ? FAULT_FLAG_WRITE : 0,
				       &unlocked);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return ret;
}

static int stlb_fill_one(struct stlb *dev, unsigned long va,
			 struct stlb_fill *arg, unsigned long *next)
{
	bool write = arg->flags & STLB_WRITE;
	struct stlb_entry *e;
	unsigned long flags;
	int i, ret;
	bool hit;

	for (i = 0; i <= STLB_MAX_FAULTS; i++) {
		raw_spin_lock_irqsave(&stlb_lock, flags);
		if (dev->dead) {
			raw_spin_unlock_irqrestore(&stlb_lock, flags);
			return -ESRCH;
		}
		e = stlb_translate(dev, va, write, &hit);
		*next = e ? e->va.last + 1 : ALIGN_DOWN(va, PAGE_SIZE) + PAGE_SIZE;
		ret = !e && dev->stats.full ? -ENOSPC : 0;
		raw_spin_unlock_irqrestore(&stlb_lock, flags);
		if (ret)
			return ret;
		if (e)
			return 0;
		if (arg->flags & STLB_NOFAULT) {
			arg->misses++;
			return 0;
		}
		arg->faults++;
		ret = stlb_fault(dev, va, write);
		if (ret)
			return ret;
	}
	/* The translation is invalidated again before it can be used. */
	return -EBUSY;
}

static void stlb_count(struct stlb *dev, struct stlb_fill *arg)
{
	unsigned long start = arg->addr, last = arg->addr + arg->len - 1;
	struct stlb_entry *e;
	unsigned long flags;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	for (e = stlb_first(dev, start, last); e; e = stlb_next(e, start, last))
		if (e->table)
			arg->walks++;
		else
			arg->leaves++;
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
}

static int stlb_fill(struct stlb *dev, void __user *uarg)
{
	unsigned long va, last, next;
	struct stlb_fill arg;
	int ret = 0;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~(STLB_WRITE | STLB_NOFAULT) || arg.pad || !arg.len ||
	    arg.addr + arg.len < arg.addr || arg.addr + arg.len > TASK_SIZE_MAX)
		return -EINVAL;
	arg.leaves = 0;
	arg.walks = 0;
	arg.faults = 0;
	arg.misses = 0;

	last = arg.addr + arg.len - 1;
	for (va = arg.addr; va <= last; va = next) {
		ret = stlb_fill_one(dev, va, &arg, &next);
		if (ret)
			break;
		if (fatal_signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		cond_resched();
	}
	stlb_count(dev, &arg);
	if (copy_to_user(uarg, &arg, sizeof(arg)))
		return -EFAULT;
	return ret;
}

/* Access the page of @e, which stlb_lock keeps from being freed. */
static int stlb_do_access(const struct stlb_entry *e, struct stlb_access *arg)
{
	unsigned long pfn = PHYS_PFN(e->pa.start + (arg->addr - e->va.start));
	u64 *ptr, probe;
	void *page;
	int ret;

	if (e->freed)
		return -ESTALE;
	/* Device memory has no kernel mapping. */
	if (!pfn_valid(pfn))
		return -ENXIO;
	page = kmap_local_page(pfn_to_page(pfn));
	ptr = page + offset_in_page(arg->addr);
	/* Secret memory has none either. */
	ret = copy_from_kernel_nofault(&probe, ptr, sizeof(probe));
	if (!ret) {
		if (arg->flags & STLB_WRITE)
			WRITE_ONCE(*ptr, arg->value);
		else
			arg->value = probe;
	}
	kunmap_local(page);
	return ret ? -ENXIO : 0;
}

static int stlb_access(struct stlb *dev, void __user *uarg)
{
	struct stlb_access arg;
	struct stlb_entry *e;
	unsigned long flags;
	bool write, hit;
	int i, ret;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.flags & ~(STLB_WRITE | STLB_NOFAULT) ||
	    !IS_ALIGNED(arg.addr, sizeof(u64)) || arg.addr >= TASK_SIZE_MAX)
		return -EINVAL;
	write = arg.flags & STLB_WRITE;
	arg.result = 0;

	for (i = 0; i <= STLB_MAX_FAULTS; i++) {
		ret = -EFAULT;
		raw_spin_lock_irqsave(&stlb_lock, flags);
		e = NULL;
		if (dev->dead) {
			ret = -ESRCH;
		} else {
			e = stlb_translate(dev, arg.addr, write, &hit);
			if (e)
				ret = stlb_do_access(e, &arg);
			if (e && hit && !i)
				arg.result |= STLB_HIT;
		}
		raw_spin_unlock_irqrestore(&stlb_lock, flags);
		if (e || ret == -ESRCH || arg.flags & STLB_NOFAULT)
			break;
		arg.result |= STLB_FAULTED;
		ret = stlb_fault(dev, arg.addr, write);
		if (ret)
			break;
		ret = -EBUSY;
	}
	if (!ret && copy_to_user(uarg, &arg, sizeof(arg)))
		return -EFAULT;
	return ret;
}

static int stlb_query(struct stlb *dev, void __user *uarg)
{
	struct stlb_query arg, out = {};
	struct stlb_entry *e;
	unsigned long flags;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	out.addr = arg.addr;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	if (dev->dead) {
		raw_spin_unlock_irqrestore(&stlb_lock, flags);
		return -ESRCH;
	}
	for (e = stlb_first(dev, arg.addr, arg.addr); e;
	     e = stlb_next(e, arg.addr, arg.addr))
		out.walks += e->table;
	e = stlb_find_leaf(dev, arg.addr);
	if (e) {
		out.size = stlb_entry_size(e);
		out.pfn = PHYS_PFN(e->pa.start + (arg.addr - e->va.start));
		out.state = STLB_PRESENT |
			    (e->writable ? STLB_WRITABLE : 0) |
			    (e->dirty ? STLB_DIRTY : 0) |
			    (e->freed ? STLB_FREED : 0);
	}
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
	return copy_to_user(uarg, &out, sizeof(out)) ? -EFAULT : 0;
}

/* Does the page table still hold the table that @e caches? */
static bool stlb_table_is_live(struct stlb *dev, const struct stlb_entry *e)
{
	struct stlb_walk walk;
	unsigned int i;

	if (e->freed)
		return false;
	stlb_walk(dev->mm, e->va.start, &walk);
	for (i = 0; i < walk.nr_tables; i++)
		if (walk.tables[i].region_size == stlb_entry_size(e))
			return walk.tables[i].pa == e->pa.start;
	return false;
}

static void stlb_check_leaf(struct stlb *dev, const struct stlb_entry *e,
			    struct stlb_check *arg)
{
	unsigned long va = e->va.start, next, pages;
	struct stlb_walk walk;
	bool split = false;

	do {
		stlb_walk(dev->mm, va, &walk);
		next = min(stlb_walk_next(&walk, va) - 1, e->va.last) + 1;
		pages = (next - va) >> PAGE_SHIFT;
		if (!walk.leaf) {
			arg->gone += pages;
		} else if (e->freed ||
			   walk.pa + (va & (walk.size - 1)) !=
			   e->pa.start + (va - e->va.start)) {
			arg->moved += pages;
		} else {
			split |= walk.size < stlb_entry_size(e);
			if (e->writable && !stlb_walk_writable(dev, &walk))
				arg->writable += pages;
			else if (e->writable && e->dirty &&
				 !stlb_hw_dirty(walk.pte))
				arg->dirty += pages;
			else if (!e->writable && stlb_walk_writable(dev, &walk))
				arg->upgrade += pages;
		}
		va = next;
	} while (va && va <= e->va.last);
	arg->split += split;
}

static int stlb_check(struct stlb *dev, void __user *uarg)
{
	struct stlb_check arg, out = {};
	unsigned long first, last, flags;
	unsigned int i, batch_end;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (!arg.len && arg.addr)
		return -EINVAL;
	if (arg.len && arg.addr + arg.len < arg.addr)
		return -EINVAL;
	out.addr = arg.addr;
	out.len = arg.len;
	first = arg.addr;
	last = arg.addr + arg.len - 1;

	/* Slots, not the tree: their order does not change between batches. */
	for (i = 0; i < dev->nr_slots; i = batch_end) {
		batch_end = min(i + STLB_CHECK_BATCH, dev->nr_slots);
		raw_spin_lock_irqsave(&stlb_lock, flags);
		/* Everything was dropped: that is not to be taken for clean. */
		if (dev->dead) {
			raw_spin_unlock_irqrestore(&stlb_lock, flags);
			return -ESRCH;
		}
		for (; i < batch_end; i++) {
			struct stlb_entry *e = &dev->slots[i];

			if (!e->used || e->va.last < first ||
			    e->va.start > last)
				continue;
			if (e->table) {
				out.walks++;
				out.table += !stlb_table_is_live(dev, e);
			} else {
				out.leaves++;
				stlb_check_leaf(dev, e, &out);
			}
		}
		raw_spin_unlock_irqrestore(&stlb_lock, flags);
		cond_resched();
	}
	return copy_to_user(uarg, &out, sizeof(out)) ? -EFAULT : 0;
}

static int stlb_stats(struct stlb *dev, void __user *uarg)
{
	struct stlb_stats out;
	unsigned long flags;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	out = dev->stats;
	out.cpu_batches = stlb_cpu_batches - dev->batches_base;
	out.probes_missed = stlb_probes_missed() - dev->missed_base;
	if (dev->log_head - dev->log_base > STLB_LOG_ENTRIES)
		out.log_lost = dev->log_head - dev->log_base - STLB_LOG_ENTRIES;
	raw_spin_unlock_irqrestore(&stlb_lock, flags);

	spin_lock(&dev->window_lock);
	out.startends = dev->startends;
	out.window_hits = dev->window_hits;
	out.window_timeouts = dev->window_timeouts;
	spin_unlock(&dev->window_lock);
	return copy_to_user(uarg, &out, sizeof(out)) ? -EFAULT : 0;
}

static int stlb_reset(struct stlb *dev)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	stlb_reset_locked(dev);
	raw_spin_unlock_irqrestore(&stlb_lock, flags);

	spin_lock(&dev->window_lock);
	dev->startends = 0;
	dev->window_hits = 0;
	dev->window_timeouts = 0;
	spin_unlock(&dev->window_lock);
	return 0;
}

static long stlb_drain_this_cpu(void *unused)
{
	stlb_drain_lru();
	return 0;
}

static int stlb_quiesce(void)
{
	unsigned int cpu;

	/* Pages that wait in per-CPU batches for their place on an LRU list. */
	cpus_read_lock();
	for_each_online_cpu(cpu)
		work_on_cpu(cpu, stlb_drain_this_cpu, NULL);
	cpus_read_unlock();
	/* Page tables that are freed by RCU, and what they free in turn. */
	rcu_barrier();
	return 0;
}

static int stlb_log(struct stlb *dev, void __user *uarg)
{
	struct stlb_log_entry __user *to;
	struct stlb_log_entry *copy;
	u64 head, first, oldest, i;
	struct stlb_log arg;
	unsigned long flags;
	int ret = 0;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	copy = kvcalloc(STLB_LOG_ENTRIES, sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return -ENOMEM;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	memcpy(copy, dev->log, STLB_LOG_ENTRIES * sizeof(*copy));
	head = dev->log_head;
	first = dev->log_base;
	raw_spin_unlock_irqrestore(&stlb_lock, flags);

	oldest = max(first, head - min_t(u64, head, STLB_LOG_ENTRIES));
	arg.lost = oldest - first;
	arg.nr = min_t(u64, arg.nr, head - oldest);
	to = u64_to_user_ptr(arg.entries);
	for (i = 0; i < arg.nr && !ret; i++)
		if (copy_to_user(&to[i],
				 &copy[(oldest + i) % STLB_LOG_ENTRIES],
				 sizeof(*to)))
			ret = -EFAULT;
	kvfree(copy);
	if (!ret && copy_to_user(uarg, &arg, sizeof(arg)))
		ret = -EFAULT;
	return ret;
}

static int stlb_violation(struct stlb *dev, void __user *uarg)
{
	struct stlb_violation out = {};
	struct stlb_record record;
	unsigned long flags;
	unsigned int i;
	bool found;
	int len = 0;

	raw_spin_lock_irqsave(&stlb_lock, flags);
	found = dev->next_record < dev->nr_records;
	if (found)
		record = dev->records[dev->next_record++];
	raw_spin_unlock_irqrestore(&stlb_lock, flags);
	if (!found)
		return -ENODATA;

	out.kind = record.kind;
	out.tid = record.tid;
	out.va = record.va;
	out.size = record.size;
	out.pfn = record.pfn;
	strscpy(out.comm, record.comm, sizeof(out.comm));
	for (i = 0; i < record.nr_stack; i++)
		len += scnprintf(out.stack + len, sizeof(out.stack) - len,
				 "%s%ps", i ? " < " : "",
				 (void *)record.stack[i]);
	return copy_to_user(uarg, &out, sizeof(out)) ? -EFAULT : 0;
}

static int stlb_window_set(struct stlb *dev, void __user *uarg)
{
	struct stlb_window arg;
	u32 i;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.where > STLB_WINDOW_END || arg.start >= arg.end ||
	    arg.tid < 0 || !arg.timeout_ms ||
	    arg.timeout_ms > STLB_WINDOW_MAX_MS)
		return -EINVAL;
	if (!(dev->flags & STLB_ATTACH_HOLDERS))
		return -EINVAL;

	arg.held_tid = 0;
	spin_lock(&dev->window_lock);
	for (i = 0; i < STLB_NR_WINDOWS; i++)
		if (dev->windows[i].state == STLB_WINDOW_FREE)
			break;
	if (i < STLB_NR_WINDOWS) {
		arg.id = i;
		dev->windows[i].w = arg;
		WRITE_ONCE(dev->windows[i].state, STLB_WINDOW_ARMED);
	}
	spin_unlock(&dev->window_lock);
	if (i == STLB_NR_WINDOWS)
		return -ENOSPC;
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int stlb_window_wait(struct stlb *dev, void __user *uarg)
{
	struct stlb_window_slot *slot;
	enum stlb_window_state state;
	struct stlb_window arg;
	long left;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.id >= STLB_NR_WINDOWS || arg.timeout_ms > STLB_WINDOW_MAX_MS)
		return -EINVAL;
	slot = &dev->windows[arg.id];
	if (READ_ONCE(slot->state) == STLB_WINDOW_FREE)
		return -EINVAL;
	left = wait_event_interruptible_timeout(dev->wait,
						READ_ONCE(slot->state) !=
							STLB_WINDOW_ARMED ||
						READ_ONCE(dev->closing),
						msecs_to_jiffies(arg.timeout_ms));
	if (left < 0)
		return left;
	spin_lock(&dev->window_lock);
	state = slot->state;
	arg.held_tid = slot->w.held_tid;
	spin_unlock(&dev->window_lock);
	if (state == STLB_WINDOW_ARMED)
		return READ_ONCE(dev->closing) ? -ECANCELED : -ETIMEDOUT;
	if (state != STLB_WINDOW_HELD)
		return -ECANCELED;
	return copy_to_user(uarg, &arg, sizeof(arg)) ? -EFAULT : 0;
}

static int stlb_window_release(struct stlb *dev, void __user *uarg)
{
	struct stlb_window_slot *slot;
	struct stlb_window arg;
	int ret = 0;

	if (copy_from_user(&arg, uarg, sizeof(arg)))
		return -EFAULT;
	if (arg.id >= STLB_NR_WINDOWS)
		return -EINVAL;
	slot = &dev->windows[arg.id];

	spin_lock(&dev->window_lock);
	switch (slot->state) {
	case STLB_WINDOW_HELD:
		/* The held thread frees the slot. */
		WRITE_ONCE(slot->state, STLB_WINDOW_RELEASED);
		break;
	case STLB_WINDOW_ARMED:
		WRITE_ONCE(slot->state, STLB_WINDOW_FREE);
		break;
	case STLB_WINDOW_EXPIRED:
		WRITE_ONCE(slot->state, STLB_WINDOW_FREE);
		ret = -ETIMEDOUT;
		break;
	default:
		ret = -EINVAL;
	}
	spin_unlock(&dev->window_lock);
	wake_up_all(&dev->wait);
	return ret;
}

static int stlb_info(void __user *uarg)
{
	struct stlb_info out = {
		.features = stlb_features |
			    (STLB_SVA_FAULT ? STLB_HAS_SVA_FAULT : 0),
		.pmd_size = PMD_SIZE,
		.pud_size = PUD_SIZE,
		.callback = __stringify(stlb_callback),
	};

	return copy_to_user(uarg, &out, sizeof(out)) ? -EFAULT : 0;
}

/* Calls that need an address space. */
static long stlb_ioctl_attached(struct stlb *dev, unsigned int cmd,
				void __user *uarg)
{
	/* Without the page-free probe a device must not cache or use pages. */
	if ((cmd == STLB_FILL || cmd == STLB_ACCESS) &&
	    !(stlb_features & STLB_HAS_PAGE_FREE))
		return -EOPNOTSUPP;

	switch (cmd) {
	case STLB_FILL:
		return stlb_fill(dev, uarg);
	case STLB_ACCESS:
		return stlb_access(dev, uarg);
	case STLB_QUERY:
		return stlb_query(dev, uarg);
	case STLB_CHECK:
		return stlb_check(dev, uarg);
	case STLB_STATS:
		return stlb_stats(dev, uarg);
	case STLB_RESET:
		return stlb_reset(dev);
	case STLB_LOG:
		return stlb_log(dev, uarg);
	case STLB_VIOLATION:
		return stlb_violation(dev, uarg);
	case STLB_WINDOW_SET:
		return stlb_window_set(dev, uarg);
	case STLB_WINDOW_WAIT:
		return stlb_window_wait(dev, uarg);
	case STLB_WINDOW_RELEASE:
		return stlb_window_release(dev, uarg);
	default:
		return -ENOTTY;
	}
}

static long stlb_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	void __user *uarg = (void __user *)arg;
	struct stlb *dev = file->private_data;
	long ret;

	if (cmd == STLB_INFO)
		return stlb_info(uarg);
	if (cmd == STLB_QUIESCE)
		return stlb_quiesce();
	if (cmd == STLB_ATTACH || cmd == STLB_DETACH) {
		/* A call that sleeps in a fault may wait for a held thread. */
		if (cmd == STLB_DETACH)
			stlb_let_all_go(dev);
		if (down_write_killable(&dev->rwsem))
			return -EINTR;
		ret = 0;
		if (cmd == STLB_ATTACH)
			ret = stlb_attach(dev, uarg);
		else if (dev->mm)
			stlb_detach(dev);
		else
			ret = -ENXIO;
		up_write(&dev->rwsem);
		return ret;
	}

	if (down_read_killable(&dev->rwsem))
		return -EINTR;
	ret = dev->mm ? stlb_ioctl_attached(dev, cmd, uarg) : -ENXIO;
	up_read(&dev->rwsem);
	return ret;
}

static int stlb_open(struct inode *inode, struct file *file)
{
	struct stlb *dev;

	dev = kcalloc(1, sizeof(*dev), GFP_KERNEL);
	if (!dev)
		return -ENOMEM;
	init_rwsem(&dev->rwsem);
	spin_lock_init(&dev->window_lock);
	init_waitqueue_head(&dev->wait);
	dev->mn.ops = &stlb_ops;
	dev->holder.ops = &stlb_holder_ops;
	file->private_data = dev;
	return 0;
}

static int stlb_close(struct inode *inode, struct file *file)
{
	struct stlb *dev = file->private_data;

	down_write(&dev->rwsem);
	if (dev->mm)
		stlb_detach(dev);
	up_write(&dev->rwsem);
	kfree(dev);
	return 0;
}

static const struct file_operations stlb_fops = {
	.owner		= THIS_MODULE,
	.open		= stlb_open,
	.release	= stlb_close,
	.unlocked_ioctl	= stlb_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice stlb_misc = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "secondary_tlb",
	.fops	= &stlb_fops,
};

/* The tracepoint is not exported to modules by name. */
static struct tracepoint *stlb_page_free_tp;

static void stlb_match_tracepoint(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "mm_page_free"))
		stlb_page_free_tp = tp;
}

static int stlb_register_probes(void)
{
	int ret;

	for_each_kernel_tracepoint(stlb_match_tracepoint, NULL);
	if (!stlb_page_free_tp) {
		pr_err("this kernel has no kmem:mm_page_free tracepoint\n");
		return -ENODEV;
	}
	ret = tracepoint_probe_register(stlb_page_free_tp, stlb_page_free,
					NULL);
	if (ret)
		return ret;
	stlb_features = STLB_HAS_PAGE_FREE;
	stlb_register_flush_probes();
	return 0;
}

static void stlb_unregister_probes(void)
{
	if (!(stlb_features & STLB_HAS_PAGE_FREE))
		return;
	stlb_unregister_flush_probes();
	tracepoint_probe_unregister(stlb_page_free_tp, stlb_page_free, NULL);
	tracepoint_synchronize_unregister();
}

static int __init stlb_init(void)
{
	int ret;

	/* With the hash MMU no hardware walks the page tables of a process. */
#ifdef CONFIG_PPC_BOOK3S_64
	if (!radix_enabled())
		return -ENODEV;
#endif
	if (probes) {
		ret = stlb_register_probes();
		if (ret)
			return ret;
	}
	ret = misc_register(&stlb_misc);
	if (ret)
		stlb_unregister_probes();
	return ret;
}

static void __exit stlb_exit(void)
{
	misc_deregister(&stlb_misc);
	stlb_unregister_probes();
}

module_init(stlb_init);
module_exit(stlb_exit);
MODULE_INFO(test, "Y");
STLB_IMPORT_NS;
MODULE_DESCRIPTION("Software secondary TLB for tests of the MMU notifiers");
MODULE_LICENSE("GPL");
