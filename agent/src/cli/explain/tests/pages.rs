//! Whole pages.

use std::sync::Arc;

use super::*;
use crate::jurisdiction::{EncryptedDns, Encryption, MatchedBy};

#[test]
fn what_is_not_known_says_why() {
    assert_eq!(
        page(&recorded(flow()), None),
        "198.51.100.9:443/tcp outbound
workload       a.service (systemd unit)
cgroup         /system.slice/a.service
process        worker, pid 4711, uid 1000
executable     /usr/bin/worker
product        a
sent           5.0 KiB (5120 bytes) in 9 packets
received       52 bytes in 1 packet
first seen     2026-11-01 12:00:00 UTC
last seen      2026-11-01 12:01:00 UTC

NAMES
  none                it asked for no name that led there, and presented none

PLACE
hosted in      unknown: no database holds it
registered in  unknown: no database holds it
operator       unknown: no database holds it
anycast        unknown: no database holds it

OPERATOR'S HOME
provider       none: no provider is listed

DECISION
verdict        undeclared
entry          none
because        no entry of a declares it
"
    );
}

/// A relay's answer, one from a stranger, and a hello that says something else.
fn many_names() -> Names {
    let of_unit = |unit: &str| Some(Arc::from(unit));
    let mut answered = told("api.example", &["edge.cdn.example", "pop.cdn.example"]);
    answered.source = Source::Dns {
        resolver: "127.0.0.53".parse().unwrap(),
        transport: Transport::Tcp,
        served_by: of_unit("systemd-resolved.service"),
        asked_by: of_unit("systemd-resolved.service"),
    };
    let doubtful = Name {
        grade: Grade::AnsweredUntrusted,
        doubt: Some("192.0.2.53 is not a trusted resolver".to_owned()),
        ..told("api.example", &[])
    };
    let said = Name {
        grade: Grade::Presented,
        source: Source::Tls {
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ech: Ech::Absent,
        },
        ..told("www.stranger.example", &[])
    };
    let hidden = Name {
        source: Source::Quic {
            alpn: Vec::new(),
            ech: Ech::Outer,
        },
        ..said.clone()
    };
    Names {
        names: vec![doubtful, answered, said, hidden],
        missing: Some(Missing::Lost),
    }
}

fn says<T>(source: &str, value: Option<T>, prefix: &str, note: Option<&str>) -> SourceAnswer<T> {
    SourceAnswer {
        source: source.into(),
        value,
        prefix: (!prefix.is_empty()).then(|| prefix.into()),
        note: note.map(Into::into),
    }
}

/// Databases that disagree, one that is too old, one that marks anycast.
fn disputed_place() -> Place {
    let code = |text: &str| Some(text.parse().unwrap());
    let old = "built 2026-01-01, older than its limit of 45 days";
    Place {
        hosted_in: Answers {
            value: None,
            agreement: Agreement::Disputed,
            sources: vec![
                says("geo-a", code("DE"), "198.51.100.0/25", None),
                says("geo-b", code("NO"), "198.51.100.9/32", None),
                says("geo-old", code("DE"), "198.51.100.0/24", Some(old)),
                says("geo-none", None, "", None),
            ],
            reason: Some("the sources disagree: `geo-a` says DE, `geo-b` says NO".into()),
        },
        anycast: Answers {
            value: Some(true),
            agreement: Agreement::Unanimous,
            sources: vec![says("marks", Some(true), "198.51.100.0/24", None)],
            reason: None,
        },
        ..Place::unknown("no database tells it")
    }
}

fn unreviewed() -> Domicile {
    Domicile {
        country: None,
        provider: Some("example-cdn".into()),
        legal_entity: Some("Example CDN GmbH".into()),
        parent: Some("Example Holdings Inc.".into()),
        matched_by: Some(MatchedBy::As(64496)),
        reviewed: None,
        reason: Some("its domicile is unreviewed: no source".to_owned()),
        stated: Some("US".parse().unwrap()),
        anycast: None,
    }
}

