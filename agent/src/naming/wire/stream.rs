//! The beginning of a TCP stream, put together from its segments.

/// The most bytes an [`Assembler`] can be told to keep.
pub const MAX_BYTES: usize = 64 * 1024;

/// Pieces that may lie apart. A stream with more gaps than that is no accident of
/// the network.
pub const MAX_PIECES: usize = 64;

/// Puts segments in order by their sequence numbers, whichever came first.
///
/// It keeps a limited window that begins with the stream's first byte; what lies
/// beyond is dropped, and [`Assembler::dropped`] says so. Where segments overlap,
/// the first copy of a byte stays, as in most receivers, and a later one that
/// differs makes the stream [`Assembler::conflicting`]: then the receiver may have
/// seen something else.
#[derive(Clone, Debug)]
pub struct Assembler {
    first: u32,
    window: Window,
}

impl Assembler {
    /// For a stream whose first byte has the sequence number `first` (that of its
    /// SYN and one). At most `limit` bytes are kept, never more than
    /// [`MAX_BYTES`].
    pub fn new(first: u32, limit: usize) -> Self {
        Self {
            first,
            window: Window::new(limit.min(MAX_BYTES)),
        }
    }

    /// Takes the payload of a segment whose first byte has this sequence number.
    /// Numbers wrap; up to 2³¹ below the first byte's is before it, and ignored.
    pub fn insert(&mut self, sequence: u32, payload: &[u8]) {
        let distance = sequence.wrapping_sub(self.first);
        if distance < 1 << 31 {
            // Numbers of 32 bits fit.
            let offset = usize::try_from(distance).unwrap_or(usize::MAX);
            self.window.insert(offset, payload);
        } else {
            let before = usize::try_from(distance.wrapping_neg()).unwrap_or(usize::MAX);
            self.window
                .insert(0, payload.get(before..).unwrap_or_default());
        }
    }

    /// The stream from its first byte up to the first gap.
    pub fn prefix(&self) -> &[u8] {
        self.window.prefix()
    }

    /// Forgets the first `bytes` of the prefix, at most the whole of it: what
    /// follows is the new beginning, and the window moves on.
    pub fn consume(&mut self, bytes: usize) {
        let bytes = self.window.consume(bytes);
        // At most MAX_BYTES.
        let bytes = u32::try_from(bytes).unwrap_or_default();
        self.first = self.first.wrapping_add(bytes);
    }

    /// Whether bytes are there that no gap-free way leads to.
    pub fn has_gap(&self) -> bool {
        self.window.has_gap()
    }

    /// Whether a byte came twice with different values.
    pub fn conflicting(&self) -> bool {
        self.window.conflicting
    }

    /// Whether bytes were not kept: beyond the limit, or one gap too many.
    pub fn dropped(&self) -> bool {
        self.window.dropped
    }
}

/// Bytes by their offset, with gaps.
#[derive(Clone, Debug)]
pub(super) struct Window {
    limit: usize,
    /// From offset 0 to the last byte that came. Gaps are zeros.
    bytes: Vec<u8>,
    /// What of it came: ascending, apart from each other.
    filled: Vec<(usize, usize)>,
    pub(super) conflicting: bool,
    pub(super) dropped: bool,
}

impl Window {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            bytes: Vec::new(),
            filled: Vec::new(),
            conflicting: false,
            dropped: false,
        }
    }

    pub(super) fn insert(&mut self, start: usize, bytes: &[u8]) {
        let room = self.limit.saturating_sub(start);
        self.dropped |= bytes.len() > room;
        let bytes = bytes.get(..room).unwrap_or(bytes);
        if bytes.is_empty() {
            return;
        }
        let end = start + bytes.len();
        // Those that it overlaps or touches.
        let from = self.filled.partition_point(|&(_, e)| e < start);
        let to = self.filled.partition_point(|&(s, _)| s <= end);
        if from == to && self.filled.len() >= MAX_PIECES {
            self.dropped = true;
            return;
        }
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        let (mut low, mut high) = (start, end);
        let mut at = start;
        for &(s, e) in self.filled.get(from..to).unwrap_or_default() {
            write(&mut self.bytes, bytes, start, at, s);
            let (known, again) = (at.max(s), end.min(e));
            if known < again {
                let before = self.bytes.get(known..again);
                self.conflicting |= before != bytes.get(known - start..again - start);
            }
            at = at.max(e);
            (low, high) = (low.min(s), high.max(e));
        }
        write(&mut self.bytes, bytes, start, at, end);
        self.filled.splice(from..to, [(low, high)]);
    }

    pub(super) fn prefix(&self) -> &[u8] {
        match self.filled.first() {
            Some(&(0, end)) => self.bytes.get(..end).unwrap_or_default(),
            _ => &[],
        }
    }

    fn consume(&mut self, bytes: usize) -> usize {
        let bytes = bytes.min(self.prefix().len());
        if bytes > 0 {
            self.bytes.drain(..bytes);
            for (start, end) in &mut self.filled {
                *start = start.saturating_sub(bytes);
                *end -= bytes;
            }
            self.filled.retain(|(start, end)| start < end);
        }
        bytes
    }

    fn has_gap(&self) -> bool {
        self.behind_gaps() > 0
    }

    /// Bytes that are there beyond the prefix.
    pub(super) fn behind_gaps(&self) -> usize {
        let pieces = self.filled.iter().filter(|(start, _)| *start > 0);
        pieces.map(|(start, end)| end - start).sum()
    }
}

