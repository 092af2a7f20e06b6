//! Interfaces of this network namespace.

use std::io;

use netlink_packet_route::{
    RouteNetlinkMessage,
    link::{
        InfoData, InfoGeneve, InfoKind, InfoVxlan, LinkAttribute, LinkInfo, LinkLayerType,
        LinkMessage,
    },
};

use super::Netlink;

/// What an interface is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A bridge: what it sends leaves by one of its ports.
    Bridge,
    /// A bond or team: what it sends leaves by one of its ports.
    Bond,
    /// A VLAN, macvlan or ipvlan: what it sends leaves by the one below it.
    Upper,
    /// A tunnel that the kernel wraps into UDP to this port (VXLAN, Geneve).
    Tunnel {
        /// UDP destination port of the outer packets.
        port: u16,
    },
    /// Any other.
    Other,
}

/// An interface of this network namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether its packets have a link-layer header as Ethernet has it; none
    /// otherwise, as those of a tunnel.
    pub ether: bool,
    /// What it is made of.
    pub kind: Kind,
    /// Whether there is a device behind it, on a bus.
    pub hardware: bool,
    /// Number of the interface below it, in this network namespace.
    pub below: Option<u32>,
    /// Number of the bridge or bond that it is a port of.
    pub port_of: Option<u32>,
    /// Number that this network namespace has for the one of its other end.
    pub peer_namespace: Option<i32>,
}

/// Every interface of this network namespace.
///
/// # Errors
/// The kernel's, or an answer that is not understood.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let request = RouteNetlinkMessage::GetLink(LinkMessage::default());
    let mut found: Vec<_> = Netlink::open()?
        .list(&request)?
        .into_iter()
        .filter_map(|message| match message {
            RouteNetlinkMessage::NewLink(link) => Some(interface(link)),
            _ => None,
        })
        .collect();
    found.sort();
    Ok(found)
}

fn interface(link: LinkMessage) -> Interface {
    let mut interface = Interface {
        index: link.header.index,
        name: String::new(),
        ether: matches!(
            link.header.link_layer_type,
            LinkLayerType::Ether | LinkLayerType::Loopback
        ),
        kind: Kind::Other,
        hardware: false,
        below: None,
        port_of: None,
        peer_namespace: None,
    };
    for attribute in link.attributes {
        match attribute {
            LinkAttribute::IfName(name) => interface.name = name,
            LinkAttribute::Link(index) => interface.below = Some(index),
            LinkAttribute::LinkNetNsId(id) => interface.peer_namespace = Some(id),
            LinkAttribute::Controller(index) => interface.port_of = Some(index),
            LinkAttribute::ParentDevName(_) => interface.hardware = true,
            LinkAttribute::LinkInfo(info) => interface.kind = kind(&info),
            _ => {}
        }
    }
    if interface.peer_namespace.is_some() {
        interface.below = None;
    }
    interface
}

fn kind(info: &[LinkInfo]) -> Kind {
    let port = info.iter().find_map(|one| match one {
        LinkInfo::Data(InfoData::Vxlan(data)) => data.iter().find_map(|one| match one {
            InfoVxlan::Port(port) => Some(*port),
            _ => None,
        }),
        LinkInfo::Data(InfoData::Geneve(data)) => data.iter().find_map(|one| match one {
            InfoGeneve::Port(port) => Some(*port),
            _ => None,
        }),
        _ => None,
    });
    let named = info.iter().find_map(|one| match one {
        LinkInfo::Kind(kind) => Some(kind),
        _ => None,
    });
    match (named, port) {
        (Some(InfoKind::Bridge), _) => Kind::Bridge,
        (Some(InfoKind::Bond), _) => Kind::Bond,
        (Some(InfoKind::Other(name)), _) if name == "team" => Kind::Bond,
        (
            Some(
                InfoKind::Vlan
                | InfoKind::MacVlan
                | InfoKind::MacVtap
                | InfoKind::IpVlan
                | InfoKind::IpVtap,
            ),
            _,
        ) => Kind::Upper,
        (_, Some(port)) => Kind::Tunnel { port },
        _ => Kind::Other,
    }
}
