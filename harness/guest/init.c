// SPDX-License-Identifier: GPL-2.0
/*
 * The guest's init: prepares the machine, runs the tests listed in /tests/list,
 * and restarts the machine, which ends QEMU.
 *
 * Everything goes to the console through /dev/kmsg: printk writes a line as a
 * whole, so that the kernel's own messages never stand inside one, and has
 * written it when the next one begins. Each line of a test is numbered, and the
 * last line says how many there were, so that the harness sees when one is
 * missing:
 *
 *	pf: start NONCE
 *	pf: ...			what was prepared, and what could not be
 *	pf: run N COMMAND
 *	pf|NNNNNN|TEXT		a line of output ("pf+" if it goes on in the next)
 *	pf: exit N STATUS
 *	pf: end NONCE LINES
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHUNK 700	/* a record of printk holds 1000 and something */
#define GRACE 5		/* seconds for a killed test to go away */

static int kmsg = -1;
static unsigned long lines;

static void put(const char *text)
{
	if (write(kmsg, text, strlen(text)) < 0)
		dprintf(2, "%s\n", text);
}

__attribute__((format(printf, 1, 2)))
static void say(const char *format, ...)
{
	char text[CHUNK + 100];
	va_list args;

	strcpy(text, "pf: ");
	va_start(args, format);
	vsnprintf(text + 4, CHUNK, format, args);
	va_end(args);
	put(text);
}

/* A line of a test, in as many records as it needs. */
static void put_line(const char *line, size_t len)
{
	char text[CHUNK + 100];
	size_t n;

	do {
		n = len > CHUNK ? CHUNK : len;
		snprintf(text, sizeof(text), "pf%c%06lu|%.*s", n < len ? '+' : '|',
			 ++lines, (int)n, line);
		put(text);
		line += n;
		len -= n;
	} while (len);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Value of pf.<name>= on the kernel's command line. */
static const char *parameter(const char *name, const char *otherwise)
{
	static char line[4096], value[256];
	char key[64], *at, *end;
	int fd = open("/proc/cmdline", O_RDONLY);
	ssize_t len = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);

	close(fd);
	if (len < 0)
		return otherwise;
	line[len] = 0;
	snprintf(key, sizeof(key), "pf.%s=", name);
	at = strstr(line, key);
	if (!at)
		return otherwise;
	at += strlen(key);
	end = at + strcspn(at, " \n");
	snprintf(value, sizeof(value), "%.*s", (int)(end - at), at);
	return value;
}

static void mount_at(const char *type, const char *dir, const char *options, bool must)
{
	mkdir(dir, 0755);
	if (mount(type, dir, type, 0, options) && must && errno != EBUSY)
		say("%s cannot be mounted at %s: %s", type, dir, strerror(errno));
}

/* /modules/order: one file name and its parameters a line. */
static void load_modules(void)
{
	char line[512], path[600], *parameters;
	FILE *order = fopen("/modules/order", "r");

	if (!order)
		return;
	while (fgets(line, sizeof(line), order)) {
		int fd;

		line[strcspn(line, "\n")] = 0;
		if (!line[0])
			continue;
		parameters = strchr(line, ' ');
		if (parameters)
			*parameters++ = 0;
		snprintf(path, sizeof(path), "/modules/%s", line);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0 || syscall(SYS_finit_module, fd, parameters ? parameters : "", 0))
			say("module %s failed: %s", line, strerror(errno));
		else
			say("module %s loaded", line);
		close(fd);
	}
	fclose(order);
}

/* The test kit is the last module; taking it out must work, and leave nothing. */
static void unload_kit(void)
{
	if (access("/modules/test_secondary_tlb.ko", F_OK))
		return;
	if (syscall(SYS_delete_module, "test_secondary_tlb", O_NONBLOCK))
		say("module test_secondary_tlb cannot be unloaded: %s", strerror(errno));
	else
		say("module test_secondary_tlb unloaded");
}

