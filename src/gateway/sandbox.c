/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#	define SANITIZED true
#elif defined(__has_feature)
#	if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#		define SANITIZED true
#	endif
#endif
#ifndef SANITIZED
#	define SANITIZED false
#endif

/* ---- files ---- */

#define READS (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES                                                              \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |    \
	    LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |     \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |   \
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)
#define ALL (LANDLOCK_ACCESS_FS_EXECUTE | READS | WRITES)

/* Those of later kernels than the headers of Debian 12, by their numbers: refer (2), truncate (3). */
#define REFER    (UINT64_C(1) << 13)
#define TRUNCATE (UINT64_C(1) << 14)

static uint64_t
handled(int abi)
{
	return ALL | (abi >= 2 ? REFER : 0) | (abi >= 3 ? TRUNCATE : 0);
}

static int
landlock_abi(void)
{
	return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
}

/* What is not there needs no leave. */
static void
allow(int rules, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access,
		.parent_fd = open(path, O_PATH | O_CLOEXEC) };

	if (rule.parent_fd < 0)
		return;
	(void)!syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/* home NULL: nothing at all. */
static PV_RESULT
shut_files(const char *home, const char *ca, const struct pv_logger *log, struct pv_err *e)
{
	static const char *const readable[] = { "/etc", "/usr", "/lib", "/lib64",
		"/run/systemd/resolve", "/proc", "/sys" };
	int abi = landlock_abi(), rules;
	struct landlock_ruleset_attr attr = { .handled_access_fs = handled(abi) };

	if (abi < 1) {
		pv_log(log, PV_LOG_INFO,
		    "this kernel has no Landlock: files are shut by other means only", NULL);
		return PV_DONE;
	}
	rules = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	if (rules < 0)
		return PV_FAIL(e, PV_E_DOWN, "landlock: %s", strerror(errno));
	if (home != NULL) {
		allow(
		    rules, home, (attr.handled_access_fs & ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE));
		for (size_t i = 0; i < sizeof(readable) / sizeof(*readable); i++)
			allow(rules, readable[i], READS);
		allow(rules, "/dev/urandom", LANDLOCK_ACCESS_FS_READ_FILE);
		allow(rules, "/dev/null",
		    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE);
		if (ca != NULL)
			allow(rules, ca, LANDLOCK_ACCESS_FS_READ_FILE);
	}
	if (syscall(SYS_landlock_restrict_self, rules, 0) != 0) {
		close(rules);
		return PV_FAIL(e, PV_E_DOWN, "landlock: %s", strerror(errno));
	}
	close(rules);
	return PV_DONE;
}

/* ---- system calls ---- */

/* Whoever asks for one of these has been taken over: the process ends, and the daemon with it. */
static const char *const deadly[] = { "execve", "execveat", "ptrace", "process_vm_readv",
	"process_vm_writev", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare", "bpf",
	"perf_event_open", "userfaultfd", "add_key", "keyctl", "request_key", "kexec_load",
	"kexec_file_load", "init_module", "finit_module", "delete_module", "reboot", "swapon",
	"swapoff", "open_by_handle_at", "io_uring_setup", "memfd_secret", "kcmp", "move_pages" };

static const char *const of_the_front[] = { "read", "write", "readv", "writev", "recvfrom",
	"recvmsg", "sendto", "sendmsg", "shutdown", "accept", "accept4", "connect", "getsockopt",
	"setsockopt", "getsockname", "getpeername", "close", "fcntl", "poll", "ppoll", "select",
	"pselect6", "epoll_wait", "epoll_pwait", "epoll_pwait2", "epoll_ctl", "epoll_create1",
	"eventfd2", "pipe2", "timerfd_create", "timerfd_settime", "futex", "futex_waitv",
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"getrandom", "munmap", "mremap", "brk", "madvise", "mlock", "mlock2", "munlock", "exit",
	"exit_group", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigtimedwait",
	"sigaltstack", "tgkill", "gettid", "getpid", "getppid", "getuid", "geteuid", "getgid",
	"getegid", "sched_yield", "sched_getaffinity", "getcpu", "rseq", "set_robust_list",
	"set_tid_address", "sysinfo", "uname", "restart_syscall", "membarrier", "fstat",
	"newfstatat", "lseek", "ioctl", "prctl" };

static int
add(scmp_filter_ctx c, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);

	return number == __NR_SCMP_ERROR
		   ? 0
		   : seccomp_rule_add(c, action, number, 0); /* unknown here: nothing to rule */
}

static int
add_front(scmp_filter_ctx c)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(of_the_front) / sizeof(*of_the_front); i++)
		failed |= add(c, SCMP_ACT_ALLOW, of_the_front[i]);
	/* memory that is never code; threads, not processes */
	failed |= seccomp_rule_add(
	    c, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	failed |= seccomp_rule_add(
	    c, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	failed |= seccomp_rule_add(c, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
	    SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
	failed |= seccomp_rule_add(
	    c, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0); /* libc falls back to clone */
	return failed;
}

static PV_RESULT
shut_calls(bool front, struct pv_err *e)
{
	scmp_filter_ctx c = seccomp_init(front ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW);
	int failed;

	if (c == NULL)
		return PV_FAIL(e, PV_E_DOWN, "seccomp: no filter");
	failed = front ? add_front(c) : 0;
	for (size_t i = 0; i < sizeof(deadly) / sizeof(*deadly); i++)
		failed |= add(c, SCMP_ACT_KILL_PROCESS, deadly[i]);
	if (!front)
		failed |= add(c, SCMP_ACT_ERRNO(EPERM), "listen"); /* nobody calls a keeper */
	if (failed == 0)
		failed = seccomp_load(c);
	seccomp_release(c);
	return failed == 0 ? PV_DONE : PV_FAIL(e, PV_E_DOWN, "seccomp: %s", strerror(-failed));
}

static PV_RESULT
no_new_privileges(struct pv_err *e)
{
	prctl(PR_SET_DUMPABLE,
	    0); /* no core with keys in it, and no other process of the user looks in */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return PV_FAIL(e, PV_E_DOWN, "no_new_privs: %s", strerror(errno));
	return PV_DONE;
}

/* What libraries would open later is opened now. */
static void
open_what_is_lazy(void)
{
	tzset();
	OPENSSL_init_ssl(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL);
}

PV_RESULT
pv_sandbox_front(const struct pv_logger *log, struct pv_err *e)
{
	open_what_is_lazy();
	if (SANITIZED)
		return PV_DONE; /* the sanitizers' runtime needs files and more */
	PV_TRY(no_new_privileges(e));
	PV_TRY(shut_files(NULL, NULL, log, e));
	return shut_calls(true, e);
}

PV_RESULT
pv_sandbox_keeper(const char *home, const char *ca, const struct pv_logger *log, struct pv_err *e)
{
	open_what_is_lazy();
	setenv("SQLITE_TMPDIR", home, 1);
	if (SANITIZED)
		return PV_DONE;
	PV_TRY(no_new_privileges(e));
	PV_TRY(shut_files(home, ca, log, e));
	return shut_calls(false, e);
}
