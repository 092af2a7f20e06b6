#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::Arc;

use proptest::prelude::*;
use rustls::{
    ClientConfig, RootCertStore, Side,
    crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    quic::{ClientConnection, Keys as BothKeys, Version},
};

use super::*;
use crate::naming::wire::client_hello::{Ech, ServerName};

/// Connection ID of RFC 9001, appendix A, and RFC 9369, appendix A.
const ID: &[u8] = &[0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08];

/// The CRYPTO frame of RFC 9001, A.2, which RFC 9369 shares.
const FRAME: &str = "\
    060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868\
    04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578\
    616d706c652e636f6dff01000100000a00080006001d00170018001000070005\
    04616c706e000500050100000000003300260024001d00209370b2c9caa47fba\
    baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400\
    0d0010000e0403050306030203080408050806002d00020101001c0002400100\
    3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000\
    75300901100f088394c8f03e51570806048000ffff";

fn hex(text: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digit).collect()
}

/// Keys as a client has them.
fn keys(id: &[u8], version: Version) -> BothKeys {
    let suite = TLS13_AES_128_GCM_SHA256
        .tls13()
        .unwrap()
        .quic_suite()
        .unwrap();
    suite.keys(id, Side::Client, version)
}

fn number(version: Version) -> [u8; 4] {
    match version {
        Version::V2 => 0x6b33_43cf_u32.to_be_bytes(),
        _ => 1_u32.to_be_bytes(),
    }
}

struct Sealer<'i> {
    /// From which the keys follow.
    first_id: &'i [u8],
    /// Which the packet bears.
    id: &'i [u8],
    version: Version,
    token: &'i [u8],
}

impl Default for Sealer<'_> {
    fn default() -> Self {
        Self {
            first_id: ID,
            id: ID,
            version: Version::V1,
            token: b"",
        }
    }
}

impl Sealer<'_> {
    /// An Initial packet with these frames, padded to `size` bytes of payload.
    fn seal(&self, packet_number: u32, frames: &[u8], size: usize) -> Vec<u8> {
        let keys = keys(self.first_id, self.version);
        let first = if matches!(self.version, Version::V2) {
            0xd3
        } else {
            0xc3
        };
        let mut payload = frames.to_vec();
        payload.resize(frames.len().max(size), 0);
        let length = u16::try_from(4 + payload.len() + 16).unwrap() | 0x4000;
        let head = [
            &[first][..],
            &number(self.version),
            &[u8::try_from(self.id.len()).unwrap()],
            self.id,
            &[0, u8::try_from(self.token.len()).unwrap()],
            self.token,
            &length.to_be_bytes(),
        ]
        .concat();
        let mut header = [&head[..], &packet_number.to_be_bytes()].concat();
        let tag = keys
            .local
            .packet
            .encrypt_in_place(packet_number.into(), &header, &mut payload)
            .unwrap();
        payload.extend(tag.as_ref());
        let (plain, protected) = header.split_at_mut(head.len());
        keys.local
            .header
            .encrypt_in_place(&payload[..16], &mut plain[0], protected)
            .unwrap();
        [header, payload].concat()
    }
}

fn seal(packet_number: u32, frames: &[u8]) -> Vec<u8> {
    Sealer::default().seal(packet_number, frames, 1162)
}

/// A CRYPTO frame with this part of `hello`.
fn crypto(hello: &[u8], start: usize, end: usize) -> Vec<u8> {
    let varint = |value: usize| (u16::try_from(value).unwrap() | 0x4000).to_be_bytes();
    [
        &[6][..],
        &varint(start),
        &varint(end - start),
        &hello[start..end],
    ]
    .concat()
}

/// The hello of RFC 9001, A.2.
fn hello() -> Vec<u8> {
    hex(FRAME)[4..].to_vec()
}

fn said() -> ClientHello {
    ClientHello {
        server_name: ServerName::Name("example.com".parse().unwrap()),
        alpn: vec!["alpn".to_owned()],
        ech: Ech::Absent,
    }
}

