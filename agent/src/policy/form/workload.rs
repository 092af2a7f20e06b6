//! `[[workload]]`: which workloads are a product's.

use std::{ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    host_group::HostGroups,
    kind::Kind,
    reader::{Problems, Reader, Section, nearest, optional},
    values,
};
use crate::policy::{
    glob::{Glob, GlobError},
    host_group::Hosts,
    selector::{Aspect, Selector, Term, Wanted},
};

/// A selector, also one within another.
pub(in crate::policy) static WORKLOAD: Section = Section {
    name: "[[workload]]",
    keys: &[
        optional("unit", Kind::Text, "`unit = \"image-generation*.service\"`"),
        optional("slice", Kind::Text, "`slice = \"image.slice\"`"),
        optional("container", Kind::Text, "`container = \"image-worker-*\"`"),
        optional(
            "image",
            Kind::Text,
            "`image = \"registry.internal/image/**\"`",
        ),
        optional("labels", Kind::Labels, "`labels = { tier = \"gpu*\" }`"),
        optional("pod_namespace", Kind::Text, "`pod_namespace = \"image\"`"),
        optional("pod", Kind::Text, "`pod = \"worker-*\"`"),
        optional(
            "pod_labels",
            Kind::Labels,
            "`pod_labels = { \"app.kubernetes.io/name\" = \"image\" }`",
        ),
        optional(
            "service_account",
            Kind::Text,
            "`service_account = \"image-worker\"`",
        ),
        optional("machine", Kind::Text, "`machine = \"render-*\"`"),
        optional(
            "executable",
            Kind::Text,
            "`executable = \"/usr/lib/image/*\"`",
        ),
        optional(
            "uid",
            Kind::Number("an integer", 0, u32::MAX as i64),
            "`uid = 990`",
        ),
        optional("cgroup", Kind::Text, "`cgroup = \"/image.slice/**\"`"),
        optional(
            "host_group",
            Kind::Patterns("names of host groups", "\\S"),
            "`host_group = [\"gpu\"]`",
        ),
        optional(
            "any",
            Kind::Tables(&WORKLOAD),
            "`any = [{ container = \"image-*\" }, { pod = \"image-*\" }]`",
        ),
        optional(
            "all",
            Kind::Tables(&WORKLOAD),
            "`all = [{ unit = \"image-*\" }, { unit = \"*.service\" }]`",
        ),
        optional("not", Kind::Table(&WORKLOAD), "`not = { uid = 0 }`"),
    ],
};

/// How deep selectors may stand within each other.
const DEEPEST: usize = 8;
/// Where alternatives of a pattern are written.
const ALTERNATIVES: &str = "one `[[workload]]`, or one table of `any`,";
/// Aspects that are one text.
const TEXTS: [Aspect; 10] = [
    Aspect::Unit,
    Aspect::Slice,
    Aspect::Container,
    Aspect::Image,
    Aspect::PodNamespace,
    Aspect::Pod,
    Aspect::ServiceAccount,
    Aspect::Machine,
    Aspect::Executable,
    Aspect::Cgroup,
];

/// One table; `None` when anything of it is faulty, since a term that is left out
/// would make the selector another one than meant.
pub(super) fn selector(
    table: &DeTable<'_>,
    span: Range<usize>,
    groups: &HostGroups,
    problems: &mut Problems,
) -> Option<Selector> {
    read(table, span, groups, DEEPEST, problems)
}

fn read(
    table: &DeTable<'_>,
    span: Range<usize>,
    groups: &HostGroups,
    deeper: usize,
    problems: &mut Problems,
) -> Option<Selector> {
    let mut terms = Terms {
        reader: Reader::open(&WORKLOAD, table, span, problems),
        groups,
        deeper,
        sound: table
            .keys()
            .all(|key| WORKLOAD.keys.iter().any(|k| k.name == key.get_ref())),
        terms: Vec::new(),
    };
    terms.texts();
    terms.labels(Aspect::Label);
    terms.labels(Aspect::PodLabel);
    terms.uid();
    terms.host_group();
    terms.combinations();
    terms.finish(table)
}

