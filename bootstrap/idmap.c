/*
 * Preloaded into an LXD whose own test for id-mapped mounts fails on Linux 6.9 and later; see idmap.sh and docs/decisions/0038-idmapped-mounts.md.
 *
 * LXD tests by trying: it maps a detached mount by a user namespace in which no id is mapped. Since 6.9 the kernel answers EINVAL to that, whatever
 * the filesystem can do, and LXD then rewrites the owner of every file of a new container instead. Here an answer of EINVAL is asked for once
 * more, with a namespace in which 0 is 0. What the kernel says to that is what LXD is told. Every other call passes as it is.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

typedef long (*call)(long, ...);
static call kernel;

/* LXD's children are other programs, and containers among them: none of them inherits this. */
__attribute__((constructor)) static void begin(void)
{
	kernel = (call)dlsym(RTLD_NEXT, "syscall");
	unsetenv("LD_PRELOAD");
}

static int map(pid_t pid, const char *name)
{
	static const char line[] = "0 0 1\n";
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	int file = open(path, O_WRONLY | O_CLOEXEC);
	if (file < 0)
		return -1;
	ssize_t wrote = write(file, line, sizeof(line) - 1);
	close(file);
	return wrote == (ssize_t)sizeof(line) - 1 ? 0 : -1;
}

/* A user namespace with one id in it, held open; -1 where there is none to be had. */
static int mapped_namespace(void)
{
	pid_t pid = (pid_t)kernel(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0L, 0L, 0L, 0L, 0L);
	if (pid < 0)
		return -1;
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
	int found = map(pid, "uid_map") || map(pid, "gid_map") ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return found;
}

long syscall(long number, ...)
{
	va_list rest;
	va_start(rest, number);
	long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
	long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
	va_end(rest);
	long answer = kernel(number, a, b, c, d, e, f);
	if (number != SYS_mount_setattr || answer == 0 || errno != EINVAL)
		return answer;
	struct mount_attr asked = *(const struct mount_attr *)d;
	if (!(asked.attr_set & MOUNT_ATTR_IDMAP))
		return answer;
	int space = mapped_namespace();
	if (space < 0) {
		errno = EINVAL;
		return answer;
	}
	asked.userns_fd = (__u64)space;
	answer = kernel(number, a, b, c, (long)&asked, (long)sizeof(asked), f);
	int why = errno;
	close(space);
	errno = why;
	return answer;
}
