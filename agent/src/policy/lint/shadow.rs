//! Entries that another makes superfluous.

use super::{Item, Lint, Noted};
use crate::{
    jurisdiction::NamePattern,
    policy::{Effect, Entry, Territory, whole::within},
};

/// Notes every entry whose flows another of the same product or of the platform
/// declares, on the same or weaker terms. Of two that declare the same, the one that
/// stands first is kept.
pub(super) fn check(items: &[Item<'_>], shared: &[Item<'_>], noted: &mut Noted) {
    for (at, item) in items.iter().enumerate() {
        denied(*item, items.iter().chain(shared), noted);
        let beside = items.iter().enumerate().filter(|(other, _)| *other != at);
        let wider = beside
            .filter(|(_, other)| covers(other.entry, item.entry))
            .find(|(other, wide)| *other < at || !covers(item.entry, wide.entry))
            .map(|(_, wide)| wide);
        let inherited = || shared.iter().find(|other| covers(other.entry, item.entry));
        let Some(wide) = wider.or_else(inherited) else {
            continue;
        };
        let message = format!(
            "`{}` declares nothing that `{}` does not",
            item.entry.id, wide.entry.id
        );
        let help = format!(
            "{} has it on the same or weaker terms: remove one of the two, or narrow the other",
            wide.shown()
        );
        noted.note(*item, Lint::Shadowed, item.place(), message, help);
    }
}

/// Notes an entry all of which another denies.
fn denied<'a>(item: Item<'a>, others: impl Iterator<Item = &'a Item<'a>>, noted: &mut Noted) {
    if item.entry.denies() {
        return;
    }
    let mut others = others.filter(|other| other.entry.denies());
    let takes = |other: &&Item<'_>| {
        let as_allowed = Entry {
            effect: Effect::Allow,
            ..other.entry.clone()
        };
        covers(&as_allowed, item.entry)
    };
    if let Some(other) = others.find(takes) {
        let message = format!("`{}` denies all of `{}`", other.entry.id, item.entry.id);
        let help = format!("{}: remove one of the two, or narrow it", other.shown());
        noted.note(item, Lint::Unreachable, item.place(), message, help);
    }
}

/// Whether every flow that `narrow` declares, or denies, on some day, `wide` does on that day:
/// sound and not complete, since a network may be covered by several together.
fn covers(wide: &Entry, narrow: &Entry) -> bool {
    // Every key that narrows an entry is looked at here: a new one does not compile
    // until it is.
    let Entry {
        id: _,
        effect,
        purpose: _,
        owner: _,
        direction,
        networks,
        systems,
        providers,
        names,
        grade,
        countries,
        operator_domicile,
        no_anycast,
        ports,
        protocols,
        budget,
        windows,
        expires,
        duties: _,
    } = wide;
    let lasts = match (expires, narrow.expires) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow <= *wide,
    };
    let hangs_on_name = !names.is_empty() || !providers.is_empty();
    let named = names.is_empty() || all(&narrow.names, |one| names.iter().any(|n| takes(n, one)));
    let who = wide.names_no_address()
        || (!narrow.names_no_address()
            && narrow
                .networks
                .iter()
                .all(|one| networks.iter().any(|network| within(*one, *network)))
            && narrow.systems.iter().all(|system| systems.contains(system))
            && narrow.providers.iter().all(|id| providers.contains(id)));
    *effect == narrow.effect
        && *direction == narrow.direction
        && lasts
        && (protocols.is_empty() || all(&narrow.protocols, |one| protocols.contains(one)))
        && (ports.is_empty()
            || all(&narrow.ports, |one| {
                ports
                    .iter()
                    .any(|r| r.first <= one.first && one.last <= r.last)
            }))
        && within_any(countries, &narrow.countries)
        && within_any(operator_domicile, &narrow.operator_domicile)
        && (!no_anycast || narrow.no_anycast)
        // A budget may be used up by what only the wider declares.
        && budget.is_none()
        && (windows.is_empty() || all(&narrow.windows, |one| windows.contains(one)))
        && (!hangs_on_name || *grade <= narrow.grade)
        && named
        && who
}

/// Whether there are any, and all are so.
fn all<T>(items: &[T], so: impl Fn(&T) -> bool) -> bool {
    !items.is_empty() && items.iter().all(so)
}

/// Whether the wider condition admits all that the narrower does; no condition admits
/// everything.
fn within_any(wide: &[Territory], narrow: &[Territory]) -> bool {
    wide.is_empty() || all(narrow, |one| wide.contains(one))
}

/// Whether every name that fits `narrow` fits `wide`.
fn takes(wide: &NamePattern, narrow: &NamePattern) -> bool {
    wide == narrow || (wide.is_wildcard() && wide.fits(narrow.name()))
        // Below a name is below what the name is below.
        || (wide.is_wildcard() && narrow.is_wildcard() && wide.name() == narrow.name())
}
