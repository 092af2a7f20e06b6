//! `[[deny]]`, in a product's file and in the platform's.

use std::ops::Range;

use toml::de::DeTable;

use super::{
    Known,
    destination::{self, Destination},
    duties,
    entry::{EntryForm, ID, entry_id},
    exception,
    kind::Kind,
    reader::{Problems, Reader, Section, required},
};
use crate::{
    naming::Grade,
    policy::entry::{Effect, Entry},
};

/// A destination that nothing declares.
pub(in crate::policy) static DENY: Section = Section {
    name: "[[deny]]",
    keys: &[
        required("id", Kind::Pattern(ID), "`id = \"no-provider-x\"`"),
        required("purpose", Kind::Text, "`purpose = \"why it is denied\"`"),
        required("owner", Kind::Text, "`owner = \"team-image\"`"),
        destination::DIRECTION,
        destination::CIDR,
        destination::ADDRESS,
        destination::ASN,
        destination::NAME,
        destination::PROVIDER,
        destination::COUNTRIES,
        destination::OPERATOR_DOMICILE,
        destination::PORTS,
        destination::PROTOCOL,
        duties::EXPIRES,
        duties::APPROVED_BY,
        duties::APPROVED_ON,
        exception::LINT_ALLOW,
    ],
};

/// Keys one of which must be there. A home is enough here: it names too many destinations
/// to be declared, and not too many to be denied.
const NAMING: [&str; 7] = [
    "cidr",
    "address",
    "asn",
    "name",
    "provider",
    "countries",
    "operator_domicile",
];

/// Reads every `[[deny]]` of a file.
pub(super) fn read_all(reader: &mut Reader<'_, '_>, known: &Known) -> Vec<EntryForm> {
    reader
        .tables("deny")
        .into_iter()
        .map(|(table, span)| read(table, span, known, reader.problems))
        .collect()
}

fn read(
    table: &DeTable<'_>,
    span: Range<usize>,
    known: &Known,
    problems: &mut Problems,
) -> EntryForm {
    let mut reader = Reader::open(&DENY, table, span.clone(), problems);
    let id = entry_id(&mut reader);
    let purpose = reader.text("purpose");
    let owner = reader.text("owner");
    let to = Destination::read(&mut reader, known, &NAMING);
    let expires = reader.date("expires");
    let duties = duties::read(&mut reader, expires.as_ref());
    let exceptions = exception::read_all(&mut reader);
    let expires_at = expires.as_ref().map(|date| date.span.clone());
    let entry = (|| {
        Some(Entry {
            id: id.as_ref()?.value.clone(),
            effect: Effect::Deny,
            purpose: purpose?.value.to_owned(),
            owner: owner?.value.to_owned(),
            direction: to.direction,
            networks: to.networks.iter().map(|network| network.value).collect(),
            systems: to.systems.iter().map(|system| system.value).collect(),
            names: to.names.iter().map(|name| name.value.clone()).collect(),
            // Whoever says the name, it is denied.
            grade: Grade::Presented,
            providers: to.providers.iter().map(|id| id.value.clone()).collect(),
            countries: to.countries,
            operator_domicile: to.operator_domicile,
            no_anycast: false,
            ports: to.ports,
            protocols: to.protocols,
            budget: None,
            windows: Vec::new(),
            expires: expires.map(|date| date.value),
            duties: duties?,
        })
    })();
    EntryForm {
        id,
        span,
        effect: Effect::Deny,
        direction: to.direction,
        networks: to.networks,
        systems: to.systems,
        names: to.names,
        providers: to.providers,
        operator_domicile: Vec::new(),
        lacking: Vec::new(),
        expires_at,
        exceptions,
        entry,
    }
}
