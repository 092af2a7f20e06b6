//! The programs: which there are, how each is attached, and whether it still
//! is.

use std::{
    ffi::CStr,
    io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
    time::Duration,
};

use aya::{
    Ebpf,
    programs::{Program, ProgramError},
};
use aya_obj::generated::bpf_attach_type;

use super::{
    bpf,
    capture::CaptureError,
    cgroup::CgroupDirectory,
    repinned::Repinned,
    uplinks::{UplinkHook, Uplinks},
};

/// Where a program is attached.
#[derive(Clone, Copy, Debug)]
enum Hook {
    RawTracepoint(&'static CStr),
    RootCgroup(bpf_attach_type),
}

/// Every program by name, in the order of attachment: identity first, so that
/// no packet of a new socket is counted before its owner is known.
const PROGRAMS: [(&str, Hook); 9] = [
    ("weir_cgroup_mkdir", Hook::RawTracepoint(c"cgroup_mkdir")),
    (
        "weir_sock_create",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET_SOCK_CREATE),
    ),
    (
        "weir_sock_release",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET_SOCK_RELEASE),
    ),
    (
        "weir_connect4",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET4_CONNECT),
    ),
    (
        "weir_connect6",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET6_CONNECT),
    ),
    (
        "weir_sendmsg4",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_UDP4_SENDMSG),
    ),
    (
        "weir_sendmsg6",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_UDP6_SENDMSG),
    ),
    (
        "weir_ingress",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET_INGRESS),
    ),
    (
        "weir_egress",
        Hook::RootCgroup(bpf_attach_type::BPF_CGROUP_INET_EGRESS),
    ),
];

/// Run time of one program.
#[derive(Clone, Debug)]
pub struct ProgramStats {
    /// Name of the program.
    pub name: &'static str,
    /// How often it ran.
    pub runs: u64,
    /// Time it took in all.
    pub time: Duration,
}

/// A program that was found off its hook.
#[derive(Debug)]
pub struct Mended {
    /// Its name.
    pub name: &'static str,
    /// Number of the program that its link held instead.
    pub replaced_by: Option<u32>,
    /// Whether it has been attached again.
    pub outcome: Result<(), CaptureError>,
}

/// A program at work; closing the link detaches it unless the link is pinned.
#[derive(Debug)]
struct Attached {
    name: &'static str,
    hook: Hook,
    id: u32,
    program: OwnedFd,
    link: OwnedFd,
}

/// All programs at work.
#[derive(Debug)]
pub(super) struct Programs {
    attached: Vec<Attached>,
    pub(super) uplinks: Uplinks,
}

pub(super) fn refused(
    program: &'static str,
    step: &'static str,
) -> impl Fn(io::Error) -> CaptureError {
    move |error| CaptureError::Program {
        program,
        step,
        source: error.into(),
    }
}

/// Name of the pin of a program's link.
fn link_pin(name: &str) -> String {
    format!("link_{name}")
}

impl Programs {
    /// Loads every program, and only then attaches them: either all are
    /// attached, or none stays.
    pub(super) fn attach(
        ebpf: &mut Ebpf,
        root: &CgroupDirectory,
        hook: UplinkHook,
    ) -> Result<Self, CaptureError> {
        let loaded = PROGRAMS
            .into_iter()
            .map(|(name, hook)| Ok((name, hook, load(ebpf, name)?)))
            .collect::<Result<Vec<_>, CaptureError>>()?;
        let attached = loaded
            .into_iter()
            .map(|(name, hook, program)| Attached::new(name, hook, program, root))
            .collect::<Result<_, _>>()?;
        let uplinks = Uplinks::loaded(hook, |name| load(ebpf, name))?;
        Ok(Self { attached, uplinks })
    }

    /// Takes over the programs that are pinned in a directory.
    pub(super) fn adopt(directory: &Path, hook: UplinkHook) -> Result<Self, CaptureError> {
        let attached = PROGRAMS
            .into_iter()
            .map(|(name, hook)| {
                let adopted = refused(name, "adopted");
                let program = bpf::pinned(&directory.join(name)).map_err(&adopted)?;
                let link = bpf::pinned(&directory.join(link_pin(name))).map_err(&adopted)?;
                let id = bpf::program_info(&program).map_err(&adopted)?.id;
                Ok(Attached {
                    name,
                    hook,
                    id,
                    program,
                    link,
                })
            })
            .collect::<Result<_, CaptureError>>()?;
        let uplinks = Uplinks::adopt(hook, directory)?;
        Ok(Self { attached, uplinks })
    }

    /// Pins programs and links, so that they outlive the agent; says which were
    /// not pinned.
    pub(super) fn pin(&self, directory: &Path) -> Result<Repinned, CaptureError> {
        let mut found = Repinned::default();
        for one in &self.attached {
            found.extend(one.pin(directory)?);
        }
        found.extend(self.uplinks.pin(directory)?);
        Ok(found)
    }

