//! The calls of bpf(2) that the library does not offer for every kind of
//! program: links that can be pinned and adopted, and what is attached where.

use std::{
    ffi::{CStr, CString},
    io,
    mem::{MaybeUninit, size_of},
    os::{
        fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use aya_obj::generated::{bpf_attach_type, bpf_attr, bpf_cmd, bpf_link_info, bpf_prog_info};

/// Programs that one query can name; more on one hook is unheard of.
const MOST_ATTACHED: usize = 64;

/// Number of a descriptor as bpf(2) wants it.
fn number(fd: BorrowedFd<'_>) -> u32 {
    fd.as_raw_fd().unsigned_abs()
}

fn zeroed() -> bpf_attr {
    // SAFETY: a union of structures of integers: all zero is a value.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

fn call(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<i32> {
    // SAFETY: the attribute lives over the call, with its size beside it; what
    // it points to is alive at each caller.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as u32,
            std::ptr::from_mut(attr),
            size_of::<bpf_attr>(),
        )
    };
    i32::try_from(result)
        .ok()
        .filter(|result| *result >= 0)
        .ok_or_else(io::Error::last_os_error)
}

fn descriptor(command: bpf_cmd, attr: &mut bpf_attr) -> io::Result<OwnedFd> {
    let fd = call(command, attr)?;
    // SAFETY: just opened by the kernel for this call, and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn path_of(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

/// Attaches a program to a cgroup, beside others (`BPF_LINK_CREATE`).
pub(super) fn link_to_cgroup(
    program: BorrowedFd<'_>,
    cgroup: BorrowedFd<'_>,
    hook: bpf_attach_type,
) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = number(program);
    attr.link_create.__bindgen_anon_2.target_fd = number(cgroup);
    attr.link_create.attach_type = hook as u32;
    descriptor(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Attaches a program to a raw tracepoint (`BPF_RAW_TRACEPOINT_OPEN`).
pub(super) fn link_to_tracepoint(program: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.raw_tracepoint.name = name.as_ptr() as u64;
    attr.raw_tracepoint.prog_fd = number(program);
    descriptor(bpf_cmd::BPF_RAW_TRACEPOINT_OPEN, &mut attr)
}

/// Attaches a program where packets leave an interface, after all others
/// (`BPF_LINK_CREATE` with `BPF_TCX_EGRESS`, Linux 6.6).
pub(super) fn link_to_interface(program: BorrowedFd<'_>, interface: u32) -> io::Result<OwnedFd> {
    let mut attr = zeroed();
    attr.link_create.__bindgen_anon_1.prog_fd = number(program);
    attr.link_create.__bindgen_anon_2.target_ifindex = interface;
    attr.link_create.attach_type = bpf_attach_type::BPF_TCX_EGRESS as u32;
    descriptor(bpf_cmd::BPF_LINK_CREATE, &mut attr)
}

/// Ids of the programs that are attached where packets leave an interface.
pub(super) fn attached_to_interface(interface: u32) -> io::Result<Vec<u32>> {
    let mut attr = zeroed();
    attr.query.__bindgen_anon_1.target_ifindex = interface;
    attr.query.attach_type = bpf_attach_type::BPF_TCX_EGRESS as u32;
    query(attr)
}

/// Gives an object a name in a BPF filesystem (`BPF_OBJ_PIN`).
pub(super) fn pin(object: BorrowedFd<'_>, path: &Path) -> io::Result<()> {
    let path = path_of(path)?;
    let mut attr = zeroed();
    attr.__bindgen_anon_4.pathname = path.as_ptr() as u64;
    attr.__bindgen_anon_4.bpf_fd = number(object);
    call(bpf_cmd::BPF_OBJ_PIN, &mut attr).map(drop)
}

/// Gives an object a name unless that is taken; says whether it was free.
pub(super) fn pin_anew(object: BorrowedFd<'_>, path: &Path) -> io::Result<bool> {
    match pin(object, path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// What pinning found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pinned {
    /// The object had the name.
    Already,
    /// Nothing had.
    Anew,
    /// Something else had.
    InPlaceOfAnother,
}

/// Gives an object a name in the place of whatever else has it.
pub(super) fn pin_here(object: BorrowedFd<'_>, path: &Path) -> io::Result<Pinned> {
    if pin_anew(object, path)? {
        return Ok(Pinned::Anew);
    }
    let there = pinned(path).and_then(|there| number_of(there.as_fd()));
    if there.is_ok_and(|there| number_of(object).is_ok_and(|own| own == there)) {
        return Ok(Pinned::Already);
    }
    std::fs::remove_file(path)?;
    pin(object, path)?;
    Ok(Pinned::InPlaceOfAnother)
}

/// Kind and number of a map, program or link: what each of `bpf_map_info`, `bpf_prog_info` and
/// `bpf_link_info` begins with (`BPF_OBJ_GET_INFO_BY_FD`). A number is unique until reboot.
fn number_of(object: BorrowedFd<'_>) -> io::Result<[u32; 2]> {
    let mut head = [0_u32; 2];
    let mut attr = zeroed();
    attr.info.bpf_fd = number(object);
    attr.info.info_len = u32::try_from(size_of_val(&head)).unwrap_or(0);
    attr.info.info = head.as_mut_ptr() as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(head)
}

/// Lets no process write to a map any more by system calls (`BPF_MAP_FREEZE`).
pub(super) fn freeze(map: BorrowedFd<'_>) -> io::Result<()> {
    let mut attr = zeroed();
    attr.__bindgen_anon_2.map_fd = number(map);
    call(bpf_cmd::BPF_MAP_FREEZE, &mut attr).map(drop)
}

/// Opens what has a name in a BPF filesystem (`BPF_OBJ_GET`).
pub(super) fn pinned(path: &Path) -> io::Result<OwnedFd> {
    let path = path_of(path)?;
    let mut attr = zeroed();
    attr.__bindgen_anon_4.pathname = path.as_ptr() as u64;
    descriptor(bpf_cmd::BPF_OBJ_GET, &mut attr)
}

/// Ids of the programs that are attached to a cgroup's hook (`BPF_PROG_QUERY`).
pub(super) fn attached(cgroup: BorrowedFd<'_>, hook: bpf_attach_type) -> io::Result<Vec<u32>> {
    let mut attr = zeroed();
    attr.query.__bindgen_anon_1.target_fd = number(cgroup);
    attr.query.attach_type = hook as u32;
    query(attr)
}

fn query(mut attr: bpf_attr) -> io::Result<Vec<u32>> {
    let mut ids = [0u32; MOST_ATTACHED];
    attr.query.prog_ids = ids.as_mut_ptr() as u64;
    attr.query.__bindgen_anon_2.prog_cnt = u32::try_from(ids.len()).unwrap_or(0);
    call(bpf_cmd::BPF_PROG_QUERY, &mut attr)?;
    // SAFETY: an integer at every member of the union.
    let count = unsafe { attr.query.__bindgen_anon_2.prog_cnt } as usize;
    Ok(ids.into_iter().take(count).collect())
}

/// What the kernel tells of a program.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProgramInfo {
    /// Number, unique until reboot.
    pub(super) id: u32,
    /// How often it ran, while run times are measured.
    pub(super) runs: u64,
    /// Nanoseconds it took in all, while run times are measured.
    pub(super) run_time_ns: u64,
}

/// Asks for a program's number and run time (`BPF_OBJ_GET_INFO_BY_FD`).
pub(super) fn program_info(program: &OwnedFd) -> io::Result<ProgramInfo> {
    // SAFETY: a structure of integers: all zero is a value.
    let mut info: bpf_prog_info = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut attr = zeroed();
    attr.info.bpf_fd = number(program.as_fd());
    attr.info.info_len = u32::try_from(size_of::<bpf_prog_info>()).unwrap_or(0);
    attr.info.info = std::ptr::from_mut(&mut info) as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(ProgramInfo {
        id: info.id,
        runs: info.run_cnt,
        run_time_ns: info.run_time_ns,
    })
}

/// Number of the program that a link holds (`BPF_OBJ_GET_INFO_BY_FD`).
pub(super) fn link_program(link: &OwnedFd) -> io::Result<u32> {
    // SAFETY: a structure of integers and unions of them: all zero is a value.
    let mut info: bpf_link_info = unsafe { MaybeUninit::zeroed().assume_init() };
    let mut attr = zeroed();
    attr.info.bpf_fd = number(link.as_fd());
    attr.info.info_len = u32::try_from(size_of::<bpf_link_info>()).unwrap_or(0);
    attr.info.info = std::ptr::from_mut(&mut info) as u64;
    call(bpf_cmd::BPF_OBJ_GET_INFO_BY_FD, &mut attr)?;
    Ok(info.prog_id)
}
