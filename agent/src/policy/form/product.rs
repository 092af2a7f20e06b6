//! `<product>.toml`.

use std::sync::Arc;

use super::{
    Known, Placed,
    entry::{ALLOW, EntryForm},
    kind::{Kind, words},
    reader::{Problems, Reader, Section, choice, optional, parse, required},
    workload::{self, WORKLOAD},
};
use crate::policy::{product::Posture, selector::Selector, source::Source};

/// Postures, as they are written.
const POSTURES: [(&str, Posture); 2] = [
    (Posture::InternalOnly.label(), Posture::InternalOnly),
    (Posture::ExternalDeclared.label(), Posture::ExternalDeclared),
];

/// A product's file.
pub(in crate::policy) static PRODUCT: Section = Section {
    name: "a product's file",
    keys: &[
        required(
            "product",
            Kind::Pattern("^[a-z0-9][a-z0-9-]*$"),
            "`product = \"image-generation\"`",
        ),
        required("title", Kind::Text, "`title = \"Image generation\"`"),
        required("owner", Kind::Text, "`owner = \"team-image\"`"),
        required(
            "posture",
            Kind::Word(&words(&POSTURES)),
            "`posture = \"internal_only\"` or `\"external_declared\"`",
        ),
        required(
            "workload",
            Kind::Tables(&WORKLOAD),
            "`[[workload]]` with `unit = \"image-generation*.service\"`",
        ),
        optional(
            "allow",
            Kind::Tables(&ALLOW),
            "`[[allow]]` with `id`, `purpose`, `owner` and a destination",
        ),
    ],
};

/// Names that later files of the set have for themselves.
const RESERVED: [&str; 5] = ["platform", "jurisdictions", "providers", "claims", "tests"];

/// A product's file, as far as it could be read.
pub(in crate::policy) struct ProductForm {
    pub(in crate::policy) source: Arc<Source>,
    pub(in crate::policy) name: Option<String>,
    pub(in crate::policy) title: Option<String>,
    pub(in crate::policy) owner: Option<String>,
    pub(in crate::policy) posture: Option<Posture>,
    pub(in crate::policy) selectors: Vec<Placed<Selector>>,
    pub(in crate::policy) entries: Vec<EntryForm>,
}

impl ProductForm {
    /// Reads the file; `None` when it is not TOML.
    pub(in crate::policy) fn read(known: &Known, problems: &mut Problems) -> Option<Self> {
        let source = Arc::clone(problems.source());
        let table = parse(&source.text, problems)?;
        let mut reader = Reader::open(&PRODUCT, &table, 0..0, problems);
        let name = product_name(&mut reader, &source);
        let title = reader.text("title").map(|title| title.value.to_owned());
        let owner = reader.text("owner").map(|owner| owner.value.to_owned());
        let posture = posture(&mut reader);
        let mut selectors = Vec::new();
        for (table, span) in reader.tables("workload") {
            let groups = &known.host_groups;
            let value = workload::selector(table, span.clone(), groups, reader.problems);
            if let Some(value) = value {
                selectors.push(Placed { value, span });
            }
        }
        let entries = EntryForm::read_all(&mut reader, known);
        Some(Self {
            source,
            name,
            title,
            owner,
            posture,
            selectors,
            entries,
        })
    }
}

fn product_name(reader: &mut Reader<'_, '_>, source: &Source) -> Option<String> {
    let name = reader.text("product")?;
    let plain = name
        .value
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let (message, help) = if !plain || name.value.starts_with('-') {
        (
            format!("`{}` is not a product's name", name.value.escape_debug()),
            "use lower-case letters, digits and hyphens".to_owned(),
        )
    } else if RESERVED.contains(&name.value) {
        let names = RESERVED.join(", ");
        (
            format!("`{}` is not free for a product", name.value),
            format!("reserved: {names}"),
        )
    } else if name.value != source.stem() {
        (
            format!(
                "the product is `{}` and the file `{}`",
                name.value, source.name
            ),
            format!("rename the file `{}.toml`, or the product", name.value),
        )
    } else {
        return Some(name.value.to_owned());
    };
    reader.problems.report(name.span, message, help);
    None
}

fn posture(reader: &mut Reader<'_, '_>) -> Option<Posture> {
    choice(reader, "posture", &POSTURES)
}
