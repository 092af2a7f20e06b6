//! Starts a recording, or takes over one that an earlier agent left at work.

use std::{os::fd::OwnedFd, path::Path};

use aya::EbpfLoader;
use aya_log::EbpfLogger;
use log::Log;
use sha2::{Digest as _, Sha256};
use weir_common::{ABI_VERSION, Meta};

use super::{Capture, CaptureError, CaptureOptions};
use crate::kernel::{
    btf,
    cgroup::CgroupDirectory,
    clock::Clock,
    maps::{self, Maps},
    pins::Pins,
    programs::Programs,
    slots::Slots,
};

/// The kernel programs, built by `cargo xtask build`.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("XTASK_BPF_OBJECT_PATH"));

/// Part of the slots that only folded flows may take, one in this many.
const RESERVED_SHARE: u32 = 32;

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
        let programs = Programs::attach(&mut ebpf, root, options.uplink_hook)?;
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
        let programs = Programs::adopt(directory, options.uplink_hook)?;
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
            payloads: maps.payloads,
            budgets: maps.budgets,
            index: maps.index,
            free: maps.free,
            next: maps.next,
            losses: maps.losses,
            cgroups: Some(maps.cgroups),
            log,
            _stats: stats,
        })
    }
}

fn slots(options: CaptureOptions) -> u32 {
    options.max_flows.saturating_add(1)
}

/// SHA-256 of the embedded object with the kernel programs, in hexadecimal.
pub fn programs_digest() -> String {
    format!("{:x}", Sha256::digest(OBJECT))
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
