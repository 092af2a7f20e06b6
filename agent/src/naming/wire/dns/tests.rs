#![expect(clippy::unwrap_used, reason = "tests")]

use std::str::FromStr as _;

use domain::{
    base::{
        MessageBuilder, Name, Rtype, StaticCompressor, Ttl,
        iana::{Class, Rcode},
        message_builder::AnswerBuilder,
        rdata::ComposeRecordData,
    },
    rdata::svcb::{Https, SvcParams},
};
use proptest::prelude::*;

use super::*;

type Builder = AnswerBuilder<StaticCompressor<Vec<u8>>>;

fn wire(text: &str) -> Name<Vec<u8>> {
    Name::from_str(text).unwrap()
}

fn named(text: &str) -> DomainName {
    text.parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// A response to a question of this type for `asked`.
fn response(asked: &str, qtype: Rtype) -> Builder {
    let mut builder = MessageBuilder::from_target(StaticCompressor::new(Vec::new())).unwrap();
    builder.header_mut().set_id(0x1234);
    builder.header_mut().set_qr(true);
    let mut builder = builder.question();
    builder.push((wire(asked), qtype)).unwrap();
    builder.answer()
}

fn add(builder: &mut Builder, owner: &str, ttl: u32, data: impl ComposeRecordData) {
    let ttl = Ttl::from_secs(ttl);
    builder.push((wire(owner), Class::IN, ttl, data)).unwrap();
}

fn a(octets: [u8; 4]) -> A {
    A::new(octets.into())
}

fn cname(target: &str) -> Cname<Name<Vec<u8>>> {
    Cname::new(wire(target))
}

fn bytes(builder: Builder) -> Vec<u8> {
    builder.finish().into_target()
}

fn https(priority: u16, target: &str, params: &[u8]) -> Https<Vec<u8>, Name<Vec<u8>>> {
    let params = SvcParams::from_octets(params.to_vec()).ok().unwrap();
    Https::new(priority, wire(target), params).unwrap()
}

/// The chain of a name at a CDN, its parts in disorder, and what answers nothing.
fn chained() -> Vec<u8> {
    let mut builder = response("WWW.shop.example", Rtype::A);
    add(&mut builder, "edge.cdn.example", 60, a([198, 51, 100, 7]));
    add(&mut builder, "shop.example", 30, cname("edge.cdn.example"));
    add(&mut builder, "other.example", 9, a([203, 0, 113, 1]));
    add(&mut builder, "www.shop.example", 300, cname("Shop.example"));
    let six = Aaaa::new("2001:db8::7".parse().unwrap());
    add(&mut builder, "edge.cdn.example", 20, six);
    bytes(builder)
}

#[test]
fn a_query_says_what_is_asked() {
    let mut builder = MessageBuilder::new_vec();
    builder.header_mut().set_id(7);
    let mut builder = builder.question();
    builder.push((wire("API.example."), Rtype::AAAA)).unwrap();
    let message = builder.finish();
    assert_eq!(
        query(&message),
        Ok(Question {
            id: 7,
            name: named("api.example"),
            qtype: 28,
        })
    );
    assert_eq!(answer(&message), Err(DnsFault::NotAResponse));
    assert_eq!(query(&message[..11]), Err(DnsFault::Short));
    assert_eq!(query(&message[..20]), Err(DnsFault::Short));
    assert_eq!(query(&chained()), Err(DnsFault::NotAQuery));
}

#[test]
fn addresses_count_along_the_chain_with_its_least_ttl() {
    assert_eq!(
        answer(&chained()),
        Ok(Answer {
            question: Question {
                id: 0x1234,
                name: named("www.shop.example"),
                qtype: 1,
            },
            rcode: 0,
            truncated: false,
            authentic: false,
            complete: true,
            chain: vec![named("shop.example"), named("edge.cdn.example")],
            addresses: vec![(address("198.51.100.7"), 30), (address("2001:db8::7"), 20),],
            service: vec![],
        })
    );
}

#[test]
fn of_a_cut_answer_the_whole_records_count() {
    let message = chained();
    let whole = answer(&message).unwrap();
    let question_end = 12 + 18 + 4;
    for end in 0..message.len() {
        let cut = answer(&message[..end]);
        if end < question_end {
            assert_eq!(cut, Err(DnsFault::Short), "at {end}");
            continue;
        }
        let cut = cut.unwrap();
        assert!(!cut.complete, "at {end}");
        assert_eq!(cut.question, whole.question);
        // The first address answers only once the chain is whole.
        assert!(
            cut.addresses.len() <= usize::from(cut.chain.len() == 2),
            "at {end}"
        );
    }
}

#[test]
fn flags_and_the_code_are_told() {
    let mut builder = response("gone.example", Rtype::A);
    builder.header_mut().set_rcode(Rcode::NXDOMAIN);
    builder.header_mut().set_tc(true);
    builder.header_mut().set_ad(true);
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(
        (said.rcode, said.truncated, said.authentic),
        (3, true, true)
    );
    assert!(said.complete);
}

#[test]
fn loops_of_cnames_end() {
    let mut builder = response("a.example", Rtype::A);
    add(&mut builder, "a.example", 5, cname("b.example"));
    add(&mut builder, "b.example", 5, cname("a.example"));
    add(&mut builder, "b.example", 5, a([198, 51, 100, 1]));
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(said.chain, [named("b.example")]);
    assert_eq!(said.addresses, [(address("198.51.100.1"), 5)]);
    assert!(said.complete);
}

#[test]
fn what_exceeds_a_bound_makes_it_incomplete() {
    let long = |links: usize| {
        let mut builder = response("n0.example", Rtype::A);
        for link in 0..links {
            let target = format!("n{}.example", link + 1);
            add(&mut builder, &format!("n{link}.example"), 5, cname(&target));
        }
        answer(&bytes(builder)).unwrap()
    };
    assert_eq!((long(16).chain.len(), long(16).complete), (16, true));
    assert_eq!((long(17).chain.len(), long(17).complete), (16, false));

    let many = |records: u8| {
        let mut builder = response("many.example", Rtype::A);
        for last in 0..records {
            add(&mut builder, "many.example", 5, a([198, 51, 100, last]));
        }
        answer(&bytes(builder)).unwrap()
    };
    assert_eq!((many(64).addresses.len(), many(64).complete), (64, true));
    assert_eq!((many(65).addresses.len(), many(65).complete), (64, false));
}

#[test]
fn a_ttl_with_its_highest_bit_is_zero() {
    let mut builder = response("a.example", Rtype::A);
    add(&mut builder, "a.example", 1 << 31, a([198, 51, 100, 1]));
    add(
        &mut builder,
        "a.example",
        (1 << 31) - 1,
        a([198, 51, 100, 2]),
    );
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(said.addresses[0].1, 0);
    assert_eq!(said.addresses[1].1, 2_147_483_647);
}

#[test]
fn service_records_give_hints() {
    // alpn h3,h2 · port 8443 · ipv4hint · ech · ipv6hint (RFC 9460, 14.3.2).
    let params = b"\0\x01\0\x06\x02h3\x02h2\0\x03\0\x02\x20\xfb\
        \0\x04\0\x08\xc6\x33\x64\x01\xc6\x33\x64\x02\0\x05\0\x02ec\
        \0\x06\0\x10\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01";
    let mut builder = response("a.example", Rtype::HTTPS);
    add(&mut builder, "a.example", 60, cname("b.example"));
    add(&mut builder, "b.example", 90, https(1, ".", params));
    add(
        &mut builder,
        "b.example",
        30,
        https(2, "Pool.example", b"\0\x01\0\x03\x02\xffx"),
    );
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(
        said.service,
        [
            SvcHint {
                priority: 1,
                target: named("b.example"),
                alpn: vec!["h3".to_owned(), "h2".to_owned()],
                port: Some(8443),
                addresses: vec![
                    address("198.51.100.1"),
                    address("198.51.100.2"),
                    address("2001:db8::1"),
                ],
                ttl: 60,
                ech: true,
            },
            SvcHint {
                priority: 2,
                target: named("pool.example"),
                alpn: vec![r"\xffx".to_owned()],
                port: None,
                addresses: vec![],
                ttl: 30,
                ech: false,
            },
        ]
    );
    assert!(said.addresses.is_empty());
    assert!(said.complete);
}

#[test]
fn alias_mode_leads_on_and_its_neighbours_do_not_count() {
    let mut builder = response("a.example", Rtype::HTTPS);
    add(&mut builder, "a.example", 60, https(1, ".", b""));
    add(&mut builder, "a.example", 50, https(0, "pool.example", b""));
    add(
        &mut builder,
        "pool.example",
        70,
        https(1, ".", b"\0\x03\0\x02\0\x50"),
    );
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(said.chain, [named("pool.example")]);
    assert_eq!(said.service.len(), 1);
    assert_eq!((said.service[0].port, said.service[0].ttl), (Some(80), 50));

    let mut builder = response("a.example", Rtype::HTTPS);
    add(&mut builder, "a.example", 60, https(0, ".", b""));
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!((said.chain, said.service), (vec![], vec![]));
}

#[test]
fn hints_are_bounded() {
    let hints = [&b"\0\x04\x01\0"[..], &[198; 256]].concat();
    let mut builder = response("a.example", Rtype::HTTPS);
    add(&mut builder, "a.example", 60, https(1, ".", &hints));
    add(&mut builder, "a.example", 60, https(2, ".", &hints));
    let said = answer(&bytes(builder)).unwrap();
    assert_eq!(said.service[0].addresses.len(), 64);
    assert_eq!(said.service[1].addresses.len(), 0);
    assert!(!said.complete);
}

/// A response's header with one question and `answers`, before `rest`.
fn raw(answers: u8, rest: &[u8]) -> Vec<u8> {
    [&[0, 1, 0x80, 0, 0, 1, 0, answers, 0, 0, 0, 0][..], rest].concat()
}

#[test]
fn malformed_names_and_records_are_faults() {
    let fault = |message: &[u8]| answer(message).unwrap_err().to_string();
    // A name that points at itself, and one that points forward.
    let pointers = "the message is malformed: too many compression pointers";
    assert_eq!(fault(&raw(0, b"\xc0\x0c\0\x01\0\x01")), pointers);
    assert_eq!(fault(&raw(0, b"\xc0\x20\0\x01\0\x01")), pointers);
    assert_eq!(
        fault(&raw(0, b"\x80a\0\0\x01\0\x01")),
        "the message is malformed: invalid label type"
    );
    let long = [
        &[b"\x3f".as_slice(), &[b'a'; 63]].concat().repeat(4)[..],
        b"\0\0\x01\0\x01",
    ]
    .concat();
    assert_eq!(
        fault(&raw(0, &long)),
        "the message is malformed: long domain name"
    );
    // An A record of two octets, within a message that goes on.
    let short = b"\x01a\0\0\x01\0\x01\xc0\x0c\0\x01\0\x01\0\0\0\x05\0\x02\x01\x02rest";
    assert_eq!(
        fault(&raw(1, short)),
        "the message is malformed: unexpected end of input"
    );
}

#[test]
fn only_one_question_of_class_in_is_taken() {
    let mut message = raw(0, b"\x01a\0\0\x01\0\x03");
    assert_eq!(answer(&message), Err(DnsFault::Class(3)));
    message[5] = 2;
    assert_eq!(answer(&message), Err(DnsFault::Questions(2)));
    message[5] = 0;
    assert_eq!(answer(&message), Err(DnsFault::Questions(0)));
    message[2] |= 5 << 3;
    assert_eq!(answer(&message), Err(DnsFault::Opcode(5)));
}

proptest! {
    #[test]
    fn composed_answers_come_back(
        labels in proptest::collection::vec("[a-z0-9-]{1,20}", 1..5),
        links in 0..10_usize,
        addresses in proptest::collection::vec((any::<[u8; 4]>(), 0..100_000_u32), 0..20),
    ) {
        let start = labels.join(".");
        let link = |number: usize| match number {
            0 => start.clone(),
            _ => format!("l{number}.{start}"),
        };
        let mut builder = response(&start, Rtype::A);
        for number in 0..links {
            add(&mut builder, &link(number), 1000, cname(&link(number + 1)));
        }
        for (octets, ttl) in &addresses {
            add(&mut builder, &link(links), *ttl, a(*octets));
        }
        let said = answer(&bytes(builder)).unwrap();
        prop_assert!(said.complete);
        prop_assert_eq!(said.question.name, named(&start));
        prop_assert_eq!(said.chain, (1..=links).map(|n| named(&link(n))).collect::<Vec<_>>());
        let least = if links == 0 { u32::MAX } else { 1000 };
        prop_assert_eq!(said.addresses, addresses.iter()
            .map(|(octets, ttl)| (IpAddr::from(*octets), (*ttl).min(least)))
            .collect::<Vec<_>>());
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (query(&bytes), answer(&bytes));
        let _ = answer(&raw(3, &bytes));
        let mut messages = framed(&bytes);
        let taken: usize = messages.by_ref().map(|message| message.len() + 2).sum();
        prop_assert_eq!(taken, messages.consumed());
    }

    #[test]
    fn no_change_of_an_answer_panics(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let mut message = chained();
        let at = at.index(message.len());
        message[at] = to;
        let _ = answer(&message);
    }
}
