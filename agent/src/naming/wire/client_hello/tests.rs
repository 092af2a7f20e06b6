#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use super::*;

fn named(text: &str) -> ServerName {
    ServerName::Name(text.parse().unwrap())
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap();
    [&kind.to_be_bytes()[..], &length.to_be_bytes(), content].concat()
}

fn sni(names: &[(u8, &[u8])]) -> Vec<u8> {
    let list: Vec<u8> = names
        .iter()
        .flat_map(|(kind, name)| {
            let length = u16::try_from(name.len()).unwrap().to_be_bytes();
            [&[*kind][..], &length, name].concat()
        })
        .collect();
    let length = u16::try_from(list.len()).unwrap().to_be_bytes();
    extension(0, &[&length[..], &list].concat())
}

fn alpn(list: &[u8]) -> Vec<u8> {
    let length = u16::try_from(list.len()).unwrap().to_be_bytes();
    extension(16, &[&length[..], list].concat())
}

/// A ClientHello message with these extensions.
fn hello(extensions: &[Vec<u8>]) -> Vec<u8> {
    let extensions = extensions.concat();
    let length = u16::try_from(extensions.len()).unwrap().to_be_bytes();
    let body = [
        &b"\x03\x03"[..],
        &[7; 32],
        b"\0\0\x02\x13\x01\x01\0",
        &length,
        &extensions,
    ]
    .concat();
    message(1, &body)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind][..], &length[1..], body].concat()
}

/// In records of at most `size` bytes each.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |content: &[u8]| {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&b"\x16\x03\x01"[..], &length, content].concat()
    };
    message.chunks(size).flat_map(record).collect()
}

/// What a rustls client sends first.
fn rustls_hello(name: &str, alpn: &[&[u8]]) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|id| id.to_vec()).collect();
    let name = name.to_owned().try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

/// The hello with the size that a post-quantum key share gives it.
fn large() -> Vec<u8> {
    hello(&[
        extension(0x3a3a, b""),
        sni(&[(0, b"Models.example")]),
        extension(51, &[5; 1250]),
        alpn(b"\x02h2\x08http/1.1"),
        extension(0xfe0d, &[&[0][..], &[9; 200]].concat()),
    ])
}

fn said() -> ClientHello {
    ClientHello {
        server_name: named("models.example"),
        alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
        ech: Ech::Outer,
    }
}

#[test]
fn a_client_of_rustls_is_read() {
    let bytes = rustls_hello("api.example", &[b"h2", b"odd\x00\xff"]);
    assert_eq!(
        from_stream(&bytes),
        Progress::Complete(ClientHello {
            server_name: named("api.example"),
            alpn: vec!["h2".to_owned(), r"odd\x00\xff".to_owned()],
            ech: Ech::Absent,
        })
    );
    let Progress::Complete(bare) = from_stream(&rustls_hello("198.51.100.1", &[])) else {
        panic!("incomplete");
    };
    assert_eq!((bare.server_name, bare.alpn), (ServerName::Absent, vec![]));
}

#[test]
fn a_hello_may_span_records() {
    for size in [1, 2, 3, 4, 5, 100, 1000, 16_384] {
        let mut bytes = records(&large(), size);
        assert_eq!(from_stream(&bytes), Progress::Complete(said()), "by {size}");
        bytes.extend(b"\x14\x03\x03\0\x01\x01");
        assert_eq!(from_stream(&bytes), Progress::Complete(said()), "by {size}");
    }
    assert_eq!(from_handshake(&large()), Progress::Complete(said()));
}

#[test]
fn a_beginning_asks_for_no_more_than_is_missing() {
    let message = large();
    for size in [1, 3, 700, 16_384] {
        let bytes = records(&message, size);
        for end in 0..bytes.len() {
            let Progress::Needs(more) = from_stream(&bytes[..end]) else {
                panic!("{end} bytes of records of {size} are enough");
            };
            assert!(
                more > 0 && more <= bytes.len() - end,
                "{more} at {end} by {size}"
            );
        }
    }
    for end in 4..message.len() {
        let missing = message.len() - end;
        assert_eq!(from_handshake(&message[..end]), Progress::Needs(missing));
    }
    let one = records(&message, 16_384);
    assert_eq!(from_stream(b""), Progress::Needs(9));
    assert_eq!(from_stream(&one[..9]), Progress::Needs(one.len() - 9));
}

