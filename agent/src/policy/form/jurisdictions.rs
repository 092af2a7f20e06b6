//! `jurisdictions.toml`.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use toml::de::DeTable;

use super::{
    Placed,
    kind::Kind,
    reader::{Problems, Reader, Section, optional, parse, required},
    review::{FRESH_FOR_DAYS, FRESH_FOR_DAYS_EXAMPLE, FRESH_FOR_DAYS_KIND, fresh_for},
    values::{self, SetNames},
};
use crate::{
    jurisdiction::CountryCode,
    policy::countries::{Conditional, CountrySets, Period, Territory},
};

/// A dated set of countries.
pub(in crate::policy) static SET: Section = Section {
    name: "[[set]]",
    keys: &[
        required(
            "name",
            Kind::Pattern("^[A-Za-z0-9_-]+$"),
            "`name = \"EEA\"`",
        ),
        required(
            "from",
            Kind::Date,
            "`from = 2020-02-01`, the first day on which it holds",
        ),
        optional(
            "to",
            Kind::Date,
            "`to = 2029-12-31`, the last day on which it holds",
        ),
        required(
            "countries",
            Kind::Territories,
            "`countries = [\"EU\", \"NO\"]`",
        ),
        required(
            "source",
            Kind::Text,
            "`source = \"the text of law that says so\"`",
        ),
        required("reviewed", Kind::Date, "`reviewed = 2026-11-01`"),
        optional(
            "conditional",
            Kind::Tables(&CONDITIONAL),
            "`[[set.conditional]]` with `country` and `condition`",
        ),
    ],
};

/// A country that is of a set on a condition.
pub(in crate::policy) static CONDITIONAL: Section = Section {
    name: "[[set.conditional]]",
    keys: &[
        required("country", Kind::Country, "`country = \"US\"`"),
        required(
            "condition",
            Kind::Text,
            "`condition = \"only organisations certified under the agreement\"`",
        ),
    ],
};

/// The file.
pub(in crate::policy) static JURISDICTIONS: Section = Section {
    name: "jurisdictions.toml",
    keys: &[
        optional(FRESH_FOR_DAYS, FRESH_FOR_DAYS_KIND, FRESH_FOR_DAYS_EXAMPLE),
        optional(
            "set",
            Kind::Tables(&SET),
            "`[[set]]` with `name`, `from`, `countries` and `source`",
        ),
    ],
};

/// The file, as far as it could be read.
pub(in crate::policy) struct JurisdictionsForm {
    pub(in crate::policy) sets: CountrySets,
    /// Names that other files may use; `None` when nothing can be said of them.
    pub(in crate::policy) names: SetNames,
}

impl JurisdictionsForm {
    /// A set of allowlists without the file: it defines no set.
    pub(in crate::policy) fn absent() -> Self {
        Self {
            sets: CountrySets::default(),
            names: Some(BTreeSet::new()),
        }
    }

    /// A file that cannot be read: no name can be called unknown.
    pub(in crate::policy) fn unreadable() -> Self {
        Self {
            sets: CountrySets::default(),
            names: None,
        }
    }

    /// Reads the file.
    pub(in crate::policy) fn read(problems: &mut Problems) -> Self {
        let source = Arc::clone(problems.source());
        let Some(table) = parse(&source.text, problems) else {
            return Self::unreadable();
        };
        let mut file = Reader::open(&JURISDICTIONS, &table, 0..0, problems);
        let fresh_for = fresh_for(&mut file);
        let tables = file.tables("set");
        // Every name first: a set may name one that stands below it.
        let names: BTreeSet<String> = tables
            .iter()
            .filter_map(|(table, _)| table.get("name")?.get_ref().as_str().map(str::to_owned))
            .collect();
        let names = Some(names);
        let mut sets = CountrySets::new(fresh_for);
        let mut placed = Vec::new();
        for (table, span) in tables {
            let Some(set) = read_set(table, span, &names, file.problems) else {
                continue;
            };
            let SetForm { name, period, .. } = &set;
            if sets
                .periods(&name.value)
                .is_some_and(|all| all.iter().any(|p| p.meets(period)))
            {
                let message = format!("two sets `{}` hold on the same day", name.value);
                let help = "let one end, with `to`, on the day before the other begins";
                file.problems.report(name.span.clone(), message, help);
                continue;
            }
            sets.insert(&name.value, period.clone());
            placed.push(set);
        }
        let mut circles = false;
        for SetForm { name, .. } in &placed {
            if let Some(circle) = sets.circle(&name.value) {
                circles = true;
                let path = circle.join("` names `");
                let message = format!("the set `{}` contains itself", name.value);
                let help = format!("`{}` names `{path}`", name.value);
                file.problems.report(name.span.clone(), message, help);
            }
        }
        if !circles {
            for set in &placed {
                both_ways(set, &sets, file.problems);
            }
        }
        Self { sets, names }
    }
}

