//! Metrics of the IP databases in force.

use jiff::Timestamp;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::{Registry, Unit},
};

use crate::jurisdiction::Description;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DatabaseLabels {
    database: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InfoLabels {
    database: String,
    kind: String,
    sha256: String,
}

/// One series for each database in force, in each of these.
#[derive(Clone, Default)]
pub(super) struct IpDataMetrics {
    info: Family<InfoLabels, Gauge>,
    built: Family<DatabaseLabels, Gauge>,
    age: Family<DatabaseLabels, Gauge>,
    max_age: Family<DatabaseLabels, Gauge>,
    refused: Counter,
}

impl IpDataMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "ip_database_info",
            "IP databases in force; always 1",
            self.info.clone(),
        );
        registry.register_with_unit(
            "ip_database_build_time",
            "When the data of each IP database were built, since 1970",
            Unit::Seconds,
            self.built.clone(),
        );
        registry.register_with_unit(
            "ip_database_age",
            "Age of each IP database since it was built",
            Unit::Seconds,
            self.age.clone(),
        );
        registry.register_with_unit(
            "ip_database_max_age",
            "Age beyond which the answers of each IP database do not count",
            Unit::Seconds,
            self.max_age.clone(),
        );
        registry.register(
            "ip_databases_refused",
            "Files that should have become an IP database and could not be used",
            self.refused.clone(),
        );
    }

    pub(super) fn put_in_force<'a>(&self, databases: impl Iterator<Item = &'a Description>) {
        self.info.clear();
        self.built.clear();
        self.age.clear();
        self.max_age.clear();
        for one in databases {
            let labels = DatabaseLabels {
                database: one.name.clone(),
            };
            let info = InfoLabels {
                database: one.name.clone(),
                kind: one.kind.clone(),
                sha256: one.sha256.clone(),
            };
            self.info.get_or_create(&info).set(1);
            let built = one.built.as_second();
            self.built.get_or_create(&labels).set(built);
            let limit = i64::from(one.max_age_days) * 86_400;
            self.max_age.get_or_create(&labels).set(limit);
        }
    }

    /// Ages are those of the last sweep.
    pub(super) fn measure<'a>(
        &self,
        databases: impl Iterator<Item = &'a Description>,
        now: Timestamp,
    ) {
        for one in databases {
            let labels = DatabaseLabels {
                database: one.name.clone(),
            };
            let age = now.as_second() - one.built.as_second();
            self.age.get_or_create(&labels).set(age);
        }
    }

    pub(super) fn refused(&self) {
        self.refused.inc();
    }

    /// One sample of each.
    #[cfg(test)]
    pub(super) fn touch(&self) {
        let (database, kind, sha256) = (String::new(), String::new(), String::new());
        let labels = DatabaseLabels {
            database: database.clone(),
        };
        for family in [&self.built, &self.age, &self.max_age] {
            family.get_or_create(&labels).set(1);
        }
        let info = InfoLabels {
            database,
            kind,
            sha256,
        };
        self.info.get_or_create(&info).set(1);
    }
}
