// SPDX-License-Identifier: GPL-2.0
/*
 * Does the kernel flush secondary TLBs wherever it flushes the CPU's?
 *
 * Each test has a software SVA device (lib/test_secondary_tlb.c) cache the
 * translations of a mapping, changes the mapping, and asks the device what it
 * was told to drop. There is one table of operations. Each row gives a test for
 * every page size and, where it matters, every model of the device.
 *
 * op.*.safe		nothing is freed or left stale in the device's TLB
 * flush.*.paired	one secondary flush for each CPU flush, and not wider
 * window.*		the same while a start/end section is held open
 * life.*		the device itself
 *
 * Each test prints first what it is, before anything can fail, and at its end
 * what it has seen, in lines of the form "# stlb: key=value ...". kinds= names
 * the violations:
 *
 * free-leaf	a page was freed while the device could still access it
 * free-table	a page table was freed while the device could still walk it
 * stale-gone	cached but not mapped any more
 * stale-moved	cached but mapped to another page
 * stale-write	cached writable but mapped read-only
 * stale-dirty	cached dirty but mapped clean: a write would go unnoticed
 * stale-table	a page table is cached that is not in use any more
 * stale-upgrade	cached read-only but writable, where that needs a flush
 * stuck	the device faults again and again on a page that it may write to
 * data		the device read or wrote something else than the CPU
 * late		stale after the page table lock was dropped
 * unpaired	a CPU flush function returned without a secondary flush, or there
 *		was none at all
 * double	more secondary flushes than CPU flushes and unmapped pages
 * wide		the whole address space was flushed, or more than the mapping
 * empty	the range of a secondary flush was empty
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
/* __u64 is a long long on all architectures then. */
#define __SANE_USERSPACE_TYPES__
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <linux/magic.h>
#include <linux/mman.h>
#include <linux/perf_event.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kselftest_harness.h"
#include "hugepage_settings.h"
#include "vm_util.h"
#include "../../../../lib/test_secondary_tlb_uapi.h"

#define DEVICE		"/dev/secondary_tlb"
#define HUGETLB_DIR	"/sys/kernel/mm/hugepages/hugepages-%zukB/"
#define SECONDS(s)	((s) * 1000)

enum size { BASE, MTHP, THP, HUGETLB, NR_SIZES };

static const char * const size_names[NR_SIZES] = {
	"base", "mthp", "thp", "hugetlb"
};

static const char * const model_names[STLB_NR_MODELS] = {
	"overlap", "cover", "splinter", "refill"
};

enum kind {
	K_DATA, K_DOUBLE, K_EMPTY, K_FREE_LEAF, K_FREE_TABLE, K_LATE,
	K_STALE_DIRTY, K_STALE_GONE, K_STALE_MOVED, K_STALE_TABLE,
	K_STALE_UPGRADE, K_STALE_WRITE, K_STUCK, K_UNPAIRED, K_WIDE, NR_KINDS
};

static const char * const kind_names[NR_KINDS] = {
	"data", "double", "empty", "free-leaf", "free-table", "late",
	"stale-dirty", "stale-gone", "stale-moved", "stale-table",
	"stale-upgrade", "stale-write", "stuck", "unpaired", "wide"
};

struct world;

/* What a mapping is made of. */
enum backing { ANON, SHMEM, FILE_EXT2 };

/* op.flags */
#define READ_FILL	0x0001	/* the device reads; else it writes */
#define WHOLE		0x0002	/* flushes the whole address space by nature */
#define TABLES		0x0004	/* frees or unshares page tables: widens the range */
#define BATCHED		0x0008	/* the CPU's flush is batched: one call a page */
#define MANY		0x0010	/* 1024 base pages, or 8 MiB of them */
#define SPARSE		0x0020	/* one base page in each PMD range */
#define RDONLY		0x0040	/* the mapping starts read-only */
#define EMPTY_MAP	0x0080	/* nothing is populated */
#define CHILD		0x0100	/* a child shares the pages, write-protected */
#define GONE		0x0200	/* nothing can be accessed there afterwards */
#define SURPLUS		0x0400	/* hugetlb pages that are freed when unused */
#define NO_CHANGE	0x0800	/* ageing: translations may stay */
#define NO_FLUSH	0x1000	/* the CPUs may do without a flush */
#define NOHD		0x2000	/* the device cannot set entries dirty */
#define NOWALK		0x4000	/* nor does it walk while it has an entry */

/*
 * Takes page tables away where nothing else of the mm changes. An IOMMU of
 * RISC-V without NL drops tables only with all of the mm, so riscv flushes that.
 */
#ifdef __riscv
#define TABLE_GOES	WHOLE
#else
#define TABLE_GOES	0
#endif

struct op {
	const char *name;
	enum backing backing;
	unsigned int flags;
	void (*prepare)(struct world *w);	/* before the device looks */
	void (*run)(struct world *w);
};

struct world {
	const struct op *op;
	enum size size;
	unsigned int model;
	const char *check_name;
	int fd;
	struct stlb_info info;
	size_t page;	/* base page size */
	size_t unit;	/* page size under test */
	char *map;
	size_t len;
	char *raw;	/* the mapping that map was cut from, and its length */
	size_t raw_len;
	int file;
	bool pool;	/* the number of hugetlb pages was set */
	pid_t child;
	int child_pipe;
	pthread_t other;	/* has the mm loaded on another CPU */
	bool other_runs;
	bool other_stop;
	char skip[128];
	char error[200];
	char again[100];	/* what did not happen, but is no kernel bug */
	unsigned int kinds;
	bool probed;
	struct stlb_stats stats;
	struct stlb_check check;
};

#define skip_test(w, ...) snprintf((w)->skip, sizeof((w)->skip), __VA_ARGS__)
#define fail_test(w, ...)						\
	do {								\
		if (!(w)->error[0])					\
			snprintf((w)->error, sizeof((w)->error), __VA_ARGS__); \
	} while (0)
#define try_again(w, ...) snprintf((w)->again, sizeof((w)->again), __VA_ARGS__)
#define stopped(w) ((w)->skip[0] || (w)->error[0] || (w)->again[0])

/* Helpers */

static bool wait_for(bool (*done)(struct world *w), struct world *w, int ms)
{
	while (!done(w)) {
		if (ms <= 0)
			return false;
		usleep(2000);
		ms -= 2;
	}
	return true;
}

static uint64_t pagemap(const void *addr)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = pagemap_get_entry(fd, (char *)addr);

	close(fd);
	return entry;
}

/* PFN of the page at addr; 0 if it is not present. */
static uint64_t pfn_of(const void *addr)
{
	uint64_t entry = pagemap(addr);

	return PAGEMAP_PRESENT(entry) ? PAGEMAP_PFN(entry) : 0;
}

/* Keep this thread on one CPU; returns the set of that CPU alone. */
static cpu_set_t stay_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	return set;
}

static size_t nr_pages(const struct world *w)
{
	return w->len / w->page;
}

/* Distance between pages that are populated. */
static size_t step_of(const struct world *w)
{
	return w->op->flags & SPARSE ? w->info.pmd_size : w->page;
}

/* The word that the test keeps at the start of each page. */
static volatile uint64_t *word(const struct world *w, size_t offset)
{
	return (volatile uint64_t *)(w->map + offset);
}

static void stamp(struct world *w, uint64_t value)
{
	size_t i;

	for (i = 0; i < w->len; i += step_of(w))
		*word(w, i) = value + i;
}

/* The device */

static int dev(struct world *w, unsigned long cmd, void *arg, const char *name)
{
	if (!ioctl(w->fd, cmd, arg))
		return 0;
	fail_test(w, "%s: %s", name, strerror(errno));
	return -1;
}

#define DEV(w, cmd, arg) dev(w, cmd, arg, #cmd)

/* Only operations with such a name are tested. */
static const char *pattern = "*";
/* Memory may be taken out of use. */
static bool destructive;

static bool open_device(struct world *w)
{
	const char *name = w->op->name ? w->op->name : "life";

	w->fd = -1;
	w->file = -1;
	w->child_pipe = -1;
	if (fnmatch(pattern, name, 0)) {
		printf("# stlb: chosen=no\n");
		fflush(stdout);
		skip_test(w, "not chosen");
		return false;
	}
	w->fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	if (w->fd < 0) {
		if (errno == ENOENT)
			skip_test(w, "no " DEVICE " (CONFIG_TEST_SECONDARY_TLB)");
		else
			fail_test(w, DEVICE ": %s", strerror(errno));
		return false;
	}
	w->page = sysconf(_SC_PAGESIZE);
	if (DEV(w, STLB_INFO, &w->info))
		return false;
	if (!(w->info.features & STLB_HAS_PAGE_FREE)) {
		fail_test(w, "the module was loaded with probes=0");
		return false;
	}
	return true;
}

static void attach(struct world *w, unsigned int flags)
{
	struct stlb_attach arg = { .model = w->model, .flags = flags };

	DEV(w, STLB_ATTACH, &arg);
}

static uint64_t fill(struct world *w, const void *addr, size_t len,
		     unsigned int flags)
{
	struct stlb_fill arg = {
		.addr = (uintptr_t)addr, .len = len, .flags = flags
	};

	DEV(w, STLB_FILL, &arg);
	return arg.leaves;
}

/* Have the device touch the mapping; then start counting. */
static void fill_map(struct world *w)
{
	unsigned int flags = w->op->flags & (READ_FILL | RDONLY) ? 0 :
								   STLB_WRITE;
	size_t i, bytes = w->op->flags & SPARSE ? w->page : w->len;
	int round;

	for (round = 0; round < 2 && !stopped(w); round++) {
		DEV(w, STLB_RESET, NULL);
		for (i = 0; i < w->len && !stopped(w); i += bytes == w->len ?
						      w->len : step_of(w))
			fill(w, w->map + i, bytes, flags);
	}
}

static void query(struct world *w, const void *addr, struct stlb_query *q)
{
	memset(q, 0, sizeof(*q));
	q->addr = (uintptr_t)addr;
	DEV(w, STLB_QUERY, q);
}

static void collect(struct world *w)
{
	DEV(w, STLB_QUIESCE, NULL);
	DEV(w, STLB_STATS, &w->stats);
	memset(&w->check, 0, sizeof(w->check));
	DEV(w, STLB_CHECK, &w->check);
	if (w->stats.full)
		fail_test(w, "the device's cache was too small");
	if (w->stats.probes_missed)
		fail_test(w, "%llu flushes were not seen by the probes",
			  w->stats.probes_missed);
	if (w->stats.window_timeouts)
		fail_test(w, "a window was not released in time");
}

static void found(struct world *w, enum kind kind, uint64_t count)
{
	if (count)
		w->kinds |= 1U << kind;
}

