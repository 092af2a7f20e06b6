//! The program to compare with: `cgroup_skb` egress, two instructions, says
//! "go on". It is put together here, so that neither the product's object nor
//! the BPF build carries it.

use std::os::fd::AsFd as _;

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    programs::{CgroupAttachMode, CgroupSkb, CgroupSkbAttachType, Program, SchedClassifier},
};
use weir::kernel::{CgroupDirectory, UplinkHook, UplinkProgram};

const NAME: &str = "weir_empty";

/// `r0 = 1; exit` (RFC 9669, sections 4.1 and 4.3).
const CODE: [u8; 16] = [0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0];
/// `r0 = -1; exit`: `TCX_NEXT`, `TC_ACT_UNSPEC`.
const CODE_UPLINK: [u8; 16] = [
    0xb7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x95, 0, 0, 0, 0, 0, 0, 0,
];

/// The empty program, attached. Dropping it detaches.
pub(crate) struct Empty(Ebpf);

impl Empty {
    /// Loads and attaches it.
    pub(crate) fn attach(cgroup: &CgroupDirectory) -> Result<Self> {
        let mut ebpf = Ebpf::load(&object(b"cgroup_skb/egress", &CODE))
            .context("the empty program cannot be loaded")?;
        let program: &mut CgroupSkb = ebpf
            .program_mut(NAME)
            .context("the empty program is not in its object")?
            .try_into()?;
        program.load()?;
        program.attach(
            cgroup,
            CgroupSkbAttachType::Egress,
            CgroupAttachMode::Single,
        )?;
        Ok(Self(ebpf))
    }

    /// How often it ran and how many nanoseconds that took.
    pub(crate) fn run_time(&self) -> Result<(u64, u64)> {
        run_time(&self.0)
    }
}

/// The same for `SCHED_CLS` programs; says "go on" as that kind does.
pub(crate) struct EmptyUplink(Ebpf);

impl EmptyUplink {
    /// Loads it.
    pub(crate) fn load() -> Result<Self> {
        let object = object(b"classifier/egress", &CODE_UPLINK);
        let mut ebpf = Ebpf::load(&object).context("the empty program cannot be loaded")?;
        let program: &mut SchedClassifier = ebpf
            .program_mut(NAME)
            .context("the empty program is not in its object")?
            .try_into()?;
        program.load()?;
        Ok(Self(ebpf))
    }

    /// To be attached.
    pub(crate) fn program(&self) -> Result<UplinkProgram> {
        let program: &SchedClassifier = self
            .0
            .program(NAME)
            .context("the empty program is not in its object")?
            .try_into()?;
        let program = program.fd()?.as_fd().try_clone_to_owned()?;
        Ok(UplinkProgram::new(program, UplinkHook::Tcx))
    }

    /// How often it ran and how many nanoseconds that took.
    pub(crate) fn run_time(&self) -> Result<(u64, u64)> {
        run_time(&self.0)
    }
}

fn run_time(ebpf: &Ebpf) -> Result<(u64, u64)> {
    let info = ebpf
        .program(NAME)
        .map(Program::info)
        .context("the empty program is not in its object")??;
    let nanoseconds = u64::try_from(info.run_time().as_nanos())?;
    Ok((info.run_count(), nanoseconds))
}

/// A section of the object: offset of its name in the names, type, flags,
/// content, link, info, size of an entry.
struct Section<'a>(u32, u32, u64, &'a [u8], u32, u32, u64);

/// An ELF64 relocatable object for BPF (elf(5)) with the program, a licence
/// and a symbol table.
fn object(section: &[u8; 17], code: &[u8; 16]) -> Vec<u8> {
    const HEADER: usize = 64;
    // One table serves both sections and symbols.
    let names = [
        b"\0",
        section.as_slice(),
        b"\0license\0.strtab\0.symtab\0weir_empty\0",
    ]
    .concat();
    // st_name, st_info (global function), st_other, st_shndx, st_value, st_size
    let mut symbols = vec![0; 24];
    symbols.extend(43_u32.to_le_bytes());
    symbols.extend([0x12, 0, 1, 0]);
    symbols.extend(0_u64.to_le_bytes());
    symbols.extend((code.len() as u64).to_le_bytes());

    let sections = [
        Section(0, 0, 0, &[], 0, 0, 0),
        Section(1, 1, 0x6, code, 0, 0, 0),
        Section(19, 1, 0x2, b"Dual MIT/GPL\0", 0, 0, 0),
        Section(27, 3, 0, &names, 0, 0, 0),
        Section(35, 2, 0, &symbols, 3, 1, 24),
    ];
    let mut contents = Vec::new();
    let mut headers = Vec::new();
    for Section(name, kind, flags, content, link, info, entry) in sections {
        contents.resize(contents.len().next_multiple_of(8), 0);
        let offset = if kind == 0 {
            0
        } else {
            HEADER + contents.len()
        };
        headers.extend(name.to_le_bytes());
        headers.extend(kind.to_le_bytes());
        for field in [flags, 0, offset as u64, content.len() as u64] {
            headers.extend(field.to_le_bytes());
        }
        headers.extend(link.to_le_bytes());
        headers.extend(info.to_le_bytes());
        headers.extend(8_u64.to_le_bytes());
        headers.extend(entry.to_le_bytes());
        contents.extend(content);
    }
    contents.resize(contents.len().next_multiple_of(8), 0);

    // Magic, 64 bits, little endian, version 1; relocatable, EM_BPF.
    let mut object = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x01\0\xf7\0\x01\0\0\0".to_vec();
    for field in [0, 0, (HEADER + contents.len()) as u64] {
        object.extend(field.to_le_bytes());
    }
    object.extend(0_u32.to_le_bytes());
    for field in [64_u16, 0, 0, 64, 5, 3] {
        object.extend(field.to_le_bytes());
    }
    object.extend(contents);
    object.extend(headers);
    object
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn the_kernel_takes_it() {
        let mut ebpf = Ebpf::load(&object(b"cgroup_skb/egress", &CODE)).unwrap();
        let program: &mut CgroupSkb = ebpf.program_mut(NAME).unwrap().try_into().unwrap();
        program.load().unwrap();
        assert_eq!(program.info().unwrap().size_translated(), Some(16));
    }
}
