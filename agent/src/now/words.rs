//! Rows in words, for a terminal and for the page.

use std::net::SocketAddr;

use jiff::Timestamp;

use super::DestinationRow;
use crate::{naming::Grade, output::bytes, record::Direction, verdict::Verdict};

/// Verdicts, the worst first.
pub const WORST_FIRST: [Verdict; 7] = [
    Verdict::Undeclared,
    Verdict::OutOfJurisdiction,
    Verdict::Expired,
    Verdict::Indeterminate,
    Verdict::Unattributed,
    Verdict::Declared,
    Verdict::Internal,
];

/// `1.5 KiB/s`.
pub fn rate(each_second: u64) -> String {
    format!("{}/s", bytes(each_second))
}

/// The name, with a mark of its grade, or else the address; then the port. `<` where the
/// other side began.
pub fn destination(one: &DestinationRow) -> String {
    let from = match one.direction {
        Direction::Inbound => "<",
        Direction::Outbound => "",
    };
    let Some(name) = &one.name else {
        return format!("{from}{}", endpoint(one));
    };
    let grade = match one.grade {
        Some(Grade::Answered) | None => "",
        Some(Grade::AnsweredUntrusted) => "~",
        Some(Grade::Presented) => "?",
    };
    match one.port {
        0 => format!("{from}{name}{grade}"),
        port => format!("{from}{name}{grade}:{port}"),
    }
}

/// `203.0.113.9:443`, with the protocol unless it is TCP.
pub fn endpoint(one: &DestinationRow) -> String {
    let Some(address) = one.address else {
        return "(many)".to_owned();
    };
    let place = match one.port {
        0 => address.to_string(),
        port => SocketAddr::new(address, port).to_string(),
    };
    match one.protocol.as_str() {
        "tcp" => place,
        protocol => format!("{place}/{protocol}"),
    }
}

/// `12 s`, `3 min`, `5 h`, `2 d`.
pub fn ago(time: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(time).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn times_are_said_as_people_say_them() {
        let now: Timestamp = "2026-11-03T00:00:00Z".parse().unwrap();
        for (time, said) in [
            ("2026-11-03T00:00:05Z", "0 s"),
            ("2026-11-02T23:58:01Z", "119 s"),
            ("2026-11-02T23:58:00Z", "2 min"),
            ("2026-11-02T22:00:01Z", "119 min"),
            ("2026-11-02T22:00:00Z", "2 h"),
            ("2026-11-01T00:00:00Z", "2 d"),
        ] {
            assert_eq!(ago(time.parse().unwrap(), now), said);
        }
    }
}
