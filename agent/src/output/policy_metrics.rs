//! Metrics of the allowlists in force.

use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::policy::Expiring;

/// Name of the platform among products.
const PLATFORM: &str = "platform";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InfoLabels {
    sha256: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EntryLabels {
    product: String,
    entry: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StateLabels {
    state: &'static str,
}

#[derive(Clone, Default)]
pub(super) struct PolicyMetrics {
    info: Family<InfoLabels, Gauge>,
    loaded: Gauge,
    rejected: Gauge,
    expires: Family<EntryLabels, Gauge>,
    ending: Family<StateLabels, Gauge>,
}

impl PolicyMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "allowlists_info",
            "Allowlists in force; always 1",
            self.info.clone(),
        );
        registry.register_with_unit(
            "allowlists_loaded_timestamp",
            "When the allowlists in force came into force, since 1970",
            Unit::Seconds,
            self.loaded.clone(),
        );
        registry.register(
            "allowlists_rejected",
            "Whether the allowlists as they stand on disk are refused, and others in force: 1, or 0",
            self.rejected.clone(),
        );
        registry.register_with_unit(
            "entry_expires_timestamp",
            "When entries that end within 30 days, or have ended, cease to declare, since 1970",
            Unit::Seconds,
            self.expires.clone(),
        );
        registry.register(
            "ending_entries",
            "Entries that end within 30 days, and entries that have ended",
            self.ending.clone(),
        );
    }

    pub(super) fn put_in_force(&self, digest: &str, now: Timestamp) {
        let sha256 = digest.to_owned();
        self.info.clear();
        self.info.get_or_create(&InfoLabels { sha256 }).set(1);
        self.loaded.set(now.as_second());
        self.refused(false);
    }

    pub(super) fn refused(&self, refused: bool) {
        self.rejected.set(i64::from(refused));
    }

    /// Those that end soonest have a series each, at most so many; all are counted.
    pub(super) fn expiring(&self, found: &[Expiring<'_>], most: usize) {
        self.expires.clear();
        for one in found.iter().take(most) {
            let Some(ends) = one.ends() else { continue };
            let labels = EntryLabels {
                product: one.product.unwrap_or(PLATFORM).to_owned(),
                entry: one.entry.id.clone(),
            };
            self.expires.get_or_create(&labels).set(ends.as_second());
        }
        let ended = found.iter().filter(|one| one.is_expired()).count();
        for (state, count) in [("ending", found.len() - ended), ("ended", ended)] {
            let gauge = self.ending.get_or_create(&StateLabels { state });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
    }

    /// One sample of each.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        let labels = EntryLabels {
            product: String::new(),
            entry: String::new(),
        };
        self.expires.get_or_create(&labels).set(1);
        self.put_in_force("", Timestamp::UNIX_EPOCH);
    }
}