static void judge_safe(struct world *w)
{
	found(w, K_FREE_LEAF, w->stats.freed_leaf);
	found(w, K_FREE_TABLE, w->stats.freed_table);
	found(w, K_STALE_GONE, w->check.gone);
	found(w, K_STALE_MOVED, w->check.moved);
	found(w, K_STALE_WRITE, w->check.writable);
	found(w, K_STALE_DIRTY, w->check.dirty);
	found(w, K_STALE_TABLE, w->check.table);
	if (w->op->flags & NOHD && !(w->op->flags & NOWALK))
		found(w, K_STALE_UPGRADE, w->check.upgrade);
}

/* An empty range touches nothing. */
static bool touches(const struct stlb_log_entry *entry, uint64_t start, uint64_t end)
{
	return entry->start < end && entry->end > start &&
	       entry->start < entry->end;
}

/*
 * One CPU flush, one secondary flush; where the CPU's flush is batched, one for
 * each page put into the batch. Neither the whole address space nor a range that
 * goes beyond the mapping, unless the operation is of that kind. Where the
 * flushes of the CPUs are not probed, one secondary flush at least.
 */
static void judge_paired(struct world *w)
{
	uint64_t start = (uintptr_t)w->map, end = start + w->len;
	static struct stlb_log_entry entries[STLB_LOG_ENTRIES];
	struct stlb_log log = {
		.entries = (uintptr_t)entries, .nr = STLB_LOG_ENTRIES
	};
	uint64_t allowed = w->stats.cpu_flushes, calls = w->stats.invalidations;
	bool any = false;
	unsigned int i;

	if (DEV(w, STLB_LOG, &log))
		return;
	if (log.lost)
		fail_test(w, "%u invalidations are not in the log any more",
			  log.lost);
	for (i = 0; i < log.nr; i++)
		any |= touches(&entries[i], start, end);
	if (!(w->op->flags & (NO_CHANGE | NO_FLUSH)))
		found(w, K_UNPAIRED, !any);
	if (w->op->flags & BATCHED) {
		/*
		 * The number of pages unmapped outside the mapping is not
		 * known, nor the page that a flush of the whole mm was for.
		 */
		allowed += w->len / w->page;
		for (i = 0, calls = 0; i < log.nr; i++)
			calls += touches(&entries[i], start, end) &&
				 entries[i].end != ~0ULL;
	}
	if (w->probed) {
		/* Ageing need not flush. A flush for it is still checked. */
		if (!(w->op->flags & NO_CHANGE))
			found(w, K_UNPAIRED, w->stats.unpaired);
		found(w, K_DOUBLE, calls > allowed);
	}
	found(w, K_EMPTY, w->stats.empty);
	if (w->op->flags & WHOLE)
		return;
	found(w, K_WIDE, w->stats.whole);
	if (w->op->flags & TABLES)
		return;
	for (i = 0; i < log.nr; i++) {
		if (touches(&entries[i], start, end)) {
			found(w, K_WIDE, entries[i].start < start);
			found(w, K_WIDE, entries[i].end > end);
		}
	}
}

static void print_kinds(const struct world *w)
{
	const char *comma = "";
	int i;

	if (!w->kinds)
		printf("none");
	for (i = 0; i < NR_KINDS; i++)
		if (w->kinds & 1U << i) {
			printf("%s%s", comma, kind_names[i]);
			comma = ",";
		}
}

/*
 * Print what is tested, before anything else, so that a test that fails or is
 * skipped in its set-up is in the report, too.
 */
static void print_identity(const struct world *w)
{
	printf("# stlb: test=%s size=%s model=%s check=%s\n", w->op->name,
	       size_names[w->size], model_names[w->model], w->check_name);
	fflush(stdout);
}

/* One line for the report, and the first violations in words. */
static void print_result(struct world *w)
{
	static const char * const what[] = {
		"page freed while cached", "table freed while cached",
		"CPU flush without secondary flush"
	};
	struct stlb_violation v;
	char cpu[24] = "-", cpu_whole[24] = "-";
	int i;

	if (w->probed) {
		snprintf(cpu, sizeof(cpu), "%llu", w->stats.cpu_flushes);
		snprintf(cpu_whole, sizeof(cpu_whole), "%llu",
			 w->stats.cpu_whole);
	}
	printf("# stlb: kinds=");
	print_kinds(w);
	printf(" leaf=%llu walk=%llu free_leaf=%llu free_table=%llu gone=%llu moved=%llu writable=%llu dirty=%llu table=%llu upgrade=%llu split=%llu cpu=%s cpu_whole=%s batch=%llu inv=%llu whole=%llu empty=%llu pages=%llu unpaired=%llu hits=%llu\n",
	       w->check.leaves, w->check.walks, w->stats.freed_leaf,
	       w->stats.freed_table, w->check.gone, w->check.moved,
	       w->check.writable, w->check.dirty, w->check.table,
	       w->check.upgrade, w->check.split, cpu, cpu_whole,
	       w->stats.cpu_batches, w->stats.invalidations, w->stats.whole,
	       w->stats.empty, w->stats.pages, w->stats.unpaired,
	       w->stats.window_hits);
	for (i = 0; w->kinds && i < 2 && !ioctl(w->fd, STLB_VIOLATION, &v); i++)
		printf("# %s: va %llx size %llx by %s: %s\n", what[v.kind],
		       v.va, v.size, v.comm, v.stack);
	fflush(stdout);
}

/* Mappings */

static void overcommit_hugetlb(const struct world *w, unsigned long nr)
{
	char path[160];

	snprintf(path, sizeof(path), HUGETLB_DIR "nr_overcommit_hugepages",
		 w->unit / 1024);
	write_num(path, nr);
}

static bool prepare_size(struct world *w)
{
	char path[100];

	switch (w->size) {
	case BASE:
		w->unit = w->page;
		w->len = 64 * w->page;
		if (w->op->flags & MANY)
			w->len = w->page > 8192 ? 8 << 20 : 1024 * w->page;
		if (w->op->flags & SPARSE)
			w->len = 4 * w->info.pmd_size;
		break;
	case MTHP:
		w->unit = 16 * w->page;
		w->len = 8 * w->unit;
		if (!(thp_supported_orders() & 1UL << sz2ord(w->unit, w->page))) {
			skip_test(w, "no folios of %zu kB for anonymous memory",
				  w->unit / 1024);
			return false;
		}
		snprintf(path, sizeof(path), "hugepages-%zukB/enabled",
			 w->unit / 1024);
		thp_write_string(path, "madvise");
		break;
	case THP:
		w->unit = w->info.pmd_size;
		w->len = 2 * w->unit;
		if (!thp_available()) {
			skip_test(w, "no transparent huge pages");
			return false;
		}
		thp_write_string("enabled", "madvise");
		thp_write_string("shmem_enabled", "advise");
		thp_write_num("use_zero_page", 1);
		break;
	case HUGETLB:
	default:
		w->unit = w->info.pmd_size;
		w->len = 2 * w->unit;
		snprintf(path, sizeof(path), HUGETLB_DIR, w->unit / 1024);
		if (access(path, F_OK)) {
			skip_test(w, "no huge pages of %zu kB", w->unit / 1024);
			return false;
		}
		w->pool = true;
		hugetlb_set_nr_pages(w->unit, w->op->flags & SURPLUS ? 0 : 8);
		overcommit_hugetlb(w, w->op->flags & SURPLUS ? 8 : 0);
		break;
	}
	return true;
}

static int open_file(struct world *w, enum backing backing, size_t len)
{
	struct stat root, mnt;
	struct statfs fs;
	int fd;

	if (backing == FILE_EXT2) {
		fd = open("/mnt", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
		if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
			fd = open("/mnt/secondary_tlb", O_RDWR | O_CREAT |
				  O_CLOEXEC, 0600);
			unlink("/mnt/secondary_tlb");
		}
		if (fd >= 0 && !stat("/", &root) && !stat("/mnt", &mnt) &&
		    (root.st_dev == mnt.st_dev ||
		     (!fstatfs(fd, &fs) && fs.f_type == TMPFS_MAGIC))) {
			skip_test(w, "no file system with writeback at /mnt");
			close(fd);
			return -1;
		}
	} else {
		fd = memfd_create("secondary_tlb", MFD_CLOEXEC |
				  (w->size == HUGETLB ? MFD_HUGETLB : 0));
	}
	if (fd < 0 || ftruncate(fd, len)) {
		fail_test(w, "no file of %zu bytes: %s", len, strerror(errno));
		return -1;
	}
	return fd;
}

static void make_map(struct world *w)
{
	int prot = PROT_READ | PROT_WRITE, flags = MAP_FIXED;
	size_t align = w->info.pmd_size;

	/* Alone in its PMD ranges, with room around it. */
	w->raw_len = w->len + 3 * align;
	w->raw = mmap(NULL, w->raw_len, PROT_NONE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w->raw == MAP_FAILED) {
		fail_test(w, "mmap: %s", strerror(errno));
		return;
	}
	w->map = (char *)(((uintptr_t)w->raw + 2 * align - 1) & ~(align - 1));

	if (w->op->backing != ANON) {
		/* A test that changes the file itself has opened it. */
		if (w->file < 0)
			w->file = open_file(w, w->op->backing, w->len);
		if (w->file < 0)
			return;
		flags |= MAP_SHARED;
	} else {
		flags |= MAP_PRIVATE | MAP_ANONYMOUS |
			 (w->size == HUGETLB ? MAP_HUGETLB : 0);
	}
	if (mmap(w->map, w->len, prot, flags, w->file, 0) != w->map) {
		fail_test(w, "mmap: %s", strerror(errno));
		return;
	}
	if (w->size != HUGETLB)
		madvise(w->map, w->len, w->size == BASE ? MADV_NOHUGEPAGE :
							 MADV_HUGEPAGE);
	if (w->op->flags & EMPTY_MAP)
		return;
	stamp(w, 0x1111000000000000);
	if (w->size != BASE &&
	    pfn_of(w->map + w->unit - w->page) !=
	    pfn_of(w->map) + w->unit / w->page - 1)
		fail_test(w, "no huge page could be had");
	if (w->op->flags & RDONLY && mprotect(w->map, w->len, PROT_READ))
		fail_test(w, "mprotect: %s", strerror(errno));
}

static void start_child(struct world *w)
{
	int fds[2];
	char c;

	if (pipe(fds)) {
		fail_test(w, "pipe: %s", strerror(errno));
		return;
	}
	w->child = fork();
	if (w->child < 0) {
		fail_test(w, "fork: %s", strerror(errno));
	} else if (!w->child) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) < 0);
	}
	close(fds[0]);
	w->child_pipe = fds[1];
}

static void end_child(struct world *w)
{
	if (w->child_pipe >= 0)
		close(w->child_pipe);
	w->child_pipe = -1;
	if (w->child > 0)
		waitpid(w->child, NULL, 0);
	w->child = 0;
}

