//! Flows that somebody describes instead of recording them: for tests beside the policy,
//! and to ask what the verdict would be.
//!
//! ```text
//! [[flow]] or command line ─> Description ─> Located ─> verdict
//! ```
//!
//! What a description does not say is unknown, as it would be of a recorded flow, but
//! for the parts of a workload: what it does not have it is not.

mod case;
mod located;
#[cfg(test)]
mod tests;
mod workload;

use std::net::IpAddr;

use crate::{
    jurisdiction::{AsNumber, CountryCode},
    naming::{DomainName, Grade},
    record::{Direction, Protocol},
};

pub(crate) use self::case::{TooFar, noon};
pub use self::{
    case::{Case, Expected},
    located::DESCRIBED,
    workload::{UnknownFact, WorkloadFacts},
};

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Whose it is.
    pub workload: WorkloadFacts,
    /// Address of the other side.
    pub address: IpAddr,
    /// Outbound the other side's port, inbound the workload's; 0 where there are none.
    pub port: u16,
    /// IP protocol.
    pub protocol: Protocol,
    /// Who sends first.
    pub direction: Direction,
    /// Names by which the workload knows the other side, each with what it is worth.
    pub names: Vec<(DomainName, Grade)>,
    /// Country in which the other side stands, if that is known.
    pub hosted_in: Option<CountryCode>,
    /// Autonomous system that announces it, if that is known.
    pub asn: Option<AsNumber>,
    /// Whether it is in several places at once, if that is known.
    pub anycast: Option<bool>,
}
