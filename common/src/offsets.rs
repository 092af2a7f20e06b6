//! Where fields lie in this kernel's structures, found in its BTF by the agent
//! and given to the programs as read-only data before they are loaded.

/// Byte offsets; the programs read them as constants.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KernelOffsets {
    /// `task_struct.tgid`.
    pub task_tgid: u32,
    /// `task_struct.group_leader`.
    pub task_group_leader: u32,
    /// `task_struct.start_boottime`.
    pub task_start_boottime: u32,
    /// `cgroup.kn`.
    pub cgroup_kn: u32,
    /// `kernfs_node.id`.
    pub kernfs_node_id: u32,
    /// `cgroup.root`.
    pub cgroup_root: u32,
    /// `cgroup_root.hierarchy_id`; 0 is cgroup v2.
    pub cgroup_root_hierarchy_id: u32,
    /// Always zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<KernelOffsets>() == 32);
