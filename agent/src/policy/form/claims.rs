//! `claims.toml`.

use std::{collections::BTreeSet, sync::Arc};

use toml::{Spanned, de::DeValue};

use super::{
    Known, Placed,
    kind::Kind,
    reader::{Key, Problems, Reader, Section, choice, nearest, optional, parse, required},
    values,
};
use crate::policy::{
    claims::{Claims, Condition, OutOfReach, ReportClaim, Selection},
    source::Source,
};

/// The file.
pub(in crate::policy) static CLAIMS: Section = Section {
    name: "claims.toml",
    keys: &[
        required("report", Kind::Text, "`report = \"Sovereignty report\"`"),
        required("reviewed", Kind::Date, "`reviewed = 2026-11-01`"),
        optional(
            "claim",
            Kind::Tables(&CLAIM),
            "`[[claim]]` with `id`, `statement`, `section`, `products` and `condition`",
        ),
        optional(
            "out_of_reach",
            Kind::Tables(&OUT_OF_REACH),
            "`[[out_of_reach]]` with `id`, `statement`, `section` and `reason`",
        ),
    ],
};

const ID: Key = required(
    "id",
    Kind::Pattern("^[a-z0-9-]+$"),
    "`id = \"llm-inference-stays\"`",
);
const STATEMENT: Key = required("statement", Kind::Text, "`statement = \"what is claimed\"`");
const SECTION: Key = required(
    "section",
    Kind::Texts,
    "`section = [\"the report's heading\"]`",
);

/// The condition's own keys, and the conditions they belong to.
const OWN_KEYS: [(&str, &str); 4] = [
    ("within", "hosting_and_domicile_within"),
    ("confined_to", "external_processing_confined_to"),
    ("percent", "no_provider_above"),
    ("unused", "every_disclosed_provider_seen"),
];

/// A sentence that flows bear out or contradict.
pub(in crate::policy) static CLAIM: Section = Section {
    name: "[[claim]]",
    keys: &[
        ID,
        STATEMENT,
        SECTION,
        optional(
            "products",
            Kind::AllOr("products", "^[a-z0-9][a-z0-9-]*$"),
            "`products = [\"llm-inference\"]` or `\"all\"`",
        ),
        optional(
            "all_but",
            Kind::Patterns("products", "^[a-z0-9][a-z0-9-]*$"),
            "`all_but = [\"image-generation\"]`",
        ),
        required(
            "condition",
            Kind::Word(&Condition::LABELS),
            "`condition = \"no_external_destination\"`",
        ),
        optional("within", Kind::Territories, "`within = [\"EEA\"]`"),
        optional(
            "confined_to",
            Kind::Patterns("products", "^[a-z0-9][a-z0-9-]*$"),
            "`confined_to = [\"image-generation\"]`",
        ),
        optional(
            "percent",
            Kind::Number("a number from 1 to 100", 1, 100),
            "`percent = 60`",
        ),
        optional(
            "unused",
            Kind::Patterns("entries' ids", "^[A-Za-z0-9._-]+$"),
            "`unused = [\"image-provider-b\"]`",
        ),
        optional("absent_ok", Kind::Flag, "`absent_ok = true`"),
        optional("except_shared", Kind::Flag, "`except_shared = true`"),
    ],
};

/// A sentence that no packet proves.
pub(in crate::policy) static OUT_OF_REACH: Section = Section {
    name: "[[out_of_reach]]",
    keys: &[
        ID,
        STATEMENT,
        SECTION,
        required("reason", Kind::Text, "`reason = \"why no flow shows it\"`"),
    ],
};

/// The file, as far as it could be read.
pub(in crate::policy) struct ClaimsForm {
    pub(in crate::policy) source: Arc<Source>,
    /// `None` when a required key of the file is missing.
    pub(in crate::policy) claims: Option<Claims>,
    /// Entries that are listed as unused, with the products of their claim.
    pub(in crate::policy) unused: Vec<(Selection, Placed<String>)>,
}

