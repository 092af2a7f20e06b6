//! Programs at the egress of an interface by the qdisc clsact (tc-bpf(8)), for
//! kernels that have no tcx.

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::{
    RouteNetlinkMessage,
    tc::{TcAttribute, TcBpfFlags, TcFilterBpf, TcFilterBpfOption, TcHandle, TcMessage, TcOption},
};

use super::Netlink;

/// `ETH_P_ALL` (`include/uapi/linux/if_ether.h`) in network byte order, as the
/// low half of `tcm_info`.
const EVERY_PROTOCOL: u32 = 0x0003_u16.to_be() as u32;
/// After whatever decides about packets, which takes lower numbers; the upper
/// half of `tcm_info`.
const PRIORITY: u32 = 0xff00 << 16;
/// What the programs are called, as filters.
const NAME: &str = "weir_uplink";

fn egress() -> TcHandle {
    TcHandle {
        minor: TcHandle::MIN_EGRESS,
        ..TcHandle::CLSACT
    }
}

fn message(interface: u32, parent: TcHandle) -> io::Result<TcMessage> {
    let mut message = TcMessage::default();
    message.header.index = i32::try_from(interface)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "number of an interface"))?;
    message.header.parent = parent;
    Ok(message)
}

/// A filter of Weir's.
struct Ours {
    message: TcMessage,
    program: Option<u32>,
}

fn ours(netlink: &Netlink, interface: u32) -> io::Result<Vec<Ours>> {
    let request = RouteNetlinkMessage::GetTrafficFilter(message(interface, egress())?);
    let listed = match netlink.list(&request) {
        // No clsact, so no filters.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOENT)) => {
            return Ok(Vec::new());
        }
        listed => listed?,
    };
    Ok(listed
        .into_iter()
        .filter_map(|answer| match answer {
            RouteNetlinkMessage::NewTrafficFilter(filter) => our(filter),
            _ => None,
        })
        .collect())
}

fn our(filter: TcMessage) -> Option<Ours> {
    let mut named = false;
    let mut program = None;
    for attribute in &filter.attributes {
        let TcAttribute::Options(options) = attribute else {
            continue;
        };
        for option in options {
            match option {
                TcOption::Bpf(TcFilterBpfOption::ProgName(name)) => named = name == NAME,
                TcOption::Bpf(TcFilterBpfOption::ProgId(id)) => program = Some(*id),
                _ => {}
            }
        }
    }
    named.then_some(Ours {
        message: filter,
        program,
    })
}

/// Numbers of Weir's programs at the egress of an interface.
pub(in crate::kernel) fn attached(interface: u32) -> io::Result<Vec<u32>> {
    let found = ours(&Netlink::open()?, interface)?;
    Ok(found.iter().filter_map(|one| one.program).collect())
}

/// Attaches a program at the egress of an interface, in the place of any that
/// an earlier agent left there.
pub(in crate::kernel) fn attach(program: BorrowedFd<'_>, interface: u32) -> io::Result<()> {
    let netlink = Netlink::open()?;
    let mut qdisc = message(interface, TcHandle::CLSACT)?;
    qdisc.header.handle = TcHandle {
        major: u16::MAX,
        minor: 0,
    };
    qdisc.attributes = vec![TcAttribute::Kind("clsact".to_owned())];
    let made = netlink.change(
        RouteNetlinkMessage::NewQueueDiscipline(qdisc),
        NLM_F_CREATE | NLM_F_EXCL,
    );
    match made {
        // Somebody else made it: there is one for all.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        made => made?,
    }
    remove(&netlink, interface)?;
    let mut filter = message(interface, egress())?;
    filter.header.info = PRIORITY | EVERY_PROTOCOL;
    filter.attributes = vec![
        TcAttribute::Kind(TcFilterBpf::KIND.to_owned()),
        TcAttribute::Options(vec![
            TcOption::Bpf(TcFilterBpfOption::ProgFd(
                program.as_raw_fd().unsigned_abs(),
            )),
            TcOption::Bpf(TcFilterBpfOption::ProgName(NAME.to_owned())),
            TcOption::Bpf(TcFilterBpfOption::Flags(TcBpfFlags::DirectAction)),
        ]),
    ];
    netlink.change(
        RouteNetlinkMessage::NewTrafficFilter(filter),
        NLM_F_CREATE | NLM_F_EXCL,
    )
}

/// Takes Weir's programs off the egress of an interface. The qdisc stays: others
/// may use it.
pub(in crate::kernel) fn detach(interface: u32) -> io::Result<()> {
    remove(&Netlink::open()?, interface)
}

fn remove(netlink: &Netlink, interface: u32) -> io::Result<()> {
    for one in ours(netlink, interface)? {
        let mut filter = message(interface, egress())?;
        filter.header.info = one.message.header.info;
        filter.header.handle = one.message.header.handle;
        filter.attributes = vec![TcAttribute::Kind(TcFilterBpf::KIND.to_owned())];
        netlink.change(RouteNetlinkMessage::DelTrafficFilter(filter), 0)?;
    }
    Ok(())
}