#[test]
fn what_begins_otherwise_is_no_hello() {
    let not = |bytes: &[u8]| match from_stream(bytes) {
        Progress::Not(fault) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(not(b"GET / HTTP/1.1"), HelloFault::NotTls);
    assert_eq!(not(b"\x16\x02"), HelloFault::NotTls);
    assert_eq!(not(b"\x17\x03\x03\0\x05hello"), HelloFault::NotTls);
    assert_eq!(
        not(b"\x16\x03\x03\0\x05\x02"),
        HelloFault::NotClientHello(2)
    );
    assert_eq!(not(b"\x16\x03\x03\0\0"), HelloFault::Record);
    assert_eq!(not(b"\x16\x03\x03\x40\x01"), HelloFault::Record);
    assert_eq!(not(b"\x16\x03\x03\0\x01\x01\x15\x03"), HelloFault::Record);
    assert_eq!(
        not(b"\x16\x03\x03\x10\0\x01\0\x3f\xfd"),
        HelloFault::TooLong
    );
    assert_eq!(from_handshake(b"\x01\0\x3f\xfc"), Progress::Needs(16_380));
    let cut = message(1, &large()[4..300]);
    assert_eq!(not(&records(&cut, 999)), HelloFault::Malformed);
    let trailing = message(1, &[&large()[4..], b"x"].concat());
    assert_eq!(not(&records(&trailing, 9999)), HelloFault::Malformed);
}

fn server_name_of(names: &[(u8, &[u8])]) -> ServerName {
    match from_handshake(&hello(&[sni(names)])) {
        Progress::Complete(hello) => hello.server_name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_server_name_is_a_host_name_or_a_fault() {
    let invalid = |name: &[u8]| match server_name_of(&[(0, name)]) {
        ServerName::Invalid(fault) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        server_name_of(&[(0, b"a_b.Example.")]),
        named("a_b.example")
    );
    assert_eq!(server_name_of(&[(5, b"?"), (0, b"a")]), named("a"));
    assert_eq!(
        invalid(b"198.51.100.1"),
        SniFault::Address("198.51.100.1".to_owned())
    );
    assert_eq!(
        invalid(b"2001:db8::1"),
        SniFault::Address("2001:db8::1".to_owned())
    );
    assert_eq!(invalid(b"a b"), SniFault::Character("a b".to_owned()));
    assert_eq!(
        invalid(b"a\\046b"),
        SniFault::Character(r"a\\046b".to_owned())
    );
    assert_eq!(
        invalid(b"\xc3\xbc"),
        SniFault::Character(r"\xc3\xbc".to_owned())
    );
    assert_eq!(
        invalid(b"a..b").to_string(),
        "the server name `a..b` is no host name: a label is empty: remove the extra dot"
    );
    assert_eq!(
        invalid(b""),
        SniFault::Name {
            text: String::new(),
            fault: NameFault::Empty,
        }
    );
    let twice = server_name_of(&[(0, b"a"), (0, b"b")]);
    assert_eq!(twice, ServerName::Invalid(SniFault::Count(2)));
    assert_eq!(server_name_of(&[]), ServerName::Invalid(SniFault::Count(0)));
    let broken = from_handshake(&hello(&[extension(0, b"\0\x06\0\0\x01a\0\0")]));
    let Progress::Complete(broken) = broken else {
        panic!("{broken:?}");
    };
    assert_eq!(broken.server_name, ServerName::Invalid(SniFault::Malformed));
}

#[test]
fn extensions_are_taken_once_and_whole() {
    let ech = |content: &[u8]| from_handshake(&hello(&[extension(0xfe0d, content)]));
    assert!(matches!(ech(b"\x01"), Progress::Complete(hello) if hello.ech == Ech::Inner));
    let malformed = Progress::Not(HelloFault::Malformed);
    assert_eq!(ech(b""), malformed);
    assert_eq!(ech(b"\x02"), malformed);
    let name = sni(&[(0, b"a")]);
    assert_eq!(from_handshake(&hello(&[name.clone(), name])), malformed);
    assert_eq!(from_handshake(&hello(&[alpn(b"\x03h2")])), malformed);
    let many = alpn(&b"\x01x".repeat(100));
    let Progress::Complete(many) = from_handshake(&hello(&[many])) else {
        panic!("incomplete");
    };
    assert_eq!(many.alpn.len(), MAX_ALPN);
    // Before TLS 1.2 a hello could end without extensions.
    let old = message(1, &hello(&[])[4..45]);
    assert!(matches!(from_handshake(&old), Progress::Complete(_)));
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (from_stream(&bytes), from_handshake(&bytes));
        let _ = from_stream(&records(&message(1, &bytes), 50));
    }

    #[test]
    fn no_change_of_a_hello_panics(
        at in any::<prop::sample::Index>(), to in any::<u8>(), size in 1..2000_usize,
    ) {
        let mut bytes = records(&large(), size);
        let at = at.index(bytes.len());
        bytes[at] = to;
        let _ = from_stream(&bytes);
    }
}
