//! `[[allow]]`, in a product's file and in the platform's.

use std::{collections::BTreeMap, ops::Range};

use ipnetwork::IpNetwork;
use toml::de::{DeTable, DeValue};

use super::{
    Known, Placed, duties, host_names,
    reader::{Key, Problems, Reader, Section, choice, nearest, optional, required},
    values,
};
use crate::{
    jurisdiction::NamePattern,
    naming::Grade,
    policy::{
        countries::Territory,
        entry::{Entry, has_ports},
    },
    record::{Direction, Protocol},
};

/// A declared destination.
pub(in crate::policy) static ALLOW: Section = Section {
    name: "[[allow]]",
    keys: &[
        required("id", "a string", "`id = \"image-provider-a\"`"),
        required("purpose", "a string", "`purpose = \"why it is needed\"`"),
        required("owner", "a string", "`owner = \"team-image\"`"),
        optional(
            "direction",
            "a string",
            "`direction = \"outbound\"` or `\"inbound\"`",
        ),
        optional(
            "cidr",
            "an array of networks",
            "`cidr = [\"198.51.100.0/24\"]`",
        ),
        optional(
            "address",
            "an array of addresses",
            "`address = [\"203.0.113.9\"]`",
        ),
        optional(
            "name",
            "an array of names",
            "`name = [\"api.provider.example\", \"*.cdn.example\"]`",
        ),
        optional(
            "grade",
            "a string",
            "`grade = \"answered\"`, `\"answered_untrusted\"` or `\"presented\"`",
        ),
        optional(
            "countries",
            "an array of countries or sets",
            "`countries = [\"NO\", \"EEA\"]`",
        ),
        optional(
            "provider",
            "an array of providers' ids",
            "`provider = [\"provider-a\"]`",
        ),
        optional(
            "operator_domicile",
            "an array of countries or sets",
            "`operator_domicile = [\"EEA\", \"CH\"]`",
        ),
        optional("anycast", "`false`", "`anycast = false`"),
        optional(
            "ports",
            "an array of ports",
            "`ports = [443, \"8000-8100\"]`",
        ),
        optional(
            "protocol",
            "a protocol or an array of protocols",
            "`protocol = \"tcp\"` or `[\"tcp\", \"udp\"]`",
        ),
        duties::EXPIRES,
        duties::DATA_CATEGORIES,
        duties::LEGAL_BASIS,
        duties::DISCLOSED_AT,
        duties::APPROVED_BY,
        duties::APPROVED_ON,
    ],
};

/// An entry with what the checks of the whole set need of it, even if the rest
/// is faulty.
pub(in crate::policy) struct EntryForm {
    pub(in crate::policy) id: Option<Placed<String>>,
    pub(in crate::policy) span: Range<usize>,
    pub(in crate::policy) direction: Direction,
    pub(in crate::policy) networks: Vec<Placed<IpNetwork>>,
    pub(in crate::policy) names: Vec<Placed<NamePattern>>,
    pub(in crate::policy) providers: Vec<Placed<String>>,
    pub(in crate::policy) operator_domicile: Vec<Territory>,
    /// Keys that it lacks if it leads outside the platform.
    pub(in crate::policy) lacking: Vec<Key>,
    /// The whole entry; `None` when something of it is faulty.
    pub(in crate::policy) entry: Option<Entry>,
}

impl EntryForm {
    /// Reads every `[[allow]]` of a file.
    pub(super) fn read_all(reader: &mut Reader<'_, '_>, known: &Known) -> Vec<Self> {
        reader
            .tables("allow")
            .into_iter()
            .map(|(table, span)| Self::read(table, span, known, reader.problems))
            .collect()
    }

