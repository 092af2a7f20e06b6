//! Who answers for an entry, and on what grounds.

use jiff::civil::Date;
use serde::Serialize;

/// What an entry says of its own standing, beside its purpose and owner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Duties {
    /// Kinds of data that go there, in the platform's own words; of an entry that leads
    /// outside the platform at least one.
    pub data_categories: Vec<String>,
    /// Ground on which they may, such as an article and a contract; there with every
    /// entry that leads outside the platform.
    pub legal_basis: Option<String>,
    /// Page on which customers read of it.
    pub disclosed_at: Option<String>,
    /// Who approved the entry.
    pub approved_by: String,
    /// When.
    pub approved_on: Date,
}
