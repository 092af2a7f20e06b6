//! Segments of a TCP stream.

use std::collections::BTreeMap;

use weir::naming::wire::stream::Assembler;

/// Bytes that the assembler under test keeps.
const LIMIT: u32 = 300;

/// `data` is segments: one byte and a length before each, and two bytes of its
/// payload for its sequence number. An assembler must say what a map from each
/// number to its first byte says.
pub fn stream(data: &[u8]) {
    // So that numbers wrap.
    let first = u32::MAX - 100;
    let mut stream = Assembler::new(first, 300);
    let mut model = BTreeMap::new();
    let mut conflict = false;
    for (kind, piece) in crate::pieces(data).take(200) {
        let Some(([high, low], payload)) = piece.split_first_chunk() else {
            continue;
        };
        let start = u32::from(u16::from_be_bytes([*high, *low])) % 400;
        stream.insert(first.wrapping_add(start), payload);
        for (offset, byte) in (start..LIMIT).zip(payload) {
            conflict |= *model.entry(offset).or_insert(*byte) != *byte;
        }
        assert!(stream.prefix().len() <= 300);
        // Where a piece was left out, the map knows more.
        if stream.dropped() {
            break;
        }
        let known = (0..).map_while(|offset| model.get(&offset).copied());
        assert!(known.eq(stream.prefix().iter().copied()));
        assert_eq!(stream.conflicting(), conflict);
        assert_eq!(stream.has_gap(), stream.prefix().len() < model.len());
        if kind == u8::MAX {
            let before = stream.prefix().len();
            stream.consume(before);
            assert!(stream.prefix().is_empty());
            break;
        }
    }
}