/* The device and the CPU write in turn. Each must see the other's value. */
static void check_data(struct world *w)
{
	size_t i, step = w->len / 8 > w->page ? w->len / 8 : w->page;
	struct stlb_access a;

	for (i = 0; i < w->len; i += step) {
		uint64_t seen, value = 0xfeed000000000000 + i;

		memset(&a, 0, sizeof(a));
		a.addr = (uintptr_t)w->map + i;
		if (ioctl(w->fd, STLB_ACCESS, &a)) {
			/* ESTALE: known already, as free-leaf. */
			if (errno != ESTALE && errno != EFAULT)
				fail_test(w, "STLB_ACCESS: %s", strerror(errno));
			continue;
		}
		seen = *word(w, i);
		found(w, K_DATA, a.value != seen);

		a.value = value;
		a.flags = STLB_WRITE;
		if (ioctl(w->fd, STLB_ACCESS, &a)) {
			if (errno == EBUSY && w->op->flags & NOWALK)
				found(w, K_STUCK, 1);
			else if (errno != ESTALE && errno != EFAULT)
				fail_test(w, "STLB_ACCESS: %s", strerror(errno));
			continue;
		}
		found(w, K_DATA, *word(w, i) != value);
	}
}

/*
 * The operations. Each has to check that the operation in its name has
 * happened. Otherwise the test would pass without testing anything.
 */
#define MUST(w, what)							\
	do {								\
		if (!(what))						\
			fail_test(w, "%s (errno %d)", #what, errno);	\
	} while (0)

static void do_munmap(struct world *w)
{
	MUST(w, !munmap(w->map, w->len));
}

static void do_munmap_part(struct world *w)
{
	MUST(w, !munmap(w->map + w->page, w->page));
}

static void do_dontneed(struct world *w)
{
	MUST(w, !madvise(w->map, w->len, MADV_DONTNEED));
	MUST(w, !pfn_of(w->map));
}

static void do_dontneed_part(struct world *w)
{
	MUST(w, !madvise(w->map + w->page, w->page, MADV_DONTNEED));
	MUST(w, !pfn_of(w->map + w->page));
}

static size_t count_absent(struct world *w)
{
	size_t i, n = 0;

	for (i = 0; i < w->len; i += w->page)
		n += !pfn_of(w->map + i);
	return n;
}

static bool have_swap(void)
{
	char buf[1024];

	return read_file("/proc/swaps", buf, sizeof(buf)) && strchr(buf, '/');
}

static void do_pageout(struct world *w)
{
	if (w->op->backing != FILE_EXT2 && !have_swap()) {
		skip_test(w, "no swap");
		return;
	}
	if (w->op->backing == FILE_EXT2)
		MUST(w, !fsync(w->file));
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, !madvise(w->map, w->len, MADV_PAGEOUT));
	MUST(w, count_absent(w) >= nr_pages(w) / 2);
}

static void do_madv_free(struct world *w)
{
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, !madvise(w->map, w->len, MADV_FREE));
	MUST(w, !madvise(w->map, w->len, MADV_PAGEOUT));
	MUST(w, count_absent(w) >= nr_pages(w) / 2);
}

static void do_cold(struct world *w)
{
	MUST(w, !madvise(w->map, w->len, MADV_COLD));
}

static void do_collapse(struct world *w)
{
	uint64_t pfn;

	MUST(w, !madvise(w->map, w->len, MADV_HUGEPAGE));
	DEV(w, STLB_QUIESCE, NULL);
	if (madvise(w->map, w->len, MADV_COLLAPSE)) {
		if (errno == EINVAL)
			skip_test(w, "no MADV_COLLAPSE");
		else
			fail_test(w, "MADV_COLLAPSE: %s", strerror(errno));
		return;
	}
	pfn = pfn_of(w->map);
	MUST(w, pfn && pfn_of(w->map + w->info.pmd_size - w->page) ==
		pfn + w->info.pmd_size / w->page - 1);
}

static void do_mprotect_ro(struct world *w)
{
	MUST(w, !mprotect(w->map, w->len, PROT_READ));
}

static void do_mprotect_none(struct world *w)
{
	MUST(w, !mprotect(w->map, w->len, PROT_NONE));
}

static void do_mprotect_rw(struct world *w)
{
	MUST(w, !mprotect(w->map, w->len, PROT_READ | PROT_WRITE));
	stamp(w, 0x2222000000000000);
}

static void do_mprotect_part(struct world *w)
{
	MUST(w, !mprotect(w->map + w->page, w->page, PROT_READ));
}

static void do_fork(struct world *w)
{
	start_child(w);
}

static void do_cow(struct world *w)
{
	uint64_t pfn = pfn_of(w->map);

	stamp(w, 0x2222000000000000);
	MUST(w, pfn_of(w->map) != pfn);
}

static void do_cow_exit(struct world *w)
{
	do_cow(w);
	end_child(w);
}

static void move_to(struct world *w, size_t offset)
{
	size_t align = w->info.pmd_size, len = w->len + 3 * align;
	char *raw = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
			 MAP_NORESERVE, -1, 0);
	char *to = (char *)(((uintptr_t)raw + 2 * align - 1) & ~(align - 1));
	uint64_t pfn = pfn_of(w->map);

	MUST(w, raw != MAP_FAILED);
	/* A new mapping there would be unmapped first, with flushes of its own. */
	MUST(w, !munmap(raw, len));
	to += offset;
	MUST(w, mremap(w->map, w->len, w->len, MREMAP_MAYMOVE | MREMAP_FIXED,
		       to) == to);
	MUST(w, pfn_of(to) == pfn);
}

/* The offset in the page table changes: entry by entry. */
static void do_mremap_ptes(struct world *w)
{
	move_to(w, w->page);
}

/* Whole page tables, or huge entries, move. */
static void do_mremap_pmds(struct world *w)
{
	move_to(w, 0);
}

static void do_mremap_shrink(struct world *w)
{
	MUST(w, mremap(w->map, w->len, w->len / 2, 0) == w->map);
}

static void do_map_fixed(struct world *w)
{
	MUST(w, mmap(w->map, w->len, PROT_READ | PROT_WRITE, MAP_PRIVATE |
		     MAP_ANONYMOUS | MAP_FIXED, -1, 0) == w->map);
}

static void do_soft_dirty(struct world *w)
{
	/* Without soft-dirty the file exists, too, and accepts a 4. */
	*word(w, 0) = 1;
	if (!(pagemap(w->map) & PM_SOFT_DIRTY)) {
		skip_test(w, "no soft-dirty tracking (CONFIG_MEM_SOFT_DIRTY)");
		return;
	}
	clear_softdirty();
	MUST(w, !(pagemap(w->map) & PM_SOFT_DIRTY));
}

static void do_clear_young(struct world *w)
{
	write_num("/proc/self/clear_refs", 1);
}

#define KSM_DIR "/sys/kernel/mm/ksm/"

static bool ksm_merged(struct world *w)
{
	uint64_t pfn = pfn_of(w->map);
	size_t i, same = 0;

	/* The counters of KSM include pages of processes that have ended. */
	for (i = 1; i < nr_pages(w); i++)
		same += pfn && pfn_of(w->map + i * w->page) == pfn;
	return same >= nr_pages(w) / 2;
}

static void merge(struct world *w)
{
	if (access(KSM_DIR, F_OK)) {
		skip_test(w, "no KSM");
		return;
	}
	memset(w->map, 0x5a, w->len);
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, !madvise(w->map, w->len, MADV_MERGEABLE));
	write_num(KSM_DIR "pages_to_scan", 1000);
	write_num(KSM_DIR "sleep_millisecs", 5);
	write_num(KSM_DIR "run", 1);
	MUST(w, wait_for(ksm_merged, w, SECONDS(10)));
	write_num(KSM_DIR "run", 0);
}

static void do_ksm(struct world *w)
{
	merge(w);
}

static void do_ksm_break(struct world *w)
{
	uint64_t pfn = pfn_of(w->map);

	stamp(w, 0x2222000000000000);
	MUST(w, pfn_of(w->map + w->page) != pfn || pfn_of(w->map) != pfn);
}

static int node_of(const void *addr)
{
	void *pages[1] = { (void *)addr };
	int status[1];

	if (syscall(SYS_move_pages, 0, 1L, pages, NULL, status, 0) ||
	    status[0] < 0)
		return -1;
	return status[0];
}

static bool two_nodes(struct world *w)
{
	if (access("/sys/devices/system/node/node1", F_OK)) {
		skip_test(w, "one NUMA node only (numa=fake=2)");
		return false;
	}
	return true;
}

static void do_migrate(struct world *w)
{
	unsigned long from, to;
	int node = node_of(w->map);

	if (!two_nodes(w))
		return;
	MUST(w, node == 0 || node == 1);
	from = 1UL << node;
	to = 1UL << !node;
	MUST(w, syscall(SYS_migrate_pages, 0, 64L, &from, &to) >= 0);
	MUST(w, node_of(w->map) == !node);
	MUST(w, node_of(w->map + w->len - w->page) == !node);
}

static void do_move_pages(struct world *w)
{
	static void *pages[1024];
	static int nodes[1024], status[1024];
	size_t i, n = w->len / w->unit;
	int node = node_of(w->map);

	if (!two_nodes(w))
		return;
	MUST(w, node == 0 || node == 1);
	for (i = 0; i < n; i++) {
		pages[i] = w->map + i * w->unit;
		nodes[i] = !node;
	}
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, syscall(SYS_move_pages, 0, n, pages, nodes, status,
			2 /* MPOL_MF_MOVE */) >= 0);
	MUST(w, node_of(w->map) == !node);
}

static void do_compact(struct world *w)
{
	static uint64_t pfn[1024];
	size_t i, moved = 0;

	if (access("/proc/sys/vm/compact_memory", F_OK)) {
		skip_test(w, "no compaction");
		return;
	}
	for (i = 0; i < nr_pages(w); i++)
		pfn[i] = pfn_of(w->map + i * w->page);
	write_num("/proc/sys/vm/compact_memory", 1);
	for (i = 0; i < nr_pages(w); i++)
		moved += pfn_of(w->map + i * w->page) != pfn[i];
	/* Compaction may have found no target page: try with other pages. */
	if (!moved)
		try_again(w, "compaction moved nothing: pfn %llx to %llx, node %d",
			  (unsigned long long)pfn[0],
			  (unsigned long long)pfn[i - 1], node_of(w->map));
}

#define PCP_FRACTION "/proc/sys/vm/percpu_pagelist_high_fraction"

struct page_at {
	uint64_t pfn;
	char *at;
};