    /// Number of one of the programs.
    pub(super) fn first_id(&self) -> Option<u32> {
        self.attached.first().map(|one| one.id)
    }

    /// Names of the programs that are no longer attached, each attached again
    /// if the kernel lets it.
    pub(super) fn mend(&mut self, root: &CgroupDirectory, pins: Option<&Path>) -> Vec<Mended> {
        let all = self.attached.iter_mut();
        all.filter_map(|one| one.mend(root, pins)).collect()
    }

    /// Run time of each program; zero unless it was asked for, or
    /// `kernel.bpf_stats_enabled` is set.
    pub(super) fn stats(&self) -> Vec<ProgramStats> {
        self.attached
            .iter()
            .map(|one| (one.name, &one.program))
            .chain(self.uplinks.programs())
            .filter_map(|(name, program)| {
                let info = bpf::program_info(program).ok()?;
                Some(ProgramStats {
                    name,
                    runs: info.runs,
                    time: Duration::from_nanos(info.run_time_ns),
                })
            })
            .collect()
    }
}

impl Attached {
    fn new(
        name: &'static str,
        hook: Hook,
        program: OwnedFd,
        root: &CgroupDirectory,
    ) -> Result<Self, CaptureError> {
        let id = bpf::program_info(&program)
            .map_err(refused(name, "asked for its number"))?
            .id;
        let link = link(&program, hook, root).map_err(refused(name, "attached"))?;
        Ok(Self {
            name,
            hook,
            id,
            program,
            link,
        })
    }

    fn pin(&self, directory: &Path) -> Result<Repinned, CaptureError> {
        let failed = refused(self.name, "pinned");
        let mut found = Repinned::default();
        for (object, name) in [
            (&self.program, self.name.to_owned()),
            (&self.link, link_pin(self.name)),
        ] {
            let pinned = bpf::pin_here(object.as_fd(), &directory.join(&name)).map_err(&failed)?;
            found.take(&name, pinned);
        }
        Ok(found)
    }

    /// `None` while attached. A link can be forced off its hook, or updated to
    /// another program: the hook itself is asked.
    fn mend(&mut self, root: &CgroupDirectory, pins: Option<&Path>) -> Option<Mended> {
        let Hook::RootCgroup(hook) = self.hook else {
            return None;
        };
        // A link that was detached still names the program.
        let held = bpf::link_program(&self.link).ok();
        let outcome = match bpf::attached(root.as_fd(), hook) {
            Ok(ids) if ids.contains(&self.id) => return None,
            Ok(_) => self.attach_again(root, pins),
            Err(error) => Err(refused(self.name, "looked for on its hook")(error)),
        };
        Some(Mended {
            name: self.name,
            replaced_by: held.filter(|id| *id != self.id),
            outcome,
        })
    }

    fn attach_again(
        &mut self,
        root: &CgroupDirectory,
        pins: Option<&Path>,
    ) -> Result<(), CaptureError> {
        self.link = link(&self.program, self.hook, root).map_err(refused(self.name, "attached"))?;
        let Some(directory) = pins else {
            return Ok(());
        };
        let path = directory.join(link_pin(self.name));
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(refused(self.name, "unpinned")(error));
            }
            _ => {}
        }
        self.pin(directory).map(drop)
    }
}

fn link(program: &OwnedFd, hook: Hook, root: &CgroupDirectory) -> io::Result<OwnedFd> {
    match hook {
        Hook::RawTracepoint(name) => bpf::link_to_tracepoint(program.as_fd(), name),
        Hook::RootCgroup(hook) => bpf::link_to_cgroup(program.as_fd(), root.as_fd(), hook),
    }
}

fn load(ebpf: &mut Ebpf, name: &'static str) -> Result<OwnedFd, CaptureError> {
    let program = ebpf.program_mut(name).ok_or(CaptureError::Map(name))?;
    let fd = match program {
        Program::RawTracePoint(program) => program.load().and_then(|()| program.fd()),
        Program::CgroupSock(program) => program.load().and_then(|()| program.fd()),
        Program::CgroupSockAddr(program) => program.load().and_then(|()| program.fd()),
        Program::CgroupSkb(program) => program.load().and_then(|()| program.fd()),
        Program::SchedClassifier(program) => program.load().and_then(|()| program.fd()),
        _ => Err(ProgramError::UnexpectedProgramType),
    }
    .map_err(|source| CaptureError::Program {
        program: name,
        step: "loaded",
        source,
    })?;
    fd.as_fd()
        .try_clone_to_owned()
        .map_err(refused(name, "kept open"))
}
