//! The keys of Initial packets (RFC 9001, 5).

use rustls::{
    Side,
    crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256,
    quic::{DirectionalKeys, Suite},
};

use super::packet::{Id, Initial};

/// What opens the Initial packets of a client.
pub(super) struct Keys {
    id: Id,
    client: DirectionalKeys,
}

impl Keys {
    pub(super) fn derive(id: Id) -> Option<Self> {
        let suite: Suite = TLS13_AES_128_GCM_SHA256.tls13()?.quic_suite()?;
        // As the server has them, to whom the client is the other side.
        let keys = suite.keys(id.octets(), Side::Server, id.version());
        Some(Self {
            id,
            client: keys.remote,
        })
    }

    /// From which ID they follow.
    pub(super) fn id(&self) -> Id {
        self.id
    }

    /// The frames in the packet, if these are its keys.
    pub(super) fn open(&self, initial: &Initial<'_>) -> Option<Vec<u8>> {
        /// Bytes of the longest packet number.
        const NUMBER: usize = 4;
        let mut packet = initial.bytes.to_vec();
        let (head, body) = packet.split_at_mut_checked(initial.number_at)?;
        let (number, after) = body.split_at_mut_checked(NUMBER)?;
        let sample = after.get(..self.client.header.sample_len())?;
        let first = head.first_mut()?;
        self.client
            .header
            .decrypt_in_place(sample, first, number)
            .ok()?;
        let length = usize::from(*first & 3) + 1;
        // The first numbers of a connection need none of their upper bits guessed
        // (RFC 9000, A.3).
        let number = number
            .iter()
            .take(length)
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        let (header, payload) = packet.split_at_mut_checked(initial.number_at + length)?;
        let frames = self.client.packet.decrypt_in_place(number, header, payload);
        let length = frames.ok()?.len();
        let start = header.len();
        packet.drain(..start);
        packet.truncate(length);
        Some(packet)
    }
}
