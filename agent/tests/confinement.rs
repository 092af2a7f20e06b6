//! What a confined agent cannot do any more, tried: by a program that it starts, which has
//! what it has. Needs root and Python.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::LazyLock,
    time::Duration,
};

use serde_json::{Value, json};
use weir::{
    coverage::ConfineMode,
    daemon::{Options, Pinning, Uplinks, rules},
    jurisdiction::IpData,
    kernel::{
        CaptureOptions, CgroupDirectory, InForce, UplinkHook, confine_thread, find_cgroup_root,
        landlock_abi,
    },
    ledger, notify,
};

const PYTHON: &str = "/usr/bin/python3";

fn options(at: &Path) -> Options {
    Options {
        allowlists: at.join("allowlists"),
        ip_data: IpData::named(Vec::new()),
        store: at.join("store"),
        ledger: ledger::Options::default(),
        rotate_key: false,
        runtime: at.join("run"),
        control_group: None,
        metrics: None,
        page: None,
        pin: Pinning::Off,
        uplinks: Uplinks::Routes,
        unload: false,
        cgroup_root: None,
        sweep: Duration::from_secs(1),
        self_test: None,
        bundles: None,
        confine: ConfineMode::On,
        quiet: Duration::from_secs(1),
        duration: None,
        notify: notify::Settings::default(),
        capture: CaptureOptions {
            max_flows: 63,
            program_stats: false,
            uplink_hook: UplinkHook::Tcx,
        },
    }
}

/// Numbers of system calls that Python has no name for.
fn numbers() -> Value {
    json!({
        "bpf": libc::SYS_bpf,
        "clone3": libc::SYS_clone3,
        "delete_module": libc::SYS_delete_module,
        "finit_module": libc::SYS_finit_module,
        "init_module": libc::SYS_init_module,
        "io_uring_setup": libc::SYS_io_uring_setup,
        "kexec_load": libc::SYS_kexec_load,
        "keyctl": libc::SYS_keyctl,
        "open_tree": libc::SYS_open_tree,
        "perf_event_open": libc::SYS_perf_event_open,
        "pidfd_getfd": libc::SYS_pidfd_getfd,
        "pivot_root": libc::SYS_pivot_root,
        "process_vm_readv": libc::SYS_process_vm_readv,
        "reboot": libc::SYS_reboot,
        "setns": libc::SYS_setns,
        "swapon": libc::SYS_swapon,
        "syslog": libc::SYS_syslog,
        "userfaultfd": libc::SYS_userfaultfd,
    })
}

struct Tried {
    /// Of the kernel, asked before: a confined process cannot.
    abi: u32,
    in_force: InForce,
    /// The error of each attempt; 0 where there was none.
    errno: BTreeMap<String, i32>,
    status: String,
}

static TRIED: LazyLock<Tried> = LazyLock::new(|| {
    let abi = landlock_abi();
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().to_owned();
    for name in ["allowlists", "store", "run", "other"] {
        fs::create_dir(at.join(name)).unwrap();
        fs::write(at.join(name).join("file"), "text").unwrap();
    }
    let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
    let mut rules = rules(&options(&at), None, &root);
    // What tries is itself no part of Weir.
    let paths = rules.paths.as_mut().unwrap();
    paths.execute.insert(PathBuf::from(PYTHON));
    // Beside the allowlists is what may take their place.
    paths.read.remove(&at);
    // Capabilities and paths are the thread's, and of what it starts.
    let confined = std::thread::spawn(move || -> (InForce, Output) {
        let mut command = Command::new(PYTHON);
        command.args(["-I", "-c", include_str!("confinement.py")]);
        command.arg(&at).arg(numbers().to_string());
        let (in_force, _) = confine_thread(&rules).unwrap();
        (in_force, command.output().unwrap())
    });
    let (in_force, output) = confined.join().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let mut tried: Value = serde_json::from_slice(&output.stdout).unwrap();
    Tried {
        abi,
        in_force,
        errno: serde_json::from_value(tried["errno"].take()).unwrap(),
        status: tried["status"].as_str().unwrap().to_owned(),
    }
});

