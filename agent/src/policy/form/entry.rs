//! `[[allow]]`, in a product's file and in the platform's.

use std::{collections::BTreeMap, ops::Range};

use ipnetwork::IpNetwork;
use toml::de::{DeTable, DeValue};

use super::{
    Placed,
    reader::{Problems, Reader, Section, choice, optional, required},
    values::{self, SetNames},
};
use crate::{
    naming::Grade,
    policy::{
        entry::{Entry, has_ports},
        name_pattern::NamePattern,
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
            "ports",
            "an array of ports",
            "`ports = [443, \"8000-8100\"]`",
        ),
        optional(
            "protocol",
            "a protocol or an array of protocols",
            "`protocol = \"tcp\"` or `[\"tcp\", \"udp\"]`",
        ),
        optional("expires", "a date", "`expires = 2027-06-30`"),
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
    /// The whole entry; `None` when something of it is faulty.
    pub(in crate::policy) entry: Option<Entry>,
}

impl EntryForm {
    /// Reads every `[[allow]]` of a file.
    pub(super) fn read_all(reader: &mut Reader<'_, '_>, sets: &SetNames) -> Vec<Self> {
        reader
            .tables("allow")
            .into_iter()
            .map(|(table, span)| Self::read(table, span, sets, reader.problems))
            .collect()
    }

    fn read(
        table: &DeTable<'_>,
        span: Range<usize>,
        sets: &SetNames,
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
        let mut countries = Vec::new();
        for item in reader.items("countries").unwrap_or_default() {
            countries.extend(values::territory(item, sets, reader.problems));
        }
        if ["cidr", "address", "name", "countries"]
            .iter()
            .all(|key| reader.value(key).is_none())
        {
            let help = "add `cidr`, `address`, `name` or `countries`";
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
        let expires = reader.date("expires").map(|date| date.value);
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
                countries,
                ports,
                protocols,
                expires,
            })
        })();
        Self {
            id,
            span,
            direction: outbound,
            networks,
            names,
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
        let Some(value) = values::name(item, reader.problems) else {
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
    let grades = [
        Grade::Answered,
        Grade::AnsweredUntrusted,
        Grade::Presented,
    ]
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
