//! `[[resolver]]`, in the platform's file.

use std::{net::IpAddr, ops::Range};

use super::{
    Placed,
    kind::Kind,
    reader::{Reader, Section, optional, required},
    values,
};
use crate::naming::Resolvers;

/// A resolver that the platform trusts.
pub(in crate::policy) static RESOLVER: Section = Section {
    name: "[[resolver]]",
    keys: &[
        required("address", Kind::Addresses, "`address = [\"10.0.0.53\"]`"),
        optional(
            "unit",
            Kind::Text,
            "`unit = \"systemd-resolved.service\"`, for a resolver on the host itself",
        ),
        required(
            "purpose",
            Kind::Text,
            "`purpose = \"the platform's resolvers\"`",
        ),
        required("owner", Kind::Text, "`owner = \"team-network\"`"),
    ],
};

/// A trusted resolver.
pub(in crate::policy) struct ResolverForm {
    addresses: Vec<IpAddr>,
    unit: Option<String>,
}

impl ResolverForm {
    /// Reads every `[[resolver]]` of the file.
    pub(super) fn read_all(reader: &mut Reader<'_, '_>) -> Vec<Self> {
        let mut seen: Vec<Placed<IpAddr>> = Vec::new();
        let mut forms = Vec::new();
        for (table, span) in reader.tables("resolver") {
            let mut resolver = Reader::open(&RESOLVER, table, span, reader.problems);
            let unit = resolver.text("unit").map(|unit| unit.value.to_owned());
            let addresses = addresses(&mut resolver, unit.is_some(), &mut seen);
            if resolver.text("purpose").is_some() && resolver.text("owner").is_some() {
                forms.push(Self { addresses, unit });
            }
        }
        forms
    }

    /// Trusts it.
    pub(in crate::policy) fn add_to(self, resolvers: &mut Resolvers) {
        for address in self.addresses {
            match &self.unit {
                Some(unit) => resolvers.trust_unit(address, unit),
                None => resolvers.trust(address),
            }
        }
    }
}

fn addresses(
    reader: &mut Reader<'_, '_>,
    has_unit: bool,
    seen: &mut Vec<Placed<IpAddr>>,
) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    for item in reader.items("address").unwrap_or_default() {
        let Some(network) = values::address(item, reader.problems) else {
            continue;
        };
        let address = network.ip();
        if let Some(first) = seen.iter().find(|known| known.value == address) {
            let line = reader.problems.source().position(first.span.start).line;
            let message = format!("{address} stands twice");
            let help = format!("the first is in line {line}; remove one");
            reader.problems.report(item.span(), message, help);
        }
        unit_fits(reader, address, has_unit, item.span());
        seen.push(Placed {
            value: address,
            span: item.span(),
        });
        addresses.push(address);
    }
    addresses
}

/// Anybody may answer at a loopback address of a namespace of their own: there, the
/// unit is what is trusted.
fn unit_fits(reader: &mut Reader<'_, '_>, address: IpAddr, has_unit: bool, span: Range<usize>) {
    if address.is_loopback() && !has_unit {
        reader.problems.report(
            span,
            format!("{address} is this host, and nothing says who answers there"),
            "add `unit`, such as `unit = \"systemd-resolved.service\"`",
        );
    }
}