/// All that can be known of a flow, and more than is at once.
pub(super) fn full() -> FlowInterval {
    let mut flow = flow();
    *named(&mut flow) = many_names();
    let located = &mut flow.judged.flow;
    located.place = Arc::new(disputed_place());
    located.operator_domicile = Arc::new(unreviewed());
    located.encrypted_dns = Some(EncryptedDns {
        over: Encryption::Https,
        provider: Some("example-cdn".into()),
    });
    flow.judged.verdict = Verdict::Declared;
    flow.judged.rule = Some("api".to_owned());
    flow
}

#[test]
fn every_name_and_every_source_is_there() {
    let page = page(&recorded(full()), None);
    let (_, known) = page.split_once("\n\n").unwrap();
    assert_eq!(
        known,
        "NAMES
  answered            api.example
                      alias of edge.cdn.example
                      alias of pop.cdn.example
                      answered by 127.0.0.53 over TCP, served by
                      systemd-resolved.service, asked by
                      systemd-resolved.service for it
                      at 2026-11-01 12:00:00 UTC
  answered_untrusted  api.example
                      answered by 192.0.2.53 over UDP
                      at 2026-11-01 12:00:00 UTC
                      in doubt: 192.0.2.53 is not a trusted resolver
  presented           www.stranger.example
                      said in a TLS ClientHello; ALPN h2, http/1.1; no ECH
                      at 2026-11-01 12:00:00 UTC
  presented           www.stranger.example
                      said in a QUIC ClientHello; no ALPN; ECH: it may hide
                      another name
                      at 2026-11-01 12:00:00 UTC
  contradiction       it presented www.stranger.example, but had asked for
                      api.example
  perhaps more        copies of what it said were lost, and the name may be
                      among them

ENCRYPTED DNS
encrypted DNS over HTTPS of example-cdn: what is asked and answered there cannot
be read

PLACE
hosted in      disputed: the sources disagree: `geo-a` says DE, `geo-b` says NO;
               being anycast, it is in no one country
  geo-a        DE; for 198.51.100.0/25
  geo-b        NO; for 198.51.100.9/32
  geo-old      (DE); for 198.51.100.0/24; built 2026-01-01, older than its limit
               of 45 days
  geo-none     no entry
registered in  unknown: no database tells it
operator       unknown: no database tells it
anycast        yes (unanimous, 1 of 1 sources)
  marks        yes; for 198.51.100.0/24

OPERATOR'S HOME
provider       example-cdn by AS64496
legal entity   Example CDN GmbH
parent         Example Holdings Inc.
domicile       unknown: its domicile is unreviewed: no source; the table says
               US, which does not count

DECISION
verdict        declared
entry          api
because        no entry of a declares it
"
    );
}

#[test]
fn times_are_not_made_up() {
    let store = store([entry(flow())]);
    let Found::Flows(flows) = find(store.path(), &Wanted::default(), 1).unwrap() else {
        panic!("no flow");
    };
    let page = page(&flows[0], None);
    assert!(
        page.contains(
            "\nseen           not known in the time of day; recorded at 2026-11-01 12:00:00 UTC\n"
        ),
        "{page}"
    );
}

#[test]
fn what_has_no_destination_or_process_says_so() {
    let mut folded = flow();
    record(&mut folded).scope = Scope::Folded;
    record(&mut folded).process = None;
    let page = page(&recorded(folded), None);
    let head: Vec<&str> = page.lines().take(4).collect();
    assert_eq!(
        head,
        [
            "many destinations, which are not kept apart",
            "workload       a.service (systemd unit)",
            "cgroup         /system.slice/a.service",
            "process        not known: it is the kernel's, or older than the record",
        ]
    );
}

#[test]
fn titles_of_every_kind_of_flow() {
    let title = |change: fn(&mut FlowRecord)| {
        let mut flow = flow();
        change(record(&mut flow));
        let page = page(&recorded(flow), None);
        page.lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        title(|record| record.address = "2001:db8::9".parse().unwrap()),
        "[2001:db8::9]:443/tcp outbound"
    );
    assert_eq!(
        title(|record| record.direction = Direction::Inbound),
        "198.51.100.9 to port 443/tcp inbound"
    );
    assert_eq!(
        title(|record| record.protocol = Protocol::ICMP),
        "198.51.100.9/icmp outbound"
    );
}