static int by_pfn(const void *a, const void *b)
{
	const struct page_at *x = a, *y = b;

	return (x->pfn > y->pfn) - (x->pfn < y->pfn);
}

/*
 * Compaction moves pages from the low end of a zone to the high end: of many
 * pages of one node, take those with the lowest addresses, and free some of the
 * others. Do not free all of the others: compaction does not split large free
 * blocks to get target pages.
 */
static void take_low_pages(struct world *w)
{
	size_t i, nr = 16 * nr_pages(w);
	struct page_at *pages = calloc(nr, sizeof(*pages));
	cpu_set_t all;
	int fd;
	char *p;

	sched_getaffinity(0, sizeof(all), &all);
	stay_on(sched_getcpu());
	p = mmap(NULL, nr * w->page, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(w, pages && p != MAP_FAILED);
	if (stopped(w))
		return;
	madvise(p, nr * w->page, MADV_NOHUGEPAGE);
	memset(p, 1, nr * w->page);
	sched_setaffinity(0, sizeof(all), &all);
	fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	for (i = 0; i < nr; i++) {
		pages[i].at = p + i * w->page;
		pages[i].pfn = PAGEMAP_PFN(pagemap_get_entry(fd, pages[i].at));
	}
	close(fd);
	qsort(pages, nr, sizeof(*pages), by_pfn);
	for (i = 0; i < nr_pages(w); i++)
		MUST(w, mremap(pages[i].at, w->page, w->page, MREMAP_MAYMOVE |
			       MREMAP_FIXED, w->map + i * w->page) ==
			w->map + i * w->page);
	/* To the free lists: compaction takes no pages from per-CPU lists. */
	write_num(PCP_FRACTION, 100000);
	for (; i < nr; i += 2)
		MUST(w, !madvise(pages[i].at, w->page, MADV_DONTNEED));
	write_num(PCP_FRACTION, 0);
	free(pages);
	stamp(w, 0x1111000000000000);
	DEV(w, STLB_QUIESCE, NULL);
}

static void do_split_debugfs(struct world *w)
{
	char text[96];

	snprintf(text, sizeof(text), "%d,0x%lx,0x%lx", getpid(),
		 (long)w->map, (long)(w->map + w->len));
	if (access("/sys/kernel/debug/split_huge_pages", F_OK)) {
		skip_test(w, "no debugfs with split_huge_pages");
		return;
	}
	DEV(w, STLB_QUIESCE, NULL);
	write_file("/sys/kernel/debug/split_huge_pages", text, strlen(text) + 1);
	/* The write succeeds even if nothing could be split. */
	MUST(w, check_huge_anon(w->map, w->len, 0, w->unit));
}

/*
 * A page that was shared with a child, and now belongs to this process alone: a
 * write makes the entry writable, without a copy. Which architectures flush
 * then is their own decision, see Documentation/mm/mmu_notifier.rst. On x86 and
 * powerpc the device has to walk again.
 */
static void share_and_take_back(struct world *w)
{
#if defined(__aarch64__)
	start_child(w);
	end_child(w);
	DEV(w, STLB_QUIESCE, NULL);
#else
	skip_test(w, "devices walk again before they report a fault here");
#endif
}

static void do_upgrade(struct world *w)
{
	uint64_t pfn = pfn_of(w->map);

	stamp(w, 0x2222000000000000);
	MUST(w, pfn_of(w->map) == pfn);
}

static void do_write(struct world *w)
{
	*word(w, w->page) = 1;
	MUST(w, pfn_of(w->map + w->page));
}

static int open_uffd(struct world *w, uint64_t features)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api)) {
		skip_test(w, "no userfaultfd of that kind");
		return -1;
	}
	return fd;
}

/*
 * A device that does not update the dirty state, and that does not walk again
 * before it reports a permission fault, has to make progress. The kernel makes
 * pages writable for the CPUs without a flush. The device has clean pages as
 * read-only, and writes to them after the operation.
 */
static void need_sva_fault(struct world *w)
{
	if (!(w->info.features & STLB_HAS_SVA_FAULT))
		skip_test(w, "the page fault handler of SVA is out of reach (CONFIG_TEST_SECONDARY_TLB_SVA)");
}

/* Anonymous pages that are clean (MADV_FREE). */
static void make_clean(struct world *w)
{
	need_sva_fault(w);
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, !madvise(w->map, w->len, MADV_FREE));
}

static void unshare_read_only(struct world *w)
{
	need_sva_fault(w);
	if (stopped(w))
		return;
	start_child(w);
	end_child(w);
	DEV(w, STLB_QUIESCE, NULL);
}

/* The CPU's hardware, or a fault, makes all pages dirty. */
static void do_dirty(struct world *w)
{
	stamp(w, 0x2222000000000000);
}

/* One page is dirty, and mprotect() gathers that over all of the batch. */
static void do_dirty_batch(struct world *w)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)w->map, w->len },
	};
	int fd = open_uffd(w, UFFD_FEATURE_PAGEFAULT_FLAG_WP);

	if (fd < 0)
		return;
	*word(w, 0) = 1;
	if (uffd_register(fd, w->map, w->len, false, true, false))
		skip_test(w, "no write-protection by userfaultfd for that");
	else
		MUST(w, !ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
}

/* One page is dirty, and so are all others when the block is taken apart. */
static void do_dirty_unfold(struct world *w)
{
	*word(w, 0) = 1;
	MUST(w, !madvise(w->map + w->len - w->page, w->page, MADV_DONTNEED));
}

static void do_uffd_wp(struct world *w)
{
	struct uffdio_writeprotect wp = {
		.range = { (uintptr_t)w->map, w->len },
		.mode = UFFDIO_WRITEPROTECT_MODE_WP,
	};
	int fd = open_uffd(w, UFFD_FEATURE_PAGEFAULT_FLAG_WP);

	if (fd < 0)
		return;
	if (uffd_register(fd, w->map, w->len, false, true, false))
		skip_test(w, "no write-protection by userfaultfd for that");
	else
		MUST(w, !ioctl(fd, UFFDIO_WRITEPROTECT, &wp));
}

static void do_uffd_move(struct world *w)
{
	struct uffdio_move move = { .src = (uintptr_t)w->map, .len = w->len };
	uint64_t pfn = pfn_of(w->map);
	char *to;
	int fd;

	to = mmap(NULL, w->len + w->info.pmd_size, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(w, to != MAP_FAILED);
	to = (char *)(((uintptr_t)to + w->info.pmd_size - 1) &
		      ~(w->info.pmd_size - 1));
	fd = open_uffd(w, UFFD_FEATURE_MOVE);
	if (fd < 0)
		return;
	move.dst = (uintptr_t)to;
	MUST(w, !uffd_register(fd, to, w->len, true, false, false));
	DEV(w, STLB_QUIESCE, NULL);
	MUST(w, !ioctl(fd, UFFDIO_MOVE, &move));
	MUST(w, !pfn_of(w->map) && pfn_of(to) == pfn);
}

static void do_truncate(struct world *w)
{
	MUST(w, !ftruncate(w->file, 0));
}

static void do_punch(struct world *w)
{
	MUST(w, !fallocate(w->file, FALLOC_FL_PUNCH_HOLE |
			   FALLOC_FL_KEEP_SIZE, 0, w->len / 2));
	MUST(w, !pfn_of(w->map));
}

static void do_writeback(struct world *w)
{
	MUST(w, !msync(w->map, w->len, MS_SYNC));
}

static void do_soft_offline(struct world *w)
{
	uint64_t pfn = pfn_of(w->map);

	if (!destructive) {
		skip_test(w, "takes memory out of use: only with -d");
		return;
	}
	DEV(w, STLB_QUIESCE, NULL);
	if (madvise(w->map, w->unit, MADV_SOFT_OFFLINE)) {
		if (errno == EINVAL || errno == EOPNOTSUPP)
			skip_test(w, "no soft offlining (CONFIG_MEMORY_FAILURE)");
		else
			fail_test(w, "MADV_SOFT_OFFLINE: %s", strerror(errno));
		return;
	}
	MUST(w, pfn_of(w->map) != pfn);
}

/* A page of executable text, in a file: uprobes replace pages of such. */
static void map_text(struct world *w)
{
#if defined(__x86_64__)
	static const unsigned char nop[4] = { 0x90, 0x90, 0x90, 0x90 };
#elif defined(__aarch64__)
	static const unsigned char nop[4] = { 0x1f, 0x20, 0x03, 0xd5 };
#elif defined(__powerpc64__)
	static const unsigned char nop[4] = { 0x00, 0x00, 0x00, 0x60 };
#else
	static const unsigned char nop[4] = { 0x13, 0x00, 0x00, 0x00 };
#endif
	size_t i;

	w->file = open("/tmp/secondary_tlb.text", O_RDWR | O_CREAT | O_TRUNC |
		       O_CLOEXEC, 0700);
	MUST(w, w->file >= 0);
	for (i = 0; i < w->page; i += sizeof(nop))
		MUST(w, write(w->file, nop, sizeof(nop)) == sizeof(nop));
	w->len = w->page;
	MUST(w, mmap(w->map, w->len, PROT_READ | PROT_EXEC,
		     MAP_PRIVATE | MAP_FIXED, w->file, 0) == w->map);
	MUST(w, !madvise(w->map, w->len, MADV_POPULATE_READ));
}

static void do_uprobe(struct world *w)
{
	static const char path[] = "/tmp/secondary_tlb.text";
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.config1 = (uintptr_t)path,
		/* Not at the start of the page, like most instructions. */
		.config2 = 64,
	};
	static const char pmu[] = "/sys/bus/event_source/devices/uprobe/type";
	uint64_t pfn = pfn_of(w->map);
	int fd;

	if (access(pmu, F_OK)) {
		skip_test(w, "no uprobes by perf events");
		unlink(path);
		return;
	}
	attr.type = read_num(pmu);
	fd = syscall(SYS_perf_event_open, &attr, getpid(), -1, -1, 0);
	unlink(path);
	MUST(w, fd >= 0);
	MUST(w, pfn_of(w->map) && pfn_of(w->map) != pfn);
	close(fd);
}

