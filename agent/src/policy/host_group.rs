//! Hosts of one kind.

use std::fmt;

use super::glob::Glob;

/// Hosts that `platform.toml` names together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostGroup {
    /// How `[[workload]]` names it.
    pub name: String,
    /// Patterns of the hosts' names, any of which suffices.
    pub hosts: Vec<Glob>,
    /// What these hosts are for.
    pub purpose: String,
    /// Who answers for them.
    pub owner: String,
}

/// The hosts of one or several groups, as a selector asks for them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hosts {
    names: Vec<Glob>,
    groups: Vec<String>,
}

impl Hosts {
    /// The hosts of these groups; each with the patterns of its hosts' names.
    pub fn new(groups: Vec<(String, Vec<Glob>)>) -> Self {
        let (mut groups, names): (Vec<String>, Vec<Vec<Glob>>) = groups.into_iter().unzip();
        let mut names = names.concat();
        groups.sort();
        groups.dedup();
        names.sort();
        names.dedup();
        Self { names, groups }
    }

    /// Whether a host of that name is one of them.
    pub(super) fn holds(&self, host: &str) -> bool {
        self.names.iter().any(|name| name.matches(host))
    }

    /// Whether every host of `other` is certainly one of these.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let covered = |narrow| self.names.iter().any(|wide| wide.covers(narrow));
        other.names.iter().all(covered)
    }

    /// Whether a host can be one of these and of `other`.
    pub(super) fn meets(&self, other: &Self) -> bool {
        let met = |theirs| self.names.iter().any(|ours| ours.meets(theirs));
        other.names.iter().any(met)
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.groups.join(" or "))
    }
}
