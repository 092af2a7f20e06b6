//! Starts a recording or takes one over, and gives access to what it records.

use std::{
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::Path,
};

use aya::{
    EbpfLoader,
    maps::{Array, HashMap, MapData, MapError, PerCpuArray, Queue, RingBuf},
    programs::ProgramError,
};
use aya_log::EbpfLogger;
use log::Log;
use sha2::{Digest as _, Sha256};
use weir_common::{ABI_VERSION, CgroupPath, EVENT_FIRST_SIGHT, FlowKey, Loss, Meta};

use super::{
    btf::{self, BtfError},
    cgroup::CgroupDirectory,
    clock::Clock,
    maps::{self, Maps, access},
    pins::{PinError, Pins},
    programs::{ProgramStats, Programs},
    slots::Slots,
    uplinks::{Interface, UplinkChange},
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
    /// A map cannot be given a name.
    #[error("map `{0}` cannot be pinned: {1}")]
    MapPin(&'static str, std::io::Error),
    /// The counters cannot be mapped into memory.
    #[error("the flow counters cannot be mapped into memory: {0}")]
    Mmap(nix::Error),
    /// The programs' log cannot be read.
    #[error("the log of the kernel programs cannot be read: {0}")]
    Log(aya_log::Error),
    /// What outlives the agent cannot be named.
    #[error(transparent)]
    Pins(#[from] PinError),
    /// A clock or random numbers are refused.
    #[error("the system refuses {0}: {1}")]
    System(&'static str, std::io::Error),
    /// The kernel cannot wait for its readers.
    #[error("the kernel refuses membarrier(2), without which no slot can be reused: {0}")]
    GracePeriod(std::io::Error),
}

/// The programs at work. Dropping it detaches them all, unless they are pinned.
pub struct Capture {
    /// `None` once detached.
    programs: Option<Programs>,
    pins: Option<Pins>,
    /// Descriptors of the maps, for their pins.
    handles: maps::Handles,
    meta: Meta,
    slots: Slots,
    events: RingBuf<MapData>,
    index: HashMap<MapData, FlowKey, u32>,
    free: Queue<MapData, u32>,
    next: Array<MapData, u32>,
    losses: PerCpuArray<MapData, u64>,
    cgroups: Option<HashMap<MapData, u64, CgroupPath>>,
    log: Option<EbpfLogger<&'static dyn Log>>,
    _stats: Option<OwnedFd>,
}

/// What an earlier agent left at work.
pub enum Found {
    /// Nothing.
    Nothing,
    /// A recording that this agent would have started itself.
    Same(Capture),
    /// A recording that this agent can read but would have started otherwise:
    /// why.
    Other(Capture, String),
    /// Something that this agent cannot read: why.
    Foreign(String),
}

impl Capture {
    /// Starts a recording: loads every program, and only then attaches them:
    /// either all are attached, or none stays. With `pins`, it goes on when this
    /// agent ends.
    ///
    /// # Errors
    /// Whatever the kernel refuses; nothing stays attached then.
    pub fn start(
        root: &CgroupDirectory,
        options: CaptureOptions,
        pins: Option<&Pins>,
    ) -> Result<Self, CaptureError> {
        let offsets = btf::kernel_offsets()?;
        let slots = slots(options);
        let reserved = slots / RESERVED_SHARE;
        let mut ebpf = EbpfLoader::new()
            .map_max_entries("FLOWS", slots)
            .map_max_entries("FLOW_INDEX", slots)
            .map_max_entries("FREE_SLOTS", slots)
            .override_global("SLOTS", &slots, true)
            .override_global("RESERVED", &reserved, true)
            .override_global("OFFSETS", &offsets, true)
            .load(OBJECT)?;
        let stats = run_time_stats(options)?;
        let log = EbpfLogger::init(&mut ebpf).map_err(CaptureError::Log)?;
        let meta = new_meta(slots)?;
        Maps::set_meta(&mut ebpf, meta)?;
        let programs = Programs::attach(&mut ebpf, root)?;
        if let Some(pins) = pins {
            pins.publish(|directory| {
                Maps::pin(&ebpf, directory)?;
                programs.pin(directory).map(drop)
            })?;
        }
        Maps::taken(&mut ebpf)
            .and_then(|maps| {
                Self::from_parts(maps, meta, programs, pins.cloned(), Some(log), stats)
            })
            .inspect_err(|_| {
                if let Some(Err(error)) = pins.map(Pins::remove) {
                    tracing::error!(%error, "a recording that failed to start stays pinned");
                }
            })
    }

    /// Looks for a recording that was left at work.
    ///
    /// # Errors
    /// Whatever the kernel refuses of a recording that should be whole.
    pub fn find(pins: &Pins, options: CaptureOptions) -> Result<Found, CaptureError> {
        if !pins.exist() {
            return Ok(Found::Nothing);
        }
        let directory = pins.current();
        let meta = match Maps::meta(&directory) {
            Ok(meta) => meta,
            Err(error) => return Ok(Found::Foreign(error.to_string())),
        };
        if meta.abi_version != ABI_VERSION {
            return Ok(Found::Foreign(format!(
                "it has version {} of the kernel interface, this agent {ABI_VERSION}",
                meta.abi_version
            )));
        }
        let capture = match Self::adopt(&directory, meta, pins, options) {
            Ok(capture) => capture,
            Err(error) => return Ok(Found::Foreign(error.to_string())),
        };
        if meta.slots != slots(options) {
            let reason = format!(
                "it counts {} flows apart, and {} are asked for",
                meta.slots - 1,
                options.max_flows
            );
            return Ok(Found::Other(capture, reason));
        }
        if meta.object != object_digest() {
            let reason = "its programs are not those of this agent".to_owned();
            return Ok(Found::Other(capture, reason));
        }
        Ok(Found::Same(capture))
    }

    fn adopt(
        directory: &Path,
        meta: Meta,
        pins: &Pins,
        options: CaptureOptions,
    ) -> Result<Self, CaptureError> {
        let maps = Maps::pinned(directory)?;
        let programs = Programs::adopt(directory)?;
        let log = programs
            .first_id()
            .and_then(|id| EbpfLogger::init_from_id_with_logger(id, log::logger()).ok());
        let stats = run_time_stats(options)?;
        Self::from_parts(maps, meta, programs, Some(pins.clone()), log, stats)
    }

    fn from_parts(
        maps: Maps,
        meta: Meta,
        programs: Programs,
        pins: Option<Pins>,
        log: Option<EbpfLogger<&'static dyn Log>>,
        stats: Option<OwnedFd>,
    ) -> Result<Self, CaptureError> {
        let slots = Slots::map(maps.flows.fd(), meta.slots).map_err(CaptureError::Mmap)?;
        let handles = match &pins {
            Some(pins) => maps::handles(&pins.current())?,
            None => maps::Handles::new(),
        };
        Ok(Self {
            programs: Some(programs),
            pins,
            handles,
            meta,
            slots,
            events: maps.events,
            index: maps.index,
            free: maps.free,
            next: maps.next,
            losses: maps.losses,
            cgroups: Some(maps.cgroups),
            log,
            _stats: stats,
        })
    }

    /// Random number of this recording: counts of one continue over restarts of
    /// the agent, counts of two are never added up as one.
    pub fn incarnation(&self) -> u128 {
        u128::from_ne_bytes(self.meta.incarnation)
    }

    /// When this recording began, nanoseconds of `CLOCK_BOOTTIME`.
    pub fn began_ns(&self) -> u64 {
        self.meta.began_ns
    }

    /// Whether recording goes on when this agent ends.
    pub fn is_pinned(&self) -> bool {
        self.pins.is_some()
    }

    /// Names in the BPF filesystem that were gone and have been given again.
    ///
    /// # Errors
    /// When they cannot be.
    pub fn mend_pins(&mut self) -> Result<Vec<String>, CaptureError> {
        let (Some(pins), Some(programs)) = (&self.pins, &self.programs) else {
            return Ok(Vec::new());
        };
        let directory = pins.restored()?;
        let mut missing = programs.pin(&directory)?;
        missing.extend(maps::pin_handles(&self.handles, &directory)?);
        Ok(missing)
    }

    /// Makes the interfaces that packets leave the host by those that are
    /// counted at; says what changed.
    pub fn follow_uplinks(&mut self, wanted: &[Interface]) -> Vec<UplinkChange> {
        let directory = self.pins.as_ref().map(Pins::current);
        self.programs
            .as_mut()
            .map(|programs| programs.uplinks.follow(wanted, directory.as_deref()))
            .unwrap_or_default()
    }

    /// Programs that were found off their hooks, each attached again if the
    /// kernel lets it.
    pub fn mend_programs(
        &mut self,
        root: &CgroupDirectory,
    ) -> Vec<(&'static str, Result<(), CaptureError>)> {
        let directory = self.pins.as_ref().map(Pins::current);
        self.programs
            .as_mut()
            .map(|programs| programs.mend(root, directory.as_deref()))
            .unwrap_or_default()
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
    /// Detaches every program, pinned or not, and waits until none runs any
    /// more: the counters are then final, and can still be read.
    ///
    /// # Errors
    /// The kernel's, if it cannot wait for its readers.
    pub fn detach(&mut self) -> Result<(), CaptureError> {
        if let Some(pins) = self.pins.take() {
            pins.remove()?;
        }
        drop(self.programs.take());
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
        if let Some(log) = &mut self.log {
            log.flush();
        }
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
        self.programs
            .as_ref()
            .map(Programs::stats)
            .unwrap_or_default()
    }
}

fn slots(options: CaptureOptions) -> u32 {
    options.max_flows.saturating_add(1)
}

fn object_digest() -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&Sha256::digest(OBJECT)[..16]);
    half
}

fn new_meta(slots: u32) -> Result<Meta, CaptureError> {
    let refused = |what| move |error| CaptureError::System(what, error);
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid")
        .map_err(refused("random numbers"))?;
    let incarnation = u128::from_str_radix(&text.trim().replace('-', ""), 16)
        .map_err(|error| refused("random numbers")(std::io::Error::other(error)))?;
    let clock = Clock::read().map_err(|error| refused("a clock")(error.into()))?;
    Ok(Meta {
        abi_version: ABI_VERSION,
        slots,
        incarnation: incarnation.to_ne_bytes(),
        object: object_digest(),
        began_ns: clock.boot_ns(),
    })
}

fn run_time_stats(options: CaptureOptions) -> Result<Option<OwnedFd>, CaptureError> {
    options
        .program_stats
        .then(|| aya::sys::enable_stats(aya::sys::Stats::RunTime))
        .transpose()
        .map_err(|error| CaptureError::Program {
            program: "statistics",
            step: "enabled",
            source: error.into(),
        })
}

fn word(record: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(record.get(at..at + 4)?.try_into().ok()?))
}
