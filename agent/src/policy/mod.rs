//! The policy in force: allowlists and the platform's own networks.
//!
//! Text becomes policy in four steps, and each finds its own errors; a set with
//! any error at all is refused whole, with every error that it has.
//!
//! ```text
//! source (files) ─> form (typed parts with places) ─> whole (checks across files) ─> Policy
//!        └──────────────── diagnostic ────────────────────┘ ─> render
//! ```
//!
//! The language is described in `docs/allowlists.md`. To extend it: a key is
//! added to its section in `form`, its value to [`Entry`], [`Selector`] or
//! [`Product`], its meaning to the verdict.

mod archive;
mod budget;
mod calendar;
mod cases;
mod claimants;
mod claims;
mod countries;
mod diagnostic;
mod duties;
mod entries;
mod entry;
mod expiry;
mod form;
mod forms;
mod glob;
mod host_group;
mod limits;
mod lint;
mod membership;
mod network;
mod product;
mod reach;
mod render;
mod schema;
mod selector;
mod set;
mod source;
mod whole;
mod window;

#[cfg(test)]
mod tests;

use std::{net::IpAddr, path::Path, sync::Arc};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use prefix_trie::joint::JointPrefixMap;

pub use self::{
    archive::{Archive, ArchiveError},
    budget::{Budget, BudgetPeriod},
    cases::{cases_in, cases_of},
    claims::{Claims, Condition, OutOfReach, ReportClaim, Selection},
    countries::{Conditional, CountrySets, Period, Territory},
    diagnostic::{Diagnostic, Place, Rejected},
    duties::Duties,
    entries::{Candidate, Entries, Holding},
    entry::{Effect, Entry, PortRange, has_ports},
    expiry::{Expiring, WARNING_DAYS},
    glob::{Glob, GlobError},
    host_group::{HostGroup, Hosts},
    limits::Limits,
    lint::{Lint, Lints},
    membership::{Doubt, Membership},
    network::InternalNetwork,
    product::{Posture, Product},
    reach::{Networks, Reach},
    schema::{schema, schema_names},
    selector::{Aspect, Fit, Selector, Term, Wanted},
    set::Set,
    source::{Position, Source, digest},
    window::{Days, Window},
};
use self::{
    calendar::Calendar,
    claimants::{Claimants, Found},
    form::{EntryForm, ProductForm},
    forms::Forms,
};
pub(crate) use self::{
    form::{Problems, describe, integer, nearest, parse},
    source::read_text,
};
use crate::{
    attribution::Attributed,
    jurisdiction::{CountryCode, Providers},
    naming::Resolvers,
};

/// A valid set, ready to judge.
#[derive(Debug)]
pub struct Policy {
    digest: String,
    products: Vec<Product>,
    claimants: Claimants,
    shared: Entries,
    internal: JointPrefixMap<IpNetwork, InternalNetwork>,
    host_groups: Vec<HostGroup>,
    resolvers: Arc<Resolvers>,
    home: Option<Territory>,
    sets: CountrySets,
    calendar: Calendar,
    providers: Arc<Providers>,
    limits: Limits,
    claims: Option<Claims>,
}

