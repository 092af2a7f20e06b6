//! Names that workloads said to destinations.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Name;
use crate::{
    bounded::Bounded,
    record::{Owner, Protocol},
};

/// Destinations remembered. Each takes about 400 bytes.
const REMEMBERED: usize = 65_536;

/// Names remembered of one destination.
const MOST_NAMES: usize = 16;

/// One destination of one workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(super) struct Destination {
    pub(super) owner: Owner,
    pub(super) address: IpAddr,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
}

/// Names said so far.
#[derive(Default)]
pub(super) struct Said {
    pub(super) names: Vec<Name>,
    /// Whether there were more than are remembered.
    pub(super) more: bool,
}

/// What was said to each destination.
pub(super) struct Presented {
    said: Bounded<Destination, Said>,
}

impl Presented {
    pub(super) fn new() -> Self {
        Self {
            said: Bounded::new(REMEMBERED),
        }
    }

    /// A workload said a name; whether that is news.
    pub(super) fn say(&mut self, destination: Destination, name: Name) -> bool {
        if self.said.get_mut(&destination).is_none() {
            self.said.insert(destination, Said::default());
        }
        let Some(said) = self.said.get_mut(&destination) else {
            return false;
        };
        if let Some(known) = said
            .names
            .iter_mut()
            .find(|known| known.name == name.name && known.source == name.source)
        {
            known.time = name.time;
            return false;
        }
        if said.names.len() >= MOST_NAMES {
            let news = !said.more;
            said.more = true;
            return news;
        }
        said.names.push(name);
        true
    }

    /// What was said to a destination.
    pub(super) fn said(&mut self, destination: &Destination) -> Option<&Said> {
        self.said.get_mut(destination).map(|said| &*said)
    }

    /// Everything that was said.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Destination, &Said)> {
        self.said.iter()
    }

    /// What an earlier agent had heard.
    pub(super) fn restore(&mut self, destination: Destination, names: Vec<Name>, more: bool) {
        self.said.insert(destination, Said { names, more });
    }
}
