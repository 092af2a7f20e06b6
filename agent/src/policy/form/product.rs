//! `<product>.toml`.

use std::{ops::Range, sync::Arc};

use toml::de::{DeTable, DeValue};

use super::{
    Known, Placed,
    entry::EntryForm,
    reader::{Problems, Reader, Section, choice, optional, parse, required},
    values,
};
use crate::policy::{
    glob::{Glob, GlobError},
    product::Posture,
    selector::{Aspect, Selector, Wanted},
    source::Source,
};

/// A product's file.
pub(in crate::policy) static PRODUCT: Section = Section {
    name: "a product's file",
    keys: &[
        required("product", "a string", "`product = \"image-generation\"`"),
        required("title", "a string", "`title = \"Image generation\"`"),
        required("owner", "a string", "`owner = \"team-image\"`"),
        required(
            "posture",
            "a string",
            "`posture = \"internal_only\"` or `\"external_declared\"`",
        ),
        required(
            "workload",
            "an array of tables",
            "`[[workload]]` with `unit = \"image-generation*.service\"`",
        ),
        optional(
            "allow",
            "an array of tables",
            "`[[allow]]` with `id`, `purpose`, `owner` and a destination",
        ),
    ],
};

/// A selector.
pub(in crate::policy) static WORKLOAD: Section = Section {
    name: "[[workload]]",
    keys: &[
        optional("unit", "a string", "`unit = \"image-generation*.service\"`"),
        optional("slice", "a string", "`slice = \"image.slice\"`"),
        optional("container", "a string", "`container = \"image-worker-*\"`"),
        optional(
            "image",
            "a string",
            "`image = \"registry.internal/image/**\"`",
        ),
        optional("pod_namespace", "a string", "`pod_namespace = \"image\"`"),
        optional("pod", "a string", "`pod = \"worker-*\"`"),
        optional("machine", "a string", "`machine = \"render-*\"`"),
        optional(
            "executable",
            "a string",
            "`executable = \"/usr/lib/image/*\"`",
        ),
        optional("uid", "an integer", "`uid = 990`"),
        optional("cgroup", "a string", "`cgroup = \"/image.slice/**\"`"),
    ],
};

/// Names that other files of the set have for themselves.
pub(super) const RESERVED: [&str; 5] =
    ["platform", "jurisdictions", "providers", "claims", "tests"];

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
            if let Some(value) = selector(table, span.clone(), reader.problems) {
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
    let all = [Posture::InternalOnly, Posture::ExternalDeclared];
    choice(
        reader,
        "posture",
        &all.map(|posture| (posture.label(), posture)),
    )
}

fn selector(table: &DeTable<'_>, span: Range<usize>, problems: &mut Problems) -> Option<Selector> {
    const GLOBS: [Aspect; 9] = [
        Aspect::Unit,
        Aspect::Slice,
        Aspect::Container,
        Aspect::Image,
        Aspect::PodNamespace,
        Aspect::Pod,
        Aspect::Machine,
        Aspect::Executable,
        Aspect::Cgroup,
    ];
    let mut reader = Reader::open(&WORKLOAD, table, span, problems);
    let mut criteria = Vec::new();
    // A criterion that is left out would make the selector wider than meant.
    let mut sound = table
        .keys()
        .all(|key| WORKLOAD.keys.iter().any(|k| k.name == key.get_ref()));
    for aspect in GLOBS {
        if reader.value(aspect.key()).is_some() {
            match glob(&mut reader, aspect) {
                Some(glob) => criteria.push((aspect, Wanted::Name(glob))),
                None => sound = false,
            }
        }
    }
    if let Some(value) = reader.value(Aspect::Uid.key()) {
        let uid = match value.get_ref() {
            DeValue::Integer(number) => values::integer::<u32>(number),
            _ => None,
        };
        match uid {
            Some(uid) => criteria.push((Aspect::Uid, Wanted::Uid(uid))),
            None => {
                sound = false;
                let message = "`uid` must be a user id, a number from 0 to 4294967295";
                reader
                    .problems
                    .report(value.span(), message, "for example `uid = 990`");
            }
        }
    }
    if table.is_empty() {
        let keys: Vec<&str> = WORKLOAD.keys.iter().map(|key| key.name).collect();
        let span = reader.span.clone();
        reader.problems.report(
            span,
            "an empty selector would take every workload of the host",
            format!("say which workloads: {}", keys.join(", ")),
        );
    }
    (sound && !criteria.is_empty()).then(|| Selector::new(criteria))
}

fn glob(reader: &mut Reader<'_, '_>, aspect: Aspect) -> Option<Glob> {
    let text = reader.text(aspect.key())?;
    let rooted = matches!(aspect, Aspect::Executable | Aspect::Cgroup);
    if rooted && !text.value.starts_with('/') && !text.value.starts_with("**") {
        let shown = text.value.escape_debug();
        reader.problems.report(
            text.span,
            format!(
                "`{shown}` can match no path: `{}` is compared from the root",
                aspect.key()
            ),
            format!("write `/{shown}` or `**/{shown}`"),
        );
        return None;
    }
    match Glob::new(text.value) {
        Ok(glob) => Some(glob),
        Err(error) => {
            let help = match error {
                GlobError::Unsupported(_) => {
                    "use `*`, `**` and `?`; one `[[workload]]` for each alternative"
                }
                GlobError::Stars => "`*` stops at `/`, `**` does not",
                GlobError::Empty => "write a name or a pattern",
            };
            reader.problems.report(text.span, error.to_string(), help);
            None
        }
    }
}
