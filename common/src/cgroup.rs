//! Paths of cgroups by id, kept as they are made, so that a workload that is
//! gone can still be named.

/// Longest cgroup path kept; longer ones are cut and marked by their length.
pub const CGROUP_PATH_BYTES: usize = 504;

/// Value of the map `CGROUPS`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct CgroupPath {
    /// Bytes of `path` in use, without the closing NUL.
    pub length: u32,
    /// Always zero.
    pub padding: u32,
    /// Path below the cgroup v2 root, as the kernel gives it to the
    /// `cgroup_mkdir` tracepoint.
    pub path: [u8; CGROUP_PATH_BYTES],
}

const _: () = assert!(size_of::<CgroupPath>() == 512);