/// A set with the places of its conditional members.
struct SetForm {
    name: Placed<String>,
    period: Period,
    conditional: Vec<Placed<CountryCode>>,
}

/// A country is a member, or one on a condition, but not both on one day.
fn both_ways(set: &SetForm, sets: &CountrySets, problems: &mut Problems) {
    let SetForm { period, .. } = set;
    for country in &set.conditional {
        let days = (period.from, period.to);
        let Some(day) = sets.day_with(&period.members, country.value, days) else {
            continue;
        };
        let message = format!(
            "`{}` is both a member of `{}` and one on a condition",
            country.value, set.name.value
        );
        let direct = period.members.contains(&Territory::Country(country.value));
        let help = if direct {
            "take it out of `countries`, or remove the condition".to_owned()
        } else {
            format!(
                "a set in `countries` has it on {day}; end this period, or remove the condition"
            )
        };
        problems.report(country.span.clone(), message, help);
    }
}

fn read_set(
    table: &DeTable<'_>,
    span: Range<usize>,
    names: &SetNames,
    problems: &mut Problems,
) -> Option<SetForm> {
    let mut reader = Reader::open(&SET, table, span, problems);
    let name = set_name(&mut reader);
    let (from, to) = (reader.date("from"), reader.date("to"));
    if let (Some(from), Some(to)) = (&from, &to)
        && to.value < from.value
    {
        let message = format!("`to` is before `from` ({})", from.value);
        reader.problems.report(
            to.span.clone(),
            message,
            "`to` is the last day, `from` the first",
        );
    }
    let mut members = Vec::new();
    for item in reader.items("countries").unwrap_or_default() {
        let Some(member) = values::territory(item, names, reader.problems) else {
            continue;
        };
        if members.contains(&member) {
            let message = format!("`{member}` stands twice in the set");
            reader.problems.report(item.span(), message, "remove one");
        }
        members.push(member);
    }
    let conditional = conditional(&mut reader);
    let source = reader.text("source");
    let reviewed = reader.date("reviewed");
    let period = Period {
        from: from?.value,
        to: to.map(|date| date.value),
        members,
        conditional: conditional.iter().map(|(_, found)| found.clone()).collect(),
        source: source?.value.to_owned(),
        reviewed: reviewed?.value,
    };
    Some(SetForm {
        name: name?,
        period,
        conditional: conditional.into_iter().map(|(place, _)| place).collect(),
    })
}

fn conditional(set: &mut Reader<'_, '_>) -> Vec<(Placed<CountryCode>, Conditional)> {
    let mut all: Vec<(Placed<CountryCode>, Conditional)> = Vec::new();
    for (table, span) in set.tables("conditional") {
        let mut reader = Reader::open(&CONDITIONAL, table, span, set.problems);
        let country = values::country(&mut reader, "country");
        let condition = reader.text("condition");
        let (Some(country), Some(condition)) = (country, condition) else {
            continue;
        };
        if all.iter().any(|(other, _)| other.value == country.value) {
            let message = format!("`{}` has two conditions in the set", country.value);
            let help = "say both in one `condition`";
            reader.problems.report(country.span.clone(), message, help);
        }
        let found = Conditional {
            country: country.value,
            condition: Arc::from(condition.value),
        };
        all.push((country, found));
    }
    all
}

fn set_name(reader: &mut Reader<'_, '_>) -> Option<Placed<String>> {
    let name = reader.text("name")?;
    let plain = name
        .value
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    if !plain {
        let message = format!("`{}` is not a set's name", name.value.escape_debug());
        reader
            .problems
            .report(name.span, message, "use letters, digits, `-` and `_`");
        return None;
    }
    if name.value.parse::<CountryCode>().is_ok() {
        let message = format!(
            "`{}` is a country; a set of that name would hide it",
            name.value
        );
        reader
            .problems
            .report(name.span, message, "give the set another name");
        return None;
    }
    Some(Placed {
        value: name.value.to_owned(),
        span: name.span,
    })
}
