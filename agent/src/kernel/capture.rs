//! Loads the programs, attaches them, and gives access to what they record.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, Queue, RingBuf},
    programs::{
        CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, CgroupSock, CgroupSockAddr, Program,
        ProgramError,
    },
};
use aya_log::EbpfLogger;
use log::Log;
use weir_common::{CgroupPath, EVENT_FIRST_SIGHT, FlowKey, Loss};

use super::{
    btf::{self, BtfError},
    cgroup::CgroupDirectory,
    slots::Slots,
};

/// The kernel programs, built by `cargo xtask build`.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("WEIR_BPF_OBJECT_PATH"));

/// Part of the slots that only folded flows may take, one in this many.
const RESERVED_SHARE: u32 = 32;

/// How the maps are sized.
#[derive(Clone, Copy, Debug)]
pub struct CaptureOptions {
    /// Flows that can be counted apart at a time.
    pub max_flows: u32,
    /// Whether the kernel shall measure the programs' run time.
    pub program_stats: bool,
}

/// Why recording could not begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The kernel's type information does not help.
    #[error(transparent)]
    Btf(#[from] BtfError),
    /// The kernel refused the maps or the object.
    #[error("the kernel refused the maps: {0}")]
    Load(#[from] aya::EbpfError),
    /// The kernel refused a program or its attachment.
    #[error("program `{program}` cannot be {step}: {source}")]
    Program {
        /// Name of the program.
        program: &'static str,
        /// `loaded` or `attached`.
        step: &'static str,
        /// What the kernel said.
        source: ProgramError,
    },
    /// A map is missing or of another type: the object is not this agent's.
    #[error("map `{0}` is missing in the kernel object: rebuild with `cargo xtask build`")]
    Map(&'static str),
    /// An operation on a map failed.
    #[error("map `{map}`: {source}")]
    MapAccess {
        /// Name of the map.
        map: &'static str,
        /// What the kernel said.
        source: MapError,
    },
    /// The counters cannot be mapped into memory.
    #[error("the flow counters cannot be mapped into memory: {0}")]
    Mmap(nix::Error),
    /// The programs' log cannot be read.
    #[error("the log of the kernel programs cannot be read: {0}")]
    Log(aya_log::Error),
    /// The kernel cannot wait for its readers.
    #[error("the kernel refuses membarrier(2), without which no slot can be reused: {0}")]
    GracePeriod(std::io::Error),
}

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

/// The programs at work. Dropping it detaches them all.
pub struct Capture {
    /// `None` once detached.
    ebpf: Option<Ebpf>,
    slots: Slots,
    events: RingBuf<MapData>,
    index: HashMap<MapData, FlowKey, u32>,
    free: Queue<MapData, u32>,
    next: Array<MapData, u32>,
    losses: PerCpuArray<MapData, u64>,
    cgroups: Option<HashMap<MapData, u64, CgroupPath>>,
    log: EbpfLogger<&'static dyn Log>,
    _stats: Option<OwnedFd>,
}

/// Every program by name, in the order of attachment: identity first, so that
/// no packet of a new socket is counted before its owner is known.
const PROGRAMS: [&str; 9] = [
    "weir_cgroup_mkdir",
    "weir_sock_create",
    "weir_sock_release",
    "weir_connect4",
    "weir_connect6",
    "weir_sendmsg4",
    "weir_sendmsg6",
    "weir_ingress",
    "weir_egress",
];

impl Capture {
    /// Loads every program, and only then attaches them: either all are
    /// attached, or none stays.
    ///
    /// # Errors
    /// Whatever the kernel refuses; nothing stays attached then.
    pub fn start(root: &CgroupDirectory, options: CaptureOptions) -> Result<Self, CaptureError> {
        let offsets = btf::kernel_offsets()?;
        let slots = options.max_flows.saturating_add(1);
        let reserved = slots / RESERVED_SHARE;
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("FLOWS", slots)
            .map_max_entries("FLOW_INDEX", slots)
            .map_max_entries("FREE_SLOTS", slots)
            .override_global("SLOTS", &slots, true)
            .override_global("RESERVED", &reserved, true)
            .override_global("OFFSETS", &offsets, true)
            .load(OBJECT)?;
        for name in PROGRAMS {
            load(&mut ebpf, name)?;
        }
        let stats = options
            .program_stats
            .then(|| aya::sys::enable_stats(aya::sys::Stats::RunTime))
            .transpose()
            .map_err(|error| CaptureError::Program {
                program: "statistics",
                step: "enabled",
                source: error.into(),
            })?;
        let log = EbpfLogger::init(&mut ebpf).map_err(CaptureError::Log)?;
        let Map::Array(flows) = taken(&mut ebpf, "FLOWS")? else {
            return Err(CaptureError::Map("FLOWS"));
        };
        let mapped = Slots::map(flows.fd(), slots).map_err(CaptureError::Mmap)?;
        let mut capture = Self {
            slots: mapped,
            events: map(&mut ebpf, "EVENTS")?,
            index: map(&mut ebpf, "FLOW_INDEX")?,
            free: map(&mut ebpf, "FREE_SLOTS")?,
            next: map(&mut ebpf, "NEXT_SLOT")?,
            losses: map(&mut ebpf, "LOSS")?,
            cgroups: Some(map(&mut ebpf, "CGROUPS")?),
            ebpf: None,
            log,
            _stats: stats,
        };
        for name in PROGRAMS {
            attach(&mut ebpf, name, root)?;
        }
        capture.ebpf = Some(ebpf);
        Ok(capture)
    }
}

/// Paths of the cgroups that were made since the programs were attached.
pub struct CgroupPaths {
    kept: HashMap<MapData, u64, CgroupPath>,
}

impl CgroupPaths {
    /// Path of a cgroup, even if it is gone.
    pub fn path_of(&self, id: u64) -> Option<String> {
        let value = self.kept.get(&id, 0).ok()?;
        let path = value.path.get(..value.length as usize)?;
        Some(String::from_utf8_lossy(path).into_owned())
    }

    /// Ids of all cgroups whose paths are kept.
    pub fn ids(&self) -> Vec<u64> {
        self.kept.keys().filter_map(Result::ok).collect()
    }

    /// Forgets the path of a cgroup that no flow needs any more.
    pub fn forget(&mut self, id: u64) {
        if let Err(error) = self.kept.remove(&id) {
            tracing::debug!(%error, id, "the path of a cgroup was already forgotten");
        }
    }
}

impl Capture {
    /// Detaches every program and waits until none runs any more: the counters
    /// are then final, and can still be read.
    ///
    /// # Errors
    /// The kernel's, if it cannot wait for its readers.
    pub fn detach(&mut self) -> Result<(), CaptureError> {
        drop(self.ebpf.take());
        Self::grace_period().map_err(CaptureError::GracePeriod)
    }

    /// The memory-mapped counters.
    pub fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Readable whenever the kernel has told of a first sight.
    pub fn events(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }

    /// Takes one first sight out of the ring buffer: the slot to look at.
    pub fn next_first_sight(&mut self) -> Option<u32> {
        loop {
            let record = self.events.next()?;
            let (Some(kind), Some(slot)) = (word(&record, 0), word(&record, 4)) else {
                continue;
            };
            if kind == EVENT_FIRST_SIGHT {
                return Some(slot);
            }
        }
    }

    /// Passes on what the kernel programs logged.
    pub fn flush_log(&mut self) {
        self.log.flush();
    }

    /// Number of slots that have ever been in use: a sweep need not look
    /// further.
    ///
    /// # Errors
    /// The kernel's, if the map cannot be read.
    pub fn used_slots(&self) -> Result<u32, CaptureError> {
        let next = self.next.get(&0, 0).map_err(access("NEXT_SLOT"))?;
        Ok(next.saturating_add(1).min(self.slots.count()))
    }

    /// Count of every kind of loss, summed over processors.
    ///
    /// # Errors
    /// The kernel's, if the map cannot be read.
    pub fn losses(&self) -> Result<Vec<(Loss, u64)>, CaptureError> {
        Loss::ALL
            .into_iter()
            .map(|kind| {
                let values = self.losses.get(&(kind as u32), 0).map_err(access("LOSS"))?;
                Ok((kind, values.iter().sum()))
            })
            .collect()
    }

    /// Hands over the paths of cgroups, once.
    pub fn take_cgroup_paths(&mut self) -> Option<CgroupPaths> {
        self.cgroups.take().map(|kept| CgroupPaths { kept })
    }

    /// Takes a flow out of the index and makes sockets forget its slot. Late
    /// packets may still be added until [`Capture::grace_period`] has passed.
    pub fn retire(&mut self, slot: u32, key: &FlowKey) {
        if let Err(error) = self.index.remove(key) {
            tracing::debug!(%error, slot, "a flow to retire was not in the index");
        }
        self.slots.retire(slot);
    }

    /// Waits until every program that could still hold a retired slot has
    /// ended: `membarrier(MEMBARRIER_CMD_GLOBAL)` waits for an RCU grace
    /// period (membarrier(2)).
    ///
    /// # Errors
    /// The kernel's, where it was built without that call.
    pub fn grace_period() -> Result<(), std::io::Error> {
        const MEMBARRIER_CMD_GLOBAL: libc::c_long = 1;
        // SAFETY: takes three integers and touches no memory of ours.
        let done = unsafe { libc::syscall(libc::SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) };
        if done == 0 {
            Ok(())
        } else {
            Err(std::io::Error::last_os_error())
        }
    }

    /// Gives a retired slot back to the kernel, emptied.
    ///
    /// # Errors
    /// The kernel's, if the queue is full; the slot then stays unused.
    pub fn give_back(&mut self, slot: u32) -> Result<(), CaptureError> {
        self.slots.clear(slot);
        self.free.push(slot, 0).map_err(access("FREE_SLOTS"))
    }

    /// Run time of each program; zero unless it was asked for, or
    /// `kernel.bpf_stats_enabled` is set.
    pub fn program_stats(&self) -> Vec<ProgramStats> {
        PROGRAMS
            .iter()
            .filter_map(|name| {
                let info = self.ebpf.as_ref()?.program(name)?.info().ok()?;
                Some(ProgramStats {
                    name,
                    runs: info.run_count(),
                    time: info.run_time(),
                })
            })
            .collect()
    }
}

fn word(record: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(record.get(at..at + 4)?.try_into().ok()?))
}

fn access(map: &'static str) -> impl FnOnce(MapError) -> CaptureError {
    move |source| CaptureError::MapAccess { map, source }
}

fn taken(ebpf: &mut Ebpf, name: &'static str) -> Result<Map, CaptureError> {
    ebpf.take_map(name).ok_or(CaptureError::Map(name))
}

fn map<M: TryFrom<Map, Error = MapError>>(
    ebpf: &mut Ebpf,
    name: &'static str,
) -> Result<M, CaptureError> {
    M::try_from(taken(ebpf, name)?).map_err(access(name))
}

fn program<'a>(ebpf: &'a mut Ebpf, name: &'static str) -> Result<&'a mut Program, CaptureError> {
    ebpf.program_mut(name).ok_or(CaptureError::Map(name))
}

fn load(ebpf: &mut Ebpf, name: &'static str) -> Result<(), CaptureError> {
    match program(ebpf, name)? {
        Program::RawTracePoint(program) => program.load(),
        Program::CgroupSock(program) => program.load(),
        Program::CgroupSockAddr(program) => program.load(),
        Program::CgroupSkb(program) => program.load(),
        other => Err(ProgramError::UnexpectedProgramType).inspect_err(|_| {
            tracing::error!(kind = ?other.prog_type(), "a program of a kind that is not used");
        }),
    }
    .map_err(|source| CaptureError::Program {
        program: name,
        step: "loaded",
        source,
    })
}

fn attach(ebpf: &mut Ebpf, name: &'static str, root: &CgroupDirectory) -> Result<(), CaptureError> {
    // With links, each attachment stands beside others and detaches with its
    // descriptor; the flag for several would be refused.
    let mode = CgroupAttachMode::Single;
    match program(ebpf, name)? {
        Program::RawTracePoint(program) => program.attach("cgroup_mkdir").map(drop),
        Program::CgroupSock(program) => CgroupSock::attach(program, root, mode).map(drop),
        Program::CgroupSockAddr(program) => CgroupSockAddr::attach(program, root, mode).map(drop),
        Program::CgroupSkb(program) => {
            let way = if name == "weir_egress" {
                CgroupSkbAttachType::Egress
            } else {
                CgroupSkbAttachType::Ingress
            };
            CgroupSkb::attach(program, root, way, mode).map(drop)
        }
        _ => Err(ProgramError::UnexpectedProgramType),
    }
    .map_err(|source| CaptureError::Program {
        program: name,
        step: "attached",
        source,
    })
}