/* Two processes share the page table of a large shared hugetlb mapping. */
static void map_shared_pmd(struct world *w)
{
	size_t gigabyte = w->info.pud_size;
	char *raw;
	int fds[2];
	char c;

#if defined(__powerpc__)
	skip_test(w, "page tables are never shared here");
	return;
#endif
	w->file = open_file(w, SHMEM, gigabyte);
	if (w->file < 0)
		return;
	raw = mmap(NULL, 2 * gigabyte, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS |
		   MAP_NORESERVE, -1, 0);
	w->map = (char *)(((uintptr_t)raw + gigabyte - 1) & ~(gigabyte - 1));
	MUST(w, mmap(w->map, gigabyte, PROT_READ | PROT_WRITE, MAP_SHARED |
		     MAP_NORESERVE | MAP_FIXED, w->file, 0) == w->map);
	if (stopped(w))
		return;
	*word(w, 0) = 1;
	*word(w, w->unit) = 1;
	MUST(w, !pipe(fds));
	w->child = fork();
	if (!w->child) {
		/* Shared with the parent's page table by this fault. */
		*word(w, 0) = 2;
		*word(w, w->unit) = 2;
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	MUST(w, read(fds[0], &c, 1) == 1);
	close(fds[0]);
	close(fds[1]);
}

static void do_unshare(struct world *w)
{
	MUST(w, !mprotect(w->map, w->info.pud_size, PROT_READ));
	kill(w->child, SIGKILL);
	end_child(w);
}

/*
 * The table of operations: name, what is mapped, flags, what to do before the
 * device attaches, the operation, and the page sizes it makes sense for.
 */
#define OPS(X)								\
	X(munmap, ANON, TABLES | GONE, NULL, do_munmap, BMTH)		\
	X(munmap_tables, ANON, TABLES | GONE | SPARSE | TABLE_GOES,	\
	  NULL, do_munmap, B)						\
	X(munmap_part, ANON, GONE, NULL, do_munmap_part, BMT)		\
	X(munmap_shmem, SHMEM, TABLES | GONE, NULL, do_munmap, BTH)	\
	X(map_fixed, ANON, TABLES | GONE, NULL, do_map_fixed, BTH)	\
	X(dontneed, ANON, 0, NULL, do_dontneed, BMTH)			\
	X(dontneed_part, ANON, 0, NULL, do_dontneed_part, BMT)		\
	X(dontneed_shmem, SHMEM, 0, NULL, do_dontneed, BTH)		\
	X(madv_free, ANON, BATCHED, NULL, do_madv_free, BMT)		\
	X(pageout, ANON, BATCHED, NULL, do_pageout, BMT)		\
	X(pageout_many, ANON, BATCHED | MANY, NULL, do_pageout, B)	\
	X(pageout_shmem, SHMEM, BATCHED, NULL, do_pageout, B)		\
	X(pageout_file, FILE_EXT2, BATCHED | MANY, NULL, do_pageout, B)	\
	X(cold, ANON, NO_CHANGE, NULL, do_cold, BT)			\
	X(collapse, ANON, MANY | TABLE_GOES, NULL, do_collapse, B)	\
	X(mprotect_ro, ANON, 0, NULL, do_mprotect_ro, BMTH)		\
	X(mprotect_none, ANON, 0, NULL, do_mprotect_none, BMTH)		\
	X(mprotect_rw, ANON, RDONLY | NO_FLUSH, NULL, do_mprotect_rw, BMTH) \
	X(mprotect_part, ANON, 0, NULL, do_mprotect_part, BMT)		\
	X(fork, ANON, WHOLE, NULL, do_fork, BMTH)			\
	X(cow, ANON, CHILD | READ_FILL, NULL, do_cow, BMTH)		\
	X(cow_exit, ANON, CHILD | READ_FILL | SURPLUS, NULL, do_cow_exit, BMTH) \
	X(mremap_ptes, ANON, GONE | TABLE_GOES, NULL, do_mremap_ptes, BMT) \
	X(mremap_pmds, ANON, GONE, NULL, do_mremap_pmds, TH)		\
	X(mremap_table, ANON, GONE | SPARSE, NULL, do_mremap_pmds, B)	\
	X(mremap_shmem, SHMEM, GONE, NULL, do_mremap_ptes, B)		\
	X(mremap_shrink, ANON, TABLES | GONE, NULL, do_mremap_shrink, BTH) \
	X(soft_dirty, ANON, WHOLE, NULL, do_soft_dirty, BMT)		\
	X(clear_young, ANON, WHOLE | NO_CHANGE, NULL, do_clear_young, BT) \
	X(ksm, ANON, 0, NULL, do_ksm, B)				\
	X(ksm_break, ANON, READ_FILL, merge, do_ksm_break, B)		\
	X(migrate, ANON, BATCHED, NULL, do_migrate, MTH)		\
	X(migrate_many, ANON, BATCHED | MANY, NULL, do_migrate, B)	\
	X(move_pages, ANON, BATCHED, NULL, do_move_pages, BMTH)		\
	X(move_pages_shmem, SHMEM, BATCHED, NULL, do_move_pages, BH)	\
	X(compact, ANON, BATCHED | MANY, take_low_pages, do_compact, B)	\
	X(split, ANON, BATCHED, NULL, do_split_debugfs, T)		\
	X(upgrade, ANON, READ_FILL | NOHD, share_and_take_back, do_upgrade, BMTH) \
	X(dirty_progress, ANON, READ_FILL | NOHD | NOWALK | NO_FLUSH,	\
	  make_clean, do_dirty, B)					\
	X(upgrade_progress, ANON, READ_FILL | NOHD | NOWALK | NO_FLUSH,	\
	  unshare_read_only, do_upgrade, B)				\
	X(batch_progress, ANON, READ_FILL | NOHD | NOWALK | NO_FLUSH,	\
	  make_clean, do_dirty_batch, M)				\
	X(unfold_progress, ANON, READ_FILL | NOHD | NOWALK | NO_FLUSH,	\
	  make_clean, do_dirty_unfold, M)				\
	X(zero_page, ANON, EMPTY_MAP | READ_FILL, NULL, do_write, BT)	\
	X(uffd_wp, ANON, GONE, NULL, do_uffd_wp, BMTH)			\
	X(uffd_move, ANON, GONE, NULL, do_uffd_move, BT)		\
	X(truncate, SHMEM, GONE, NULL, do_truncate, BTH)		\
	X(truncate_file, FILE_EXT2, GONE, NULL, do_truncate, B)		\
	X(punch, SHMEM, GONE, NULL, do_punch, BTH)			\
	X(writeback, FILE_EXT2, 0, NULL, do_writeback, B)		\
	X(uprobe, ANON, READ_FILL | GONE, map_text, do_uprobe, B)	\
	X(soft_offline, ANON, BATCHED, NULL, do_soft_offline, BH)	\
	X(unshare, ANON, GONE | TABLES | TABLE_GOES, map_shared_pmd,	\
	  do_unshare, H)

#define OP_ENUM(name, ...) OP_##name,
#define OP_ROW(_name, _backing, _flags, _prepare, _run, sizes)		\
	[OP_##_name] = {						\
		.name = #_name, .backing = _backing, .flags = _flags,	\
		.prepare = _prepare, .run = _run,			\
	},

enum { OPS(OP_ENUM) NR_OPS };

static const struct op ops[NR_OPS] = { OPS(OP_ROW) };

static void *spin(void *arg)
{
	struct world *w = arg;

	__atomic_store_n(&w->other_runs, true, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&w->other_stop, __ATOMIC_ACQUIRE))
		;
	return NULL;
}

/* Unmaps are batched when another CPU has to be flushed, too: see to that. */
static void load_elsewhere(struct world *w)
{
	pthread_attr_t attr;
	cpu_set_t all, set;
	int cpu, here;

	MUST(w, !sched_getaffinity(0, sizeof(all), &all));
	here = sched_getcpu();
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++)
		if (cpu != here && CPU_ISSET(cpu, &all))
			break;
	if (cpu == CPU_SETSIZE)
		return;
	set = stay_on(here);
	CPU_CLR(here, &set);
	CPU_SET(cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	MUST(w, !pthread_create(&w->other, &attr, spin, w));
	pthread_attr_destroy(&attr);
	while (!stopped(w) && !__atomic_load_n(&w->other_runs, __ATOMIC_ACQUIRE))
		sched_yield();
}

static void unload_elsewhere(struct world *w)
{
	__atomic_store_n(&w->other_stop, true, __ATOMIC_RELEASE);
	if (w->other_runs)
		pthread_join(w->other, NULL);
	w->other_runs = false;
}

/*
 * Reclaim or migration of a page leaves a pending CPU flush in the parent's mm.
 * fork() copies that, and the child's first zap flushes. Prevent it here.
 */
