//! What only the whole set shows: ids used twice, workloads claimed twice,
//! destinations that the posture forbids, what lies outside and lacks a ground, domiciles that contradict a condition.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use ipnetwork::IpNetwork;

use super::{
    countries::CountrySets,
    diagnostic::Diagnostic,
    form::{EntryForm, Key, Placed, PlatformForm, ProductForm},
    product::Posture,
    selector::{Clause, Selector, cover as clauses_cover},
    source::Source,
};
use crate::{
    jurisdiction::{Provider, Review},
    record::Direction,
};

/// The set, as far as it could be read.
pub(super) struct Whole<'a> {
    pub(super) products: &'a [ProductForm],
    pub(super) platform: Option<&'a PlatformForm>,
    /// Whether `platform.toml` is sound: else nothing can be said of what lies
    /// outside its networks.
    pub(super) networks_known: bool,
    /// The sets of countries and the providers, where both files are sound.
    pub(super) law: Option<(&'a CountrySets, &'a [Provider])>,
}

impl Whole<'_> {
    /// Every error of the set as a whole.
    pub(super) fn check(&self) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        ids(self.products, self.platform, &mut found);
        selectors(self.products, &mut found);
        if self.networks_known {
            let own = own(self.platform);
            for product in self.products {
                if product.posture == Some(Posture::InternalOnly) {
                    internal_only(product, &own, &mut found);
                }
            }
            for (source, entries) in entries(self.products, self.platform) {
                for entry in entries {
                    grounds(source, entry, &own, &mut found);
                }
            }
        }
        if let Some((sets, providers)) = self.law {
            for (source, entries) in entries(self.products, self.platform) {
                for entry in entries {
                    contradiction(source, entry, sets, providers, &mut found);
                }
            }
        }
        found
    }
}

/// The entries of every file.
fn entries<'a>(
    products: &'a [ProductForm],
    platform: Option<&'a PlatformForm>,
) -> impl Iterator<Item = (&'a Arc<Source>, &'a [EntryForm])> {
    let shared = platform
        .into_iter()
        .map(|form| (&form.source, form.entries.as_slice()));
    shared.chain(
        products
            .iter()
            .map(|form| (&form.source, form.entries.as_slice())),
    )
}

/// An id names one entry of the whole set, so that a verdict's rule does.
fn ids(products: &[ProductForm], platform: Option<&PlatformForm>, found: &mut Vec<Diagnostic>) {
    let mut first: BTreeMap<&str, (&Arc<Source>, &Range<usize>)> = BTreeMap::new();
    for (source, entries) in entries(products, platform) {
        for id in entries.iter().filter_map(|entry| entry.id.as_ref()) {
            if let Some((other, span)) = first.get(id.value.as_str()) {
                found.push(Diagnostic::at(
                    source,
                    id.span.clone(),
                    format!("the id `{}` is taken", id.value),
                    format!(
                        "{} has it; ids are unique in the whole set",
                        shown(other, span)
                    ),
                ));
            } else {
                first.insert(&id.value, (source, &id.span));
            }
        }
    }
}

/// A selector with the alternatives of which it is made.
struct Claiming<'a> {
    product: &'a ProductForm,
    selector: &'a Placed<Selector>,
    /// None where they are too many to compare.
    clauses: Vec<Clause<'a>>,
}

/// No selector of a product may take what one of another takes, where that can
/// be proven from the text. What cannot is found on the flows.
fn selectors(products: &[ProductForm], found: &mut Vec<Diagnostic>) {
    let selectors = products.iter().flat_map(|product| {
        let of_product = product.selectors.iter();
        of_product.map(move |selector| Claiming {
            product,
            selector,
            clauses: selector.value.clauses().unwrap_or_default(),
        })
    });
    let all: Vec<Claiming<'_>> = selectors.collect();
    for (at, one) in all.iter().enumerate() {
        for other in all.iter().skip(at + 1) {
            if !Arc::ptr_eq(&one.product.source, &other.product.source) {
                found.extend(overlap(one, other).or_else(|| overlap(other, one)));
            }
        }
    }
}

/// What the narrow one takes, all of it or one alternative of it, and the wide one
/// takes too.
fn overlap(wide: &Claiming<'_>, narrow: &Claiming<'_>) -> Option<Diagnostic> {
    let taken = |clause: &&Clause<'_>| {
        let mut wide = wide.clauses.iter();
        clause.contradiction().is_none() && wide.any(|wide| wide.covers(clause))
    };
    let first = narrow.clauses.iter().find(taken)?;
    let what = if narrow.clauses.len() == 1 || clauses_cover(&wide.clauses, &narrow.clauses) {
        format!("all that this one takes ({})", narrow.selector.value)
    } else {
        format!("what this one takes by ({first})")
    };
    Some(Diagnostic::at(
        &narrow.product.source,
        narrow.selector.span.clone(),
        format!("{} claims the same workloads", wide.product.source.stem()),
        format!(
            "the selector at {} ({}) takes {what}; narrow one of them or remove it",
            shown(&wide.product.source, &wide.selector.span),
            wide.selector.value,
        ),
    ))
}

