//! seccomp: calls of the kernel that no answer to a coding task needs, and that make up most of what an
//! attacker of the kernel, or of a process next door, would use.
//!
//! A list of what is forbidden, because interpreters differ and change in what they use; what a forgotten
//! call could reach is behind the other layers.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, sock_filter,
};

use super::super::Layers;

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// Talking to anybody: network, sockets, shared memory, queues.
const TALK: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_shmctl,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    libc::SYS_memfd_create,
    libc::SYS_memfd_secret,
];

/// Looking into and steering other processes.
const REACH: &[i64] = &[
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_process_mrelease,
    libc::SYS_kcmp,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_move_pages,
    libc::SYS_migrate_pages,
];

/// Changing the world one lives in.
const WORLD: &[i64] = &[
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_personality,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_vhangup,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_syslog,
];

/// Parts of the kernel with a history of holes.
const KERNEL: &[i64] = &[
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_fanotify_init,
    libc::SYS_fanotify_mark,
    libc::SYS_io_setup,
];

#[cfg(target_arch = "x86_64")]
const OLD: &[i64] = &[
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_uselib,
    libc::SYS_kexec_file_load,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD: &[i64] = &[];

/// What namespaces and a file system in memory make harmless, and a folder on a disk or Landlock do not:
/// signals to other processes of the same user, leaving the group that is killed at the end, and what
/// belongs to files besides their content.
const NEIGHBOURS: &[i64] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_setpriority,
    libc::SYS_ioprio_set,
    libc::SYS_sched_setaffinity,
    libc::SYS_sched_setscheduler,
    libc::SYS_sched_setparam,
    libc::SYS_sched_setattr,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    SYS_FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    SYS_SETXATTRAT,
    SYS_REMOVEXATTRAT,
    libc::SYS_inotify_add_watch,
];

#[cfg(target_arch = "x86_64")]
const OLD_NEIGHBOURS: &[i64] = &[
    libc::SYS_chmod,
    libc::SYS_chown,
    libc::SYS_lchown,
    libc::SYS_utime,
    libc::SYS_utimes,
    libc::SYS_futimesat,
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_NEIGHBOURS: &[i64] = &[];

// The same number on every architecture; the crate `libc` does not have them everywhere.
const SYS_FCHMODAT2: i64 = 452;
const SYS_SETXATTRAT: i64 = 463;
const SYS_REMOVEXATTRAT: i64 = 466;

/// Namespaces, as flags of `clone`.
const NEW: [i32; 8] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
    0x80,
];

// Typing into a terminal that others read.
const TIOCSTI: u64 = 0x5412;
const TIOCLINUX: u64 = 0x541c;

// A file's owner gets its signals, and may be any process of the same user; F_SETSIG says which signal.
const OWNERS: [i32; 3] = [libc::F_SETOWN, F_SETOWN_EX, F_SETSIG];
const F_SETSIG: i32 = 10;
const F_SETOWN_EX: i32 = 15;
const FIOSETOWN: u64 = 0x8901;
const SIOCSPGRP: u64 = 0x8902;

/// From here on are the numbers by which a 64-bit kernel may also know its calls (x32). Nobody uses them.
const X32: i64 = 0x4000_0000;

/// Where the number stands in what a filter sees (`struct seccomp_data`).
const NUMBER: u32 = 0;

/// Forbids them to the calling thread and what it starts.
pub(super) fn forbid(layers: Layers) -> Result<(), String> {
    let wrong = |cause: String| format!("no seccomp: {cause}");
    let program = program(layers).map_err(wrong)?;
    seccompiler::apply_filter(&program).map_err(|cause| wrong(cause.to_string()))
}

/// The kernel translates a filter anew for every jail, so a short one is a cheap one: what is refused
/// whatever its arguments takes one comparison each, and only the rest is left to the compiler.
fn program(layers: Layers) -> Result<BpfProgram, String> {
    let mut refused: Vec<i64> = [TALK, REACH, WORLD, KERNEL, OLD].concat();
    if layers != Layers::Namespaces {
        refused.extend(NEIGHBOURS.iter().chain(OLD_NEIGHBOURS));
    }
    let mut program = always(&refused)?;
    program.extend(compile(rules(layers).map_err(|cause| cause.to_string())?)?);
    Ok(program)
}

/// Refuses `calls`, and everything by the second number; goes on with what stands after it otherwise.
/// The order in which numbers and architecture are looked at does not matter: nothing is allowed here.
fn always(calls: &[i64]) -> Result<BpfProgram, String> {
    let number = |value: i64| u32::try_from(value).map_err(|cause| cause.to_string());
    let step = |code: u32, jt, k| {
        let code = u16::try_from(code).map_err(|cause| cause.to_string())?;
        Ok::<_, String>(sock_filter { code, jt, jf: 0, k })
    };
    let answer = |errno: i32| Ok::<_, String>(libc::SECCOMP_RET_ERRNO | number(errno.into())?);
    let mut program = vec![step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, NUMBER)?];
    let (equal, above) = (libc::BPF_JMP | libc::BPF_JEQ, libc::BPF_JMP | libc::BPF_JGE);
    // Steps from each comparison to the refusal: over those that follow, `clone3`'s and the way past it.
    let far = |left: usize| u8::try_from(left + 2).map_err(|_| "too many calls".to_string());
    program.push(step(above, far(calls.len())?, number(X32)?)?);
    for (at, call) in calls.iter().enumerate() {
        program.push(step(equal, far(calls.len() - 1 - at)?, number(*call)?)?);
    }
    // Its flags lie in memory, where a filter cannot look. "No such call" makes libraries use `clone`.
    program.push(step(equal, 2, number(libc::SYS_clone3)?)?);
    program.push(step(libc::BPF_JMP | libc::BPF_JA, 0, 2)?);
    program.push(step(libc::BPF_RET, 0, answer(libc::EPERM)?)?);
    program.push(step(libc::BPF_RET, 0, answer(libc::ENOSYS)?)?);
    Ok(program)
}

