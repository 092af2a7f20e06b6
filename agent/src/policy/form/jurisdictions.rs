//! `jurisdictions.toml`.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use toml::de::DeTable;

use super::{
    Placed,
    reader::{Problems, Reader, Section, optional, parse, required},
    values::{self, SetNames},
};
use crate::{
    jurisdiction::CountryCode,
    policy::countries::{CountrySets, Period},
};

/// A dated set of countries.
pub(in crate::policy) static SET: Section = Section {
    name: "[[set]]",
    keys: &[
        required("name", "a string", "`name = \"EEA\"`"),
        required(
            "from",
            "a date",
            "`from = 2020-02-01`, the first day on which it holds",
        ),
        optional(
            "to",
            "a date",
            "`to = 2029-12-31`, the last day on which it holds",
        ),
        required(
            "countries",
            "an array of countries or sets",
            "`countries = [\"EU\", \"NO\"]`",
        ),
        required(
            "source",
            "a string",
            "`source = \"the text of law that says so\"`",
        ),
        required("reviewed", "a date", "`reviewed = 2026-11-01`"),
    ],
};

static FILE: Section = Section {
    name: "jurisdictions.toml",
    keys: &[optional(
        "set",
        "an array of tables",
        "`[[set]]` with `name`, `from`, `countries` and `source`",
    )],
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
        let mut file = Reader::open(&FILE, &table, 0..0, problems);
        let tables = file.tables("set");
        // Every name first: a set may name one that stands below it.
        let names: BTreeSet<String> = tables
            .iter()
            .filter_map(|(table, _)| table.get("name")?.get_ref().as_str().map(str::to_owned))
            .collect();
        let names = Some(names);
        let mut sets = CountrySets::default();
        let mut placed = Vec::new();
        for (table, span) in tables {
            let Some((name, period)) = read_set(table, span.clone(), &names, file.problems) else {
                continue;
            };
            if sets
                .periods(&name.value)
                .is_some_and(|all| all.iter().any(|p| p.meets(&period)))
            {
                let message = format!("two sets `{}` hold on the same day", name.value);
                let help = "let one end, with `to`, on the day before the other begins";
                file.problems.report(name.span.clone(), message, help);
                continue;
            }
            sets.insert(&name.value, period);
            placed.push(name);
        }
        for name in placed {
            if let Some(circle) = sets.circle(&name.value) {
                let path = circle.join("` names `");
                let message = format!("the set `{}` contains itself", name.value);
                let help = format!("`{}` names `{path}`", name.value);
                file.problems.report(name.span, message, help);
            }
        }
        Self { sets, names }
    }
}

fn read_set(
    table: &DeTable<'_>,
    span: Range<usize>,
    names: &SetNames,
    problems: &mut Problems,
) -> Option<(Placed<String>, Period)> {
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
    let source = reader.text("source")?.value.to_owned();
    let reviewed = reader.date("reviewed")?.value;
    let period = Period {
        from: from?.value,
        to: to.map(|date| date.value),
        members,
        source,
        reviewed,
    };
    Some((name?, period))
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