/// What an `internal_only` product calls lies in the platform's own networks.
/// Being called from outside is another matter: that is not its initiative.
fn internal_only(product: &ProductForm, own: &[IpNetwork], found: &mut Vec<Diagnostic>) {
    let mut report =
        |entry: &EntryForm, span: &Range<usize>, what: String| {
            let id = entry.id.as_ref().map_or("an entry", |id| id.value.as_str());
            found.push(Diagnostic::at(
            &product.source,
            span.clone(),
            format!("{} is internal_only, and {id} declares {what}", product.source.stem()),
            "remove the entry, or make the posture `external_declared` and disclose the provider",
        ));
        };
    for entry in &product.entries {
        if entry.direction == Direction::Inbound {
            continue;
        }
        for network in &entry.networks {
            if !is_own(network.value, own) {
                report(
                    entry,
                    &network.span,
                    format!("the external destination {}", network.value),
                );
            }
        }
        for name in &entry.names {
            let what = format!("the external name {}", name.value);
            report(entry, &name.span, what);
        }
        for system in &entry.systems {
            let what = format!("the external operator {}", system.value);
            report(entry, &system.span, what);
        }
        for id in &entry.providers {
            let what = format!("the external provider {}", id.value);
            report(entry, &id.span, what);
        }
        let anywhere = entry
            .entry
            .as_ref()
            .is_some_and(|entry| !entry.names_who() && !entry.countries.is_empty());
        if anywhere {
            report(
                entry,
                &entry.span,
                "external destinations by country".to_owned(),
            );
        }
    }
}

/// The platform's own networks.
pub(super) fn own(platform: Option<&PlatformForm>) -> Vec<IpNetwork> {
    let networks = platform.into_iter().flat_map(|form| &form.internal);
    networks.map(|network| network.cidr).collect()
}

fn is_own(network: IpNetwork, own: &[IpNetwork]) -> bool {
    own.iter().any(|wide| within(network, *wide))
}

/// Whether all that the entry names lies in the platform's own networks. Providers and
/// autonomous systems may reach anywhere; a name beside networks only narrows them.
pub(super) fn stays_in(entry: &EntryForm, own: &[IpNetwork]) -> bool {
    let mut networks = entry.networks.iter();
    !entry.networks.is_empty()
        && entry.providers.is_empty()
        && entry.systems.is_empty()
        && networks.all(|network| is_own(network.value, own))
}

/// What leads outside the platform says what goes there, on what ground, and until when.
fn grounds(
    source: &Arc<Source>,
    entry: &EntryForm,
    own: &[IpNetwork],
    found: &mut Vec<Diagnostic>,
) {
    if entry.lacking.is_empty() || entry.direction == Direction::Inbound || stays_in(entry, own) {
        return;
    }
    let id = entry
        .id
        .as_ref()
        .map_or("the entry", |id| id.value.as_str());
    let list = |show: fn(&Key) -> String| {
        let shown: Vec<String> = entry.lacking.iter().map(show).collect();
        match shown.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
            _ => shown.concat(),
        }
    };
    found.push(Diagnostic::at(
        source,
        entry.span.clone(),
        format!(
            "{id} leads outside the platform and lacks {}",
            list(|key| format!("`{}`", key.name))
        ),
        format!("add {}", list(|key| key.example.to_owned())),
    ));
}

/// An entry that names a provider and asks for a domicile which the reviewed one
/// of that provider is not, and which no later period of a set brings in: it
/// could never declare. An unreviewed domicile may yet turn out to be any.
fn contradiction(
    source: &Arc<Source>,
    entry: &EntryForm,
    sets: &CountrySets,
    providers: &[Provider],
    found: &mut Vec<Diagnostic>,
) {
    if entry.operator_domicile.is_empty() {
        return;
    }
    for id in &entry.providers {
        let Some(provider) = providers.iter().find(|provider| *provider.id == *id.value) else {
            continue;
        };
        let Review::Reviewed(day) = provider.review else {
            continue;
        };
        if sets.never_from(&entry.operator_domicile, provider.domicile, day) {
            let asked: Vec<String> = entry
                .operator_domicile
                .iter()
                .map(ToString::to_string)
                .collect();
            found.push(Diagnostic::at(
                source,
                id.span.clone(),
                format!(
                    "`{}` is domiciled in {}, and the entry asks for {}",
                    id.value,
                    provider.domicile,
                    asked.join(" or ")
                ),
                "the entry would never declare it: remove the provider, or admit its domicile",
            ));
        }
    }
}

/// Whether the whole of one network lies in the other.
pub(super) fn within(narrow: IpNetwork, wide: IpNetwork) -> bool {
    match (narrow, wide) {
        (IpNetwork::V4(narrow), IpNetwork::V4(wide)) => narrow.is_subnet_of(wide),
        (IpNetwork::V6(narrow), IpNetwork::V6(wide)) => narrow.is_subnet_of(wide),
        _ => false,
    }
}

/// `image-generation.toml:12:3`.
pub(super) fn shown(source: &Source, span: &Range<usize>) -> String {
    let position = source.position(span.start);
    format!("{}:{}:{}", source.name, position.line, position.column)
}