static void settle_batch(struct world *w)
{
	char *p = mmap(NULL, w->page, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	MUST(w, p != MAP_FAILED && !munmap(p, w->page));
}

/* Up to the operation, which is the caller's. */
static void set_up(struct world *w)
{
	if (!open_device(w) || !prepare_size(w))
		return;
	make_map(w);
	if (!stopped(w) && w->op->prepare)
		w->op->prepare(w);
	if (!stopped(w) && w->op->flags & CHILD)
		start_child(w);
	if (!stopped(w) && w->op->flags & BATCHED)
		load_elsewhere(w);
	if (!stopped(w))
		settle_batch(w);
	if (!stopped(w))
		attach(w, (w->op->flags & NOHD ? STLB_ATTACH_NOHD : 0) |
			  (w->op->flags & NOWALK ? STLB_ATTACH_NOWALK : 0));
	if (!stopped(w))
		fill_map(w);
	w->probed = w->info.features & STLB_HAS_FLUSH_PROBES;
}

static void check_cached(struct world *w)
{
	struct stlb_query q;

	query(w, w->map, &q);
	if (!q.size || !q.walks)
		fail_test(w, "the device has cached nothing");
	/* What such a test is about is that the entry becomes writable. */
	if (w->op->flags & NOHD && q.state & STLB_WRITABLE)
		fail_test(w, "the device has the page as writable already");
	/* The page size of the test is what the device has to have seen. */
	if (w->model != STLB_MODEL_SPLINTER && (w->size == THP ||
						w->size == HUGETLB) &&
	    q.size < w->unit)
		fail_test(w, "mapped by %llu bytes, not by huge pages", q.size);
}

static void tear_down(struct world *w)
{
	end_child(w);
	unload_elsewhere(w);
	if (w->fd >= 0)
		close(w->fd);
	if (w->file >= 0)
		close(w->file);
	w->file = -1;
	if (w->pool) {
		munmap(w->map, w->len);
		hugetlb_set_nr_pages(w->unit, 0);
		overcommit_hugetlb(w, 0);
	}
}

static void try_op(struct world *w, bool paired)
{
	set_up(w);
	if (!stopped(w))
		check_cached(w);
	if (!stopped(w)) {
		w->op->run(w);
		collect(w);
	}
	if (!stopped(w)) {
		if (paired) {
			judge_paired(w);
		} else {
			judge_safe(w);
			if (!(w->op->flags & GONE))
				check_data(w);
		}
		if (!stopped(w))
			print_result(w);
	}
	tear_down(w);
}

static void run_op(struct world *w, bool paired)
{
	int tries;

	try_op(w, paired);
	for (tries = 1; tries < 4 && w->again[0]; tries++) {
		printf("# again: %s\n", w->again);
		w->again[0] = 0;
		w->other_stop = false;
		munmap(w->raw, w->raw_len);
		try_op(w, paired);
	}
	if (w->again[0])
		fail_test(w, "%s, %d times", w->again, tries);
}

/* Last, since an assertion ends the test at once. */
#define CONCLUDE(w)							\
	do {								\
		if ((w)->error[0]) {					\
			TH_LOG("%s", (w)->error);			\
			ASSERT_TRUE(false);				\
		}							\
		if ((w)->skip[0])					\
			SKIP(return, "%s", (w)->skip);			\
		ASSERT_EQ(0U, (w)->kinds);				\
	} while (0)

FIXTURE(op) { struct world w; };

FIXTURE_VARIANT(op) { int op; enum size size; unsigned int model; };

FIXTURE_SETUP(op)
{
	memset(self, 0, sizeof(*self));
	self->w.op = &ops[variant->op];
	self->w.size = variant->size;
	self->w.model = variant->model;
	self->w.check_name = "safe";
	print_identity(&self->w);
}

FIXTURE_TEARDOWN(op)
{
}

/* Long enough for a debug kernel in an emulated machine. */
TEST_F_TIMEOUT(op, safe, 120)
{
	run_op(&self->w, false);
	CONCLUDE(&self->w);
}

FIXTURE(flush) { struct world w; };

FIXTURE_VARIANT(flush) { int op; enum size size; };

FIXTURE_SETUP(flush)
{
	memset(self, 0, sizeof(*self));
	self->w.op = &ops[variant->op];
	self->w.size = variant->size;
	self->w.model = STLB_MODEL_OVERLAP;
	self->w.check_name = "paired";
	print_identity(&self->w);
}

FIXTURE_TEARDOWN(flush)
{
}

TEST_F_TIMEOUT(flush, paired, 120)
{
	run_op(&self->w, true);
	CONCLUDE(&self->w);
}

#define ADD_OP(_op, _size, SIZE, _model, MODEL)				\
	FIXTURE_VARIANT_ADD(op, _op##_##_size##_##_model) {		\
		.op = OP_##_op, .size = SIZE, .model = STLB_MODEL_##MODEL, \
	};
#define ADD_FLUSH(_op, _size, SIZE)					\
	FIXTURE_VARIANT_ADD(flush, _op##_##_size) {			\
		.op = OP_##_op, .size = SIZE,				\
	};
/* Without huge entries "cover" and "splinter" are the same as "overlap". */
#define ADD_SMALL(_op, _size, SIZE)					\
	ADD_OP(_op, _size, SIZE, overlap, OVERLAP)			\
	ADD_OP(_op, _size, SIZE, refill, REFILL)			\
	ADD_FLUSH(_op, _size, SIZE)
#define ADD_HUGE(_op, _size, SIZE)					\
	ADD_OP(_op, _size, SIZE, cover, COVER)				\
	ADD_OP(_op, _size, SIZE, splinter, SPLINTER)			\
	ADD_SMALL(_op, _size, SIZE)

#define SIZES_B(op)	ADD_SMALL(op, base, BASE)
#define SIZES_M(op)	ADD_SMALL(op, mthp, MTHP)
#define SIZES_T(op)	ADD_HUGE(op, thp, THP)
#define SIZES_H(op)	ADD_HUGE(op, hugetlb, HUGETLB)
#define SIZES_BT(op)	SIZES_B(op) SIZES_T(op)
#define SIZES_BH(op)	SIZES_B(op) SIZES_H(op)
#define SIZES_TH(op)	SIZES_T(op) SIZES_H(op)
#define SIZES_BMT(op)	SIZES_B(op) SIZES_M(op) SIZES_T(op)
#define SIZES_BTH(op)	SIZES_B(op) SIZES_TH(op)
#define SIZES_MTH(op)	SIZES_M(op) SIZES_TH(op)
#define SIZES_BMTH(op)	SIZES_B(op) SIZES_MTH(op)

#define OP_VARIANTS(name, backing, flags, prepare, run, sizes)		\
	SIZES_##sizes(name)

OPS(OP_VARIANTS)

/*
 * Windows. The process under test is a child of the test, which controls it
 * and the device: a held thread sleeps with mmap_lock taken. Each window is for
 * one thread: khugepaged, reclaim or compaction may get to the range first.
 */
static int set_window(struct world *w, uint32_t where, const void *start,
		      size_t len, pid_t tid)
{
	struct stlb_window win = {
		.start = (uintptr_t)start, .end = (uintptr_t)start + len,
		.tid = tid, .where = where, .timeout_ms = SECONDS(20),
	};

	return DEV(w, STLB_WINDOW_SET, &win) ? -1 : (int)win.id;
}

static bool wait_window(struct world *w, int id, pid_t tid)
{
	struct stlb_window win = { .id = id, .timeout_ms = SECONDS(8) };

	if (DEV(w, STLB_WINDOW_WAIT, &win))
		return false;
	if (win.held_tid != tid)
		fail_test(w, "the window holds thread %d instead of %d",
			  win.held_tid, tid);
	return win.held_tid == tid;
}

static void release_window(struct world *w, int id)
{
	struct stlb_window win = { .id = id };

	DEV(w, STLB_WINDOW_RELEASE, &win);
}

/* A process that attaches itself, and then executes commands. */
struct victim {
	pid_t pid;
	int to, from;
};

static void tell(struct victim *v, char c)
{
	if (write(v->to, &c, 1) != 1)
		perror("pipe");
}

/*
 * A test waits at most for one window and twice for its victim. With these
 * limits the waits end, and can be reported, before the harness ends the test.
 */
static bool hear_all(struct victim *v, void *what, size_t size)
{
	struct timespec limit = { .tv_sec = 10 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(v->from, &set);
	return pselect(v->from + 1, &set, NULL, NULL, &limit, NULL) == 1 &&
	       read(v->from, what, size) == (ssize_t)size;
}

static char hear(struct victim *v)
{
	char c;

	return hear_all(v, &c, 1) ? c : 0;
}

static bool hear_map(struct victim *v, char **map)
{
	return hear_all(v, map, sizeof(*map));
}

static bool hear_tid(struct victim *v, pid_t *tid)
{
	return hear_all(v, tid, sizeof(*tid));
}

static void start_victim(struct world *w, struct victim *v,
			 void (*body)(struct world *w, struct victim *v))
{
	int down[2], up[2];

	memset(v, 0, sizeof(*v));
	if (pipe(down) || pipe(up)) {
		fail_test(w, "pipe: %s", strerror(errno));
		return;
	}
	v->pid = fork();
	if (!v->pid) {
		v->to = up[1];
		v->from = down[0];
		close(up[0]);
		close(down[1]);
		body(w, v);
		if (stopped(w))
			printf("# victim: %s%s\n", w->skip, w->error);
		fflush(stdout);
		_exit(stopped(w) ? 1 : 0);
	}
	v->to = down[1];
	v->from = up[0];
	close(up[1]);
	close(down[0]);
}

static void end_victim(struct victim *v)
{
	if (v->pid <= 0)
		return;
	close(v->to);
	kill(v->pid, SIGKILL);
	waitpid(v->pid, NULL, 0);
	close(v->from);
}

static const struct op window_op;

/* A thread that waits for a byte first: creating a thread takes mmap_lock. */
struct worker {
	pthread_t thread;
	pid_t tid;
	int go[2];
	struct world *w;
	void (*run)(struct world *w);
};

static void *work(void *arg)
{
	struct worker *worker = arg;
	char c;

	__atomic_store_n(&worker->tid, syscall(SYS_gettid), __ATOMIC_RELEASE);
	if (read(worker->go[0], &c, 1) == 1)
		worker->run(worker->w);
	return NULL;
}

static bool hire(struct worker *worker, struct world *w,
		 void (*run)(struct world *w))
{
	worker->w = w;
	worker->run = run;
	worker->tid = 0;
	if (pipe(worker->go) ||
	    pthread_create(&worker->thread, NULL, work, worker))
		return false;
	while (!__atomic_load_n(&worker->tid, __ATOMIC_ACQUIRE))
		sched_yield();
	return true;
}

/* Two mappings: on 'u' unmap the first, on 'd' empty the second. */
static void nested_victim(struct world *w, struct victim *v)
{
	struct world second = *w;
	struct worker unmapper, emptier;

	make_map(w);
	make_map(&second);
	attach(w, STLB_ATTACH_HOLDER_LAST);
	fill_map(w);
	if (stopped(w) || stopped(&second) ||
	    !hire(&unmapper, w, do_munmap) ||
	    !hire(&emptier, &second, do_dontneed) ||
	    write(v->to, &w->map, sizeof(w->map)) < 0 ||
	    write(v->to, &second.map, sizeof(second.map)) < 0 ||
	    write(v->to, &unmapper.tid, sizeof(unmapper.tid)) < 0 ||
	    write(v->to, &emptier.tid, sizeof(emptier.tid)) < 0)
		return;
	if (hear(v) != 'u' || write(unmapper.go[1], "", 1) != 1 ||
	    hear(v) != 'd' || write(emptier.go[1], "", 1) != 1)
		return;
	pthread_join(unmapper.thread, NULL);
	tell(v, 'U');
	pthread_join(emptier.thread, NULL);
	tell(v, 'D');
	hear(v);
}

static const struct op nested_op = {
	.name = "nested_gather", .flags = SPARSE | TABLES | GONE,
};

/*
 * Two mmu_gathers at once: the one that ends first has page tables to free,
 * cannot know what to flush, and has to flush everything. In 6.1 it passed an
 * empty range to the secondary TLBs, and freed the tables.
 *
 *  munmap			MADV_DONTNEED elsewhere
 *  tlb_gather_mmu()
 *				tlb_gather_mmu()
 *				[held in invalidate_range_start()]
 *  unmap_vmas()
 *  free_pgtables()
 *  tlb_finish_mmu()		mm_tlb_flush_nested()
 */
TEST(nested_gather)
{
	static struct world world = {
		.size = BASE, .model = STLB_MODEL_REFILL, .op = &nested_op,
		.check_name = "window",
	};
	struct world *w = &world;
	char *first = NULL, *second = NULL;
	pid_t unmapper = 0, emptier = 0;
	int held_unmap, held_gather;
	struct victim v = {};

	print_identity(w);
	if (open_device(w) && prepare_size(w)) {
		start_victim(w, &v, nested_victim);
		if (!hear_map(&v, &first) || !hear_map(&v, &second) ||
		    !hear_tid(&v, &unmapper) || !hear_tid(&v, &emptier))
			fail_test(w, "the victim failed");
	}
	if (!stopped(w)) {
		held_unmap = set_window(w, STLB_WINDOW_START, first, w->len,
					unmapper);
		tell(&v, 'u');
		wait_window(w, held_unmap, unmapper);
		held_gather = set_window(w, STLB_WINDOW_START, second, w->len,
					 emptier);
		tell(&v, 'd');
		wait_window(w, held_gather, emptier);
		/* Both gathers are open. */
		release_window(w, held_unmap);
		MUST(w, hear(&v) == 'U');
		collect(w);
		judge_safe(w);
		w->probed = w->info.features & STLB_HAS_FLUSH_PROBES;
		release_window(w, held_gather);
		MUST(w, hear(&v) == 'D');
	}
	if (!stopped(w))
		print_result(w);
	end_victim(&v);
	CONCLUDE(w);
}

static const struct op abort_op = {
	.name = "collapse_abort", .backing = SHMEM, .flags = READ_FILL,
};

/* A private mapping of a huge page of the page cache, by its base pages. */
static void map_by_ptes(struct world *w)
{
	size_t i, half = w->len / 2;
	uint64_t pfn;

	make_map(w);
	if (stopped(w))
		return;
	/* Two VMAs at first: neither has room for the huge page. */
	if (mmap(w->map, half, PROT_READ, MAP_PRIVATE | MAP_FIXED,
		 w->file, 0) != w->map ||
	    mmap(w->map + half, half, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_FIXED, w->file, half) != w->map + half) {
		fail_test(w, "mmap: %s", strerror(errno));
		return;
	}
	for (i = 0; i < w->len; i += w->page)
		(void)*word(w, i);
	MUST(w, !mprotect(w->map, half, PROT_READ | PROT_WRITE));
	pfn = pfn_of(w->map);
	MUST(w, pfn);
	MUST(w, pfn_of(w->map + w->len - w->page) == pfn + nr_pages(w) - 1);
}

static void do_collapse_abort(struct world *w)
{
	MUST(w, madvise(w->map, w->len, MADV_COLLAPSE));
	/* It cleared entries before it gave up. */
	MUST(w, !pfn_of(w->map));
}

/* On 'c' collapse, on 'w' have the last page copied meanwhile. */
static void abort_victim(struct world *w, struct victim *v)
{
	struct worker collapser;

	map_by_ptes(w);
	attach(w, STLB_ATTACH_HOLDER_FIRST);
	fill_map(w);
	if (stopped(w) || !hire(&collapser, w, do_collapse_abort) ||
	    write(v->to, &w->map, sizeof(w->map)) < 0 ||
	    write(v->to, &collapser.tid, sizeof(collapser.tid)) < 0 ||
	    hear(v) != 'c' ||
	    write(collapser.go[1], "", 1) != 1 || hear(v) != 'w')
		return;
	*word(w, w->len - w->page) = 1;
	tell(v, 'W');
	pthread_join(collapser.thread, NULL);
	if (stopped(w))
		return;
	tell(v, 'C');
	hear(v);
}

/*
 * MADV_COLLAPSE of what is one huge page in the file, and mapped by PTEs: they
 * are cleared, and when one turns out to map another page it gives up, and has
 * to flush those that it has cleared.
 *
 *  MADV_COLLAPSE		another thread
 *  finds all PTEs right
 *  [held in invalidate_range_start()]
 *				writes to the last page: copied
 *  clears all PTEs but the last
 *  flushes
 */
TEST(collapse_abort)
{
	static struct world world = {
		.size = THP, .model = STLB_MODEL_OVERLAP, .op = &abort_op,
		.check_name = "window",
	};
	struct world *w = &world;
	struct victim v = {};
	pid_t collapser = 0;
	int held;

	print_identity(w);
	if (open_device(w) && prepare_size(w)) {
		w->len = w->unit;
		start_victim(w, &v, abort_victim);
		if (!hear_map(&v, &w->map) || !hear_tid(&v, &collapser))
			fail_test(w, "the victim failed");
	}
	if (!stopped(w)) {
		held = set_window(w, STLB_WINDOW_START, w->map, w->len,
				  collapser);
		tell(&v, 'c');
		wait_window(w, held, collapser);
		tell(&v, 'w');
		MUST(w, hear(&v) == 'W');
		release_window(w, held);
		MUST(w, hear(&v) == 'C');
		collect(w);
		w->probed = w->info.features & STLB_HAS_FLUSH_PROBES;
		judge_safe(w);
		judge_paired(w);
	}
	if (!stopped(w))
		print_result(w);
	end_victim(&v);
	CONCLUDE(w);
}

/* One operation, held at the end of its first start/end section. */
static void window_victim(struct world *w, struct victim *v)
{
	make_map(w);
	if (!stopped(w) && w->op->flags & CHILD)
		start_child(w);
	attach(w, STLB_ATTACH_HOLDER_FIRST);
	fill_map(w);
	if (!stopped(w))
		check_cached(w);
	if (stopped(w) || write(v->to, &w->map, sizeof(w->map)) < 0 ||
	    hear(v) != 'g')
		return;
	w->op->run(w);
	if (!stopped(w)) {
		tell(v, 'G');
		hear(v);
	}
	end_child(w);
}

FIXTURE(window) { struct world w; };

FIXTURE_VARIANT(window) { struct op op; enum size size; bool punch; };

#define WINDOW(_name, _size, SIZE, _backing, _flags, _run, _punch)	\
	FIXTURE_VARIANT_ADD(window, _name##_##_size) {			\
		.op = { .name = #_name, .backing = _backing,		\
			.flags = _flags, .run = _run },			\
		.size = SIZE, .punch = _punch,				\
	};

/* Operations that flush under the page table lock, before their end. */
WINDOW(mremap, base, BASE, SHMEM, GONE, do_mremap_ptes, false)
WINDOW(mremap, thp, THP, ANON, GONE, do_mremap_pmds, false)
WINDOW(mremap, hugetlb, HUGETLB, ANON, GONE, do_mremap_pmds, false)
WINDOW(mremap_table, base, BASE, ANON, GONE | SPARSE, do_mremap_pmds, false)
WINDOW(cow, base, BASE, ANON, CHILD | READ_FILL, do_cow, false)
WINDOW(split, thp, THP, ANON, 0, do_mprotect_part, false)
/* While the old address is held: can the page be freed behind the device? */
WINDOW(mremap_punch, base, BASE, SHMEM, GONE, do_mremap_ptes, true)

FIXTURE_SETUP(window)
{
	memset(self, 0, sizeof(*self));
	self->w.op = &variant->op;
	self->w.size = variant->size;
	self->w.model = STLB_MODEL_COVER;
	self->w.check_name = "window";
	print_identity(&self->w);
}

FIXTURE_TEARDOWN(window)
{
}

/* Blocks of 512 bytes that the file has; -1 if that cannot be told. */
static long long blocks_of(int file)
{
	struct stat st;

	return fstat(file, &st) ? -1 : st.st_blocks;
}

TEST_F_TIMEOUT(window, late, 120)
{
	struct world *w = &self->w;
	struct victim v = {};
	int held;

	if (open_device(w) && prepare_size(w)) {
		/* Here, so that the test has the file too. */
		if (w->op->backing == SHMEM)
			w->file = open_file(w, SHMEM, w->len);
		start_victim(w, &v, window_victim);
		if (!hear_map(&v, &w->map))
			fail_test(w, "the victim failed");
	}
	if (!stopped(w)) {
		held = set_window(w, STLB_WINDOW_END, w->map, w->len, v.pid);
		tell(&v, 'g');
		wait_window(w, held, v.pid);
		DEV(w, STLB_CHECK, &w->check);
		found(w, K_LATE, w->check.gone + w->check.moved +
		      w->check.writable + w->check.dirty + w->check.table);
		if (variant->punch) {
			struct stlb_check late = w->check;

			/* The pages are the victim's, and they go. */
			MUST(w, blocks_of(w->file) >= (long long)w->len / 512);
			MUST(w, !fallocate(w->file, FALLOC_FL_PUNCH_HOLE |
					   FALLOC_FL_KEEP_SIZE, 0, w->len));
			MUST(w, !blocks_of(w->file));
			collect(w);
			found(w, K_FREE_LEAF, w->stats.freed_leaf);
			w->check = late;
		} else {
			DEV(w, STLB_STATS, &w->stats);
		}
		w->probed = w->info.features & STLB_HAS_FLUSH_PROBES;
		release_window(w, held);
		if (!variant->punch)
			MUST(w, hear(&v) == 'G');
	}
	if (!stopped(w))
		print_result(w);
	end_victim(&v);
	tear_down(w);
	CONCLUDE(w);
}

/* The device itself */

static int try(struct world *w, unsigned long cmd, void *arg)
{
	return ioctl(w->fd, cmd, arg) ? errno : 0;
}

FIXTURE(life) { struct world w; char *page; };

FIXTURE_SETUP(life)
{
	memset(self, 0, sizeof(*self));
	self->w.op = &window_op;
	printf("# stlb: test=life.%s size=- model=- check=-\n",
	       _metadata->name);
	fflush(stdout);
	open_device(&self->w);
	if (self->w.skip[0])
		SKIP(return, "%s", self->w.skip);
	self->page = mmap(NULL, getpagesize(), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->page);
	*self->page = 1;
}

FIXTURE_TEARDOWN(life)
{
	close(self->w.fd);
}

TEST_F(life, bad_arguments)
{
	struct stlb_attach a = {};
	struct stlb_fill f = { .addr = (uintptr_t)self->page };
	struct stlb_access x = { .addr = (uintptr_t)self->page + 1 };
	struct stlb_window win = { .end = 1, .timeout_ms = 1 };
	struct stlb_query q = {};

	CONCLUDE(&self->w);
	/* Not attached. */
	ASSERT_EQ(ENXIO, try(&self->w, STLB_FILL, &f));
	ASSERT_EQ(ENXIO, try(&self->w, STLB_DETACH, NULL));
	a.model = STLB_NR_MODELS;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.model = 0;
	a.flags = ~0;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.flags = STLB_ATTACH_HOLDER_FIRST | STLB_ATTACH_HOLDER_LAST;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.flags = STLB_ATTACH_HOLDER_LAST | STLB_ATTACH_HOLDER_ONLY;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.flags = 0;
	a.pid = -1;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.pid = 0;
	a.entries = ~0;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ATTACH, &a));
	a.entries = 4;
	ASSERT_EQ(EFAULT, try(&self->w, STLB_ATTACH, NULL));
	ASSERT_EQ(0, try(&self->w, STLB_ATTACH, &a));
	ASSERT_EQ(EBUSY, try(&self->w, STLB_ATTACH, &a));

	ASSERT_EQ(ENOTTY, try(&self->w, _IO(STLB_IOC, 0x7f), NULL));
	ASSERT_EQ(EINVAL, try(&self->w, STLB_FILL, &f));
	f.len = -1;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_FILL, &f));
	f.len = 1;
	f.flags = ~0;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_FILL, &f));
	f.addr = -4096ULL;
	f.flags = 0;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_FILL, &f));
	ASSERT_EQ(EINVAL, try(&self->w, STLB_ACCESS, &x));
	ASSERT_EQ(EINVAL, try(&self->w, STLB_WINDOW_SET, &win));
	win.id = STLB_NR_WINDOWS;
	ASSERT_EQ(EINVAL, try(&self->w, STLB_WINDOW_WAIT, &win));
	ASSERT_EQ(EINVAL, try(&self->w, STLB_WINDOW_RELEASE, &win));
	q.addr = ~0ULL;
	ASSERT_EQ(0, try(&self->w, STLB_QUERY, &q));
	ASSERT_EQ(0ULL, q.size);
	f.addr = 0x1000;
	f.len = 1;
	ASSERT_EQ(EFAULT, try(&self->w, STLB_FILL, &f));
	ASSERT_EQ(EFAULT, try(&self->w, STLB_FILL, NULL));
}

