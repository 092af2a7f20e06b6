//! Routes of this network namespace, of every table.

use std::io;

use netlink_packet_route::{
    AddressFamily, RouteNetlinkMessage,
    route::{RouteAttribute, RouteMessage, RouteType},
};

use super::Netlink;

/// A way by which unicast packets are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// Number of the interface they leave by.
    pub interface: u32,
    /// Whether they go to a gateway there.
    pub gateway: bool,
    /// Whether it is a default route.
    pub default: bool,
}

/// Every unicast route of this network namespace, those of policy routing
/// included; one with several next hops is several.
///
/// # Errors
/// The kernel's, or an answer that is not understood.
pub fn routes() -> io::Result<Vec<Route>> {
    let netlink = Netlink::open()?;
    let mut found = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut request = RouteMessage::default();
        request.header.address_family = family;
        for message in netlink.list(&RouteNetlinkMessage::GetRoute(request))? {
            if let RouteNetlinkMessage::NewRoute(route) = message {
                found.extend(ways(&route));
            }
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn ways(route: &RouteMessage) -> Vec<Route> {
    if route.header.kind != RouteType::Unicast {
        return Vec::new();
    }
    let default = route.header.destination_prefix_length == 0;
    let way = |interface, attributes: &[RouteAttribute]| Route {
        interface,
        gateway: attributes
            .iter()
            .any(|one| matches!(one, RouteAttribute::Gateway(_) | RouteAttribute::Via(_))),
        default,
    };
    let mut found = Vec::new();
    for attribute in &route.attributes {
        match attribute {
            RouteAttribute::Oif(index) => found.push(way(*index, &route.attributes)),
            RouteAttribute::MultiPath(hops) => found.extend(
                hops.iter()
                    .map(|hop| way(hop.interface_index, &hop.attributes)),
            ),
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use netlink_packet_route::route::{RouteAddress, RouteHeader, RouteNextHop};

    use super::*;

    fn route(length: u8, attributes: Vec<RouteAttribute>) -> RouteMessage {
        let mut message = RouteMessage::default();
        message.header = RouteHeader {
            destination_prefix_length: length,
            kind: RouteType::Unicast,
            ..RouteHeader::default()
        };
        message.attributes = attributes;
        message
    }

    fn gateway() -> RouteAttribute {
        RouteAttribute::Gateway(RouteAddress::Inet(Ipv4Addr::new(192, 0, 2, 1)))
    }

    #[test]
    fn every_next_hop_is_a_way() {
        let hop = |interface_index, attributes| {
            let mut hop = RouteNextHop::default();
            hop.interface_index = interface_index;
            hop.attributes = attributes;
            hop
        };
        let hops = vec![hop(2, vec![gateway()]), hop(3, Vec::new())];
        let message = route(0, vec![RouteAttribute::MultiPath(hops)]);
        let way = |interface, gateway| Route {
            interface,
            gateway,
            default: true,
        };
        assert_eq!(ways(&message), [way(2, true), way(3, false)]);
    }

    #[test]
    fn what_is_delivered_here_leads_nowhere() {
        let mut message = route(0, vec![RouteAttribute::Oif(1), gateway()]);
        assert_eq!(ways(&message).len(), 1);
        message.header.kind = RouteType::Local;
        assert_eq!(ways(&message), []);
    }
}