/// Whose a workload is.
#[derive(Clone, Debug)]
pub enum Claim<'a> {
    /// One product's.
    Product(&'a Product),
    /// Claimed by several, by name.
    Contested(Vec<&'a Product>),
    /// Nobody's as far as is known, but this product's if this aspect, which is
    /// not known, fits.
    Possible(&'a Product, Aspect),
    /// Nobody's.
    Nobody,
}

impl<'a> Claim<'a> {
    /// The one product that claims the workload for certain.
    pub fn product(&self) -> Option<&'a Product> {
        match self {
            Self::Product(product) => Some(product),
            _ => None,
        }
    }
}

impl Policy {
    /// Reads and checks a directory of allowlists.
    ///
    /// # Errors
    /// Everything that is wrong with the set, or with the directory.
    pub fn load(directory: &Path) -> Result<Self, Rejected> {
        Set::read(directory).compile()
    }

    /// [`Policy::load`] with everything that is worth a second look on a day, which no
    /// agent refuses.
    ///
    /// # Errors
    /// As [`Policy::load`].
    pub fn load_and_lint(directory: &Path, today: Date) -> Result<(Self, Lints), Rejected> {
        let (sources, problems) = source::read(directory);
        Self::build_and_lint(directory, sources, problems, today)
    }

    /// [`Policy::load_and_lint`] without the files.
    ///
    /// # Errors
    /// Everything that is wrong with the set.
    pub fn from_sources_and_lint(
        sources: Vec<Source>,
        today: Date,
    ) -> Result<(Self, Lints), Rejected> {
        Self::build_and_lint(Path::new("."), sources, Vec::new(), today)
    }

    fn build_and_lint(
        directory: &Path,
        sources: Vec<Source>,
        problems: Vec<Diagnostic>,
        today: Date,
    ) -> Result<(Self, Lints), Rejected> {
        let forms = Forms::read(directory, sources, problems)?;
        let lints = Lints::new(directory, forms.lints(today));
        Ok((Self::compile(forms), lints))
    }

    /// Checks a set that is already read: [`Policy::load`] without the files.
    ///
    /// # Errors
    /// Everything that is wrong with the set.
    pub fn from_sources(sources: Vec<Source>) -> Result<Self, Rejected> {
        Forms::read(Path::new("."), sources, Vec::new()).map(Self::compile)
    }

    fn compile(forms: Forms) -> Self {
        let Forms {
            digest,
            products,
            platform,
            sets,
            providers,
            claims,
        } = forms;
        let mut compiled: Vec<Product> = products.into_iter().filter_map(product).collect();
        compiled.sort_by(|a, b| a.name.cmp(&b.name));
        let mut internal = JointPrefixMap::new();
        let (mut shared, mut home, mut host_groups) = (Vec::new(), None, Vec::new());
        let mut resolvers = Resolvers::new();
        if let Some(platform) = platform {
            home = platform.home;
            host_groups = platform.host_groups.groups;
            for resolver in platform.resolvers {
                resolver.add_to(&mut resolvers);
            }
            shared = entries(platform.entries);
            for network in platform.internal {
                internal.insert(network.cidr, network);
            }
        }
        let shared = Entries::new(shared);
        let all = compiled.iter().flat_map(|product| product.entries.iter());
        Self {
            digest,
            limits: Limits::of(all.chain(shared.iter())),
            claimants: Claimants::new(&compiled),
            products: compiled,
            shared,
            internal,
            host_groups,
            resolvers: Arc::new(resolvers),
            home,
            calendar: Calendar::of(&sets),
            sets,
            providers: Arc::new(Providers::new(providers)),
            claims,
        }
    }

    /// Identifies the set: see [`digest`].
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Every product, by name.
    pub fn products(&self) -> impl Iterator<Item = &Product> {
        self.products.iter()
    }

    /// A product by its name.
    pub fn product(&self, name: &str) -> Option<&Product> {
        let at = self
            .products
            .binary_search_by(|product| product.name().cmp(name))
            .ok()?;
        self.products.get(at)
    }

    /// How many entries the products and the platform have together, denials with them.
    pub fn entry_count(&self) -> usize {
        self.shared.len()
            + self
                .products
                .iter()
                .map(|p| p.entries().len())
                .sum::<usize>()
    }

    /// Entries of the platform, declarations and denials, which every product inherits.
    pub fn shared(&self) -> &Entries {
        &self.shared
    }

    /// The platform's own network that holds the address, the narrowest.
    pub fn internal_network(&self, address: IpAddr) -> Option<&InternalNetwork> {
        self.internal
            .get_lpm(&IpNetwork::from(address))
            .map(|(_, network)| network)
    }

    /// Every network of the platform.
    pub fn internal_networks(&self) -> impl Iterator<Item = &InternalNetwork> {
        self.internal.values()
    }

    /// The groups of hosts that selectors may name.
    pub fn host_groups(&self) -> &[HostGroup] {
        &self.host_groups
    }

    /// The resolvers that the platform trusts.
    pub fn resolvers(&self) -> &Arc<Resolvers> {
        &self.resolvers
    }

    /// The platform's jurisdiction.
    pub fn home(&self) -> Option<&Territory> {
        self.home.as_ref()
    }

    /// What of it hangs on the course of time.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The sets of countries.
    pub fn country_sets(&self) -> &CountrySets {
        &self.sets
    }

    /// Whether the country is of at least one of the territories on that day; `None`
    /// when that cannot be told: what [`CountrySets::contains_any`] says, looked up.
    pub fn is_in_any(
        &self,
        territories: &[Territory],
        country: CountryCode,
        day: Date,
    ) -> Option<bool> {
        self.calendar.contains_any(territories, country, day)
    }

    /// Who operates what, and from where; empty when the set has no
    /// `providers.toml`.
    pub fn providers(&self) -> &Arc<Providers> {
        &self.providers
    }

    /// What the set claims of the products; `None` when it has no `claims.toml`.
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }

    /// Whether the country is outside the platform's jurisdiction on that day;
    /// `None` when no jurisdiction is configured or its set cannot tell.
    pub fn third_country(&self, country: CountryCode, day: Date) -> Option<bool> {
        self.sets
            .contains(self.home.as_ref()?, country, day)
            .map(|inside| !inside)
    }

    /// Whose the flow's workload is. A certain claim is not put in doubt by a
    /// possible one.
    pub fn claim(&self, flow: &Attributed) -> Claim<'_> {
        let found = self.claimants.of(flow);
        let mut first = None;
        let mut others = Vec::new();
        let mut possible = None;
        for product in self.found(&found) {
            match (product.fit(flow), first) {
                (Fit::Yes, None) => first = Some(product),
                (Fit::Yes, Some(_)) => others.push(product),
                (Fit::Unknown(aspect), _) => possible = possible.or(Some((product, aspect))),
                (Fit::No, _) => {}
            }
        }
        match (first, possible) {
            (Some(first), _) if !others.is_empty() => {
                others.insert(0, first);
                Claim::Contested(others)
            }
            (Some(first), _) => Claim::Product(first),
            (None, Some((product, aspect))) => Claim::Possible(product, aspect),
            (None, None) => Claim::Nobody,
        }
    }

    /// The products of these numbers, by name.
    fn found<'s, 'f>(
        &'s self,
        found: &'f Found,
    ) -> impl Iterator<Item = &'s Product> + use<'s, 'f> {
        let (few, any) = match found {
            Found::Few(numbers, count) => (numbers.get(..*count).unwrap_or_default(), None),
            Found::Any => (&[] as &[u32], Some(&self.products)),
        };
        let few = few.iter().filter_map(|number| {
            let number = usize::try_from(*number).ok()?;
            self.products.get(number)
        });
        few.chain(any.into_iter().flatten())
    }
}

/// A product of a set without errors, where every part is there.
fn product(form: ProductForm) -> Option<Product> {
    Some(Product {
        name: form.name?,
        title: form.title?,
        owner: form.owner?,
        posture: form.posture?,
        selectors: form
            .selectors
            .into_iter()
            .map(|selector| selector.value)
            .collect(),
        entries: Entries::new(entries(form.entries)),
    })
}

fn entries(forms: Vec<EntryForm>) -> Vec<Entry> {
    forms.into_iter().filter_map(|form| form.entry).collect()
}
