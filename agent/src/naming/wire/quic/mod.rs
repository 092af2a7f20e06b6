//! The ClientHello inside the Initial packets of QUIC v1 (RFC 9000, 9001) and v2
//! (RFC 9369).
//!
//! Initial packets are encrypted with keys that follow from what they say in the
//! clear. That is no secret, but it proves that the packet is whole and that it
//! is QUIC: of anything else nothing is read.

mod frame;
mod keys;
mod packet;
#[cfg(test)]
mod tests;

use std::fmt;

use self::{
    keys::Keys,
    packet::{Initial, Packet},
};
use super::{
    Progress,
    client_hello::{self, ClientHello, HelloFault, MAX_HELLO},
    stream::Window,
};

/// Puts together the ClientHello of one UDP flow, from the datagrams that the
/// client sends.
///
/// Holds at most 16 KiB of the hello, in at most 64 pieces.
#[derive(Default)]
pub struct QuicHello {
    connection: Option<Connection>,
}

struct Connection {
    keys: Keys,
    crypto: Window,
}

/// Why a datagram, or all that came so far, holds no ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QuicFault {
    /// The datagram begins with a short header, as after the handshake, or is no
    /// QUIC.
    #[error("the datagram does not begin with a long header of QUIC")]
    ShortHeader,
    /// A version negotiation packet, which only servers send.
    #[error("the datagram is a version negotiation")]
    VersionNegotiation,
    /// A Retry packet, which only servers send.
    #[error("the datagram is a Retry")]
    Retry,
    /// A version whose keys are not known here.
    #[error("the version of QUIC is {0:#010x}, not 1 or 2")]
    Version(u32),
    /// 0-RTT or Handshake packets alone.
    #[error("the datagram holds no Initial packet")]
    NoInitial,
    /// A header or a frame breaks the format.
    #[error("the packet is malformed")]
    Malformed,
    /// The packet is longer than the datagram, or only part of it was copied.
    #[error("the datagram ends before its packet does")]
    Cut,
    /// The keys do not open the packet: it was altered, or no client sent it.
    #[error("the Initial packet does not decrypt")]
    Unauthentic,
    /// A frame that Initial packets do not carry.
    #[error("the Initial packet has a frame of type {0:#x}")]
    Frame(u64),
    /// CRYPTO data came twice, differently.
    #[error("the CRYPTO data contradict each other")]
    Conflicting,
    /// CRYPTO data beyond 16 KiB, or in more than 64 pieces.
    #[error("the CRYPTO data are longer than 16 KiB or in too many pieces")]
    TooLong,
    /// The CRYPTO data are no ClientHello.
    #[error("the CRYPTO data are no ClientHello: {0}")]
    Hello(#[from] HelloFault),
}

impl QuicHello {
    /// For a flow of which nothing was seen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the payload of one datagram, with all packets that are coalesced in
    /// it; a batch of segmentation offload is one datagram after another.
    ///
    /// `Not` speaks of this datagram. What earlier ones brought is kept, and later
    /// ones may complete it.
    pub fn datagram(&mut self, payload: &[u8]) -> Progress<ClientHello, QuicFault> {
        match self.take(payload) {
            Ok(()) => self.progress(),
            Err(fault) => Progress::Not(fault),
        }
    }

    fn take(&mut self, payload: &[u8]) -> Result<(), QuicFault> {
        let (mut packet, mut rest) = packet::next(payload)?;
        let mut first = None;
        // Keys that only this datagram has called for. Packets of one datagram
        // have one connection ID (RFC 9000, 12.2), so that one pair is enough.
        let mut fresh = None;
        let mut outcome = Err(QuicFault::NoInitial);
        loop {
            if let Packet::Initial(initial) = &packet {
                let id = *first.get_or_insert(initial.id);
                if initial.id != id {
                    break;
                }
                let opened = self.open(initial, &mut fresh);
                outcome = outcome.or(opened);
            }
            // Whatever follows the first packet may be padding.
            match packet::next(rest) {
                Ok(next) => (packet, rest) = next,
                Err(_) => break,
            }
        }
        match outcome {
            // Early data, or an acknowledgement, between the parts of a hello.
            Err(QuicFault::NoInitial) if self.connection.is_some() => Ok(()),
            outcome => outcome,
        }
    }

    /// Opens a packet with the keys of the connection, which stay when the client
    /// takes up the ID that the server chose, or else with those of its own ID: a
    /// new connection, or one begun anew after a Retry.
    fn open(&mut self, initial: &Initial<'_>, fresh: &mut Option<Keys>) -> Result<(), QuicFault> {
        if let Some(connection) = &mut self.connection {
            if let Some(frames) = connection.keys.open(initial) {
                return frame::read(&frames, &mut connection.crypto);
            }
            if connection.keys.id() == initial.id {
                return Err(QuicFault::Unauthentic);
            }
        }
        let keys = match fresh.take() {
            Some(keys) => keys,
            None => Keys::derive(initial.id).ok_or(QuicFault::Unauthentic)?,
        };
        let Some(frames) = keys.open(initial) else {
            *fresh = Some(keys);
            return Err(QuicFault::Unauthentic);
        };
        let connection = self.connection.insert(Connection {
            keys,
            crypto: Window::new(MAX_HELLO),
        });
        frame::read(&frames, &mut connection.crypto)
    }

    fn progress(&self) -> Progress<ClientHello, QuicFault> {
        let Some(Connection { crypto, .. }) = &self.connection else {
            return Progress::Not(QuicFault::NoInitial);
        };
        if crypto.conflicting {
            return Progress::Not(QuicFault::Conflicting);
        }
        match client_hello::from_handshake(crypto.prefix()) {
            Progress::Complete(hello) => Progress::Complete(hello),
            Progress::Not(fault) => Progress::Not(fault.into()),
            Progress::Needs(_) if crypto.dropped => Progress::Not(QuicFault::TooLong),
            // Some of these may be there already, behind a gap.
            Progress::Needs(bytes) => {
                Progress::Needs(bytes.saturating_sub(crypto.behind_gaps()).max(1))
            }
        }
    }
}

impl fmt::Debug for QuicHello {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crypto = self.connection.as_ref().map(|known| &known.crypto);
        f.debug_struct("QuicHello")
            .field("crypto", &crypto)
            .finish_non_exhaustive()
    }
}
