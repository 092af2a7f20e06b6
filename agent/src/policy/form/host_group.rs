//! `[[host_group]]`: hosts that belong together.

use std::collections::BTreeMap;

use super::{
    kind::Kind,
    reader::{Reader, Section, required},
    values, workload,
};
use crate::policy::{glob::Glob, host_group::HostGroup};

/// A host group.
pub(in crate::policy) static HOST_GROUP: Section = Section {
    name: "[[host_group]]",
    keys: &[
        required("name", Kind::Text, "`name = \"gpu\"`"),
        required(
            "hosts",
            Kind::Patterns("patterns", "\\S"),
            "`hosts = [\"gpu-*\", \"render-1\"]`",
        ),
        required("purpose", Kind::Text, "`purpose = \"hosts with GPUs\"`"),
        required("owner", Kind::Text, "`owner = \"team-compute\"`"),
    ],
};

/// The patterns of each group's hosts, by name; no patterns where the group is
/// faulty, and `None` where `platform.toml` is, so that nothing can be said of names.
pub(in crate::policy) type HostGroups = Option<BTreeMap<String, Option<Vec<Glob>>>>;

/// Host groups, as far as they could be read.
#[derive(Default)]
pub(in crate::policy) struct HostGroupForms {
    /// Those without an error.
    pub(in crate::policy) groups: Vec<HostGroup>,
    /// Every one that has a name.
    pub(in crate::policy) names: BTreeMap<String, Option<Vec<Glob>>>,
}

impl HostGroupForms {
    /// Every `[[host_group]]` of the file.
    pub(super) fn read_all(file: &mut Reader<'_, '_>) -> Self {
        let mut forms = Self::default();
        for (table, span) in file.tables("host_group") {
            forms.read(&mut Reader::open(&HOST_GROUP, table, span, file.problems));
        }
        forms
    }

    fn read(&mut self, reader: &mut Reader<'_, '_>) {
        let name = name(reader);
        let hosts = hosts(reader);
        let (purpose, owner) = (reader.text("purpose"), reader.text("owner"));
        let Some(name) = name else {
            return;
        };
        if self.names.contains_key(&name) {
            let span = reader.span.clone();
            let message = format!("the host group `{name}` is defined twice");
            reader
                .problems
                .report(span, message, "name all of its hosts in one table");
            return;
        }
        self.names.insert(name.clone(), hosts.clone());
        if let (Some(hosts), Some(purpose), Some(owner)) = (hosts, purpose, owner) {
            self.groups.push(HostGroup {
                name,
                hosts,
                purpose: purpose.value.to_owned(),
                owner: owner.value.to_owned(),
            });
        }
    }
}

fn name(reader: &mut Reader<'_, '_>) -> Option<String> {
    let name = reader.text("name")?;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if name.value.bytes().all(plain) && !name.value.starts_with('-') {
        return Some(name.value.to_owned());
    }
    let message = format!(
        "`{}` is not a name of a host group",
        name.value.escape_debug()
    );
    let help = "use lower-case letters, digits and hyphens";
    reader.problems.report(name.span, message, help);
    None
}

/// Patterns of the hosts' names; `None` when one of them is faulty.
fn hosts(reader: &mut Reader<'_, '_>) -> Option<Vec<Glob>> {
    let items = reader.items("hosts")?;
    let mut hosts = Vec::with_capacity(items.len());
    for item in items {
        let pattern =
            values::text(item, "a pattern of a host's name", reader.problems).and_then(|text| {
                let alternatives = "one item of `hosts`";
                workload::glob(text, item.span(), alternatives, reader.problems)
            });
        hosts.extend(pattern);
    }
    (!hosts.is_empty() && hosts.len() == items.len()).then_some(hosts)
}
