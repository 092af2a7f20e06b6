//! Stage 3: under which name the workload knew the destination.

mod domain_name;
pub mod wire;

pub use domain_name::{DomainName, NameFault};
use serde::{Deserialize, Serialize};

use crate::attribution::Attributed;

/// A destination's name and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "grade")]
pub enum Name {
    /// No name is known.
    None {
        /// Why not.
        reason: String,
    },
}

/// An attributed flow with its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The flow with its workload.
    pub flow: Attributed,
    /// Its name, graded.
    pub name: Name,
}
