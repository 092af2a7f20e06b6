//! The system calls that are allowed, by what they are for.
//!
//! Made from what the kernel logs (`SECCOMP_FILTER_FLAG_LOG`) over the end-to-end tests, with
//! what the C library may use in the place of each on other versions and architectures.

use libc::{
    SYS_accept, SYS_accept4, SYS_bind, SYS_brk, SYS_clock_getres, SYS_clock_gettime,
    SYS_clock_nanosleep, SYS_close, SYS_close_range, SYS_connect, SYS_copy_file_range, SYS_dup,
    SYS_dup3, SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_eventfd2,
    SYS_execve, SYS_execveat, SYS_exit, SYS_exit_group, SYS_faccessat, SYS_faccessat2,
    SYS_fadvise64, SYS_fallocate, SYS_fcntl, SYS_fdatasync, SYS_flock, SYS_fstat, SYS_fstatfs,
    SYS_fsync, SYS_ftruncate, SYS_futex, SYS_getcwd, SYS_getdents64, SYS_getegid, SYS_geteuid,
    SYS_getgid, SYS_getgroups, SYS_getpeername, SYS_getpgid, SYS_getpid, SYS_getppid,
    SYS_getpriority, SYS_getrandom, SYS_getresgid, SYS_getresuid, SYS_getrlimit, SYS_getrusage,
    SYS_getsockname, SYS_getsockopt, SYS_gettid, SYS_gettimeofday, SYS_getuid, SYS_getxattr,
    SYS_ioctl, SYS_kill, SYS_lgetxattr, SYS_listen, SYS_lseek, SYS_madvise, SYS_membarrier,
    SYS_memfd_create, SYS_mkdirat, SYS_mlock, SYS_mmap, SYS_mprotect, SYS_mremap, SYS_msync,
    SYS_munlock, SYS_munmap, SYS_name_to_handle_at, SYS_nanosleep, SYS_newfstatat,
    SYS_open_by_handle_at, SYS_openat, SYS_openat2, SYS_pidfd_open, SYS_pidfd_send_signal,
    SYS_pipe2, SYS_ppoll, SYS_pread64, SYS_preadv, SYS_prlimit64, SYS_pselect6, SYS_pwrite64,
    SYS_pwritev, SYS_read, SYS_readlinkat, SYS_readv, SYS_recvfrom, SYS_recvmmsg, SYS_recvmsg,
    SYS_renameat, SYS_renameat2, SYS_restart_syscall, SYS_rseq, SYS_rt_sigaction,
    SYS_rt_sigpending, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_rt_sigsuspend,
    SYS_rt_sigtimedwait, SYS_sched_get_priority_max, SYS_sched_get_priority_min,
    SYS_sched_getaffinity, SYS_sched_getparam, SYS_sched_getscheduler, SYS_sched_yield,
    SYS_sendmmsg, SYS_sendmsg, SYS_sendto, SYS_set_robust_list, SYS_set_tid_address, SYS_setpgid,
    SYS_setpriority, SYS_setsid, SYS_setsockopt, SYS_shutdown, SYS_sigaltstack, SYS_socketpair,
    SYS_statfs, SYS_statx, SYS_sync_file_range, SYS_sysinfo, SYS_tgkill, SYS_timer_create,
    SYS_timer_delete, SYS_timer_settime, SYS_timerfd_create, SYS_timerfd_settime, SYS_uname,
    SYS_unlinkat, SYS_wait4, SYS_waitid, SYS_write, SYS_writev,
};

/// Memory, threads, time, files that are there, and descriptors that are open.
#[rustfmt::skip]
pub(super) const ANY: &[i64] = &[
    SYS_brk, SYS_madvise, SYS_membarrier, SYS_mlock, SYS_mmap, SYS_mprotect, SYS_mremap,
    SYS_msync, SYS_munlock, SYS_munmap,
    SYS_exit, SYS_exit_group, SYS_futex, SYS_getpid, SYS_getppid, SYS_getpgid, SYS_gettid,
    SYS_restart_syscall, SYS_rseq, SYS_sched_getaffinity, SYS_sched_getparam,
    SYS_sched_getscheduler, SYS_sched_get_priority_max, SYS_sched_get_priority_min,
    SYS_sched_yield, SYS_set_robust_list, SYS_set_tid_address,
    SYS_kill, SYS_tgkill, SYS_rt_sigaction, SYS_rt_sigpending, SYS_rt_sigprocmask,
    SYS_rt_sigreturn, SYS_rt_sigsuspend, SYS_rt_sigtimedwait, SYS_sigaltstack,
    SYS_clock_getres, SYS_clock_gettime, SYS_clock_nanosleep, SYS_gettimeofday, SYS_nanosleep,
    SYS_timer_create, SYS_timer_delete, SYS_timer_settime, SYS_timerfd_create,
    SYS_timerfd_settime,
    SYS_getegid, SYS_geteuid, SYS_getgid, SYS_getgroups, SYS_getresgid, SYS_getresuid,
    SYS_getuid, SYS_getpriority, SYS_getrlimit, SYS_getrusage, SYS_prlimit64, SYS_sysinfo,
    SYS_uname, SYS_getrandom,
    SYS_close, SYS_close_range, SYS_dup, SYS_dup3, SYS_fcntl, SYS_ioctl, SYS_lseek, SYS_pipe2,
    SYS_pread64, SYS_preadv, SYS_pwrite64, SYS_pwritev, SYS_read, SYS_readv, SYS_write,
    SYS_writev,
    SYS_epoll_create1, SYS_epoll_ctl, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_eventfd2,
    SYS_ppoll, SYS_pselect6,
    SYS_faccessat, SYS_faccessat2, SYS_fadvise64, SYS_fstat, SYS_fstatfs, SYS_getcwd,
    SYS_getdents64, SYS_getxattr, SYS_lgetxattr, SYS_newfstatat, SYS_openat, SYS_openat2,
    SYS_readlinkat, SYS_statfs, SYS_statx, SYS_name_to_handle_at,
    SYS_bind, SYS_connect, SYS_getpeername, SYS_getsockname, SYS_getsockopt, SYS_recvfrom,
    SYS_recvmmsg, SYS_recvmsg, SYS_sendmmsg, SYS_sendmsg, SYS_sendto, SYS_setsockopt,
    SYS_shutdown, SYS_socketpair,
    #[cfg(target_arch = "x86_64")] libc::SYS_access,
    #[cfg(target_arch = "x86_64")] libc::SYS_alarm,
    #[cfg(target_arch = "x86_64")] libc::SYS_arch_prctl,
    #[cfg(target_arch = "x86_64")] libc::SYS_dup2,
    #[cfg(target_arch = "x86_64")] libc::SYS_epoll_wait,
    #[cfg(target_arch = "x86_64")] libc::SYS_getdents,
    #[cfg(target_arch = "x86_64")] libc::SYS_getpgrp,
    #[cfg(target_arch = "x86_64")] libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")] libc::SYS_open,
    #[cfg(target_arch = "x86_64")] libc::SYS_pipe,
    #[cfg(target_arch = "x86_64")] libc::SYS_poll,
    #[cfg(target_arch = "x86_64")] libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")] libc::SYS_select,
    #[cfg(target_arch = "x86_64")] libc::SYS_stat,
    #[cfg(target_arch = "x86_64")] libc::SYS_time,
];