#[test]
fn what_a_confined_agent_has_no_need_of_is_refused() {
    let (denied, absent, refused) = (libc::EACCES, libc::ENOSYS, libc::EPERM);
    let wanted = [
        // What it needs.
        ("read an allowlist", 0),
        ("write in the store", 0),
        ("make a file in the store", 0),
        ("remove a file in the store", 0),
        ("read its own status", 0),
        ("local socket", 0),
        ("netlink socket", 0),
        ("look at a map that is none", libc::EBADF),
        // Paths, by Landlock.
        ("read /etc/shadow", denied),
        ("write /etc/shadow", denied),
        ("read another directory", denied),
        ("write an allowlist", denied),
        ("make a file outside", denied),
        ("remove a file outside", denied),
        ("rename out of the store", denied),
        ("make a device in the store", refused),
        ("make a link in the store", refused),
        ("execute /bin/sh", denied),
        ("execute from the store", denied),
        ("open the memory of another process", denied),
        ("signal another process", refused),
        // System calls, by seccomp.
        ("chmod", refused),
        ("chown", refused),
        ("setxattr", refused),
        ("setuid", refused),
        ("setgroups", refused),
        ("capset", refused),
        ("chroot", refused),
        ("mount", refused),
        ("umount", refused),
        ("unshare", refused),
        ("ptrace", refused),
        ("personality", refused),
        ("set the clock", refused),
        ("sethostname", refused),
        ("load a BPF program", refused),
        ("make a BPF map", refused),
        ("open a BPF program by number", refused),
        ("internet socket", refused),
        ("packet socket", refused),
        ("raw socket", refused),
        ("vsock socket", refused),
        ("AF_ALG socket", refused),
        ("AF_XDP socket", refused),
        ("Bluetooth socket", refused),
        ("dumpable", refused),
        ("delete_module", refused),
        ("finit_module", refused),
        ("init_module", refused),
        ("io_uring_setup", refused),
        ("kexec_load", refused),
        ("keyctl", refused),
        ("open_tree", refused),
        ("perf_event_open", refused),
        ("pidfd_getfd", refused),
        ("pivot_root", refused),
        ("process_vm_readv", refused),
        ("reboot", refused),
        ("setns", refused),
        ("swapon", refused),
        ("syslog", refused),
        ("userfaultfd", refused),
        // So that libc calls clone.
        ("clone3", absent),
    ];
    let wanted: BTreeMap<_, _> = wanted.map(|(what, errno)| (what.to_owned(), errno)).into();
    assert_eq!(TRIED.errno, wanted);
}

#[test]
fn what_is_in_force_is_what_the_kernel_says() {
    let names = ["CAP_DAC_READ_SEARCH", "CAP_NET_ADMIN", "CAP_BPF"];
    assert_eq!(TRIED.in_force.capabilities, names);
    assert_eq!(TRIED.in_force.landlock_abi, TRIED.abi.min(6));
    assert_eq!(TRIED.in_force.not_enforced, Vec::<String>::new());
    assert!(TRIED.in_force.seccomp);
    let line = |name: &str| {
        let mut lines = TRIED.status.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap().trim().to_owned()
    };
    // Bits 2, 12 and 39: neither root nor a program that it executes has more.
    for set in ["CapPrm", "CapEff", "CapBnd"] {
        assert_eq!(line(set), "0000008000001004", "{set}");
    }
    for set in ["CapInh", "CapAmb"] {
        assert_eq!(line(set), "0000000000000000", "{set}");
    }
    assert_eq!(line("NoNewPrivs"), "1");
    assert_eq!(line("Seccomp"), "2");
    assert_eq!(line("Seccomp_filters"), "2");
}
