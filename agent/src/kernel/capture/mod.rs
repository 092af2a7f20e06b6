//! A recording at work, and access to what it records.

mod begin;
mod error;

pub use begin::{Found, programs_digest};
pub use error::CaptureError;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use aya::maps::{Array, HashMap, MapData, PerCpuArray, Queue, RingBuf};
use aya_log::EbpfLogger;
use log::Log;
use weir_common::{Budget, CgroupPath, EVENT_FIRST_SIGHT, FlowKey, Loss, Meta, PayloadHead};

use super::{
    cgroup::CgroupDirectory,
    maps::{self, access},
    netlink::Interface,
    pins::Pins,
    programs::{Mended, ProgramStats, Programs},
    repinned::Repinned,
    slots::Slots,
    uplinks::{UplinkChange, UplinkHook, UplinkProgram},
};

/// Marks the budget of what a cgroup tells as a resolver of this host.
const SERVERS: u64 = 1 << 63;

/// How the maps are sized.
#[derive(Clone, Copy, Debug)]
pub struct CaptureOptions {
    /// Flows that can be counted apart at a time.
    pub max_flows: u32,
    /// Whether the kernel shall measure the programs' run time.
    pub program_stats: bool,
    /// How to attach where packets leave the host.
    pub uplink_hook: UplinkHook,
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
    payloads: RingBuf<MapData>,
    budgets: HashMap<MapData, u64, Budget>,
    index: HashMap<MapData, FlowKey, u32>,
    free: Queue<MapData, u32>,
    next: Array<MapData, u32>,
    losses: PerCpuArray<MapData, u64>,
    cgroups: Option<HashMap<MapData, u64, CgroupPath>>,
    log: Option<EbpfLogger<&'static dyn Log>>,
    _stats: Option<OwnedFd>,
}

impl Capture {
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

    /// Names in the BPF filesystem that were gone, or something else's, and have been given
    /// again.
    ///
    /// # Errors
    /// When they cannot be.
    pub fn mend_pins(&mut self) -> Result<Repinned, CaptureError> {
        let (Some(pins), Some(programs)) = (&self.pins, &self.programs) else {
            return Ok(Repinned::default());
        };
        let directory = pins.restored()?;
        let mut found = programs.pin(&directory)?;
        found.extend(maps::pin_handles(&self.handles, &directory)?);
        Ok(found)
    }

    /// The program of the uplink layer, to be attached elsewhere too.
    ///
    /// # Errors
    /// The system's; or nothing is attached any more.
    pub fn uplink_program(&self) -> std::io::Result<UplinkProgram> {
        self.programs
            .as_ref()
            .ok_or_else(|| std::io::ErrorKind::NotConnected.into())
            .and_then(|programs| programs.uplinks.program())
    }

    /// Takes away what a recording that is no more has left on interfaces.
    pub fn clear_uplinks(&self, all: &[Interface]) {
        if let Some(programs) = &self.programs {
            programs.uplinks.clear(all);
        }
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
    pub fn mend_programs(&mut self, root: &CgroupDirectory) -> Vec<Mended> {
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
        if let Some(mut programs) = self.programs.take() {
            programs.uplinks.leave();
        }
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

    /// Readable whenever the kernel has copied the first bytes of something.
    pub fn payload_events(&self) -> BorrowedFd<'_> {
        self.payloads.as_fd()
    }

    /// Takes one copy of first bytes out of the ring buffer: hands over its head
    /// and its bytes.
    pub fn next_payload<T>(&mut self, take: impl FnOnce(&PayloadHead, &[u8]) -> T) -> Option<T> {
        loop {
            let record = self.payloads.next()?;
            let Some((head, bytes)) = record.split_at_checked(size_of::<PayloadHead>()) else {
                continue;
            };
            // SAFETY: as many bytes as the type has, and any bytes are a value of
            // it; they are read as they lie, whatever their alignment.
            let head = unsafe { head.as_ptr().cast::<PayloadHead>().read_unaligned() };
            let bytes = bytes.get(..usize::from(head.copied)).unwrap_or(bytes);
            return Some(take(&head, bytes));
        }
    }

    /// Cgroups to which copies were refused, with how many so far.
    ///
    /// # Errors
    /// The kernel's, if the map cannot be read.
    pub fn over_budget(&self) -> Result<Vec<(u64, u64)>, CaptureError> {
        self.budgets
            .iter()
            .filter_map(|entry| match entry {
                Ok((_, budget)) if budget.refused == 0 => None,
                Ok((cgroup, budget)) => Some(Ok((cgroup & !SERVERS, budget.refused))),
                Err(error) => Some(Err(access("BUDGETS")(error))),
            })
            .collect()
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

fn word(record: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(record.get(at..at + 4)?.try_into().ok()?))
}