/* Copy a file system or swap image to a RAM disk. */
static bool copy(const char *from, const char *to)
{
	static char buf[1 << 16];
	int in = open(from, O_RDONLY | O_CLOEXEC), out = open(to, O_WRONLY | O_CLOEXEC);
	ssize_t len = -1;

	while (in >= 0 && out >= 0 && (len = read(in, buf, sizeof(buf))) > 0)
		if (write(out, buf, len) != len) {
			len = -1;
			break;
		}
	if (len)
		say("%s cannot be copied to %s: %s", from, to, strerror(errno));
	close(in);
	if (close(out))
		len = -1;
	return !len;
}

static void disks(void)
{
	if (copy("/images/swap", "/dev/ram0") && swapon("/dev/ram0", 0))
		say("no swap: %s", strerror(errno));
	mkdir("/mnt", 0755);
	if (copy("/images/ext2", "/dev/ram1") && mount("/dev/ram1", "/mnt", "ext2", 0, NULL))
		say("no file system at /mnt: %s", strerror(errno));
}

static void show_file(const char *path, int most)
{
	char line[512];
	FILE *file = fopen(path, "r");

	while (file && most-- && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = 0;
		say("  %s", line);
	}
	if (file)
		fclose(file);
}

/* Where do the processes of a hung test sit? */
static void show_processes(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc))) {
		char path[300], name[512] = "";
		int fd;

		if (!isdigit(entry->d_name[0]) || !strcmp(entry->d_name, "1"))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		fd = open(path, O_RDONLY);
		if (fd < 0 || read(fd, name, sizeof(name) - 1) <= 0) {
			close(fd);
			continue;	/* a kernel thread */
		}
		close(fd);
		say("process %s %s", entry->d_name, name);
		snprintf(path, sizeof(path), "/proc/%s/stack", entry->d_name);
		show_file(path, 20);
	}
	if (proc)
		closedir(proc);
}

static void reap(pid_t pid, int *status, bool *gone)
{
	pid_t got;
	int st;

	while ((got = waitpid(-1, &st, WNOHANG)) > 0)
		if (got == pid) {
			*status = st;
			*gone = true;
		}
}

static void run(int number, char *command)
{
	static char line[1 << 16];
	size_t len = 0;
	char *argv[32], *word, *save;
	int argc = 0, fds[2], status = 0;
	bool gone = false, timeout = false, eof = false;
	double deadline, eof_by = 0;
	pid_t pid;

	word = strtok_r(command, " \t\n", &save);
	if (!word)
		return;
	deadline = now() + atoi(word);
	while (argc < 31 && (word = strtok_r(NULL, " \t\n", &save)))
		argv[argc++] = word;
	argv[argc] = NULL;
	if (!argc)
		return;
	say("run %d %s", number, argv[0]);
	if (pipe2(fds, O_CLOEXEC)) {
		say("exit %d pipe: %s", number, strerror(errno));
		return;
	}
	pid = fork();
	if (!pid) {
		int null = open("/dev/null", O_RDONLY);

		setsid();
		dup2(null, 0);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execv(argv[0], argv);
		dprintf(2, "%s: %s\n", argv[0], strerror(errno));
		_exit(127);
	}
	close(fds[1]);

	while (!gone || !eof) {
		struct pollfd poll_fd = { .fd = fds[0], .events = POLLIN };
		double t = now();
		char *nl;

		if (poll(&poll_fd, 1, 100) > 0) {
			ssize_t got = read(fds[0], line + len, sizeof(line) - len);

			if (got <= 0) {
				eof = true;
				fds[0] = -1;
			} else {
				len += got;
			}
			while ((nl = memchr(line, '\n', len))) {
				put_line(line, nl - line);
				len -= nl + 1 - line;
				memmove(line, nl + 1, len);
			}
			if (len == sizeof(line) || (eof && len)) {
				put_line(line, len);
				len = 0;
			}
		}
		reap(pid, &status, &gone);
		/* a process that the test left behind may hold the pipe */
		if (gone && !eof_by)
			eof_by = t + 2;
		if (gone && !eof && t > eof_by)
			break;
		if (!gone && t > deadline) {
			if (timeout)
				break;
			timeout = true;
			deadline = t + GRACE;
			show_processes();
			kill(-1, SIGKILL);
		}
	}
	if (len)
		put_line(line, len);
	if (fds[0] >= 0)
		close(fds[0]);
	if (timeout)
		say("exit %d timeout%s", number, gone ? "" : ", and it cannot be killed");
	else if (WIFSIGNALED(status))
		say("exit %d signal %d", number, WTERMSIG(status));
	else
		say("exit %d status %d", number, WEXITSTATUS(status));
}

