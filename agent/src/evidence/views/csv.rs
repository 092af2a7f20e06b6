//! `views/flows.csv` and `views/providers.csv`: the same as in the report, for a spreadsheet.
//!
//! RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front, since
//! names come from workloads and from whoever answers them.

use std::{
    collections::BTreeMap,
    fmt::Display,
    io::{self, Write},
};

use crate::{
    account::{Account, FlowGroup, ProviderSum},
    record::Direction,
};

const FLOWS: &str = "product,workload,direction,verdict,rule,operator,name,hosted_in,domicile,flows,\
                     egress_bytes,egress_packets,ingress_bytes,ingress_packets,first_seen,last_seen,\
                     first_address,first_port,first_protocol,reason";

const PROVIDERS: &str = "operator,name,legal_entity,parent,organisation,domiciles,domicile_unknown,\
                         hosted_in,products,verdicts,outbound_egress_bytes,share_per_mille,\
                         outbound_ingress_bytes,inbound_egress_bytes,inbound_ingress_bytes,\
                         first_seen,last_seen";

/// In the place of a name, where rows are left out.
const FOLDED: &str = "(folded)";

/// Writes every group of flows, and last the sum of what was folded, if anything was.
pub(super) fn flows(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{FLOWS}\r\n")?;
    for group in &account.flows.groups {
        row(out, &flow(group))?;
    }
    let folded = account.flows.folded;
    if folded.intervals > 0 {
        let counters = folded.counters;
        let mut fields = vec![FOLDED.to_owned()];
        fields.resize(9, String::new());
        fields.push(String::new());
        fields.extend(counted([
            counters.egress_bytes,
            counters.egress_packets,
            counters.ingress_bytes,
            counters.ingress_packets,
        ]));
        fields.resize(20, String::new());
        row(out, &fields)?;
    }
    Ok(())
}

fn flow(group: &FlowGroup) -> Vec<String> {
    let kind = &group.kind;
    let counters = group.sum.counters;
    let direction = match kind.direction {
        Direction::Outbound => "outbound",
        Direction::Inbound => "inbound",
    };
    let mut fields = vec![
        or_empty(kind.product.as_ref()),
        kind.workload.clone(),
        direction.to_owned(),
        kind.verdict.label().to_owned(),
        or_empty(kind.rule.as_ref()),
        or_empty(kind.peer.as_ref()),
        or_empty(kind.name.as_ref()),
        or_empty(kind.hosted_in.as_ref()),
        or_empty(kind.domicile.as_ref()),
    ];
    fields.extend(counted([
        group.sum.flows,
        counters.egress_bytes,
        counters.egress_packets,
        counters.ingress_bytes,
        counters.ingress_packets,
    ]));
    fields.extend([
        group.sum.first_seen.to_string(),
        group.sum.last_seen.to_string(),
        group.met.address.to_string(),
        group.met.port.to_string(),
        group.met.protocol.clone(),
        or_empty(group.met.reason.as_ref()),
    ]);
    fields
}

/// Writes every operator, and last what was sent to those beyond the list and to no operator
/// that is known, so that the column of bytes adds up.
pub(super) fn providers(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{PROVIDERS}\r\n")?;
    let providers = &account.providers;
    let share = |bytes| or_empty(providers.per_mille(bytes).as_ref());
    for one in &providers.listed {
        row(out, &provider(one, share(one.outbound.egress_bytes)))?;
    }
    let rest = [
        (FOLDED, providers.folded_bytes),
        ("(unknown)", providers.unknown_bytes),
    ];
    for (name, bytes) in rest.into_iter().filter(|(_, bytes)| *bytes > 0) {
        let mut fields = vec![name.to_owned()];
        fields.resize(10, String::new());
        fields.extend([bytes.to_string(), share(bytes)]);
        fields.resize(17, String::new());
        row(out, &fields)?;
    }
    Ok(())
}

fn provider(one: &ProviderSum, share: String) -> Vec<String> {
    let products = one.products.iter().map(|(product, bytes)| {
        let product = product.as_deref().unwrap_or("(no product)");
        format!("{product}={bytes}")
    });
    vec![
        one.peer.to_string(),
        one.label(),
        or_empty(one.legal_entity.as_ref()),
        or_empty(one.parent.as_ref()),
        or_empty(one.organisation.as_ref()),
        listed(one.domiciles.iter()),
        one.domicile_unknown.to_string(),
        sums(&one.hosted_in),
        listed(products),
        sums(&one.verdicts),
        one.outbound.egress_bytes.to_string(),
        share,
        one.outbound.ingress_bytes.to_string(),
        one.inbound.egress_bytes.to_string(),
        one.inbound.ingress_bytes.to_string(),
        one.first_seen.to_string(),
        one.last_seen.to_string(),
    ]
}

fn or_empty(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

fn counted<const N: usize>(numbers: [u64; N]) -> [String; N] {
    numbers.map(|number| number.to_string())
}

/// `DE=700 US=300`.
fn sums<K: Display>(of: &BTreeMap<K, u64>) -> String {
    listed(of.iter().map(|(key, bytes)| format!("{key}={bytes}")))
}

fn listed(parts: impl Iterator<Item = impl ToString>) -> String {
    let parts: Vec<String> = parts.map(|part| part.to_string()).collect();
    parts.join(" ")
}

fn row(out: &mut dyn Write, fields: &[String]) -> io::Result<()> {
    let fields: Vec<String> = fields.iter().map(|field| safe(field)).collect();
    write!(out, "{}\r\n", fields.join(","))
}

/// A field that is no formula; in quotes where it has to be (RFC 4180, section 2).
fn safe(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{mark}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{mark}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_no_formulas() {
        let cases = [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"no\"", "\"say \"\"no\"\"\""),
            ("=1+1", "'=1+1"),
            ("@sum(a,b)", "\"'@sum(a,b)\""),
            ("-3", "'-3"),
            ("\tx", "'\tx"),
            ("", ""),
        ];
        for (text, field) in cases {
            assert_eq!(safe(text), field);
        }
    }

    #[test]
    fn headers_have_a_name_for_each_field() {
        assert_eq!(FLOWS.split(',').count(), 20);
        assert_eq!(PROVIDERS.split(',').count(), 17);
    }
}
