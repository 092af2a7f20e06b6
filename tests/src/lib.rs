//! End-to-end tests: hosts in network namespaces, cgroups as systemd units,
//! real containers, and a counter on the wire that the record must equal.
//!
//! `docs/testing.md` shows how the world is built and how to add a scenario.

pub mod agent;
pub mod attached;
pub mod certificate;
pub mod cgroup;
pub mod claims;
pub mod clock;
pub mod config_file;
pub mod container;
pub mod coverage;
pub mod databases;
pub mod demo;
pub mod dns;
pub mod evidence;
pub mod geo;
pub mod ledger;
pub mod lookup;
pub mod machine;
pub mod manager;
pub mod metrics;
pub mod monitoring;
pub mod named_stage;
pub mod own_allowlists;
pub mod peer;
pub mod pins;
pub mod receiver;
pub mod record;
pub mod resolver;
pub mod room;
pub mod run;
pub mod scenario;
pub mod soak;
pub mod stage;
pub mod syslogd;
pub mod terminal;
pub mod told;
pub mod tool;
pub mod traffic;
pub mod wire;
pub mod workload;
pub mod world;
