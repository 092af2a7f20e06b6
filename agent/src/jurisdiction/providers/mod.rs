//! Who operates a destination, and where its ultimate parent is at home.
//!
//! No database that can be bought or downloaded says whose law an operator
//! answers to, so this is a table that people write, with the source of each
//! statement and the day on which it was last compared with it. It is read from
//! `providers.toml` of the allowlists (`docs/allowlists.md`).

mod domicile;
mod name_pattern;
mod provider;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    fmt,
    net::IpAddr,
    sync::Arc,
};

use foldhash::fast::RandomState;
use ipnetwork::IpNetwork;
use jiff::civil::Date;
use prefix_trie::joint::JointPrefixMap;

pub use self::{
    domicile::{Domicile, Match, MatchedBy},
    name_pattern::{NamePattern, NamePatternError},
    provider::{DomicileError, Provider, ProviderKind, Review},
};
use crate::{by_name::ByName, naming::DomainName};

/// Every known operator, found by address, AS number and name. It never
/// changes: a newer file is a newer table.
#[derive(Default)]
pub struct Providers {
    by_id: BTreeMap<Arc<str>, Arc<Provider>>,
    by_as: HashMap<u32, Arc<Provider>, RandomState>,
    by_range: JointPrefixMap<IpNetwork, Arc<Provider>>,
    /// Patterns that are one name.
    exact: ByName<Arc<Provider>>,
    /// Patterns for all below a name, by that name.
    below: ByName<Arc<Provider>>,
    doh: ByName<Arc<Provider>>,
}

impl Providers {
    /// Indexes the providers. Where two claim the same id, AS number, range or
    /// name, which `weir check` refuses, the first has it.
    pub fn new(providers: impl IntoIterator<Item = Provider>) -> Self {
        let mut table = Self::default();
        for provider in providers {
            if !table.by_id.contains_key(&provider.id) {
                table.insert(&Arc::new(provider));
            }
        }
        table
    }

    fn insert(&mut self, provider: &Arc<Provider>) {
        let shared = || Arc::clone(provider);
        self.by_id.insert(Arc::clone(&provider.id), shared());
        for number in &provider.asn {
            self.by_as.entry(*number).or_insert_with(shared);
        }
        for range in &provider.ranges {
            self.by_range.entry(*range).or_insert_with(shared);
        }
        for pattern in &provider.names {
            let map = if pattern.is_wildcard() {
                &mut self.below
            } else {
                &mut self.exact
            };
            map.or_insert_with(pattern.name(), shared);
        }
        for host in &provider.doh {
            self.doh.or_insert_with(host, shared);
        }
    }

    /// Whose an address is: the provider with the narrowest range that holds it,
    /// else the one of the AS number that announces it, where that is known. A
    /// range comes first, since networks are let and sold in parts.
    pub fn by_address(&self, address: IpAddr, asn: Option<u32>) -> Option<Match> {
        let host = IpNetwork::from(address.to_canonical());
        if let Some((range, provider)) = self.by_range.get_lpm(&host) {
            return Some(Match {
                provider: Arc::clone(provider),
                by: MatchedBy::Range(range),
            });
        }
        let number = asn?;
        let provider = self.by_as.get(&number)?;
        Some(Match {
            provider: Arc::clone(provider),
            by: MatchedBy::As(number),
        })
    }

    /// Whether an address lies in a provider's range, so that its AS number does not tell
    /// whose it is.
    pub fn is_in_range(&self, address: IpAddr) -> bool {
        let host = IpNetwork::from(address.to_canonical());
        self.by_range.get_lpm(&host).is_some()
    }

    /// Whose a host name is: the provider with the name itself, else the one with
    /// the longest name that it lies below. Capitals and a dot at the end make
    /// no difference (RFC 4343, RFC 1034 section 3.1).
    pub fn by_name(&self, name: &str) -> Option<Match> {
        let name = normal(name)?;
        let (provider, below) = self.named(&name)?;
        Some(Match {
            provider: Arc::clone(provider),
            by: MatchedBy::Name(match below {
                Some(parent) => format!("*.{parent}"),
                None => name.clone().into_owned(),
            }),
        })
    }

    /// The id alone of what [`Providers::by_name`] finds.
    #[inline]
    pub fn id_by_name(&self, name: &DomainName) -> Option<&str> {
        if name.as_str().len() > name_pattern::LONGEST_NAME {
            return None;
        }
        let exact = self.exact.get(name.as_str());
        let below = || name.parents().find_map(|parent| self.below.get(parent));
        exact.or_else(below).map(|provider| &*provider.id)
    }

    /// The provider of a name, and the name that it lies below if that was found.
    fn named<'n>(&self, name: &'n str) -> Option<(&Arc<Provider>, Option<&'n str>)> {
        if let Some(provider) = self.exact.get(name) {
            return Some((provider, None));
        }
        let mut rest = name;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(provider) = self.below.get(parent) {
                return Some((provider, Some(parent)));
            }
            rest = parent;
        }
        None
    }

    /// Whose encrypted DNS service (DoH, DoT or DoQ) the host name is, if it is
    /// one that the table knows.
    pub fn is_encrypted_dns(&self, name: &DomainName) -> Option<&Arc<Provider>> {
        self.doh.get(name.as_str())
    }

    /// Under whose law the operator of an address is on a day.
    pub fn domicile(&self, address: IpAddr, asn: Option<u32>, day: Date) -> Domicile {
        if self.is_empty() {
            return Domicile::unknown("the allowlists list no providers".to_owned());
        }
        match (self.by_address(address, asn), asn) {
            (Some(found), _) => found.domicile(day),
            (None, Some(asn)) => {
                Domicile::unknown(format!("no listed provider has the address or AS{asn}"))
            }
            (None, None) => Domicile::unknown(
                "no listed provider has the address, and its AS number is not known".to_owned(),
            ),
        }
    }

    /// A provider by its id.
    pub fn get(&self, id: &str) -> Option<&Arc<Provider>> {
        self.by_id.get(id)
    }

    /// Every provider, by id.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Provider>> {
        self.by_id.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}

/// The providers alone; the indexes follow from them.
impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.by_id.values()).finish()
    }
}

/// The name as the table has it; `None` for what cannot be a name.
fn normal(name: &str) -> Option<Cow<'_, str>> {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > name_pattern::LONGEST_NAME {
        return None;
    }
    Some(if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    })
}
