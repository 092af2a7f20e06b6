//! `providers.toml`.

use std::{collections::BTreeSet, fmt::Display, ops::Range, sync::Arc};

use ipnetwork::IpNetwork;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Placed,
    host_names::{host_name, pattern},
    kind::Kind,
    reader::{Problems, Reader, Section, optional, parse, required, word},
    review::{FRESH_FOR_DAYS, FRESH_FOR_DAYS_EXAMPLE, FRESH_FOR_DAYS_KIND, fresh_for, review},
    taken::{Owner, Taken},
    values,
};
use crate::jurisdiction::{Freshness, NamePattern, Provider, ProviderKind};

/// Kinds of provider, as they are written.
const KINDS: [&str; ProviderKind::ALL.len()] = {
    let mut labels = [""; ProviderKind::ALL.len()];
    let mut at = 0;
    while at < labels.len() {
        labels[at] = ProviderKind::ALL[at].label();
        at += 1;
    }
    labels
};

/// An operator.
pub(in crate::policy) static PROVIDER: Section = Section {
    name: "[[provider]]",
    keys: &[
        required(
            "id",
            Kind::Pattern("^[a-z0-9][a-z0-9-]*$"),
            "`id = \"provider-a\"`",
        ),
        required("title", Kind::Text, "`title = \"Provider A\"`"),
        required(
            "kinds",
            Kind::Words("kinds", &KINDS),
            "`kinds = [\"hosting\"]`",
        ),
        optional("asn", Kind::AsNumbers, "`asn = [64496]`"),
        optional("ranges", Kind::Networks, "`ranges = [\"198.51.100.0/24\"]`"),
        optional(
            "names",
            Kind::Names,
            "`names = [\"provider.example\", \"*.provider.example\"]`",
        ),
        optional("doh", Kind::HostNames, "`doh = [\"dns.provider.example\"]`"),
        optional("anycast", Kind::Flag, "`anycast = true`"),
        required(
            "legal_entity",
            Kind::Text,
            "`legal_entity = \"Provider A GmbH\"`",
        ),
        required("parent", Kind::Text, "`parent = \"Provider Holding AG\"`"),
        required(
            "domicile",
            Kind::Country,
            "`domicile = \"DE\"`, the legal home of `parent`",
        ),
        optional(
            "source",
            Kind::Texts,
            "`source = [\"the commercial register's entry\"]`",
        ),
        optional("reviewed", Kind::Date, "`reviewed = 2026-11-01`"),
        optional(
            "unreviewed",
            Kind::Text,
            "`unreviewed = \"no public source names the owner\"`",
        ),
    ],
};

/// The file.
pub(in crate::policy) static PROVIDERS: Section = Section {
    name: "providers.toml",
    keys: &[
        required(FRESH_FOR_DAYS, FRESH_FOR_DAYS_KIND, FRESH_FOR_DAYS_EXAMPLE),
        optional(
            "provider",
            Kind::Tables(&PROVIDER),
            "`[[provider]]` with `id`, `title`, `kinds`, `legal_entity`, `parent` and \
             `domicile`",
        ),
    ],
};

/// Ids of the providers; `None` when the file could not be read, so that nothing
/// can be said of them.
pub(in crate::policy) type ProviderIds = Option<BTreeSet<String>>;

/// The file, as far as it could be read.
pub(in crate::policy) struct ProvidersForm {
    pub(in crate::policy) providers: Vec<Provider>,
    pub(in crate::policy) ids: ProviderIds,
}

impl ProvidersForm {
    /// A set of allowlists without the file: it lists no provider.
    pub(in crate::policy) fn absent() -> Self {
        Self {
            providers: Vec::new(),
            ids: Some(BTreeSet::new()),
        }
    }

    /// A file that cannot be read: no id can be called unknown.
    pub(in crate::policy) fn unreadable() -> Self {
        Self {
            providers: Vec::new(),
            ids: None,
        }
    }

    /// Reads the file.
    pub(in crate::policy) fn read(problems: &mut Problems) -> Self {
        let source = Arc::clone(problems.source());
        let Some(table) = parse(&source.text, problems) else {
            return Self::unreadable();
        };
        let mut file = Reader::open(&PROVIDERS, &table, 0..0, problems);
        // A faulty limit is reported; until it is mended the set is refused.
        let fresh_for = fresh_for(&mut file).unwrap_or(Freshness::days(0));
        let tables = file.tables("provider");
        // A faulty provider has its id all the same.
        let ids = tables
            .iter()
            .filter_map(|(table, _)| table.get("id")?.get_ref().as_str().map(str::to_owned))
            .collect();
        let mut uses = Uses::default();
        let providers = tables
            .into_iter()
            .filter_map(|(table, span)| {
                read_provider(table, span, fresh_for, &mut uses, file.problems)
            })
            .collect();
        Self {
            providers,
            ids: Some(ids),
        }
    }
}

/// What can be of one provider only.
#[derive(Default)]
struct Uses {
    ids: Taken<String>,
    numbers: Taken<u32>,
    ranges: Taken<IpNetwork>,
    patterns: Taken<NamePattern>,
    doh: Taken<Arc<str>>,
}