    fn read(
        table: &DeTable<'_>,
        span: Range<usize>,
        known: &Known,
        problems: &mut Problems,
    ) -> Self {
        let mut reader = Reader::open(&ALLOW, table, span.clone(), problems);
        let id = entry_id(&mut reader);
        let purpose = reader.text("purpose");
        let owner = reader.text("owner");
        let directions = [
            ("outbound", Direction::Outbound),
            ("inbound", Direction::Inbound),
        ];
        let direction = choice(&mut reader, "direction", &directions);
        let networks = networks(&mut reader);
        let names = names(&mut reader);
        let grade = grade(&mut reader);
        if direction == Some(Direction::Inbound)
            && let Some(value) = reader.value("name")
        {
            let help = "remove `name`: who comes from outside has an address and no name";
            reader
                .problems
                .report(value.span(), "an inbound entry names no name", help);
        }
        let providers = providers(&mut reader, known);
        let countries = territories(&mut reader, "countries", known);
        let operator_domicile = territories(&mut reader, "operator_domicile", known);
        let no_anycast = no_anycast(&mut reader);
        if ["cidr", "address", "name", "provider", "countries"]
            .iter()
            .all(|key| reader.value(key).is_none())
        {
            let help = "add `cidr`, `address`, `name`, `provider` or `countries`";
            reader
                .problems
                .report(span.clone(), "[[allow]] names no destination", help);
        }
        let protocols = protocols(&mut reader);
        let mut ports = Vec::new();
        for item in reader.items("ports").unwrap_or_default() {
            ports.extend(values::ports(item, reader.problems));
        }
        if let Some(value) = reader.value("ports")
            && let Some(other) = protocols.iter().find(|protocol| !has_ports(**protocol))
        {
            let message = format!("{other} has no ports");
            reader
                .problems
                .report(value.span(), message, "remove `ports` or make two entries");
        }
        let lacking = duties::lacking(&reader);
        let expires = reader.date("expires");
        let duties = duties::read(&mut reader, expires.as_ref());
        let expires = expires.map(|date| date.value);
        let outbound = direction.unwrap_or(Direction::Outbound);
        // `None` on a fault; the set is refused then, so that a partial list
        // here never becomes an entry in force.
        let entry = (|| {
            Some(Entry {
                id: id.as_ref()?.value.clone(),
                purpose: purpose?.value.to_owned(),
                owner: owner?.value.to_owned(),
                direction: outbound,
                networks: networks.iter().map(|network| network.value).collect(),
                names: names.iter().map(|name| name.value.clone()).collect(),
                grade,
                providers: providers.iter().map(|id| id.value.clone()).collect(),
                countries,
                operator_domicile: operator_domicile.clone(),
                no_anycast,
                ports,
                protocols,
                expires,
                duties: duties?,
            })
        })();
        Self {
            id,
            span,
            direction: outbound,
            networks,
            names,
            providers,
            operator_domicile,
            lacking,
            entry,
        }
    }
}

fn entry_id(reader: &mut Reader<'_, '_>) -> Option<Placed<String>> {
    let id = reader.text("id")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !id.value.bytes().all(plain) {
        let message = format!("`{}` is not an id", id.value.escape_debug());
        reader
            .problems
            .report(id.span, message, "use letters, digits, `-`, `_` and `.`");
        return None;
    }
    Some(Placed {
        value: id.value.to_owned(),
        span: id.span,
    })
}

fn networks(reader: &mut Reader<'_, '_>) -> Vec<Placed<IpNetwork>> {
    let mut seen: BTreeMap<IpNetwork, usize> = BTreeMap::new();
    let mut networks = Vec::new();
    for (key, read) in [
        ("cidr", values::network as fn(&_, &mut _) -> _),
        ("address", values::address as fn(&_, &mut _) -> _),
    ] {
        for item in reader.items(key).unwrap_or_default() {
            let Some(value) = read(item, reader.problems) else {
                continue;
            };
            if let Some(first) = seen.insert(value, item.span().start) {
                let line = reader.problems.source().position(first).line;
                let message = format!("{value} stands twice in the entry");
                let help = format!("the first is in line {line}; remove one");
                reader.problems.report(item.span(), message, help);
            }
            networks.push(Placed {
                value,
                span: item.span(),
            });
        }
    }
    networks
}

