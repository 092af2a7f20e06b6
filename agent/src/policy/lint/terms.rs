//! How much an entry declares at once.

use ipnetwork::IpNetwork;

use super::{Item, Lint, Noted};
use crate::policy::has_ports;

/// Prefix lengths below which a network is broad. An IPv4 /16 is what used to be a class B
/// network, for one large organisation (RFC 791 section 2.3); an IPv6 /32 is what a
/// registry allocates to an internet provider with all its customers (RIPE-738 section
/// 5.1.2). Whatever is broader is hardly one destination.
const BROADEST: (u8, u8) = (16, 32);

pub(super) fn check(item: Item<'_>, noted: &mut Noted) {
    let Item { form, entry, .. } = item;
    if entry.denies() {
        return;
    }
    for network in &form.networks {
        let broadest = match network.value {
            IpNetwork::V4(_) => BROADEST.0,
            IpNetwork::V6(_) => BROADEST.1,
        };
        if network.value.prefix() < broadest {
            let message = format!("{} is broader than /{broadest}", network.value);
            let help = "name the networks that are meant, or say in `lint_allow` why all of it is";
            noted.note(
                item,
                Lint::BroadNetwork,
                network.span.clone(),
                message,
                help,
            );
        }
    }
    if entry.protocols.is_empty() {
        let message = format!("`{}` declares every protocol", entry.id);
        let help = "add `protocol`, such as `protocol = \"tcp\"`";
        noted.note(item, Lint::ProtocolLess, item.place(), message, help);
    }
    let with_ports = entry.protocols.is_empty() || entry.protocols.iter().any(|p| has_ports(*p));
    if entry.ports.is_empty() && with_ports {
        let message = format!("`{}` declares every port", entry.id);
        let help = "add `ports`, such as `ports = [443]`";
        noted.note(item, Lint::PortLess, item.place(), message, help);
    }
}