static void write_file(const char *file, const char *value)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		say("set %s %s: %s", file, value, strerror(errno));
	if (fd >= 0)
		close(fd);
}

/* Without khugepaged, which changes page tables now and then: once an hour. */
static void stop_khugepaged(void)
{
	const char *file =
		"/sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs";

	if (!access(file, F_OK))
		write_file(file, "3600000");
}

/*
 * The first perf event of the uprobe test makes the kernel rewrite its scheduler
 * while it runs, and closing it rewrites it back. QEMU's TCG now and then lets a
 * CPU run into the breakpoint of such a change too late, which is then fatal. Hold
 * an event from the beginning, when the machine is quiet.
 */
static void hold_perf_event(void)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
	};

	syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

/* "set FILE VALUE" among the tests: what the tests after it need. */
static void set(char *command)
{
	char *file, *value, *save;

	file = strtok_r(command, " \t\n", &save);
	value = strtok_r(NULL, "\n", &save);
	if (file && value)
		write_file(file, value);
}

static void kmemleak(void)
{
	const char *file = "/sys/kernel/debug/kmemleak";
	int i, fd = open(file, O_WRONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	/* an object is reported when two scans, after it is 5 s old, miss it */
	for (i = 0; i < 2; i++) {
		sleep(6);
		if (write(fd, "scan", 4) != 4)
			say("kmemleak: scan: %s", strerror(errno));
	}
	close(fd);
	say("kmemleak: scanned");
	if (!stat(file, &st))
		show_file(file, 200);
}

int main(void)
{
	struct utsname uts;
	char command[1024];
	const char *nonce;
	FILE *list;
	int n = 0;

	mkdir("/dev", 0755);
	if (mount("devtmpfs", "/dev", "devtmpfs", 0, NULL) && errno != EBUSY)
		return 1;
	kmsg = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	if (open("/dev/console", O_RDWR) >= 0) {
		dup2(0, 1);
		dup2(0, 2);
	}
	mount_at("proc", "/proc", NULL, true);
	nonce = strdup(parameter("nonce", "0"));
	say("start %s", nonce);
	if (!uname(&uts))
		say("kernel %s %s, %ld CPUs", uts.release, uts.machine,
		    sysconf(_SC_NPROCESSORS_ONLN));
	mount_at("sysfs", "/sys", NULL, true);
	mount_at("tmpfs", "/tmp", NULL, true);
	mount_at("tmpfs", "/dev/shm", NULL, true);
	mount_at("debugfs", "/sys/kernel/debug", NULL, false);
	mount_at("tracefs", "/sys/kernel/tracing", NULL, false);
	mount_at("hugetlbfs", "/dev/hugepages", NULL, false);

	stop_khugepaged();
	hold_perf_event();
	load_modules();
	disks();
	setenv("PATH", "/tests", 1);
	chdir("/tests");
	list = fopen("/tests/list", "r");
	while (list && fgets(command, sizeof(command), list)) {
		if (!strncmp(command, "set ", 4))
			set(command + 4);
		else
			run(++n, command);
	}
	if (!n)
		say("no tests");
	unload_kit();
	kmemleak();
	say("tainted:");
	show_file("/proc/sys/kernel/tainted", 1);
	say("end %s %lu", nonce, lines);
	sync();
	usleep(200 * 1000);
	reboot(RB_AUTOBOOT);
	return 1;
}
