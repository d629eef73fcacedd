/* SPDX-License-Identifier: MIT */
// flags: -O1 -g
/* `confined_exec kill|fork|madvise|container PROGRAM ARGUMENT...`: becomes PROGRAM under a seccomp
 * filter. kill: any call but those with which a program of libc starts, allocates, writes and ends
 * is the end of the process. fork: so it is, but processes may be made and waited for. madvise:
 * this one alone fails with EPERM. container: what Docker refuses does. */
#include "target.h"
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int start[] = {
#if defined(__x86_64__)
    SYS_access,     SYS_arch_prctl,
#endif
    SYS_execve,     SYS_brk,        SYS_mmap,      SYS_munmap,          SYS_mprotect,
    SYS_openat,     SYS_read,       SYS_pread64,   SYS_close,           SYS_fstat,
    SYS_newfstatat, SYS_faccessat,  SYS_write,     SYS_set_tid_address, SYS_set_robust_list,
    SYS_rseq,       SYS_prlimit64,  SYS_getrandom, SYS_futex,           SYS_exit,
    SYS_exit_group};
static const int fork_calls[] = {
#if defined(__x86_64__)
    SYS_fork,  SYS_vfork,
#endif
    SYS_clone, SYS_clone3, SYS_wait4, SYS_gettid, SYS_rt_sigprocmask};
static const int without_advice[] = {SYS_madvise};
static const int refused[] = {SYS_mount,
                              SYS_umount2,
                              SYS_pivot_root,
                              SYS_setns,
                              SYS_unshare,
                              SYS_bpf,
                              SYS_perf_event_open,
                              SYS_userfaultfd,
                              SYS_keyctl,
                              SYS_add_key,
                              SYS_request_key,
                              SYS_kexec_load,
                              SYS_init_module,
                              SYS_finit_module,
                              SYS_delete_module,
                              SYS_reboot,
                              SYS_swapon,
                              SYS_swapoff,
                              SYS_settimeofday,
                              SYS_clock_settime,
                              SYS_clock_adjtime,
                              SYS_acct,
                              SYS_quotactl,
                              SYS_lookup_dcookie,
                              SYS_open_by_handle_at,
                              SYS_move_pages,
                              SYS_mbind,
                              SYS_set_mempolicy,
                              SYS_get_mempolicy,
                              SYS_kcmp,
                              SYS_process_vm_readv,
                              SYS_process_vm_writev,
                              SYS_io_uring_setup,
                              SYS_io_uring_enter,
                              SYS_io_uring_register};
enum { MOST = 2 * (sizeof start + sizeof fork_calls + sizeof refused) / sizeof *start + 2 };

static struct sock_filter filter[MOST];
static unsigned short n;

static void answer(unsigned with, const int *call, size_t count) {
    for (size_t i = 0; i < count; i++) {
        filter[n++] =
            (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call[i], 0, 1);
        filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, with);
    }
}

int main(int argc, char **argv) {
    if (argc < 3)
        die("usage: confined_exec kill|fork|madvise|container PROGRAM ARGUMENT...");
    bool forks = strcmp(argv[1], "fork") == 0, kills = forks || strcmp(argv[1], "kill") == 0;
    filter[n++] =
        (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    if (kills)
        answer(SECCOMP_RET_ALLOW, start, sizeof start / sizeof *start);
    if (forks)
        answer(SECCOMP_RET_ALLOW, fork_calls, sizeof fork_calls / sizeof *fork_calls);
    if (strcmp(argv[1], "madvise") == 0)
        answer(SECCOMP_RET_ERRNO | EPERM, without_advice,
               sizeof without_advice / sizeof *without_advice);
    else if (!kills)
        answer(SECCOMP_RET_ERRNO | EPERM, refused, sizeof refused / sizeof *refused);
    filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, kills ? SECCOMP_RET_KILL_PROCESS
                                                                      : SECCOMP_RET_ALLOW);
    struct sock_fprog program = {n, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return TARGET_SKIP;
    execv(argv[2], argv + 2);
    return 127;
}