fn read_provider(
    table: &DeTable<'_>,
    span: Range<usize>,
    fresh_for: Freshness,
    uses: &mut Uses,
    problems: &mut Problems,
) -> Option<Provider> {
    let mut reader = Reader::open(&PROVIDER, table, span.clone(), problems);
    let id = provider_id(&mut reader);
    let owner = Owner {
        table: span.start,
        name: id.as_ref().map_or_else(
            || "another provider".to_owned(),
            |id| format!("`{}`", id.value),
        ),
    };
    if let Some(id) = &id
        && let Some((_, start)) = uses.ids.take(id.value.clone(), &owner, id.span.start)
    {
        let line = reader.problems.source().position(*start).line;
        let message = format!("the id `{}` is taken", id.value);
        let help = format!("line {line} has it; an id names one provider");
        reader.problems.report(id.span.clone(), message, help);
    }
    let title = reader.text("title");
    let kinds = kinds(&mut reader);
    let asn = list(
        &mut reader,
        "asn",
        &owner,
        &mut uses.numbers,
        values::as_number,
    );
    let ranges = list(&mut reader, "ranges", &owner, &mut uses.ranges, range);
    let names = list(&mut reader, "names", &owner, &mut uses.patterns, pattern);
    let doh = list(&mut reader, "doh", &owner, &mut uses.doh, host_name);
    if ["asn", "ranges", "names"]
        .iter()
        .all(|key| reader.value(key).is_none())
    {
        let message = "[[provider]] does not say what it operates";
        let help = "add `asn`, `ranges` or `names`";
        reader.problems.report(span, message, help);
    }
    let anycast = reader.flag("anycast").map(|flag| flag.value);
    let legal_entity = reader.text("legal_entity");
    let parent = reader.text("parent");
    let domicile = values::country(&mut reader, "domicile");
    let source = sources(&mut reader);
    let review = review(&mut reader);
    Some(Provider {
        id: Arc::from(id?.value),
        title: title?.value.to_owned(),
        kinds,
        asn,
        ranges,
        names,
        doh,
        anycast,
        legal_entity: Arc::from(legal_entity?.value),
        parent: Arc::from(parent?.value),
        domicile: domicile?.value,
        source,
        review: review?,
        fresh_for,
    })
}

fn provider_id(reader: &mut Reader<'_, '_>) -> Option<Placed<String>> {
    let id = reader.text("id")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !id.value.bytes().all(plain) || id.value.starts_with('-') {
        let message = format!("`{}` is not a provider's id", id.value.escape_debug());
        let help = "use lower-case letters, digits and hyphens";
        reader.problems.report(id.span, message, help);
        return None;
    }
    Some(Placed {
        value: id.value.to_owned(),
        span: id.span,
    })
}

fn kinds(reader: &mut Reader<'_, '_>) -> Vec<ProviderKind> {
    let choices = ProviderKind::ALL.map(|kind| (kind.label(), kind));
    let mut kinds = Vec::new();
    for item in reader.items("kinds").unwrap_or_default() {
        let Some(text) = values::text(item, "a kind of provider", reader.problems) else {
            continue;
        };
        let placed = Placed {
            value: text,
            span: item.span(),
        };
        let Some(kind) = word(placed, "kind of provider", &choices, reader.problems) else {
            continue;
        };
        if kinds.contains(&kind) {
            let message = format!("`{kind}` stands twice in the provider");
            reader.problems.report(item.span(), message, "remove one");
        }
        kinds.push(kind);
    }
    kinds
}

/// A value of one item of an array.
type ReadItem<T> = fn(&Spanned<DeValue<'_>>, &mut Problems) -> Option<T>;

/// The values of an array, none of which may be of two providers.
fn list<T: Ord + Clone + Display>(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    owner: &Owner,
    taken: &mut Taken<T>,
    read: ReadItem<T>,
) -> Vec<T> {
    let mut values = Vec::new();
    for item in reader.items(key).unwrap_or_default() {
        let Some(value) = read(item, reader.problems) else {
            continue;
        };
        if let Some((other, start)) = taken.take(value.clone(), owner, item.span().start) {
            let line = reader.problems.source().position(*start).line;
            let shown = format!("{}{value}", if key == "asn" { "AS" } else { "" });
            let (message, help) = if other.table == owner.table {
                (
                    format!("{shown} stands twice in the provider"),
                    format!("the first is in line {line}; remove one"),
                )
            } else {
                (
                    format!("{shown} is of {} already", other.name),
                    format!("line {line} has it; leave it with the one that operates it"),
                )
            };
            reader.problems.report(item.span(), message, help);
        }
        values.push(value);
    }
    values
}

fn range(value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<IpNetwork> {
    let range = values::network(value, problems)?;
    if range.prefix() == 0 {
        let message = format!("`{range}` would give every address to one provider");
        let help = "name the networks that it publishes as its own";
        problems.report(value.span(), message, help);
        return None;
    }
    Some(range)
}

fn sources(reader: &mut Reader<'_, '_>) -> Vec<String> {
    let mut sources = Vec::new();
    for item in reader.items("source").unwrap_or_default() {
        match values::text(item, "a text", reader.problems) {
            Some(text) if text.trim().is_empty() => {
                let help = "say where a reader finds the statement";
                reader
                    .problems
                    .report(item.span(), "an item of `source` is empty", help);
            }
            text => sources.extend(text.map(str::to_owned)),
        }
    }
    sources
}