fn not(datagram: &[u8]) -> QuicFault {
    match QuicHello::new().datagram(datagram) {
        Progress::Not(fault) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_packet_of_rfc_9001_a_2() {
    let packet = seal(2, &hex(FRAME));
    assert_eq!(packet.len(), 1200);
    // As printed there: the header and the sample, and the tag, which is over all.
    assert_eq!(
        packet[..38],
        hex("c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11d242b123dc9b")
    );
    assert_eq!(packet[1184..], hex("e221af44860018ab0856972e194cd934"));
    assert_eq!(
        QuicHello::new().datagram(&packet),
        Progress::Complete(said())
    );
}

#[test]
fn the_packet_of_rfc_9369_a_2() {
    let sealer = Sealer {
        version: Version::V2,
        ..Sealer::default()
    };
    let packet = sealer.seal(2, &hex(FRAME), 1162);
    assert_eq!(
        packet[..32],
        hex("d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485")
    );
    assert_eq!(packet[1184..], hex("a18b2faa745b6fe189cf772a9f84cbfc"));
    assert_eq!(
        QuicHello::new().datagram(&packet),
        Progress::Complete(said())
    );
}

#[test]
fn a_client_of_rustls_is_read() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h3".to_vec()];
    let name = "quic.example".try_into().unwrap();
    let mut client =
        ClientConnection::new(Arc::new(config), Version::V1, name, vec![1, 2, 0x67, 0x10]).unwrap();
    let mut hello = Vec::new();
    client.write_hs(&mut hello);
    let packet = seal(0, &crypto(&hello, 0, hello.len()));
    assert_eq!(
        QuicHello::new().datagram(&packet),
        Progress::Complete(ClientHello {
            server_name: ServerName::Name("quic.example".parse().unwrap()),
            alpn: vec!["h3".to_owned()],
            ech: Ech::Absent,
        })
    );
}

#[test]
fn a_hello_may_be_split_shuffled_and_repeated() {
    let hello = hello();
    let part = |start, end| crypto(&hello, start, end);
    // As Chrome sends it: out of order, with PING and PADDING between.
    let first = [
        part(150, 200),
        vec![1, 0, 0],
        part(0, 40),
        vec![0; 9],
        part(30, 90),
    ]
    .concat();
    let second = [part(200, 241), vec![1], part(90, 150)].concat();
    let mut quic = QuicHello::new();
    assert_eq!(quic.datagram(&seal(1, &first)), Progress::Needs(101));
    assert_eq!(quic.datagram(&seal(1, &first)), Progress::Needs(101));
    assert_eq!(quic.datagram(&seal(2, &second)), Progress::Complete(said()));

    let mut quic = QuicHello::new();
    assert_eq!(quic.datagram(&seal(2, &second)), Progress::Needs(1));
    assert_eq!(quic.datagram(&seal(1, &first)), Progress::Complete(said()));

    let small = Sealer::default();
    let coalesced = [
        small.seal(1, &first, 0),
        small.seal(2, &second, 0),
        vec![0; 700],
    ]
    .concat();
    assert_eq!(
        QuicHello::new().datagram(&coalesced),
        Progress::Complete(said())
    );
}

#[test]
fn acknowledgements_and_the_ids_of_the_server_do_not_disturb() {
    let hello = hello();
    let mut quic = QuicHello::new();
    quic.datagram(&seal(0, &crypto(&hello, 0, 100)));
    // The keys stay those of the first ID.
    let later = Sealer {
        id: b"chosen by server",
        ..Sealer::default()
    };
    let ack = [2, 5, 0, 1, 0, 0, 0, 3, 5, 0, 0, 0, 1, 2, 3];
    assert_eq!(quic.datagram(&later.seal(1, &ack, 0)), Progress::Needs(141));
    let rest = [&ack[..], &crypto(&hello, 100, 241)].concat();
    assert_eq!(
        quic.datagram(&later.seal(2, &rest, 0)),
        Progress::Complete(said())
    );
}

#[test]
fn after_a_retry_the_hello_begins_anew() {
    let hello = hello();
    let mut quic = QuicHello::new();
    assert_eq!(
        quic.datagram(&seal(0, &crypto(&hello, 0, 100))),
        Progress::Needs(141)
    );
    let again = Sealer {
        first_id: b"of the retry",
        id: b"of the retry",
        token: b"token",
        ..Sealer::default()
    };
    let rest = again.seal(1, &crypto(&hello, 100, 241), 0);
    assert_eq!(quic.datagram(&rest), Progress::Needs(1));
    let start = again.seal(2, &crypto(&hello, 0, 100), 0);
    assert_eq!(quic.datagram(&start), Progress::Complete(said()));
}

#[test]
fn early_data_between_the_parts_is_passed_over() {
    let hello = hello();
    let mut quic = QuicHello::new();
    quic.datagram(&seal(0, &crypto(&hello, 0, 100)));
    let early = hex("d000000001088394c8f03e5157080004aabbccdd");
    assert_eq!(quic.datagram(&early), Progress::Needs(141));
    assert_eq!(not(&early), QuicFault::NoInitial);
    let both = [early, seal(1, &crypto(&hello, 100, 241))].concat();
    assert_eq!(quic.datagram(&both), Progress::Complete(said()));
}

#[test]
fn what_is_no_initial_of_a_client_is_refused() {
    let packet = seal(2, &hex(FRAME));
    assert_eq!(not(b""), QuicFault::ShortHeader);
    assert_eq!(not(&[0x40; 1200]), QuicFault::ShortHeader);
    assert_eq!(not(&hex("c00000000000")), QuicFault::VersionNegotiation);
    assert_eq!(not(&hex("c0ff00001d00")), QuicFault::Version(0xff00_001d));
    assert_eq!(not(&hex("f0000000010000")), QuicFault::Retry);
    assert_eq!(not(&hex("c06b3343cf0000")), QuicFault::Retry);
    assert_eq!(not(&hex("c00000000115")), QuicFault::Malformed);
    for end in 1..1200 {
        assert_eq!(not(&packet[..end]), QuicFault::Cut, "at {end}");
    }
    for at in [0, 9, 18, 19, 100, 1199] {
        let mut altered = packet.clone();
        altered[at] ^= 1;
        assert_eq!(not(&altered), QuicFault::Unauthentic, "at {at}");
    }
    // Another ID than its keys follow from.
    let mut other = packet;
    other[6] ^= 1;
    assert_eq!(not(&other), QuicFault::Unauthentic);
    assert_eq!(
        not(&hex("c0000000010000000401020304")),
        QuicFault::Unauthentic
    );
}

#[test]
fn frames_that_do_not_belong_are_refused() {
    let fault = |frames: &[u8]| not(&Sealer::default().seal(0, frames, 20));
    assert_eq!(fault(b"\x08stream"), QuicFault::Frame(8));
    assert_eq!(fault(b"\x06\0\x40\xff"), QuicFault::Malformed);
    assert_eq!(
        fault(b"\x02\0\0\xff\xff\xff\xff\xff\xff\xff\xff\0"),
        QuicFault::Malformed
    );
    assert_eq!(
        fault(b"\x06\0\x05\x02\0\0\0\0"),
        QuicFault::Hello(HelloFault::NotClientHello(2))
    );
    assert_eq!(fault(b"\x06\x80\0\x40\0\x01x"), QuicFault::TooLong);
    assert_eq!(
        fault(b"\x06\0\x02\x01\0\x06\x01\x02\x01\0"),
        QuicFault::Conflicting
    );
    let close = [&crypto(&hello(), 0, 241)[..], b"\x1c\0\x06\x03bye"].concat();
    let packet = Sealer::default().seal(0, &close, 0);
    assert_eq!(
        QuicHello::new().datagram(&packet),
        Progress::Complete(said())
    );
}

#[test]
fn too_many_pieces_are_refused() {
    let frames: Vec<u8> = (0..65_u16)
        .flat_map(|n| [&[6][..], &((n * 2 + 1) | 0x4000).to_be_bytes(), &[1, 9]].concat())
        .collect();
    assert_eq!(
        not(&Sealer::default().seal(0, &frames, 0)),
        QuicFault::TooLong
    );
}

proptest! {
    #[test]
    fn any_split_over_any_datagrams_gives_the_hello(
        cuts in proptest::collection::btree_set(1..241_usize, 0..20),
        turn in any::<prop::sample::Index>(),
        per in 1..6_usize,
    ) {
        let hello = hello();
        let ends: Vec<usize> = cuts.into_iter().chain([241]).collect();
        let starts = [0].into_iter().chain(ends.iter().copied());
        let mut frames: Vec<Vec<u8>> = starts.zip(&ends)
            .map(|(start, end)| crypto(&hello, start, *end)).collect();
        let turn = turn.index(frames.len());
        frames.rotate_left(turn);
        let datagrams: Vec<Vec<u8>> = frames.chunks(per).zip(0..)
            .map(|(frames, n)| Sealer::default().seal(n, &frames.concat(), 20)).collect();
        let mut quic = QuicHello::new();
        let (last, before) = datagrams.split_last().unwrap();
        for datagram in before {
            prop_assert!(matches!(quic.datagram(datagram), Progress::Needs(_)));
        }
        prop_assert_eq!(quic.datagram(last), Progress::Complete(said()));
    }

    #[test]
    fn no_bytes_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        frames in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = QuicHello::new().datagram(&bytes);
        let _ = QuicHello::new().datagram(&[&hex("c00000000108")[..], &bytes].concat());
        let _ = QuicHello::new().datagram(&Sealer::default().seal(0, &frames, 20));
    }
}
