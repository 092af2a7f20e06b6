//! IP databases that are opened anew.

use super::Files;
use crate::{
    jurisdiction::{Databases, IpData, Reloaded},
    look::Look,
};

impl Files for IpData {
    type InForce = Databases;
    type News = Reloaded;

    const WHAT: &'static str = "IP databases";

    fn look(&self) -> Look {
        Self::look(self)
    }

    // Each file is copied before it is checked, and told apart by its own look.
    fn read(&self, in_force: &Databases, everything: bool) -> Option<Reloaded> {
        Some(in_force.reload(self, everything))
    }
}