/// Files and directories that are made, changed and removed; where, Landlock says. It says
/// nothing of modes, owners, times and attributes, so that none of these is changed any more.
#[rustfmt::skip]
pub(super) const WRITING: &[i64] = &[
    SYS_copy_file_range, SYS_fallocate, SYS_fdatasync, SYS_flock,
    SYS_fsync, SYS_ftruncate, SYS_memfd_create, SYS_mkdirat, SYS_open_by_handle_at,
    SYS_renameat, SYS_renameat2, SYS_sync_file_range, SYS_unlinkat,
    SYS_accept, SYS_accept4, SYS_listen,
    #[cfg(target_arch = "x86_64")] libc::SYS_mkdir,
    #[cfg(target_arch = "x86_64")] libc::SYS_rename,
    #[cfg(target_arch = "x86_64")] libc::SYS_rmdir,
    #[cfg(target_arch = "x86_64")] libc::SYS_unlink,
];

/// Processes that are started and waited for; which, Landlock says.
#[rustfmt::skip]
pub(super) const STARTING: &[i64] = &[
    SYS_execve, SYS_execveat, SYS_pidfd_open, SYS_pidfd_send_signal, SYS_setpgid,
    SYS_setpriority, SYS_setsid, SYS_wait4, SYS_waitid,
    #[cfg(target_arch = "x86_64")] libc::SYS_vfork,
];

/// Options of prctl(2): the name of a thread, what a memory area is called, the signal at a
/// parent's death, and what may be asked without a change.
#[rustfmt::skip]
pub(super) const PRCTL: &[u64] = &[
    libc::PR_SET_NAME as u64, libc::PR_GET_NAME as u64, libc::PR_SET_VMA as u64,
    libc::PR_SET_PDEATHSIG as u64, libc::PR_GET_DUMPABLE as u64, libc::PR_CAPBSET_READ as u64,
    libc::PR_GET_NO_NEW_PRIVS as u64, libc::PR_GET_SECCOMP as u64,
    libc::PR_GET_TIMERSLACK as u64,
];

/// Commands of bpf(2) on maps, programs and links that are there. None loads a program, makes a
/// map, or opens one by its number. In the order of `enum bpf_cmd`, `include/uapi/linux/bpf.h`.
#[rustfmt::skip]
pub(super) const BPF: &[u64] = &[
    1,  // BPF_MAP_LOOKUP_ELEM
    2,  // BPF_MAP_UPDATE_ELEM
    3,  // BPF_MAP_DELETE_ELEM
    4,  // BPF_MAP_GET_NEXT_KEY
    6,  // BPF_OBJ_PIN
    7,  // BPF_OBJ_GET
    15, // BPF_OBJ_GET_INFO_BY_FD
    16, // BPF_PROG_QUERY
    21, // BPF_MAP_LOOKUP_AND_DELETE_ELEM
    24, // BPF_MAP_LOOKUP_BATCH
    28, // BPF_LINK_CREATE
    29, // BPF_LINK_UPDATE
    34, // BPF_LINK_DETACH
];

const UNIX: u64 = libc::AF_UNIX as u64;
const ROUTE: u64 = libc::AF_NETLINK as u64;
const INET: u64 = libc::AF_INET as u64;
const INET6: u64 = libc::AF_INET6 as u64;

/// Families of sockets: the kernel's own, for the number of a network namespace, and those of
/// name services.
pub(super) const NETLINK: &[u64] = &[UNIX, ROUTE];
/// Those of the agent, whose servers listen already.
pub(super) const LOCAL: &[u64] = &[UNIX, ROUTE];
/// Those of an agent that sends findings.
pub(super) const INTERNET: &[u64] = &[UNIX, ROUTE, INET, INET6];
/// Those by which the canary sends.
pub(super) const CANARY: &[u64] = &[UNIX, ROUTE, INET, INET6, libc::AF_PACKET as u64];
