//! What is withheld of who sent.

use std::sync::Arc;

use crate::rows::derive;

/// Contexts that say who sent.
pub(crate) const VEILED: [&str; 3] = ["workload_facts", "executable", "process"];

/// Withholds who sent: facts of the workload, its executable and its process. In the
/// place of the workload's name stands a pseudonym of it.
#[derive(Clone)]
pub struct Veil {
    pseudonym: Arc<dyn Fn(&str) -> String + Send + Sync>,
}

impl Veil {
    /// With what stands for a name.
    pub fn new(pseudonym: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        Self {
            pseudonym: Arc::new(pseudonym),
        }
    }

    /// What stands in the place of the workload that a context names.
    pub(crate) fn workload(&self, column: &str, context: &[u8]) -> Option<String> {
        let said = derive(column, context);
        let (_, name) = said.iter().find(|(name, _)| *name == "workload")?;
        let pseudonym = (self.pseudonym)(str::from_utf8(name).ok()?);
        Some(format!("{PSEUDONYM}{pseudonym}"))
    }
}

impl std::fmt::Debug for Veil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Veil").finish_non_exhaustive()
    }
}

/// What stands before the pseudonym of a workload whose facts are withheld.
pub(crate) const PSEUDONYM: &str = "pseudonym:";
