//! A pair of interfaces that lead from one network namespace to another.

use std::{
    io,
    net::IpAddr,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use netlink_packet_core::{NLM_F_CREATE, NLM_F_EXCL};
use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    address::{AddressAttribute, AddressHeaderFlags, AddressMessage},
    link::{InfoData, InfoKind, InfoVeth, LinkAttribute, LinkFlags, LinkInfo, LinkMessage},
};

use super::{Netlink, interfaces};

/// Makes a pair of interfaces of one name: one in this network namespace, one in
/// the other. Both have the same hardware address and resolve no neighbours, so
/// that nothing passes between them that nobody sent.
///
/// # Errors
/// The kernel's, where it knows no such interfaces or the name is taken.
pub fn make_pair(name: &str, hardware: [u8; 6], other: BorrowedFd<'_>) -> io::Result<()> {
    let attributes = || {
        vec![
            LinkAttribute::IfName(name.to_owned()),
            LinkAttribute::Address(hardware.to_vec()),
        ]
    };
    let mut peer = LinkMessage::default();
    peer.attributes = attributes();
    peer.attributes
        .push(LinkAttribute::NetNsFd(other.as_raw_fd()));
    let mut link = LinkMessage::default();
    link.attributes = attributes();
    link.attributes.push(LinkAttribute::LinkInfo(vec![
        LinkInfo::Kind(InfoKind::Veth),
        LinkInfo::Data(InfoData::Veth(InfoVeth::Peer(peer))),
    ]));
    Netlink::open()?.change(
        RouteNetlinkMessage::NewLink(link),
        NLM_F_CREATE | NLM_F_EXCL,
    )
}

/// Gives an interface of this network namespace addresses and lets it carry
/// packets.
///
/// # Errors
/// The kernel's; or there is no such interface.
pub fn set_up(name: &str, addresses: &[(IpAddr, u8)]) -> io::Result<()> {
    let netlink = Netlink::open()?;
    let index = interfaces()?
        .into_iter()
        .find(|one| one.name == name)
        .map(|one| one.index)
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("no interface {name}")))?;
    let mut link = LinkMessage::default();
    link.header.index = index;
    link.header.flags = LinkFlags::Up | LinkFlags::Noarp;
    link.header.change_mask = LinkFlags::Up | LinkFlags::Noarp;
    netlink.change(RouteNetlinkMessage::SetLink(link), 0)?;
    for (address, length) in addresses {
        let mut message = AddressMessage::default();
        message.header.family = match address {
            IpAddr::V4(_) => AddressFamily::Inet,
            IpAddr::V6(_) => AddressFamily::Inet6,
        };
        message.header.prefix_len = *length;
        message.header.index = index;
        // At once, without asking whether somebody else has it.
        message.header.flags = AddressHeaderFlags::Nodad;
        message.attributes = vec![
            AddressAttribute::Local(*address),
            AddressAttribute::Address(*address),
        ];
        netlink.change(
            RouteNetlinkMessage::NewAddress(message),
            NLM_F_CREATE | NLM_F_EXCL,
        )?;
    }
    Ok(())
}