impl ClaimsForm {
    /// Reads the file; `None` when it is not TOML.
    pub(in crate::policy) fn read(known: &Known, problems: &mut Problems) -> Option<Self> {
        let source = Arc::clone(problems.source());
        let table = parse(&source.text, problems)?;
        let mut file = Reader::open(&CLAIMS, &table, 0..0, problems);
        let report = file.text("report").map(|text| text.value.to_owned());
        let reviewed = file.date("reviewed");
        let (mut ids, mut unused) = (BTreeSet::new(), Vec::new());
        let mut stated = Vec::new();
        for (table, span) in file.tables("claim") {
            let mut reader = Reader::open(&CLAIM, table, span, file.problems);
            stated.extend(claim(&mut reader, known, &mut ids, &mut unused));
        }
        let mut out_of_reach = Vec::new();
        for (table, span) in file.tables("out_of_reach") {
            let mut reader = Reader::open(&OUT_OF_REACH, table, span, file.problems);
            let id = id(&mut reader, &mut ids);
            let statement = owned(&mut reader, "statement");
            let section = texts(&mut reader, "section");
            let reason = owned(&mut reader, "reason");
            out_of_reach.extend((|| {
                Some(OutOfReach {
                    id: id?,
                    statement: statement?,
                    section,
                    reason: reason?,
                })
            })());
        }
        if file.value("claim").is_none() && file.value("out_of_reach").is_none() {
            let help = "add a `[[claim]]` for each sentence that speaks of data flow, and an \
                        `[[out_of_reach]]` for each other";
            file.problems
                .report(0..0, "claims.toml states no claim", help);
        }
        let claims = (|| {
            Some(Claims {
                report: report?,
                reviewed: reviewed?.value,
                stated,
                out_of_reach,
            })
        })();
        Some(Self {
            source,
            claims,
            unused,
        })
    }
}

fn claim(
    reader: &mut Reader<'_, '_>,
    known: &Known,
    ids: &mut BTreeSet<String>,
    listed: &mut Vec<(Selection, Placed<String>)>,
) -> Option<ReportClaim> {
    let id = id(reader, ids);
    let statement = owned(reader, "statement");
    let section = texts(reader, "section");
    let products = selection(reader, known);
    let mut unused = Vec::new();
    let condition = condition(reader, known, &mut unused);
    let mut flag = |key| reader.flag(key).is_some_and(|flag| flag.value);
    let (absent_ok, except_shared) = (flag("absent_ok"), flag("except_shared"));
    if let Some(products) = &products {
        listed.extend(unused.into_iter().map(|id| (products.clone(), id)));
    }
    Some(ReportClaim {
        id: id?,
        statement: statement?,
        section,
        products: products?,
        condition: condition?,
        absent_ok,
        except_shared,
    })
}

fn owned(reader: &mut Reader<'_, '_>, key: &'static str) -> Option<String> {
    reader.text(key).map(|text| text.value.to_owned())
}

/// An id that no other claim of the file has.
fn id(reader: &mut Reader<'_, '_>, ids: &mut BTreeSet<String>) -> Option<String> {
    let id = reader.text("id")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !id.value.bytes().all(plain) {
        let message = format!("`{}` is not a claim's id", id.value.escape_debug());
        let help = "use lower-case letters, digits and hyphens";
        reader.problems.report(id.span, message, help);
        return None;
    }
    if !ids.insert(id.value.to_owned()) {
        let message = format!("the id `{}` is taken", id.value);
        let help = "ids are unique among claims and what is out of reach";
        reader.problems.report(id.span, message, help);
        return None;
    }
    Some(id.value.to_owned())
}

/// Texts that say something.
fn texts(reader: &mut Reader<'_, '_>, key: &'static str) -> Vec<String> {
    let mut texts = Vec::new();
    for item in reader.items(key).unwrap_or_default() {
        match values::text(item, "a text", reader.problems) {
            Some(text) if text.trim().is_empty() => {
                let message = format!("an item of `{key}` is empty");
                let help = "write the heading as the report has it";
                reader.problems.report(item.span(), message, help);
            }
            text => texts.extend(text.map(str::to_owned)),
        }
    }
    texts
}

/// The products of a claim: `products` or `all_but`, and not both.
fn selection(reader: &mut Reader<'_, '_>, known: &Known) -> Option<Selection> {
    match (reader.value("products"), reader.value("all_but")) {
        (None, None) => {
            let help = "add `products = \"all\"`, `products = [\"llm-inference\"]` or `all_but`";
            let span = reader.span.clone();
            reader
                .problems
                .report(span, "[[claim]] speaks of no product", help);
            None
        }
        (Some(_), Some(all_but)) => {
            let help = "remove one: `products` says which, `all_but` which not";
            let message = "`products` and `all_but` contradict each other";
            reader.problems.report(all_but.span(), message, help);
            None
        }
        (Some(value), None) => match value.get_ref() {
            DeValue::String(word) if word == "all" => Some(Selection::All),
            DeValue::String(word) => {
                let message = format!("`{}` is not a list of products", word.escape_debug());
                let help = "write `\"all\"`, or names between brackets: `[\"llm-inference\"]`";
                reader.problems.report(value.span(), message, help);
                None
            }
            _ => Some(Selection::Only(products(reader, "products", known)?)),
        },
        (None, Some(value)) => {
            let span = value.span();
            let names = products(reader, "all_but", known)?;
            if known.products.iter().all(|product| names.contains(product)) {
                let help = "leave a product that the claim is about";
                reader
                    .problems
                    .report(span, "`all_but` leaves no product", help);
                return None;
            }
            Some(Selection::AllBut(names))
        }
    }
}