/// The terms of one table, in reading.
struct Terms<'t, 'p, 'g> {
    reader: Reader<'t, 'p>,
    groups: &'g HostGroups,
    /// How many levels may follow.
    deeper: usize,
    /// Whether nothing was left out.
    sound: bool,
    terms: Vec<Term>,
}

impl<'t> Terms<'t, '_, '_> {
    fn take(&mut self, term: Option<Term>) {
        match term {
            Some(term) => self.terms.push(term),
            None => self.sound = false,
        }
    }

    fn texts(&mut self) {
        for aspect in TEXTS {
            if self.reader.value(aspect.key()).is_some() {
                let glob = text(&mut self.reader, aspect);
                self.take(glob.map(|glob| Term::Is(aspect, Wanted::Name(glob))));
            }
        }
    }

    fn uid(&mut self) {
        let Some(value) = self.reader.value(Aspect::Uid.key()) else {
            return;
        };
        let uid = match value.get_ref() {
            DeValue::Integer(number) => values::integer::<u32>(number),
            _ => None,
        };
        if uid.is_none() {
            let message = "`uid` must be a user id, a number from 0 to 4294967295";
            let problems = &mut self.reader.problems;
            problems.report(value.span(), message, "for example `uid = 990`");
        }
        self.take(uid.map(|uid| Term::Is(Aspect::Uid, Wanted::Uid(uid))));
    }

    fn labels(&mut self, aspect: Aspect) {
        let key = aspect.key();
        let Some(value) = self.reader.value(key) else {
            return;
        };
        let Some(labels) = value.get_ref().as_table() else {
            self.reader.wrong_type(key, value);
            return self.take(None);
        };
        if labels.is_empty() {
            let message = format!("`{key}` is an empty table");
            let help = "name at least one label, or leave the key out";
            self.reader.problems.report(value.span(), message, help);
            return self.take(None);
        }
        for (label, value) in labels {
            let name: &str = label.get_ref();
            let glob = label_value(name, value, self.reader.problems);
            let name = Arc::from(name);
            self.take(glob.map(|glob| Term::Is(aspect, Wanted::Label(name, glob))));
        }
    }

    fn host_group(&mut self) {
        let Some(items) = self
            .reader
            .value(Aspect::Host.key())
            .and_then(|_| self.reader.items(Aspect::Host.key()))
        else {
            let faulty = self.reader.value(Aspect::Host.key()).is_some();
            self.sound &= !faulty;
            return;
        };
        let mut groups = Vec::new();
        for item in items {
            let Some(name) = values::text(item, "the name of a host group", self.reader.problems)
            else {
                continue;
            };
            if let Some(hosts) = self.hosts_of(name, item) {
                groups.push((name.to_owned(), hosts));
            }
        }
        let whole = !groups.is_empty() && groups.len() == items.len();
        let hosts = || Term::Is(Aspect::Host, Wanted::Hosts(Hosts::new(groups)));
        self.take(whole.then(hosts));
    }

