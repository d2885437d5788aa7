// SPDX-License-Identifier: GPL-2.0
/*
 * What operations that flush TLBs cost, in instructions: run by "make cost" in a
 * guest whose clock counts them (QEMU's -icount shift=0: one a nanosecond).
 *
 * A line for each operation:
 *
 *	cost PASS OTHER SUBSCRIBER OPERATION MEDIAN LEAST MOST CALLS
 *
 * OTHER is yes when some other process has a secondary TLB; SUBSCRIBER is what the
 * measured process has: none, kvm (start and end alone), or stlb, a secondary TLB
 * of its own, only there to count CALLS of its callback in one operation.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/test_secondary_tlb_uapi.h"

#define REPS	200
#define WARM_UP	50
#define PAGES	16

static size_t page;
static char *map;
static pid_t child;
static int clear_refs = -1;

static uint64_t instructions(void)
{
#ifdef __x86_64__
	/* The counter itself; the kernel's clock is calibrated, and so inexact. */
	return __builtin_ia32_rdtsc();
#else
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
#endif
}

static void die(const char *what)
{
	printf("Bail out! %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void touch(void)
{
	size_t i;

	for (i = 0; i < PAGES; i++)
		((volatile char *)map)[i * page]++;
}

static void new_map(void)
{
	map = mmap(NULL, PAGES * page, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		die("mmap");
	touch();
}

static void drop_map(void)
{
	munmap(map, PAGES * page);
}

static void protect(void)
{
	if (mprotect(map, page, PROT_READ))
		die("mprotect");
}

static void dontneed(void)
{
	if (madvise(map, PAGES * page, MADV_DONTNEED))
		die("madvise");
}

/* The child does not run: this process has a real-time priority, it has none. */
static void do_fork(void)
{
	child = fork();
	if (child < 0)
		die("fork");
	if (!child)
		for (;;)
			pause();
}

static void new_map_and_fork(void)
{
	new_map();
	do_fork();
}

static void drop_map_and_child(void)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	drop_map();
}

/* A flush of the whole mm. In fork() it drowns in what depends on free lists. */
static void soft_dirty(void)
{
	if (pwrite(clear_refs, "4", 1, 0) != 1)
		die("/proc/self/clear_refs");
}

static const struct {
	const char *name;
	void (*before)(void);
	void (*measured)(void);
	void (*after)(void);
} operations[] = {
	{ "mprotect-1", new_map, protect, drop_map },
	{ "munmap-16", new_map, drop_map, NULL },
	{ "dontneed-16", new_map, dontneed, drop_map },
	{ "soft-dirty", new_map, soft_dirty, drop_map },
	{ "cow-16", new_map_and_fork, touch, drop_map_and_child },
};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int attach(uint32_t flags)
{
	struct stlb_attach arg = { .flags = flags };
	int fd = open("/dev/secondary_tlb", O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, STLB_ATTACH, &arg))
		die("/dev/secondary_tlb");
	return fd;
}

static void measure(int pass, const char *other, const char *subscriber)
{
	static uint64_t cost[REPS];
	struct sched_param priority = { .sched_priority = 1 };
	struct stlb_stats was, is;
	unsigned int op;
	int fd = -1, i;

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority))
		die("sched_setscheduler");
	if (!strcmp(subscriber, "kvm"))
		fd = attach(STLB_ATTACH_HOLDER_ONLY);
	if (!strcmp(subscriber, "stlb"))
		fd = attach(0);
	/* Not every architecture has the bit. */
	clear_refs = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
	if (clear_refs >= 0 && pwrite(clear_refs, "4", 1, 0) != 1) {
		close(clear_refs);
		clear_refs = -1;
	}
	for (op = 0; op < sizeof(operations) / sizeof(operations[0]); op++) {
		if (operations[op].measured == soft_dirty && clear_refs < 0)
			continue;
		memset(&was, 0, sizeof(was));
		is = was;
		for (i = -WARM_UP; i < REPS; i++) {
			uint64_t began;

			operations[op].before();
			if (fd >= 0 && i == REPS - 1)
				ioctl(fd, STLB_STATS, &was);
			began = instructions();
			operations[op].measured();
			began = instructions() - began;
			if (fd >= 0 && i == REPS - 1)
				ioctl(fd, STLB_STATS, &is);
			if (operations[op].after)
				operations[op].after();
			if (i >= 0)
				cost[i] = began;
		}
		qsort(cost, REPS, sizeof(cost[0]), compare);
		printf("cost %d %s %s %s %llu %llu %llu %llu\n", pass, other,
		       subscriber, operations[op].name,
		       (unsigned long long)cost[REPS / 2],
		       (unsigned long long)cost[0],
		       (unsigned long long)cost[REPS - 1],
		       (unsigned long long)(is.invalidations - was.invalidations));
	}
	fflush(stdout);
}

/* In a process of its own: what a process has been is not undone. */
static void in_child(int pass, const char *other, const char *subscriber)
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (!pid) {
		measure(pass, other, subscriber);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		die("a measurement");
}

int main(int argc, char **argv)
{
	bool device = !access("/dev/secondary_tlb", F_OK);
	int pass, ready[2];
	pid_t other;
	char c = 0;

	/* Where mappings are decides how many page tables there are to walk. */
	if (argc && !(personality(0xffffffff) & ADDR_NO_RANDOMIZE)) {
		personality(ADDR_NO_RANDOMIZE);
		execv("/proc/self/exe", argv);
		die("/proc/self/exe");
	}
	page = sysconf(_SC_PAGESIZE);
	printf("TAP version 13\n");
	for (pass = 1; pass <= 2; pass++) {
		in_child(pass, "no", "none");
		if (device)
			in_child(pass, "no", "kvm");
	}
	if (device) {
		if (pipe(ready))
			die("pipe");
		other = fork();
		if (!other) {
			attach(0);
			if (write(ready[1], &c, 1) == 1)
				pause();
			_exit(1);
		}
		if (read(ready[0], &c, 1) != 1)
			die("the process with a secondary TLB");
		for (pass = 1; pass <= 2; pass++) {
			in_child(pass, "yes", "none");
			in_child(pass, "yes", "kvm");
		}
		in_child(1, "yes", "stlb");
		kill(other, SIGKILL);
		waitpid(other, NULL, 0);
	}
	printf("1..1\nok 1 cost\n");
	return 0;
}
