//! `platform.toml`.

use std::sync::Arc;

use ipnetwork::IpNetwork;

use super::{
    Known,
    entry::{ALLOW, EntryForm},
    host_group::{HOST_GROUP, HostGroupForms},
    kind::Kind,
    reader::{Problems, Reader, Section, optional, parse, required},
    resolver::{RESOLVER, ResolverForm},
    values,
};
use crate::policy::{countries::Territory, network::InternalNetwork, source::Source};

/// The platform's file.
pub(in crate::policy) static PLATFORM: Section = Section {
    name: "platform.toml",
    keys: &[
        optional("home", Kind::Territory, "`home = \"EEA\"`"),
        optional(
            "internal",
            Kind::Tables(&INTERNAL),
            "`[[internal]]` with `cidr`, `purpose` and `owner`",
        ),
        optional(
            "host_group",
            Kind::Tables(&HOST_GROUP),
            "`[[host_group]]` with `name`, `hosts`, `purpose` and `owner`",
        ),
        optional(
            "resolver",
            Kind::Tables(&RESOLVER),
            "`[[resolver]]` with `address`, `purpose` and `owner`",
        ),
        optional(
            "allow",
            Kind::Tables(&ALLOW),
            "`[[allow]]` with `id`, `purpose`, `owner` and a destination",
        ),
    ],
};

/// One of the platform's own networks.
pub(in crate::policy) static INTERNAL: Section = Section {
    name: "[[internal]]",
    keys: &[
        required("cidr", Kind::Network, "`cidr = \"10.0.0.0/8\"`"),
        required("purpose", Kind::Text, "`purpose = \"compute hosts\"`"),
        required("owner", Kind::Text, "`owner = \"team-network\"`"),
    ],
};

/// The platform's file, as far as it could be read.
pub(in crate::policy) struct PlatformForm {
    pub(in crate::policy) source: Arc<Source>,
    pub(in crate::policy) home: Option<Territory>,
    pub(in crate::policy) internal: Vec<InternalNetwork>,
    pub(in crate::policy) host_groups: HostGroupForms,
    pub(in crate::policy) resolvers: Vec<ResolverForm>,
    pub(in crate::policy) entries: Vec<EntryForm>,
}

impl PlatformForm {
    /// Reads the file; `None` when it is not TOML.
    pub(in crate::policy) fn read(known: &Known, problems: &mut Problems) -> Option<Self> {
        let source = Arc::clone(problems.source());
        let table = parse(&source.text, problems)?;
        let mut reader = Reader::open(&PLATFORM, &table, 0..0, problems);
        let mut home = None;
        if reader.text("home").is_some()
            && let Some(value) = reader.value("home")
        {
            home = values::territory(value, &known.sets, reader.problems);
        }
        let mut internal: Vec<InternalNetwork> = Vec::new();
        for (table, span) in reader.tables("internal") {
            let mut network = Reader::open(&INTERNAL, table, span, reader.problems);
            let cidr = internal_cidr(&mut network);
            if let Some(cidr) = cidr
                && internal.iter().any(|other| other.cidr == cidr)
            {
                let span = network.span.clone();
                network
                    .problems
                    .report(span, format!("{cidr} stands twice"), "remove one");
            }
            let (purpose, owner) = (network.text("purpose"), network.text("owner"));
            if let (Some(cidr), Some(purpose), Some(owner)) = (cidr, purpose, owner) {
                let (purpose, owner) = (purpose.value.to_owned(), owner.value.to_owned());
                internal.push(InternalNetwork {
                    cidr,
                    purpose,
                    owner,
                });
            }
        }
        let host_groups = HostGroupForms::read_all(&mut reader);
        let resolvers = ResolverForm::read_all(&mut reader);
        let entries = EntryForm::read_all(&mut reader, known);
        Some(Self {
            source,
            home,
            internal,
            host_groups,
            resolvers,
            entries,
        })
    }
}

fn internal_cidr(reader: &mut Reader<'_, '_>) -> Option<IpNetwork> {
    let value = reader.value("cidr")?;
    if value.get_ref().as_str().is_none() {
        reader.wrong_type("cidr", value);
        return None;
    }
    let cidr = values::network(value, reader.problems)?;
    if cidr.prefix() == 0 {
        reader.problems.report(
            value.span(),
            format!("`{cidr}` would make every destination internal"),
            "name the networks that the platform itself operates",
        );
        return None;
    }
    Some(cidr)
}