/* A subscriber like KVM's sees start and end, but no flush. */
TEST_F(life, holder_only)
{
	struct stlb_attach a = { .flags = STLB_ATTACH_HOLDER_ONLY };
	struct stlb_fill f = { .addr = (uintptr_t)self->page, .len = 1 };
	struct stlb_query q = { .addr = (uintptr_t)self->page };
	struct stlb_check check = {};
	struct stlb_stats stats;

	CONCLUDE(&self->w);
	ASSERT_EQ(0, try(&self->w, STLB_ATTACH, &a));
	ASSERT_EQ(ESRCH, try(&self->w, STLB_FILL, &f));
	ASSERT_EQ(ESRCH, try(&self->w, STLB_QUERY, &q));
	ASSERT_EQ(ESRCH, try(&self->w, STLB_CHECK, &check));
	ASSERT_EQ(0, munmap(self->page, getpagesize()));
	ASSERT_EQ(0, try(&self->w, STLB_STATS, &stats));
	ASSERT_NE(0ULL, stats.startends);
	ASSERT_EQ(0ULL, stats.invalidations);
	ASSERT_EQ(0ULL, stats.unpaired);
	ASSERT_EQ(0, try(&self->w, STLB_DETACH, NULL));
}

TEST_F(life, full)
{
	size_t len = 16 * getpagesize();
	struct stlb_attach a = { .entries = 8 };
	struct stlb_stats stats;
	struct stlb_fill f = { .len = len, .flags = STLB_WRITE };
	char *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CONCLUDE(&self->w);
	f.addr = (uintptr_t)p;
	ASSERT_EQ(0, try(&self->w, STLB_ATTACH, &a));
	ASSERT_EQ(ENOSPC, try(&self->w, STLB_FILL, &f));
	ASSERT_EQ(0, try(&self->w, STLB_STATS, &stats));
	ASSERT_NE(0ULL, stats.full);
}