/// Writes `from..to` of the segment that begins at `start`, if that is anything.
fn write(window: &mut [u8], segment: &[u8], start: usize, from: usize, to: usize) {
    if from < to
        && let Some(target) = window.get_mut(from..to)
        && let Some(source) = segment.get(from - start..to - start)
    {
        target.copy_from_slice(source);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn segments_come_in_any_order_and_numbers_wrap() {
        let mut stream = Assembler::new(u32::MAX - 1, 100);
        stream.insert(3, b"fgh");
        assert_eq!(stream.prefix(), b"");
        assert!(stream.has_gap());
        stream.insert(u32::MAX - 1, b"abc");
        assert_eq!(stream.prefix(), b"abc");
        stream.insert(1, b"de");
        assert_eq!(stream.prefix(), b"abcdefgh");
        assert!(!stream.has_gap());
        assert!(!stream.conflicting());
        assert!(!stream.dropped());
    }

    #[test]
    fn what_lies_before_the_first_byte_is_left_out() {
        let mut stream = Assembler::new(10, 100);
        stream.insert(9, b"\0");
        stream.insert(8, b"xyab");
        assert_eq!(stream.prefix(), b"ab");
        stream.insert(10_u32.wrapping_sub(1 << 31), b"far");
        assert_eq!(stream.prefix(), b"ab");
    }

    #[test]
    fn the_first_copy_stays_and_another_is_told() {
        let mut stream = Assembler::new(0, 100);
        stream.insert(2, b"cd");
        stream.insert(0, b"abcdef");
        assert_eq!(stream.prefix(), b"abcdef");
        assert!(!stream.conflicting());
        stream.insert(3, b"DEFgh");
        assert_eq!(stream.prefix(), b"abcdefgh");
        assert!(stream.conflicting());
    }

    #[test]
    fn it_keeps_no_more_than_it_was_told() {
        let mut stream = Assembler::new(0, 4);
        stream.insert(0, b"abc");
        assert!(!stream.dropped());
        stream.insert(2, b"cdef");
        assert_eq!(stream.prefix(), b"abcd");
        assert!(stream.dropped());
        let mut stream = Assembler::new(0, usize::MAX);
        stream.insert(65_535, b"ab");
        assert_eq!(stream.window.bytes.len(), MAX_BYTES);
        assert!(stream.dropped());
        let mut stream = Assembler::new(0, 4);
        stream.insert(9, b"z");
        assert!(stream.dropped());
        assert!(stream.window.bytes.is_empty());
    }

    #[test]
    fn one_piece_too_many_is_dropped() {
        let mut stream = Assembler::new(0, 1000);
        for number in 0..64 {
            stream.insert(number * 2 + 1, b"x");
        }
        assert!(!stream.dropped());
        stream.insert(500, b"y");
        assert!(stream.dropped());
        assert_eq!(stream.window.bytes.len(), 128);
        stream.insert(0, &[b'x'; 128]);
        assert_eq!(stream.prefix(), &[b'x'; 128]);
        assert_eq!(stream.window.filled, [(0, 128)]);
    }

    #[test]
    fn what_was_read_makes_room() {
        let mut stream = Assembler::new(u32::MAX, 6);
        stream.insert(u32::MAX, b"abcd");
        stream.insert(4, b"f");
        stream.consume(3);
        assert_eq!(stream.prefix(), b"d");
        stream.insert(3, b"efghij");
        assert_eq!(stream.prefix(), b"defghi");
        stream.consume(100);
        assert_eq!(stream.prefix(), b"");
        assert!(!stream.has_gap());
        stream.insert(2, b"defghij");
        assert_eq!(stream.prefix(), b"j");
        assert!(!stream.conflicting());
    }

    proptest! {
        #[test]
        fn any_split_in_any_order_gives_the_same_bytes(
            bytes in proptest::collection::vec(any::<u8>(), 1..200),
            first in any::<u32>(),
            cuts in proptest::collection::vec((any::<prop::sample::Index>(), 1..40_usize), 0..40),
            order in any::<prop::sample::Index>(),
        ) {
            let mut pieces: Vec<(usize, usize)> = cuts.iter().map(|(start, length)| {
                let start = start.index(bytes.len());
                (start, bytes.len().min(start + length))
            }).collect();
            pieces.extend((0..bytes.len()).step_by(7).map(|at| (at, bytes.len().min(at + 7))));
            let count = pieces.len();
            pieces.rotate_left(order.index(count));
            let mut stream = Assembler::new(first, 200);
            for (start, end) in pieces {
                stream.insert(first.wrapping_add(u32::try_from(start).unwrap()), &bytes[start..end]);
            }
            prop_assert_eq!(stream.prefix(), bytes.as_slice());
            prop_assert!(!stream.conflicting());
            prop_assert!(!stream.dropped());
            prop_assert!(!stream.has_gap());
        }

        #[test]
        fn any_segments_keep_it_within_its_bounds(
            segments in proptest::collection::vec(
                (0..300_u32, proptest::collection::vec(any::<u8>(), 0..20), 0..9_usize), 0..200)
        ) {
            let mut stream = Assembler::new(20, 200);
            for (sequence, bytes, consumed) in segments {
                stream.insert(sequence, &bytes);
                stream.consume(consumed.saturating_sub(5));
                let window = &stream.window;
                prop_assert!(window.bytes.len() <= 200);
                prop_assert!(window.filled.len() <= MAX_PIECES);
                prop_assert!(window.filled.iter().all(|(start, end)| start < end));
                prop_assert!(window.filled.windows(2).all(|pair| pair[0].1 < pair[1].0));
                prop_assert_eq!(window.bytes.len(), window.filled.last().map_or(0, |last| last.1));
            }
        }
    }
}
