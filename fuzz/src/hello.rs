//! Hellos of TLS and QUIC.

use rustls::{
    Side,
    crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    quic::{Keys, Version},
};
use weir::naming::wire::{
    Progress,
    client_hello::{MAX_ALPN, MAX_HELLO, from_handshake, from_stream},
    quic::QuicHello,
};

/// `data` begins a TCP stream, and a handshake.
pub fn client_hello(data: &[u8]) {
    match from_stream(data) {
        Progress::Complete(hello) => {
            assert!(hello.alpn.len() <= MAX_ALPN);
            let more = [data, b"\x17\x03\x03\0\x01x"].concat();
            assert_eq!(from_stream(&more), Progress::Complete(hello));
        }
        // The rest of a message, and the header of the next record.
        Progress::Needs(bytes) => assert!((1..=MAX_HELLO + 5).contains(&bytes)),
        Progress::Not(_) => {}
    }
    match from_handshake(data) {
        Progress::Complete(hello) => {
            assert!(data.len() <= MAX_HELLO || hello.alpn.len() <= MAX_ALPN);
        }
        Progress::Needs(bytes) => assert!(bytes + data.len() <= MAX_HELLO),
        Progress::Not(_) => {}
    }
}

/// `data` is datagrams of one flow, each behind one byte and its length. Where the
/// byte is odd, what follows are the frames of an Initial packet that is well
/// encrypted, or no change of a seed would ever reach them.
pub fn quic_initial(data: &[u8]) {
    let mut quic = QuicHello::new();
    for (kind, piece) in crate::pieces(data).take(16) {
        let progress = match kind & 1 {
            0 => quic.datagram(piece),
            _ => quic.datagram(&seal(kind & 2 != 0, kind & 4 != 0, piece)),
        };
        if let Progress::Needs(bytes) = progress {
            assert!((1..=MAX_HELLO).contains(&bytes));
        }
    }
}

/// An Initial packet of a client with these frames, of QUIC v2 or v1, under one
/// connection ID or another. Empty, where it cannot be made.
pub fn seal(second: bool, other: bool, frames: &[u8]) -> Vec<u8> {
    sealed(second, other, frames).unwrap_or_default()
}

fn sealed(second: bool, other: bool, frames: &[u8]) -> Option<Vec<u8>> {
    let (version, number, first) = if second {
        (Version::V2, 0x6b33_43cf_u32, 0xd3)
    } else {
        (Version::V1, 1, 0xc3)
    };
    let id = if other { b"IDENTITY" } else { b"identity" };
    let suite = TLS13_AES_128_GCM_SHA256.tls13()?.quic_suite()?;
    let Keys { local, .. } = suite.keys(id, Side::Client, version);
    let mut payload = frames.to_vec();
    payload.resize(frames.len().max(16), 0);
    let length = u32::try_from(4 + payload.len() + local.packet.tag_len()).ok()? | 0x8000_0000;
    let head = [
        &[first][..],
        &number.to_be_bytes(),
        &[8],
        id,
        &[0, 0],
        &length.to_be_bytes(),
    ]
    .concat();
    let mut header = [&head[..], &[0; 4]].concat();
    let tag = local
        .packet
        .encrypt_in_place(0, &header, &mut payload)
        .ok()?;
    payload.extend(tag.as_ref());
    let (plain, packet_number) = header.split_at_mut(head.len());
    let sample = payload.get(..local.header.sample_len())?;
    let first = plain.first_mut()?;
    local
        .header
        .encrypt_in_place(sample, first, packet_number)
        .ok()?;
    Some([header, payload].concat())
}