    /// The patterns of a group's hosts.
    fn hosts_of(&mut self, name: &str, item: &Spanned<DeValue<'_>>) -> Option<Vec<Glob>> {
        // Where platform.toml is faulty, nothing can be said of names.
        let known = self.groups.as_ref()?;
        if let Some(hosts) = known.get(name) {
            return hosts.clone();
        }
        let names = || known.keys().map(String::as_str);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => {
                "define it in platform.toml: `[[host_group]]` with `name` and `hosts`".to_owned()
            }
            None => format!(
                "the host groups are {}",
                names().collect::<Vec<_>>().join(", ")
            ),
        };
        let message = format!("no host group `{}` in platform.toml", name.escape_debug());
        self.reader.problems.report(item.span(), message, help);
        None
    }

    fn combinations(&mut self) {
        if let Some(branches) = self.within("all") {
            // A conjunction in a conjunction.
            self.terms
                .extend(branches.into_iter().flat_map(Selector::into_terms));
        }
        if let Some(branches) = self.within("any") {
            self.terms.push(Term::Any(branches));
        }
        let Some(value) = self.reader.value("not") else {
            return;
        };
        let Some(table) = value.get_ref().as_table() else {
            self.reader.wrong_type("not", value);
            return self.take(None);
        };
        let selector = self.nested(table, value.span());
        self.take(selector.map(|selector| Term::Not(Box::new(selector))));
    }

    /// The selectors of an array; `None` also when one of them is faulty.
    fn within(&mut self, key: &'static str) -> Option<Vec<Selector>> {
        let value = self.reader.value(key)?;
        let Some(items) = value.get_ref().as_array() else {
            self.reader.wrong_type(key, value);
            self.sound = false;
            return None;
        };
        if items.is_empty() {
            let help = match key {
                "any" => "no workload fits one of none: name at least one, or leave the key out",
                _ => "name at least one, or leave the key out",
            };
            let message = format!("`{key}` is an empty array");
            self.reader.problems.report(value.span(), message, help);
            self.sound = false;
            return None;
        }
        let mut found = Vec::with_capacity(items.len());
        for item in items.iter() {
            let Some(table) = item.get_ref().as_table() else {
                self.reader.wrong_type(key, item);
                continue;
            };
            found.extend(self.nested(table, item.span()));
        }
        let whole = found.len() == items.len();
        self.sound &= whole;
        whole.then_some(found)
    }

    fn nested(&mut self, table: &'t DeTable<'t>, span: Range<usize>) -> Option<Selector> {
        let Some(deeper) = self.deeper.checked_sub(1) else {
            let message = format!("selectors stand within each other more than {DEEPEST} deep");
            let help = "write alternatives as further [[workload]] tables";
            self.reader.problems.report(span, message, help);
            return None;
        };
        read(table, span, self.groups, deeper, self.reader.problems)
    }

    fn finish(self, table: &DeTable<'_>) -> Option<Selector> {
        let (span, problems) = (self.reader.span.clone(), self.reader.problems);
        if table.is_empty() {
            let keys: Vec<&str> = WORKLOAD.keys.iter().map(|key| key.name).collect();
            problems.report(
                span,
                "an empty selector would take every workload of the host",
                format!("say which workloads: {}", keys.join(", ")),
            );
            return None;
        }
        if !self.sound || self.terms.is_empty() {
            return None;
        }
        let selector = Selector::new(self.terms);
        if let Some((one, other)) = selector.contradiction() {
            let help = format!("`{one}` and `{other}` exclude each other");
            problems.report(span, "no workload can fit this selector", help);
            return None;
        }
        Some(selector)
    }
}

fn label_value(label: &str, value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Glob> {
    let label = label.escape_debug();
    if value.get_ref().is_table() {
        let message = format!("`{label}` must be a pattern, not a table");
        let help =
            "a label with dots stands between quotes: `\"app.kubernetes.io/name\" = \"image\"`";
        problems.report(value.span(), message, help);
        return None;
    }
    let wanted = format!("a pattern of the value of `{label}`");
    let text = values::text(value, &wanted, problems)?;
    if text.is_empty() {
        let message = "the pattern is empty";
        let help = "write a value or a pattern; `**` is any value, also none";
        problems.report(value.span(), message, help);
        return None;
    }
    glob(text, value.span(), ALTERNATIVES, problems)
}

fn text(reader: &mut Reader<'_, '_>, aspect: Aspect) -> Option<Glob> {
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
    glob(text.value, text.span, ALTERNATIVES, reader.problems)
}

/// A pattern, or an error; `alternatives` is where several of them are written.
pub(super) fn glob(
    text: &str,
    span: Range<usize>,
    alternatives: &str,
    problems: &mut Problems,
) -> Option<Glob> {
    match Glob::new(text) {
        Ok(glob) => Some(glob),
        Err(error) => {
            let help = match error {
                GlobError::Unsupported(_) => {
                    format!("use `*`, `**` and `?`; {alternatives} for each alternative")
                }
                GlobError::Stars => "`*` stops at `/`, `**` does not".to_owned(),
                GlobError::Empty => "write a name or a pattern".to_owned(),
            };
            problems.report(span, error.to_string(), help);
            None
        }
    }
}