fn compile(rules: Rules) -> Result<BpfProgram, String> {
    let errno = libc::EPERM.unsigned_abs();
    let arch = std::env::consts::ARCH.try_into();
    let arch = arch.map_err(|_| format!("not on {}", std::env::consts::ARCH))?;
    SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(errno), arch)
        .and_then(BpfProgram::try_from)
        .map_err(|cause| cause.to_string())
}

/// Calls that are refused for some of their arguments.
fn rules(layers: Layers) -> Result<Rules, seccompiler::BackendError> {
    use SeccompCmpOp::{Eq, MaskedEq, Ne};
    let mut rules = Rules::new();
    for flag in NEW {
        let flag = u64::from(flag.unsigned_abs());
        let rule = when(0, MaskedEq(flag), flag)?;
        rules.entry(libc::SYS_clone).or_default().push(rule);
    }
    // A connected pair within the program is fine; every other kind could be pointed elsewhere.
    let mut pairs = vec![when(0, Ne, u64::from(libc::AF_UNIX.unsigned_abs()))?];
    let stream = u64::from(libc::SOCK_STREAM.unsigned_abs());
    for kind in (0..=0xf).filter(|kind| *kind != stream) {
        pairs.push(when(1, MaskedEq(0xf), kind)?);
    }
    rules.insert(libc::SYS_socketpair, pairs);
    // Shared anonymous memory is counted by no limit.
    let shared = u64::from((libc::MAP_SHARED | libc::MAP_ANONYMOUS).unsigned_abs());
    // So is what grows downwards, which the kernel takes for a stack.
    let grows = u64::from(libc::MAP_GROWSDOWN.unsigned_abs());
    let uncounted =
        vec![when(3, MaskedEq(0xf | shared), shared)?, when(3, MaskedEq(grows), grows)?];
    rules.insert(libc::SYS_mmap, uncounted);
    // Limits of other processes; 0 is oneself.
    rules.insert(libc::SYS_prlimit64, vec![when(0, Ne, 0)?]);
    let mut controls = vec![when(1, Eq, TIOCSTI)?, when(1, Eq, TIOCLINUX)?];
    if layers != Layers::Namespaces {
        controls.extend([when(1, Eq, FIOSETOWN)?, when(1, Eq, SIOCSPGRP)?]);
        for command in OWNERS {
            let rule = when(1, Eq, u64::from(command.unsigned_abs()))?;
            rules.entry(libc::SYS_fcntl).or_default().push(rule);
        }
    }
    rules.insert(libc::SYS_ioctl, controls);
    Ok(rules)
}

/// Every argument here is an `int` to the kernel, or has nothing beyond 32 bits that matters.
fn when(
    argument: u8,
    operator: SeccompCmpOp,
    value: u64,
) -> Result<SeccompRule, seccompiler::BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
    SeccompRule::new(vec![condition])
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [Layers; 2] = [Layers::Namespaces, Layers::Landlock];

    /// What the first part answers to a call, or nothing where the second part is asked.
    fn answer(program: &[sock_filter], call: i64) -> Option<u32> {
        let mut at = 0;
        while let Some(step) = program.get(at) {
            let met = match u32::from(step.code) {
                code if code == libc::BPF_JMP | libc::BPF_JEQ => i64::from(step.k) == call,
                code if code == libc::BPF_JMP | libc::BPF_JGE => call >= i64::from(step.k),
                libc::BPF_RET => return Some(step.k & 0xffff),
                code if code == libc::BPF_JMP | libc::BPF_JA => {
                    at += usize::try_from(step.k).unwrap();
                    false
                }
                _ => false,
            };
            at += 1 + usize::from(if met { step.jt } else { step.jf });
        }
        assert_eq!(at, program.len(), "call {call} jumps past the end");
        None
    }

    #[test]
    fn exactly_the_listed_calls_are_always_refused() {
        let refused: Vec<i64> =
            [TALK, REACH, WORLD, KERNEL, OLD, NEIGHBOURS, OLD_NEIGHBOURS].concat();
        let first = always(&refused).unwrap();
        let no = Some(libc::EPERM.unsigned_abs());
        for call in 0..1000 {
            let expected = match call {
                libc::SYS_clone3 => Some(libc::ENOSYS.unsigned_abs()),
                call if refused.contains(&call) => no,
                _ => None,
            };
            assert_eq!(answer(&first, call), expected, "{call}");
            assert_eq!(answer(&first, call | X32), no, "{call} by its second number");
        }
    }

    #[test]
    fn the_filters_are_short() {
        for layers in BOTH {
            let length = program(layers).unwrap().len();
            assert!((150..500).contains(&length), "{length}");
        }
    }
}