/// Names of products of the set, each once; `None` when there is none.
fn products(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    known: &Known,
) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for item in reader.items(key).unwrap_or_default() {
        let Some(name) = values::text(item, "a product", reader.problems) else {
            continue;
        };
        if !known.products.contains(name) {
            let message = format!("the set has no product `{}`", name.escape_debug());
            let help = match nearest(name, known.products.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write the name of a product's file, without `.toml`".to_owned(),
            };
            reader.problems.report(item.span(), message, help);
        } else if !names.insert(name.to_owned()) {
            let message = format!("`{name}` stands twice");
            reader.problems.report(item.span(), message, "remove one");
        }
    }
    (!names.is_empty()).then_some(names)
}

fn condition(
    reader: &mut Reader<'_, '_>,
    known: &Known,
    listed: &mut Vec<Placed<String>>,
) -> Option<Condition> {
    let labels = Condition::LABELS.map(|label| (label, label));
    let label = choice(reader, "condition", &labels)?;
    for (key, of) in OWN_KEYS {
        if of != label
            && let Some(value) = reader.value(key)
        {
            let message = format!("`{key}` means nothing to `{label}`");
            let help = format!("remove it, or write `condition = \"{of}\"`");
            reader.problems.report(value.span(), message, help);
        }
    }
    let [destination, declared, within, confined, initiator, share, _] = Condition::LABELS;
    Some(match label {
        _ if label == destination => Condition::NoExternalDestination,
        _ if label == declared => Condition::OnlyDeclaredAndDisclosed,
        _ if label == initiator => Condition::NoExternalInitiator,
        _ if label == within => {
            needed(reader, "within", label)?;
            let mut territories = Vec::new();
            for item in reader.items("within").unwrap_or_default() {
                territories.extend(values::territory(item, &known.sets, reader.problems));
            }
            Condition::HostingAndDomicileWithin {
                within: territories,
            }
        }
        _ if label == confined => {
            needed(reader, "confined_to", label)?;
            Condition::ExternalProcessingConfinedTo {
                products: products(reader, "confined_to", known)?,
            }
        }
        _ if label == share => Condition::NoProviderAbove {
            percent: percent(reader, label)?,
        },
        _ => {
            let mut unused = BTreeSet::new();
            for item in reader.items("unused").unwrap_or_default() {
                let Some(id) = values::text(item, "the id of an entry", reader.problems) else {
                    continue;
                };
                if unused.insert(id.to_owned()) {
                    listed.push(Placed {
                        value: id.to_owned(),
                        span: item.span(),
                    });
                } else {
                    let message = format!("`{}` stands twice", id.escape_debug());
                    reader.problems.report(item.span(), message, "remove one");
                }
            }
            Condition::EveryDisclosedProviderSeen { unused }
        }
    })
}

/// A key that the condition cannot do without.
fn needed<'t>(
    reader: &mut Reader<'t, '_>,
    key: &'static str,
    condition: &str,
) -> Option<&'t Spanned<DeValue<'t>>> {
    let value = reader.value(key);
    if value.is_none() {
        let example = CLAIM.keys.iter().find(|known| known.name == key);
        let help = format!("add {}", example.map_or("it", |key| key.example));
        let message = format!("`{condition}` lacks `{key}`");
        let span = reader.span.clone();
        reader.problems.report(span, message, help);
    }
    value
}

fn percent(reader: &mut Reader<'_, '_>, condition: &str) -> Option<u8> {
    let value = needed(reader, "percent", condition)?;
    let DeValue::Integer(number) = value.get_ref() else {
        reader.wrong_type("percent", value);
        return None;
    };
    let percent = values::integer::<u8>(number).filter(|percent| (1..=100).contains(percent));
    if percent.is_none() {
        let help = "for example `percent = 60`";
        let message = "`percent` must be from 1 to 100";
        reader.problems.report(value.span(), message, help);
    }
    percent
}

/// Names that claims may use for products: files of the set, but for the reserved ones.
pub(in crate::policy) fn product_names<'a>(
    files: impl Iterator<Item = &'a str>,
) -> BTreeSet<String> {
    let stems = files.filter_map(|name| name.strip_suffix(".toml"));
    stems
        .filter(|stem| !super::product::RESERVED.contains(stem))
        .map(str::to_owned)
        .collect()
}
