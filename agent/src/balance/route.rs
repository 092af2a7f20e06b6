//! Which interfaces lead off the host, and at which of them its packets are
//! counted once each.

use std::collections::BTreeSet;

use crate::kernel::{Interface, Kind, Route};

/// Interfaces stacked upon each other that are followed; more is a circle.
const DEPTH: usize = 8;

/// Numbers of the interfaces by which packets leave the host: those with a
/// gateway or a default route, and devices on a bus that have any route. For
/// what is stacked upon others, the lowest: each packet passes one of them once.
///
/// A tunnel of the kernel's is not one, whatever its routes: its packets leave
/// wrapped, by another interface.
pub fn leading_off(interfaces: &[Interface], routes: &[Route]) -> BTreeSet<u32> {
    let stack = Stack(interfaces);
    let mut found = BTreeSet::new();
    for route in routes {
        let Some(interface) = stack.get(route.interface) else {
            continue;
        };
        if matches!(interface.kind, Kind::Tunnel { .. }) {
            continue;
        }
        let lowest = stack.lowest(interface, DEPTH);
        if route.gateway || route.default || lowest.iter().any(|one| one.hardware) {
            found.extend(lowest.iter().map(|one| one.index));
        }
    }
    found
}

struct Stack<'a>(&'a [Interface]);

impl<'a> Stack<'a> {
    fn get(&self, index: u32) -> Option<&'a Interface> {
        self.0.iter().find(|one| one.index == index)
    }

    fn lowest(&self, top: &'a Interface, depth: usize) -> Vec<&'a Interface> {
        let below: Vec<_> = match top.kind {
            _ if depth == 0 => Vec::new(),
            Kind::Upper => top
                .below
                .and_then(|index| self.get(index))
                .into_iter()
                .collect(),
            Kind::Bond | Kind::Bridge => self
                .0
                .iter()
                .filter(|one| one.port_of == Some(top.index))
                .collect(),
            Kind::Tunnel { .. } | Kind::Other => Vec::new(),
        };
        let mut found: Vec<_> = below
            .into_iter()
            .flat_map(|one| self.lowest(one, depth - 1))
            .collect();
        // The other ports of a bridge lead to guests, not off the host.
        if top.kind == Kind::Bridge {
            found.retain(|one| one.hardware);
        }
        if found.is_empty() { vec![top] } else { found }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(index: u32, kind: Kind) -> Interface {
        Interface {
            index,
            name: format!("if{index}"),
            ether: true,
            kind,
            hardware: false,
            below: None,
            port_of: None,
            peer_namespace: None,
        }
    }

    fn nic(index: u32) -> Interface {
        Interface {
            hardware: true,
            ..interface(index, Kind::Other)
        }
    }

    fn via(interface: u32) -> Route {
        Route {
            interface,
            gateway: true,
            default: true,
        }
    }

    fn on_link(interface: u32) -> Route {
        Route {
            interface,
            gateway: false,
            default: false,
        }
    }

    fn found(interfaces: &[Interface], routes: &[Route]) -> Vec<u32> {
        leading_off(interfaces, routes).into_iter().collect()
    }

    #[test]
    fn gateways_and_default_routes_lead_off() {
        let veth = |index| interface(index, Kind::Other);
        let all = [veth(1), veth(2), veth(3)];
        let default = Route {
            gateway: false,
            ..via(3)
        };
        assert_eq!(found(&all, &[via(2), on_link(1), default]), [2, 3]);
    }

    #[test]
    fn a_device_with_a_route_leads_off() {
        let all = [nic(2), nic(3), interface(4, Kind::Bridge)];
        assert_eq!(found(&all, &[on_link(2), on_link(4)]), [2]);
    }

    #[test]
    fn a_bridge_leads_off_by_its_devices() {
        let port = |one: Interface| Interface {
            port_of: Some(9),
            ..one
        };
        let guest = port(interface(5, Kind::Other));
        let bridge = interface(9, Kind::Bridge);
        let all = [port(nic(2)), guest.clone(), bridge.clone()];
        assert_eq!(found(&all, &[via(9)]), [2]);
        assert_eq!(found(&[guest, bridge], &[via(9)]), [9]);
    }

    #[test]
    fn a_vlan_on_a_bond_leads_off_by_the_ports_of_the_bond() {
        let slave = |index| Interface {
            port_of: Some(7),
            ..nic(index)
        };
        let vlan = Interface {
            below: Some(7),
            ..interface(8, Kind::Upper)
        };
        let all = [slave(2), slave(3), interface(7, Kind::Bond), vlan];
        assert_eq!(found(&all, &[via(8)]), [2, 3]);
    }

    #[test]
    fn a_tunnel_leads_nowhere_by_itself() {
        let all = [nic(2), interface(6, Kind::Tunnel { port: 4789 })];
        assert_eq!(found(&all, &[via(6), via(2)]), [2]);
    }

    #[test]
    fn a_circle_ends() {
        let below = |index, below| Interface {
            below: Some(below),
            ..interface(index, Kind::Upper)
        };
        assert_eq!(found(&[below(1, 2), below(2, 1)], &[via(1)]).len(), 1);
    }
}
