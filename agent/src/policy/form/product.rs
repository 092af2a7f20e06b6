//! `<product>.toml`.

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use ipnetwork::IpNetwork;
use toml::de::{DeTable, DeValue};

use super::{
    Placed,
    reader::{Problems, Reader, Section, nearest, optional, parse, required},
    values::{self, SetNames},
};
use crate::{
    policy::{
        entry::{Entry, has_ports},
        glob::{Glob, GlobError},
        product::Posture,
        selector::{Aspect, Selector, Wanted},
        source::Source,
    },
    record::Direction,
};

/// A product's file.
pub(in crate::policy) static PRODUCT: Section = Section {
    name: "a product's file",
    keys: &[
        required("product", "a string", "`product = \"image-generation\"`"),
        required("title", "a string", "`title = \"Image generation\"`"),
        required("owner", "a string", "`owner = \"team-image\"`"),
        required("posture", "a string", "`posture = \"internal_only\"` or `\"external_declared\"`"),
        required("workload", "tables", "`[[workload]]` with `unit = \"image-generation*.service\"`"),
        optional("allow", "tables", "`[[allow]]` with `id`, `purpose`, `owner` and a destination"),
    ],
};

/// A selector.
pub(in crate::policy) static WORKLOAD: Section = Section {
    name: "[[workload]]",
    keys: &[
        optional("unit", "a string", "`unit = \"image-generation*.service\"`"),
        optional("slice", "a string", "`slice = \"image.slice\"`"),
        optional("container", "a string", "`container = \"image-worker-*\"`"),
        optional("image", "a string", "`image = \"registry.internal/image/**\"`"),
        optional("pod_namespace", "a string", "`pod_namespace = \"image\"`"),
        optional("pod", "a string", "`pod = \"worker-*\"`"),
        optional("machine", "a string", "`machine = \"render-*\"`"),
        optional("executable", "a string", "`executable = \"/usr/lib/image/*\"`"),
        optional("uid", "an integer", "`uid = 990`"),
        optional("cgroup", "a string", "`cgroup = \"/image.slice/**\"`"),
    ],
};

