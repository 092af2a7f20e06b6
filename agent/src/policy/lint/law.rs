//! Whether the operators that an entry names are under a law that it admits.

use std::ops::Range;

use super::{Item, Lint, Noted, Valid};
use crate::{
    jurisdiction::{NamePattern, Provider, Providers},
    policy::{Membership, Territory},
};

/// An operator that an entry names.
struct Named<'a> {
    provider: &'a Provider,
    /// Where.
    span: Range<usize>,
    /// By a host name, which the checks of the set do not look at.
    by: Option<&'a NamePattern>,
}

pub(super) fn check(item: Item<'_>, set: &Valid<'_>, noted: &mut Noted) {
    let entry = item.entry;
    if entry.denies() {
        return;
    }
    for named in operators(item, set.providers) {
        if entry.operator_domicile.is_empty() {
            foreign(item, &named, set, noted);
        } else {
            admitted(item, &named, set, noted);
        }
    }
}

/// The operators that it names by id and by host name.
fn operators<'a>(item: Item<'a>, providers: &'a Providers) -> Vec<Named<'a>> {
    let ids = item.form.providers.iter().filter_map(|id| {
        Some(Named {
            provider: providers.get(&id.value)?,
            span: id.span.clone(),
            by: None,
        })
    });
    let names = item.form.names.iter().filter_map(|name| {
        let id = of_pattern(providers, &name.value)?;
        Some(Named {
            provider: providers.get(id)?,
            span: name.span.clone(),
            by: Some(&name.value),
        })
    });
    ids.chain(names).collect()
}

/// The operator of a name; of a pattern, that of the names below it.
fn of_pattern<'a>(providers: &'a Providers, pattern: &NamePattern) -> Option<&'a str> {
    let name = if pattern.is_wildcard() {
        format!("x.{}", pattern.name())
    } else {
        pattern.name().to_owned()
    };
    // A pattern whose names would be too long has none.
    providers.id_by_name(&name.parse().ok()?)
}

/// The entry asks for a domicile: is it one that counts, and one that it admits?
fn admitted(item: Item<'_>, named: &Named<'_>, set: &Valid<'_>, noted: &mut Noted) {
    let provider = named.provider;
    let asked = &item.entry.operator_domicile;
    let who = match named.by {
        Some(name) => format!("`{name}` is of `{}`", provider.id),
        None => format!("`{}`", provider.id),
    };
    match provider.domicile_on(set.today) {
        Err(error) => {
            let message = format!("the entry asks for the operator's domicile; {who}: {error}");
            let help = "compare it with a source in providers.toml; until then its flows are \
                        `indeterminate`";
            noted.note(
                item,
                Lint::UnreviewedDomicile,
                named.span.clone(),
                message,
                help,
            );
        }
        // Of a provider's id it is an error where it can never change.
        Ok(domicile) => {
            let member = set.sets.membership_of_any(asked, domicile, set.today);
            if member == Membership::Outside {
                let message = format!(
                    "{who}, domiciled in {domicile}, and the entry asks for {}",
                    listed(asked)
                );
                let help = "the entry does not declare it: remove it, or admit its domicile";
                noted.note(
                    item,
                    Lint::ContradictoryDomicile,
                    named.span.clone(),
                    message,
                    help,
                );
            }
        }
    }
}

/// The entry asks for a place only, and the operator is at home elsewhere.
fn foreign(item: Item<'_>, named: &Named<'_>, set: &Valid<'_>, noted: &mut Noted) {
    let countries = &item.entry.countries;
    let provider = named.provider;
    let Ok(domicile) = provider.domicile_on(set.today) else {
        return;
    };
    let member = set.sets.membership_of_any(countries, domicile, set.today);
    if countries.is_empty() || member != Membership::Outside {
        return;
    }
    let message = format!(
        "the entry asks for hosting in {}, and `{}` is domiciled in {domicile}",
        listed(countries),
        provider.id
    );
    let help = "a place is not a law: add `operator_domicile`, or say in `lint_allow` why it does \
                not matter";
    noted.note(
        item,
        Lint::ForeignOperator,
        named.span.clone(),
        message,
        help,
    );
}

/// `EEA or CH`.
fn listed(territories: &[Territory]) -> String {
    let all: Vec<String> = territories.iter().map(ToString::to_string).collect();
    all.join(" or ")
}
