//! `[[allow]]`, in a product's file and in the platform's.

use std::ops::Range;

use ipnetwork::IpNetwork;
use toml::de::DeTable;

use super::{
    Known, Placed, conditions,
    destination::{self, Destination},
    duties, exception,
    kind::{Kind, words},
    reader::{Key, Problems, Reader, Section, choice, optional, required},
};
use crate::{
    jurisdiction::{AsNumber, NamePattern},
    naming::Grade,
    policy::{
        countries::Territory,
        entry::{Effect, Entry},
        lint::Lint,
    },
    record::Direction,
};

/// What a name must be worth, as it is written.
pub(super) const GRADES: [(&str, Grade); 3] = [
    (Grade::Answered.label(), Grade::Answered),
    (Grade::AnsweredUntrusted.label(), Grade::AnsweredUntrusted),
    (Grade::Presented.label(), Grade::Presented),
];

/// An id, as a regular expression.
pub(super) const ID: &str = "^[A-Za-z0-9._-]+$";

/// A declared destination.
pub(in crate::policy) static ALLOW: Section = Section {
    name: "[[allow]]",
    keys: &[
        required("id", Kind::Pattern(ID), "`id = \"image-provider-a\"`"),
        required("purpose", Kind::Text, "`purpose = \"why it is needed\"`"),
        required("owner", Kind::Text, "`owner = \"team-image\"`"),
        destination::DIRECTION,
        destination::CIDR,
        destination::ADDRESS,
        destination::ASN,
        destination::NAME,
        optional(
            "grade",
            Kind::Word(&words(&GRADES)),
            "`grade = \"answered\"`, `\"answered_untrusted\"` or `\"presented\"`",
        ),
        destination::PROVIDER,
        destination::COUNTRIES,
        destination::OPERATOR_DOMICILE,
        optional("anycast", Kind::False, "`anycast = false`"),
        destination::PORTS,
        destination::PROTOCOL,
        conditions::MAX_BYTES,
        conditions::PER,
        conditions::WINDOWS,
        duties::EXPIRES,
        duties::DATA_CATEGORIES,
        duties::LEGAL_BASIS,
        duties::DISCLOSED_AT,
        duties::APPROVED_BY,
        duties::APPROVED_ON,
        exception::LINT_ALLOW,
    ],
};

/// Keys one of which must be there.
const NAMING: [&str; 6] = ["cidr", "address", "asn", "name", "provider", "countries"];

/// An entry with what the checks of the whole set need of it, even if the rest
/// is faulty.
pub(in crate::policy) struct EntryForm {
    pub(in crate::policy) id: Option<Placed<String>>,
    pub(in crate::policy) span: Range<usize>,
    pub(in crate::policy) effect: Effect,
    pub(in crate::policy) direction: Direction,
    pub(in crate::policy) networks: Vec<Placed<IpNetwork>>,
    pub(in crate::policy) systems: Vec<Placed<AsNumber>>,
    pub(in crate::policy) names: Vec<Placed<NamePattern>>,
    pub(in crate::policy) providers: Vec<Placed<String>>,
    pub(in crate::policy) operator_domicile: Vec<Territory>,
    /// Keys that it lacks if it leads outside the platform.
    pub(in crate::policy) lacking: Vec<Key>,
    /// Where `expires` stands.
    pub(in crate::policy) expires_at: Option<Range<usize>>,
    /// Lints that do not matter here.
    pub(in crate::policy) exceptions: Vec<Placed<Lint>>,
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
        let to = Destination::read(&mut reader, known, &NAMING);
        let grade = grade(&mut reader);
        let no_anycast = no_anycast(&mut reader);
        let budget = conditions::budget(&mut reader);
        let windows = conditions::windows(&mut reader);
        let lacking = duties::lacking(&reader);
        let expires = reader.date("expires");
        let duties = duties::read(&mut reader, expires.as_ref());
        let exceptions = exception::read_all(&mut reader);
        let expires_at = expires.as_ref().map(|date| date.span.clone());
        let expires = expires.map(|date| date.value);
        // `None` on a fault; the set is refused then, so that a partial list
        // here never becomes an entry in force.
        let entry = (|| {
            Some(Entry {
                id: id.as_ref()?.value.clone(),
                effect: Effect::Allow,
                purpose: purpose?.value.to_owned(),
                owner: owner?.value.to_owned(),
                direction: to.direction,
                networks: to.networks.iter().map(|network| network.value).collect(),
                systems: to.systems.iter().map(|system| system.value).collect(),
                names: to.names.iter().map(|name| name.value.clone()).collect(),
                grade,
                providers: to.providers.iter().map(|id| id.value.clone()).collect(),
                countries: to.countries,
                operator_domicile: to.operator_domicile.clone(),
                no_anycast,
                ports: to.ports,
                protocols: to.protocols,
                budget,
                windows: windows?,
                expires,
                duties: duties?,
            })
        })();
        Self {
            id,
            span,
            effect: Effect::Allow,
            direction: to.direction,
            networks: to.networks,
            systems: to.systems,
            names: to.names,
            providers: to.providers,
            operator_domicile: to.operator_domicile,
            lacking,
            expires_at,
            exceptions,
            entry,
        }
    }
}

pub(super) fn entry_id(reader: &mut Reader<'_, '_>) -> Option<Placed<String>> {
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

/// The least grade that a name must have.
fn grade(reader: &mut Reader<'_, '_>) -> Grade {
    let grade = choice(reader, "grade", &GRADES);
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