/// A declared destination.
pub(in crate::policy) static ALLOW: Section = Section {
    name: "[[allow]]",
    keys: &[
        required("id", "a string", "`id = \"image-provider-a\"`"),
        required("purpose", "a string", "`purpose = \"why it is needed\"`"),
        required("owner", "a string", "`owner = \"team-image\"`"),
        optional("direction", "a string", "`direction = \"outbound\"` or `\"inbound\"`"),
        optional("cidr", "an array of networks", "`cidr = [\"198.51.100.0/24\"]`"),
        optional("address", "an array of addresses", "`address = [\"203.0.113.9\"]`"),
        optional("countries", "an array of countries or sets", "`countries = [\"NO\", \"EEA\"]`"),
        optional("ports", "an array of ports", "`ports = [443, \"8000-8100\"]`"),
        optional(
            "protocol",
            "a protocol or an array of protocols",
            "`protocol = \"tcp\"` or `[\"tcp\", \"udp\"]`",
        ),
        optional("expires", "a date", "`expires = 2027-06-30`"),
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

/// An entry with what the checks of the whole set need of it, even if the rest
/// is faulty.
pub(in crate::policy) struct EntryForm {
    pub(in crate::policy) id: Option<Placed<String>>,
    pub(in crate::policy) span: Range<usize>,
    pub(in crate::policy) direction: Direction,
    pub(in crate::policy) networks: Vec<Placed<IpNetwork>>,
    /// The whole entry; `None` when something of it is faulty.
    pub(in crate::policy) entry: Option<Entry>,
}

impl ProductForm {
    /// Reads the file; `None` when it is not TOML.
    pub(in crate::policy) fn read(sets: &SetNames, problems: &mut Problems) -> Option<Self> {
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
        let entries = EntryForm::read_all(&mut reader, sets);
        Some(Self { source, name, title, owner, posture, selectors, entries })
    }
}

fn product_name(reader: &mut Reader<'_, '_>, source: &Source) -> Option<String> {
    let name = reader.text("product")?;
    let plain = name.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    let (message, help) = if !plain || name.value.starts_with('-') {
        (
            format!("`{}` is not a product's name", name.value.escape_debug()),
            "use lower-case letters, digits and hyphens".to_owned(),
        )
    } else if RESERVED.contains(&name.value) {
        let names = RESERVED.join(", ");
        (format!("`{}` is not free for a product", name.value), format!("reserved: {names}"))
    } else if name.value != source.stem() {
        (
            format!("the product is `{}` and the file `{}`", name.value, source.name),
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
    choice(reader, "posture", &all.map(|posture| (posture.label(), posture)))
}

/// One of a few words.
fn choice<T: Copy>(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Option<T> {
    let word = reader.text(key)?;
    if let Some((_, value)) = choices.iter().find(|(label, _)| *label == word.value) {
        return Some(*value);
    }
    let labels = choices.iter().map(|(label, _)| *label);
    let help = match nearest(word.value, labels.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write `{}`", labels.collect::<Vec<_>>().join("` or `")),
    };
    let message = format!("`{}` is not a `{key}`", word.value.escape_debug());
    reader.problems.report(word.span, message, help);
    None
}

fn selector(
    table: &DeTable<'_>,
    span: Range<usize>,
    problems: &mut Problems,
) -> Option<Selector> {
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
    let mut sound = table.keys().all(|key| WORKLOAD.keys.iter().any(|k| k.name == key.get_ref()));
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
                reader.problems.report(value.span(), message, "for example `uid = 990`");
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
            format!("`{shown}` can match no path: `{}` is compared from the root", aspect.key()),
            format!("write `/{shown}` or `**/{shown}`"),
        );
        return None;
    }
    match Glob::new(text.value) {
        Ok(glob) => Some(glob),
        Err(error) => {
            let help = match error {
                GlobError::Unsupported(_) => "use `*`, `**` and `?`; one `[[workload]]` for each alternative",
                GlobError::Stars => "`*` stops at `/`, `**` does not",
                GlobError::Empty => "write a name or a pattern",
            };
            reader.problems.report(text.span, error.to_string(), help);
            None
        }
    }
}

impl EntryForm {
    /// Reads every `[[allow]]` of a file.
    pub(super) fn read_all(reader: &mut Reader<'_, '_>, sets: &SetNames) -> Vec<Self> {
        reader
            .tables("allow")
            .into_iter()
            .map(|(table, span)| Self::read(table, span, sets, reader.problems))
            .collect()
    }

    fn read(
        table: &DeTable<'_>,
        span: Range<usize>,
        sets: &SetNames,
        problems: &mut Problems,
    ) -> Self {
        let mut reader = Reader::open(&ALLOW, table, span.clone(), problems);
        let id = entry_id(&mut reader);
        let purpose = reader.text("purpose");
        let owner = reader.text("owner");
        let directions = [("outbound", Direction::Outbound), ("inbound", Direction::Inbound)];
        let direction = choice(&mut reader, "direction", &directions);
        let networks = networks(&mut reader);
        let mut countries = Vec::new();
        for item in reader.items("countries").unwrap_or_default() {
            countries.extend(values::territory(item, sets, reader.problems));
        }
        if ["cidr", "address", "countries"].iter().all(|key| reader.value(key).is_none()) {
            let help = "add `cidr`, `address` or `countries`";
            reader.problems.report(span.clone(), "[[allow]] names no destination", help);
        }
        let protocols = protocols(&mut reader);
        let mut ports = Vec::new();
        for item in reader.items("ports").unwrap_or_default() {
            ports.extend(values::ports(item, reader.problems));
        }
        if let Some(value) = reader.value("ports")
            && let Some(other) = protocols.iter().find(|protocol| !has_ports(**protocol))
        {
            let message = format!("{other} has no ports");
            reader.problems.report(value.span(), message, "remove `ports` or make two entries");
        }
        let expires = reader.date("expires").map(|date| date.value);
        let outbound = direction.unwrap_or(Direction::Outbound);
        // `None` on a fault; the set is refused then, so that a partial list
        // here never becomes an entry in force.
        let entry = (|| {
            Some(Entry {
                id: id.as_ref()?.value.clone(),
                purpose: purpose?.value.to_owned(),
                owner: owner?.value.to_owned(),
                direction: outbound,
                networks: networks.iter().map(|network| network.value).collect(),
                countries,
                ports,
                protocols,
                expires,
            })
        })();
        Self { id, span, direction: outbound, networks, entry }
    }
}

fn entry_id(reader: &mut Reader<'_, '_>) -> Option<Placed<String>> {
    let id = reader.text("id")?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !id.value.bytes().all(plain) {
        let message = format!("`{}` is not an id", id.value.escape_debug());
        reader.problems.report(id.span, message, "use letters, digits, `-`, `_` and `.`");
        return None;
    }
    Some(Placed { value: id.value.to_owned(), span: id.span })
}

fn networks(reader: &mut Reader<'_, '_>) -> Vec<Placed<IpNetwork>> {
    let mut seen: BTreeMap<IpNetwork, usize> = BTreeMap::new();
    let mut networks = Vec::new();
    for (key, read) in [
        ("cidr", values::network as fn(&_, &mut _) -> _),
        ("address", values::address as fn(&_, &mut _) -> _),
    ] {
        for item in reader.items(key).unwrap_or_default() {
            let Some(value) = read(item, reader.problems) else { continue };
            if let Some(first) = seen.insert(value, item.span().start) {
                let line = reader.problems.source().position(first).line;
                let message = format!("{value} stands twice in the entry");
                let help = format!("the first is in line {line}; remove one");
                reader.problems.report(item.span(), message, help);
            }
            networks.push(Placed { value, span: item.span() });
        }
    }
    networks
}

fn protocols(reader: &mut Reader<'_, '_>) -> Vec<crate::record::Protocol> {
    let Some(value) = reader.value("protocol") else { return Vec::new() };
    match value.get_ref() {
        DeValue::Array(_) => reader
            .items("protocol")
            .unwrap_or_default()
            .iter()
            .filter_map(|item| values::protocol(item, reader.problems))
            .flatten()
            .collect(),
        DeValue::String(_) | DeValue::Integer(_) => {
            values::protocol(value, reader.problems).unwrap_or_default()
        }
        _ => {
            reader.wrong_type("protocol", value);
            Vec::new()
        }
    }
}
