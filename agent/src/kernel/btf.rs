//! Field offsets of this kernel's structures, from its BTF
//! (`Documentation/bpf/btf.rst`).
//!
//! Reads the few members it is asked for and allocates nothing: the crates that
//! parse all of `vmlinux` need hundreds of megabytes for what is twenty numbers.

use std::path::Path;

use weir_common::KernelOffsets;

/// Where the kernel publishes its own BTF.
pub(super) const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

const KIND_STRUCT: u32 = 4;
const KIND_UNION: u32 = 5;
/// Anonymous members nest a few deep at most.
const NESTING: u32 = 8;

/// Why offsets could not be found.
#[derive(Debug, thiserror::Error)]
pub enum BtfError {
    /// The file cannot be read.
    #[error("the kernel's type information {VMLINUX} cannot be read ({0})")]
    Read(#[from] std::io::Error),
    /// The file is not BTF of this byte order.
    #[error("{VMLINUX} is not BTF of this machine's byte order")]
    Format,
    /// The structure or member does not exist in this kernel.
    #[error("this kernel has no `{0}.{1}`")]
    Missing(&'static str, &'static str),
}

/// Finds every offset that the programs use.
pub(super) fn kernel_offsets() -> Result<KernelOffsets, BtfError> {
    let data = std::fs::read(Path::new(VMLINUX))?;
    let btf = Btf::parse(&data).ok_or(BtfError::Format)?;
    let offset = |structure: &'static str, member: &'static str| {
        btf.offset(structure, member)
            .ok_or(BtfError::Missing(structure, member))
    };
    Ok(KernelOffsets {
        task_tgid: offset("task_struct", "tgid")?,
        task_group_leader: offset("task_struct", "group_leader")?,
        task_start_boottime: offset("task_struct", "start_boottime")?,
        cgroup_kn: offset("cgroup", "kn")?,
        kernfs_node_id: offset("kernfs_node", "id")?,
        cgroup_root: offset("cgroup", "root")?,
        cgroup_root_hierarchy_id: offset("cgroup_root", "hierarchy_id")?,
        padding: 0,
    })
}

struct Btf<'a> {
    types: &'a [u8],
    strings: &'a [u8],
}

/// One `struct btf_type` with what follows it.
struct Type<'a> {
    name: u32,
    info: u32,
    rest: &'a [u8],
}

impl Type<'_> {
    fn kind(&self) -> u32 {
        (self.info >> 24) & 0x1f
    }

    fn is_composite(&self) -> bool {
        matches!(self.kind(), KIND_STRUCT | KIND_UNION)
    }
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(data.get(at..at + 4)?.try_into().ok()?))
}

impl<'a> Btf<'a> {
    /// Reads `struct btf_header`.
    fn parse(data: &'a [u8]) -> Option<Self> {
        if data.get(..2)? != 0xeb9f_u16.to_ne_bytes() {
            return None;
        }
        let header = word(data, 4)? as usize;
        let section = |at: usize| {
            let start = header.checked_add(word(data, at)? as usize)?;
            data.get(start..start.checked_add(word(data, at + 4)? as usize)?)
        };
        Some(Self {
            types: section(8)?,
            strings: section(16)?,
        })
    }

    fn types(&self) -> impl Iterator<Item = Type<'a>> {
        let mut rest = self.types;
        std::iter::from_fn(move || {
            let (name, info) = (word(rest, 0)?, word(rest, 4)?);
            let count = (info & 0xffff) as usize;
            // Bytes after the common part, by kind.
            let extra = match (info >> 24) & 0x1f {
                1 | 14 | 17 => 4,
                3 => 12,
                KIND_STRUCT | KIND_UNION | 15 | 19 => count * 12,
                6 | 13 => count * 8,
                _ => 0,
            };
            let found = Type {
                name,
                info,
                rest: rest.get(12..12 + extra)?,
            };
            rest = rest.get(12 + extra..)?;
            Some(found)
        })
    }

    fn string(&self, offset: u32) -> &'a [u8] {
        let tail = self.strings.get(offset as usize..).unwrap_or_default();
        tail.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    /// Byte offset of a member, anonymous members looked through.
    fn offset(&self, structure: &str, member: &str) -> Option<u32> {
        let found = self
            .types()
            .find(|t| t.kind() == KIND_STRUCT && self.string(t.name) == structure.as_bytes())?;
        self.member(&found, member.as_bytes(), NESTING)
            .map(|bits| bits / 8)
    }

    fn member(&self, composite: &Type<'a>, wanted: &[u8], depth: u32) -> Option<u32> {
        let bitfields = composite.info >> 31 == 1;
        composite.rest.chunks_exact(12).find_map(|member| {
            let name = self.string(word(member, 0)?);
            let raw = word(member, 8)?;
            let bits = if bitfields { raw & 0x00ff_ffff } else { raw };
            if name == wanted {
                return Some(bits);
            }
            let inner = (name.is_empty() && depth > 0).then(|| word(member, 4))??;
            // Type ids count from 1; 0 is void.
            let inner = self.types().nth((inner as usize).checked_sub(1)?)?;
            let within = inner
                .is_composite()
                .then(|| self.member(&inner, wanted, depth - 1))??;
            Some(bits + within)
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn finds_the_fields_of_the_running_kernel() {
        let offsets = kernel_offsets().unwrap();
        // The kernfs id and the leader are never first; all lie inside a task.
        assert!(offsets.task_tgid > 0 && offsets.task_tgid < 65_536);
        assert!(offsets.task_group_leader > offsets.task_tgid);
        assert!(offsets.kernfs_node_id > 0);
        assert_eq!(offsets.task_start_boottime % 8, 0);
    }

    #[test]
    fn refuses_what_is_not_btf() {
        assert!(Btf::parse(b"").is_none());
        assert!(Btf::parse(b"\x7fELF and so on, long enough for a header").is_none());
        let data = std::fs::read(VMLINUX).unwrap();
        for cut in [3, 8, 24, 4096] {
            let btf = Btf::parse(data.get(..cut).unwrap());
            assert!(btf.is_none() || btf.unwrap().offset("task_struct", "tgid").is_none());
        }
    }
}
