//! What workloads say to destinations, and DNS in streams.

use super::*;
use crate::naming::{Ech, Source, Transport};

/// A TLS record with a `ClientHello` for a name.
pub(super) fn hello(name: &str) -> Vec<u8> {
    let host = name.as_bytes();
    let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    let mut sni = vec![0, 0];
    sni.extend(length(host.len() + 5));
    sni.extend(length(host.len() + 3));
    sni.push(0);
    sni.extend(length(host.len()));
    sni.extend(host);
    let mut alpn = vec![0, 16, 0, 5, 0, 3, 2];
    alpn.extend(b"h2");
    let mut body = vec![3, 3];
    body.extend([0; 32]);
    body.extend([0, 0, 2, 0x13, 0x01, 1, 0]);
    body.extend(length(sni.len() + alpn.len()));
    body.extend(sni);
    body.extend(alpn);
    let mut message = vec![1, 0];
    message.extend(length(body.len()));
    message.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(length(message.len()));
    record.extend(message);
    record
}

pub(super) fn said(bytes: &[u8], offset: u32) -> Payload<'_> {
    Payload {
        protocol: Protocol::TCP,
        address: address("203.0.113.9"),
        port: 443,
        interface: 0,
        offset,
        ..payload(PayloadKind::Hello, bytes)
    }
}

#[test]
fn a_hello_presents_a_name_at_its_destination() {
    let mut stage = Stage::new();
    stage.take(said(&hello("api.example"), 0));
    let names = stage.names("203.0.113.9");
    assert_eq!(only(&names).name.as_str(), "api.example");
    assert_eq!(only(&names).grade, Grade::Presented);
    assert_eq!(
        only(&names).source,
        Source::Tls {
            alpn: vec!["h2".to_owned()],
            ech: Ech::Absent,
        }
    );
    assert_eq!(none(&stage.names("203.0.113.10")), Missing::NoneSeen);
    let other_port = stage.names_of("203.0.113.9", |r| r.port = 8443);
    assert_eq!(none(&other_port), Missing::NoneSeen);
    let other = stage.names_of("203.0.113.9", |r| r.cgroup = CgroupId(8));
    assert_eq!(none(&other), Missing::NoneSeen);
}

#[test]
fn a_hello_in_pieces_is_put_together_in_any_order() {
    let hello = hello("api.example");
    let pieces: Vec<(u32, &[u8])> = [
        (100, &hello[..3]),
        (103, &hello[3..40]),
        (140, &hello[40..]),
    ]
    .into_iter()
    .collect();
    for order in [[0, 1, 2], [0, 2, 1]] {
        let mut stage = Stage::new();
        for piece in order {
            let (offset, bytes) = pieces[piece];
            assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
            stage.take(said(bytes, offset));
        }
        assert_eq!(
            graded(&stage.names("203.0.113.9")),
            [("api.example", Grade::Presented)]
        );
    }
}

#[test]
fn what_was_said_and_answered_stand_side_by_side() {
    let mut stage = Stage::new();
    stage.ask("api.example", &[("api.example", "203.0.113.9")]);
    stage.take(said(&hello("evil.example"), 0));
    let names = stage.names("203.0.113.9");
    assert_eq!(
        graded(&names),
        [
            ("api.example", Grade::Answered),
            ("evil.example", Grade::Presented),
        ]
    );
    assert_eq!(
        names.contradiction().unwrap().to_string(),
        "it presented evil.example, but had asked for api.example"
    );
    // What two resolvers answered is said once.
    stage.exchange(3, "api.example", &[("api.example", "203.0.113.9")], |p| {
        p.address = address("198.51.100.66");
    });
    stage.ask("b.example", &[("b.example", "203.0.113.9")]);
    assert_eq!(
        stage
            .names("203.0.113.9")
            .contradiction()
            .unwrap()
            .to_string(),
        "it presented evil.example, but had asked for api.example, b.example"
    );
    assert_eq!(stage.namer.take_changed().len(), 1);
    assert_eq!(stage.namer.take_changed().len(), 0);
}

#[test]
fn what_is_no_hello_is_counted() {
    let mut stage = Stage::new();
    stage.take(said(&[22, 3, 1, 0, 4, 1, 0, 0, 0], 0));
    assert_eq!(none(&stage.names("203.0.113.9")), Missing::NoneSeen);
    assert_eq!(stage.namer.counts().malformed, 1);
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for message in messages {
        stream.extend(u16::try_from(message.len()).unwrap().to_be_bytes());
        stream.extend(message);
    }
    stream
}

/// Questions and answers of one connection, several in a segment and one over two.
#[test]
fn dns_in_a_stream_is_read_message_by_message() {
    let mut stage = Stage::new();
    let sent = framed(&[
        messages::query(1, "a.example"),
        messages::query(2, "b.example"),
    ]);
    let received = framed(&[
        messages::answer(2, "b.example", &[("b.example", "203.0.113.10")]),
        messages::answer(1, "a.example", &[("a.example", "203.0.113.9")]),
    ]);
    let mut part = |kind, stream: &[u8], from: usize, to: usize| {
        stage.take(Payload {
            protocol: Protocol::TCP,
            offset: u32::try_from(from).unwrap(),
            ..payload(kind, &stream[from..to])
        });
    };
    part(PayloadKind::DnsSent, &sent, 0, 1);
    part(PayloadKind::DnsSent, &sent, 1, sent.len());
    part(PayloadKind::DnsReceived, &received, 0, 70);
    part(PayloadKind::DnsReceived, &received, 70, received.len());
    let names = stage.names("203.0.113.9");
    assert_eq!(only(&names).grade, Grade::Answered);
    assert_eq!(
        only(&names).source,
        Source::Dns {
            resolver: address(RESOLVER),
            transport: Transport::Tcp,
            served_by: None,
            asked_by: None,
        }
    );
    assert_eq!(
        graded(&stage.names("203.0.113.10")),
        [("b.example", Grade::Answered)]
    );
}
