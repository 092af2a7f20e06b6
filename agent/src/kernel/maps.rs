//! The maps, taken from a loaded object or from where they are pinned.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use aya::{
    Ebpf,
    maps::{Array, HashMap, Map, MapData, MapError, PerCpuArray, Queue, RingBuf},
};
use weir_common::{Budget, CgroupPath, FlowKey, Meta};

use super::{bpf, capture::CaptureError, repinned::Repinned};

/// Every map that an agent needs to take a recording over.
const NAMES: [&str; 10] = [
    "META",
    "FLOWS",
    "EVENTS",
    "PAYLOADS",
    "BUDGETS",
    "FLOW_INDEX",
    "FREE_SLOTS",
    "NEXT_SLOT",
    "LOSS",
    "CGROUPS",
];

/// Every map that the agent reads.
pub(super) struct Maps {
    pub(super) flows: MapData,
    pub(super) events: RingBuf<MapData>,
    pub(super) payloads: RingBuf<MapData>,
    pub(super) budgets: HashMap<MapData, u64, Budget>,
    pub(super) index: HashMap<MapData, FlowKey, u32>,
    pub(super) free: Queue<MapData, u32>,
    pub(super) next: Array<MapData, u32>,
    pub(super) losses: PerCpuArray<MapData, u64>,
    pub(super) cgroups: HashMap<MapData, u64, CgroupPath>,
}

pub(super) fn access(map: &'static str) -> impl FnOnce(MapError) -> CaptureError {
    move |source| CaptureError::MapAccess { map, source }
}

impl Maps {
    /// The maps of an object that was just loaded.
    pub(super) fn taken(ebpf: &mut Ebpf) -> Result<Self, CaptureError> {
        Self::from(|name| ebpf.take_map(name).ok_or(CaptureError::Map(name)))
    }

    /// The maps that are pinned in a directory.
    pub(super) fn pinned(directory: &Path) -> Result<Self, CaptureError> {
        Self::from(|name| pinned(directory, name))
    }

    /// Gives the maps of a loaded object names in a directory.
    pub(super) fn pin(ebpf: &Ebpf, directory: &Path) -> Result<(), CaptureError> {
        NAMES.into_iter().try_for_each(|name| {
            let map = ebpf.map(name).ok_or(CaptureError::Map(name))?;
            map.pin(directory.join(name))
                .map_err(|error| CaptureError::MapPin(name, std::io::Error::other(error)))
        })
    }

    /// Writes what the maps are; nobody can write it again.
    pub(super) fn set_meta(ebpf: &mut Ebpf, meta: Meta) -> Result<(), CaptureError> {
        let map = ebpf.map_mut("META").ok_or(CaptureError::Map("META"))?;
        let mut map: Array<_, Meta> = map.try_into().map_err(access("META"))?;
        map.set(0, meta, 0).map_err(access("META"))?;
        let map = ebpf.map("META").ok_or(CaptureError::Map("META"))?;
        let Map::Array(data) = map else {
            return Err(CaptureError::Map("META"));
        };
        bpf::freeze(data.fd().as_fd())
            .map_err(|error| CaptureError::System("a map that stays", error))
    }

    /// What the maps in a directory say of themselves.
    pub(super) fn meta(directory: &Path) -> Result<Meta, CaptureError> {
        let map: Array<_, Meta> = typed("META", pinned(directory, "META")?)?;
        map.get(&0, 0).map_err(access("META"))
    }

    fn from(
        mut find: impl FnMut(&'static str) -> Result<Map, CaptureError>,
    ) -> Result<Self, CaptureError> {
        let Map::Array(flows) = find("FLOWS")? else {
            return Err(CaptureError::Map("FLOWS"));
        };
        Ok(Self {
            flows,
            events: typed("EVENTS", find("EVENTS")?)?,
            payloads: typed("PAYLOADS", find("PAYLOADS")?)?,
            budgets: typed("BUDGETS", find("BUDGETS")?)?,
            index: typed("FLOW_INDEX", find("FLOW_INDEX")?)?,
            free: typed("FREE_SLOTS", find("FREE_SLOTS")?)?,
            next: typed("NEXT_SLOT", find("NEXT_SLOT")?)?,
            losses: typed("LOSS", find("LOSS")?)?,
            cgroups: typed("CGROUPS", find("CGROUPS")?)?,
        })
    }
}

/// Descriptors of maps by name.
pub(super) type Handles = Vec<(&'static str, OwnedFd)>;

/// Descriptors of the maps in a directory.
pub(super) fn handles(directory: &Path) -> Result<Handles, CaptureError> {
    NAMES
        .into_iter()
        .map(|name| {
            bpf::pinned(&directory.join(name))
                .map(|fd| (name, fd))
                .map_err(|error| CaptureError::MapPin(name, error))
        })
        .collect()
}

/// Gives names to maps that do not have them; says which had none.
pub(super) fn pin_handles(handles: &Handles, directory: &Path) -> Result<Repinned, CaptureError> {
    let mut found = Repinned::default();
    for (name, fd) in handles {
        let pinned = bpf::pin_here(fd.as_fd(), &directory.join(name))
            .map_err(|error| CaptureError::MapPin(name, error))?;
        found.take(name, pinned);
    }
    Ok(found)
}

fn typed<M: TryFrom<Map, Error = MapError>>(
    name: &'static str,
    map: Map,
) -> Result<M, CaptureError> {
    M::try_from(map).map_err(access(name))
}

fn pinned(directory: &Path, name: &'static str) -> Result<Map, CaptureError> {
    let data = MapData::from_pin(directory.join(name)).map_err(access(name))?;
    Map::from_map_data(data).map_err(access(name))
}
