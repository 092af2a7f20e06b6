//! The catalogue of ways out of a host, and the runner that sends by each and
//! compares both layers with the wire.

mod run;
mod ways;

pub use run::{Outcome, Seen, run_all};
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
    /// with `!`; `{to}` is where to.
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

impl Way {
    /// Its command line with its destination, in brackets before a port (RFC 3986, section
    /// 3.2.2).
    fn filled(&self) -> String {
        let before_port = if self.to.contains(':') {
            format!("[{}]:", self.to)
        } else {
            format!("{}:", self.to)
        };
        let line = self.line.replace("{to}:", &before_port);
        line.replace("{to}", self.to)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_way_is_told_by_destination_and_protocol() {
        let told: BTreeSet<_> = WAYS.iter().map(|way| (way.to, way.protocol)).collect();
        assert_eq!(told.len(), WAYS.len());
    }

    #[test]
    fn destinations_are_filled_in() {
        let of = |id: &str| WAYS.iter().find(|way| way.id == id).map(Way::filled);
        assert_eq!(
            of("udp-v6").as_deref(),
            Some("udp --to [2001:db8:1::31]:53 --count 5 --echo")
        );
        assert_eq!(
            of("raw-unknown").as_deref(),
            Some("packets --to 203.0.113.79 --by unknown")
        );
    }
}
