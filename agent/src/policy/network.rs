//! The platform's own networks.

use ipnetwork::IpNetwork;
use serde::Serialize;

/// A network that is the platform's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InternalNetwork {
    /// The network.
    pub cidr: IpNetwork,
    /// What is in it.
    pub purpose: String,
    /// Who answers for it.
    pub owner: String,
}