fn names(reader: &mut Reader<'_, '_>) -> Vec<Placed<NamePattern>> {
    let mut names: Vec<Placed<NamePattern>> = Vec::new();
    for item in reader.items("name").unwrap_or_default() {
        let Some(value) = host_names::pattern(item, reader.problems) else {
            continue;
        };
        if let Some(first) = names.iter().find(|known| known.value == value) {
            let line = reader.problems.source().position(first.span.start).line;
            let message = format!("{value} stands twice in the entry");
            let help = format!("the first is in line {line}; remove one");
            reader.problems.report(item.span(), message, help);
        }
        names.push(Placed {
            value,
            span: item.span(),
        });
    }
    names
}

/// The least grade that a name must have.
fn grade(reader: &mut Reader<'_, '_>) -> Grade {
    let grades = [Grade::Answered, Grade::AnsweredUntrusted, Grade::Presented]
        .map(|grade| (grade.label(), grade));
    let grade = choice(reader, "grade", &grades);
    if let Some(value) = reader.value("grade")
        && reader.value("name").is_none()
    {
        let help = "add `name`, or remove `grade`";
        reader
            .problems
            .report(value.span(), "`grade` without `name` says nothing", help);
    }
    grade.unwrap_or(Grade::Answered)
}

/// Providers by their ids.
fn providers(reader: &mut Reader<'_, '_>, known: &Known) -> Vec<Placed<String>> {
    let mut providers: Vec<Placed<String>> = Vec::new();
    for item in reader.items("provider").unwrap_or_default() {
        let Some(id) = values::text(item, "a provider's id", reader.problems) else {
            continue;
        };
        let span = item.span();
        if let Some(ids) = &known.providers
            && !ids.contains(id)
        {
            let message = format!("no provider `{}` in providers.toml", id.escape_debug());
            let help = match nearest(id, ids.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None if ids.is_empty() => "there is none; add a [[provider]]".to_owned(),
                None => "name a provider by its `id`, or add it there".to_owned(),
            };
            reader.problems.report(span, message, help);
            continue;
        }
        if providers.iter().any(|other| other.value == id) {
            let message = format!("`{id}` stands twice in the entry");
            reader.problems.report(span.clone(), message, "remove one");
        }
        providers.push(Placed {
            value: id.to_owned(),
            span,
        });
    }
    providers
}

fn territories(reader: &mut Reader<'_, '_>, key: &'static str, known: &Known) -> Vec<Territory> {
    let mut territories = Vec::new();
    for item in reader.items(key).unwrap_or_default() {
        territories.extend(values::territory(item, &known.sets, reader.problems));
    }
    territories
}

/// Whether the destination must not be anycast. That it must be would be no
/// condition that protects anything, so that only `false` is admitted.
fn no_anycast(reader: &mut Reader<'_, '_>) -> bool {
    let Some(flag) = reader.flag("anycast") else {
        return false;
    };
    if flag.value {
        let message = "`anycast = true` is no condition";
        let help = "write `anycast = false` if the destination must not be anycast, or leave the \
                    key out";
        reader.problems.report(flag.span, message, help);
    }
    !flag.value
}

fn protocols(reader: &mut Reader<'_, '_>) -> Vec<Protocol> {
    let Some(value) = reader.value("protocol") else {
        return Vec::new();
    };
    match value.get_ref() {
        DeValue::Array(_) => reader
            .items("protocol")
            .unwrap_or_default()
            .iter()
            .filter_map(|item| values::protocol(item, reader.problems))
            .flatten()
            .collect(),
        DeValue::String(_) | DeValue::Integer(_) => {
            values::protocol(value, reader.problems).unwrap_or_default()
        }
        _ => {
            reader.wrong_type("protocol", value);
            Vec::new()
        }
    }
}
