//! The catalogue of ways out of a host, and the runner that sends by each and
//! compares both layers with the wire.

mod run;
mod ways;

pub use run::{Outcome, Seen, run};
pub use ways::WAYS;

/// What the record should have of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// Both layers equal the wire, to the byte.
    Both,
    /// As `Both`; the socket layer counts before fragmentation, the uplink layer
    /// knows by how much.
    Fragments,
    /// No socket hook sees it: the uplink layer does.
    UplinkOnly,
}

/// One way out of a host.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// Name in tables, and of the test.
    pub id: &'static str,
    /// What the workload does, in words.
    pub title: &'static str,
    /// Command line of `weir-traffic`, or of a program of the host if it begins
    /// with `!`.
    pub line: &'static str,
    /// Where to.
    pub to: &'static str,
    /// IP protocol number.
    pub protocol: u8,
    /// Who began, as the record should say.
    pub inbound: bool,
    /// What the record should have.
    pub expect: Expect,
}
