//! The frames of an Initial packet (RFC 9000, 17.2.2 and 19).

use super::{super::stream::Window, QuicFault, packet::Reader};

/// Puts the CRYPTO data of `frames` into `crypto`.
pub(super) fn read(frames: &[u8], crypto: &mut Window) -> Result<(), QuicFault> {
    let mut reader = Reader::new(frames);
    while !reader.rest.is_empty() {
        one(&mut reader, crypto)?.ok_or(QuicFault::Malformed)?;
    }
    Ok(())
}

/// Reads one frame; `None` where it ends too early.
fn one(reader: &mut Reader<'_>, crypto: &mut Window) -> Result<Option<()>, QuicFault> {
    let Some(kind) = reader.varint() else {
        return Ok(None);
    };
    Ok(match kind {
        // PADDING and PING.
        0x00 | 0x01 => Some(()),
        0x02 => acknowledgement(reader),
        0x03 => acknowledgement(reader).and_then(|()| numbers(reader, 3)),
        0x06 => data(reader, crypto),
        // CONNECTION_CLOSE by QUIC itself: error, frame, reason.
        0x1c => numbers(reader, 2)
            .and_then(|()| reader.varint())
            .and_then(|length| reader.take(length))
            .map(drop),
        kind => return Err(QuicFault::Frame(u64::try_from(kind).unwrap_or(u64::MAX))),
    })
}

fn data(reader: &mut Reader<'_>, crypto: &mut Window) -> Option<()> {
    let offset = reader.varint()?;
    let length = reader.varint()?;
    crypto.insert(offset, reader.take(length)?);
    Some(())
}

fn acknowledgement(reader: &mut Reader<'_>) -> Option<()> {
    // The largest, and the delay.
    numbers(reader, 2)?;
    let ranges = reader.varint()?;
    numbers(reader, 1)?;
    // Each is a gap and a length. There are at most as many as there are bytes.
    numbers(reader, ranges.checked_mul(2)?)
}

fn numbers(reader: &mut Reader<'_>, count: usize) -> Option<()> {
    for _ in 0..count {
        reader.varint()?;
    }
    Some(())
}
