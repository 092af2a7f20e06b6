//! Packets with long headers, as far as they can be read without keys (RFC 9000,
//! 17.2).

use rustls::quic::Version;

use super::QuicFault;

/// Octets of the longest connection ID in these versions.
const LONGEST_ID: usize = 20;

/// A connection ID and the version: what Initial keys follow from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Id {
    octets: [u8; LONGEST_ID],
    length: usize,
    second: bool,
}

impl Id {
    pub(super) fn octets(&self) -> &[u8] {
        self.octets.get(..self.length).unwrap_or_default()
    }

    pub(super) fn version(&self) -> Version {
        if self.second {
            Version::V2
        } else {
            Version::V1
        }
    }
}

/// An Initial packet, still encrypted.
pub(super) struct Initial<'d> {
    pub(super) id: Id,
    /// From its first byte to its last.
    pub(super) bytes: &'d [u8],
    /// Where in it the packet number begins.
    pub(super) number_at: usize,
}

pub(super) enum Packet<'d> {
    Initial(Initial<'d>),
    /// 0-RTT or Handshake.
    Other,
}

/// The first packet of `datagram`, and what follows it.
pub(super) fn next(datagram: &[u8]) -> Result<(Packet<'_>, &[u8]), QuicFault> {
    let mut reader = Reader::new(datagram);
    let first = reader.byte().ok_or(QuicFault::ShortHeader)?;
    // The fixed bit is not asked for: a client may have leave to clear it (RFC
    // 9287).
    if first & 0x80 == 0 {
        return Err(QuicFault::ShortHeader);
    }
    let version = reader.take(4).ok_or(QuicFault::Cut)?;
    let version = u32::from_be_bytes(version.try_into().unwrap_or_default());
    let second = match version {
        0 => return Err(QuicFault::VersionNegotiation),
        1 => false,
        0x6b33_43cf => true,
        _ => return Err(QuicFault::Version(version)),
    };
    let id = id(&mut reader, second)?;
    let _source = self::id(&mut reader, second)?;
    // v2 counts the types from another beginning (RFC 9369, 3.2).
    let kind = (first >> 4).wrapping_sub(u8::from(second)) & 3;
    let initial = match kind {
        0 => true,
        1 | 2 => false,
        _ => return Err(QuicFault::Retry),
    };
    if initial {
        let token = reader.varint().ok_or(QuicFault::Cut)?;
        reader.take(token).ok_or(QuicFault::Cut)?;
    }
    let length = reader.varint().ok_or(QuicFault::Cut)?;
    let number_at = datagram.len() - reader.rest.len();
    reader.take(length).ok_or(QuicFault::Cut)?;
    let (bytes, rest) = datagram.split_at(datagram.len() - reader.rest.len());
    let packet = if initial {
        Packet::Initial(Initial {
            id,
            bytes,
            number_at,
        })
    } else {
        Packet::Other
    };
    Ok((packet, rest))
}

fn id(reader: &mut Reader<'_>, second: bool) -> Result<Id, QuicFault> {
    let length = usize::from(reader.byte().ok_or(QuicFault::Cut)?);
    let mut octets = [0; LONGEST_ID];
    octets
        .get_mut(..length)
        .ok_or(QuicFault::Malformed)?
        .copy_from_slice(reader.take(length).ok_or(QuicFault::Cut)?);
    Ok(Id {
        octets,
        length,
        second,
    })
}

/// Reads from the front.
pub(super) struct Reader<'b> {
    pub(super) rest: &'b [u8],
}

impl<'b> Reader<'b> {
    pub(super) fn new(rest: &'b [u8]) -> Self {
        Self { rest }
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    pub(super) fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number of one, two, four or eight bytes (RFC 9000, 16).
    pub(super) fn varint(&mut self) -> Option<usize> {
        let first = self.byte()?;
        let more = self.take((1 << (first >> 6)) - 1)?;
        let value = more.iter().fold(u64::from(first & 0x3f), |value, byte| {
            value << 8 | u64::from(*byte)
        });
        usize::try_from(value).ok()
    }
}