TEST_F(life, exited)
{
	struct stlb_attach a = {};
	siginfo_t info;

	CONCLUDE(&self->w);
	a.pid = fork();
	if (!a.pid)
		_exit(0);
	/* A zombie has no address space, and a reaped process is not there. */
	ASSERT_EQ(0, waitid(P_PID, a.pid, &info, WEXITED | WNOWAIT));
	ASSERT_EQ(ESRCH, try(&self->w, STLB_ATTACH, &a));
	ASSERT_EQ(a.pid, waitpid(a.pid, NULL, 0));
	ASSERT_EQ(ESRCH, try(&self->w, STLB_ATTACH, &a));
	a.pid = 2;	/* kthreadd has none, ever */
	ASSERT_EQ(ESRCH, try(&self->w, STLB_ATTACH, &a));
}

/* exec and exit end the address space, not the attachment. */
static void end_by(struct __test_metadata *_metadata, struct world *w,
		   char *page, bool exec)
{
	struct stlb_fill f = { .addr = (uintptr_t)page, .len = 1 };
	struct stlb_query q = { .addr = (uintptr_t)page };
	char *argv[] = { "secondary_tlb", "--sleep", NULL };
	struct stlb_check check = {};
	struct stlb_attach a = {};
	struct stlb_stats stats;
	int up[2], i;
	pid_t pid;
	char c;

	ASSERT_EQ(0, pipe(up));
	pid = fork();
	if (!pid) {
		c = try(w, STLB_ATTACH, &a) ?: try(w, STLB_FILL, &f);
		if (write(up[1], &c, 1) != 1 || !exec)
			_exit(0);
		execv("/proc/self/exe", argv);
		_exit(1);
	}
	ASSERT_EQ(1, read(up[0], &c, 1));
	ASSERT_EQ(0, c);
	for (i = 0; i < 1000; i++) {
		if (try(w, STLB_FILL, &f) == ESRCH)
			break;
		usleep(1000);
	}
	ASSERT_EQ(ESRCH, try(w, STLB_FILL, &f));
	/* With nothing cached an oracle would find nothing. */
	ASSERT_EQ(ESRCH, try(w, STLB_QUERY, &q));
	ASSERT_EQ(ESRCH, try(w, STLB_CHECK, &check));
	ASSERT_EQ(0, try(w, STLB_QUIESCE, NULL));
	ASSERT_EQ(0, try(w, STLB_STATS, &stats));
	ASSERT_EQ(0ULL, stats.leaves + stats.walks);
	ASSERT_EQ(0ULL, stats.freed_leaf + stats.freed_table);
	ASSERT_EQ(EBUSY, try(w, STLB_ATTACH, &a));
	ASSERT_EQ(0, try(w, STLB_DETACH, NULL));
	ASSERT_EQ(0, try(w, STLB_ATTACH, &a));
	ASSERT_EQ(0, try(w, STLB_FILL, &f));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F(life, exit)
{
	CONCLUDE(&self->w);
	end_by(_metadata, &self->w, self->page, false);
}

TEST_F(life, exec)
{
	CONCLUDE(&self->w);
	end_by(_metadata, &self->w, self->page, true);
}

TEST_F(life, fork)
{
	struct stlb_query q = { .addr = (uintptr_t)self->page };
	struct stlb_fill f = { .addr = (uintptr_t)self->page, .len = 1 };
	struct stlb_access x = { .addr = (uintptr_t)self->page };
	struct stlb_attach a = {};
	int status;
	pid_t pid;

	CONCLUDE(&self->w);
	ASSERT_EQ(0, try(&self->w, STLB_ATTACH, &a));
	ASSERT_EQ(0, try(&self->w, STLB_FILL, &f));
	pid = fork();
	if (!pid) {
		/* The child has the file; the device stays with the parent. */
		*self->page = 2;
		_exit(try(&self->w, STLB_ACCESS, &x) || (char)x.value != 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_EQ(0, status);
	ASSERT_EQ(0, try(&self->w, STLB_QUERY, &q));
	ASSERT_NE(0ULL, q.size);
}

static void held_victim(struct world *w, struct victim *v)
{
	make_map(w);
	attach(w, STLB_ATTACH_HOLDER_FIRST);
	if (stopped(w) || write(v->to, &w->map, sizeof(w->map)) < 0)
		return;
	hear(v);
	munmap(w->map, w->len);
	tell(v, 'U');
	hear(v);
}

/* DETACH lets held threads go; the module cannot be unloaded meanwhile. */
TEST_F(life, detach_held)
{
	struct world *w = &self->w;
	struct stlb_stats stats;
	struct victim v;
	int id;

	CONCLUDE(w);
	prepare_size(w);
	start_victim(w, &v, held_victim);
	ASSERT_TRUE(hear_map(&v, &w->map));
	id = set_window(w, STLB_WINDOW_START, w->map, w->len, v.pid);
	tell(&v, 'u');
	ASSERT_TRUE(wait_window(w, id, v.pid));
	ASSERT_EQ(-1, syscall(SYS_delete_module, "test_secondary_tlb",
			      O_NONBLOCK));
	/* ENOENT, ENOSYS: built in. */
	ASSERT_TRUE(errno == EAGAIN || errno == EWOULDBLOCK ||
		    errno == EBUSY || errno == ENOENT || errno == ENOSYS);
	ASSERT_EQ(0, try(w, STLB_STATS, &stats));
	ASSERT_EQ(1ULL, stats.window_hits);
	ASSERT_EQ(0, try(w, STLB_DETACH, NULL));
	ASSERT_EQ('U', hear(&v));
	end_victim(&v);
}

#define NUMA_BALANCING "/proc/sys/kernel/numa_balancing"

/* What the tests set besides those of hugepage_settings.h, and what it was. */
static const char * const setting_globs[] = {
	"/sys/kernel/mm/hugepages/*/nr_overcommit_hugepages",
	KSM_DIR "run", KSM_DIR "pages_to_scan", KSM_DIR "sleep_millisecs",
	PCP_FRACTION, NUMA_BALANCING,
};

static glob_t settings;
static unsigned long *old_settings;
static pid_t saver;

static void save_settings(void)
{
	size_t i;

	hugepage_save_settings(/* thp = */ true, /* hugetlb = */ true);
	saver = getpid();
	for (i = 0; i < ARRAY_SIZE(setting_globs); i++)
		glob(setting_globs[i], i ? GLOB_APPEND : 0, NULL, &settings);
	old_settings = calloc(settings.gl_pathc + 1, sizeof(*old_settings));
	for (i = 0; old_settings && i < settings.gl_pathc; i++)
		old_settings[i] = read_num(settings.gl_pathv[i]);
}

static void restore_settings(void)
{
	size_t i;

	/* A test that gives up in a helper gets here by exit(). */
	if (getpid() != saver)
		return;
	for (i = 0; old_settings && i < settings.gl_pathc; i++)
		if (read_num(settings.gl_pathv[i]) != old_settings[i])
			write_num(settings.gl_pathv[i], old_settings[i]);
}

/*
 * An argument is a pattern for the names of operations. Not all versions of the
 * harness can select tests: those that do not match skip themselves. With -d
 * before the pattern, memory may be taken out of use.
 */
int main(int argc, char **argv)
{
	/* life.exec runs this program. */
	if (argc == 2 && !strcmp(argv[1], "--sleep")) {
		pause();
		return 0;
	}
	if (argc >= 2 && !strcmp(argv[1], "-d")) {
		destructive = true;
		argv[1] = argv[0];
		argv++;
		argc--;
	}
	if (argc == 2 && argv[1][0] != '-') {
		pattern = argv[1];
		argc = 1;
	}
	if (geteuid())
		ksft_exit_skip("the device and the settings are root's\n");
	save_settings();
	atexit(restore_settings);
	/* It unmaps what the device has cached, and flushes at any time. */
	if (!access(NUMA_BALANCING, W_OK))
		write_num(NUMA_BALANCING, 0);
	return test_harness_run(argc, argv);
}
