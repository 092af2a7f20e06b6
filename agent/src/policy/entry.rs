//! Destinations that are declared or denied.

use ipnetwork::IpNetwork;
use jiff::civil::{Date, DateTime};
use serde::Serialize;

use super::{budget::Budget, countries::Territory, duties::Duties, window::Window};
use crate::{
    jurisdiction::{AsNumber, NamePattern},
    naming::{DomainName, Grade},
    record::{Direction, FlowRecord, Protocol},
};

/// Ports from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct PortRange {
    /// Lowest.
    pub first: u16,
    /// Highest.
    pub last: u16,
}

/// What an entry does with a destination that it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It declares it: `[[allow]]`.
    Allow,
    /// Whatever else declares it, it is undeclared: `[[deny]]`.
    Deny,
}

/// One destination, declared or denied, with its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Name of the entry, unique in the whole set.
    pub id: String,
    /// Whether it declares or denies.
    pub effect: Effect,
    /// What it is for.
    pub purpose: String,
    /// Who answers for it.
    pub owner: String,
    /// Who sends first.
    pub direction: Direction,
    /// Networks of the other side, a single address as its longest prefix.
    pub networks: Vec<IpNetwork>,
    /// Autonomous systems that announce the other side. They name destinations beside
    /// `networks` and `providers`: any of these suffices.
    pub systems: Vec<AsNumber>,
    /// Providers of the other side, by id.
    pub providers: Vec<String>,
    /// Names of the other side, one of which the workload must know it by, beside
    /// whatever else is named; empty when names do not matter.
    pub names: Vec<NamePattern>,
    /// What a name must be worth at least, also where it tells the provider.
    pub grade: Grade,
    /// Where the other side must be hosted; empty when that does not matter. With no
    /// networks, providers and names, the place of hosting alone declares.
    pub countries: Vec<Territory>,
    /// Where the operator's ultimate parent must have its legal home, by a review
    /// that counts; empty when that does not matter.
    pub operator_domicile: Vec<Territory>,
    /// Whether the other side must not be anycast.
    pub no_anycast: bool,
    /// Ports; empty for any.
    pub ports: Vec<PortRange>,
    /// IP protocols; empty for any.
    pub protocols: Vec<Protocol>,
    /// Most that its flows may carry together; `None` for any amount.
    pub budget: Option<Budget>,
    /// When it declares, by any of these; empty for always.
    pub windows: Vec<Window>,
    /// Last day on which the entry declares.
    pub expires: Option<Date>,
    /// On what grounds it stands.
    pub duties: Duties,
}

impl Entry {
    /// Whether direction, protocol and port are those of the flow.
    pub fn takes(&self, record: &FlowRecord) -> bool {
        self.direction == record.direction
            && (self.protocols.is_empty() || self.protocols.contains(&record.protocol))
            && (self.ports.is_empty()
                || (has_ports(record.protocol)
                    && self
                        .ports
                        .iter()
                        .any(|r| (r.first..=r.last).contains(&record.port))))
    }

    /// Whether it names one of the names, or none at all.
    pub fn names_one_of<'n>(&self, mut names: impl Iterator<Item = &'n DomainName>) -> bool {
        self.names.is_empty() || names.any(|name| self.names.iter().any(|p| p.fits(name.as_str())))
    }

    /// Whether it denies what it names.
    pub fn denies(&self) -> bool {
        self.effect == Effect::Deny
    }

    /// Whether it says who the other side is, and not only where.
    pub fn names_who(&self) -> bool {
        !(self.networks.is_empty()
            && self.systems.is_empty()
            && self.providers.is_empty()
            && self.names.is_empty())
    }

    /// Whether it takes a name, of the other side or of its provider, to satisfy it.
    pub fn hangs_on_name(&self) -> bool {
        !self.names.is_empty() || !self.providers.is_empty()
    }

    /// Whether it names neither network nor autonomous system nor provider, so that at most
    /// a name says who the other side is.
    pub(super) fn names_no_address(&self) -> bool {
        self.networks.is_empty() && self.systems.is_empty() && self.providers.is_empty()
    }

    /// All that it asks for but networks, autonomous systems, providers and names: with equal terms, two
    /// entries take the same flows of a destination that both name.
    pub(super) fn terms(&self) -> impl Ord {
        (
            (self.effect, self.direction, &self.protocols, &self.ports),
            (&self.countries, &self.operator_domicile, self.no_anycast),
            (self.expires, &self.windows),
            // Of two budgets, one may be used up.
            self.budget.map(|budget| (budget, &self.id)),
        )
    }

    /// All that its answer to a flow hangs on, but for the networks, autonomous systems,
    /// providers and names themselves: with equal ones, two entries say the same of a flow
    /// to a destination that both name.
    pub(super) fn answers(&self) -> impl Ord {
        (
            self.terms(),
            (self.names.is_empty(), self.grade),
            (self.names_who(), self.hangs_on_name()),
        )
    }

    /// Whether a date and time of UTC lies in one of its windows.
    pub fn is_open(&self, at: DateTime) -> bool {
        self.windows.is_empty() || self.windows.iter().any(|window| window.holds(at))
    }

    /// Whether it is in force on the day.
    pub fn in_force(&self, day: Date) -> bool {
        self.expires.is_none_or(|last| day <= last)
    }
}

/// Whether the protocol numbers its endpoints with ports: TCP, UDP, DCCP, SCTP
/// and UDP-Lite.
pub const fn has_ports(protocol: Protocol) -> bool {
    matches!(protocol.0, 6 | 17 | 33 | 132 | 136)
}
