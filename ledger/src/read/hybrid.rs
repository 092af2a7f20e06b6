//! Parquet's encoding RLE: runs of one value, and packed bits.

use parquet::errors::Result;

use super::malformed;

/// Values that follow each other.
#[derive(Clone, Copy)]
enum Run<'a> {
    /// One value, so many times.
    Same(u32, usize),
    /// So many values, each of them of a few bits.
    Packed(&'a [u8], usize),
}

/// Gives the runs of so many values of a width.
fn runs<'a>(
    mut bytes: &'a [u8],
    width: u8,
    count: usize,
    mut each: impl FnMut(Run<'a>) -> Result<()>,
) -> Result<()> {
    if width > 32 {
        return Err(malformed("width"));
    }
    let bytes_each = usize::from(width).div_ceil(8);
    let mut left = count;
    while left > 0 {
        let header = varint(&mut bytes).ok_or_else(|| malformed("a run"))?;
        let length = usize::try_from(header >> 1).map_err(|_| malformed("a run"))?;
        if length == 0 {
            return Err(malformed("an empty run"));
        }
        if header & 1 == 0 {
            let (value, rest) = bytes
                .split_at_checked(bytes_each)
                .ok_or_else(|| malformed("a run"))?;
            let digits = value.iter().rev();
            let value = digits.fold(0u32, |value, byte| value << 8 | u32::from(*byte));
            let length = length.min(left);
            each(Run::Same(value, length))?;
            left -= length;
            bytes = rest;
        } else {
            let packed = length.checked_mul(usize::from(width));
            let packed = packed.map_or(bytes.len(), |packed| packed.min(bytes.len()));
            let (packed, rest) = bytes.split_at(packed);
            let length = length.saturating_mul(8).min(left);
            // No overflow: `length` values were counted of memory, and a width has 32 bits.
            let bits = length.checked_mul(usize::from(width));
            if bits.is_none_or(|bits| bits.div_ceil(8) > packed.len()) {
                return Err(malformed("packed bits"));
            }
            each(Run::Packed(packed, length))?;
            left -= length;
            bytes = rest;
        }
    }
    Ok(())
}

/// Decodes so many values of a width.
pub(super) fn values(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) -> Result<()> {
    runs(bytes, width, count, |run| {
        match run {
            Run::Same(value, length) => out.resize(out.len() + length, value),
            Run::Packed(bytes, length) => unpack(bytes, width, length, out),
        }
        Ok(())
    })
}

/// Which rows have a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Levels {
    /// A bit for each row, the least significant first; those behind the last row are 0.
    words: Vec<u64>,
    /// How many rows there are.
    rows: usize,
}

impl Levels {
    /// Decodes the levels of so many rows.
    pub(super) fn of(bytes: &[u8], count: usize) -> Result<Self> {
        let mut levels = Self::default();
        runs(bytes, 1, count, |run| {
            match run {
                Run::Same(level, mut left) => {
                    let bits = if level == 0 { 0 } else { u64::MAX };
                    while left > 0 {
                        let length = left.min(64);
                        levels.push(bits, length);
                        left -= length;
                    }
                }
                Run::Packed(bytes, mut left) => {
                    for byte in bytes {
                        let length = left.min(8);
                        levels.push((*byte).into(), length);
                        left -= length;
                    }
                }
            }
            Ok(())
        })?;
        Ok(levels)
    }

    /// Adds so many bits, at most 64.
    fn push(&mut self, bits: u64, length: usize) {
        if length == 0 {
            return;
        }
        let bits = bits & u64::MAX >> (64 - length);
        let used = self.rows % 64;
        match self.words.last_mut() {
            Some(word) if used > 0 => {
                *word |= bits << used;
                if used + length > 64 {
                    self.words.push(bits >> (64 - used));
                }
            }
            _ => self.words.push(bits),
        }
        self.rows += length;
    }

    /// How many rows have a value.
    pub(super) fn there(&self) -> usize {
        let ones = self.words.iter().map(|word| word.count_ones());
        ones.map(|ones| usize::try_from(ones).unwrap_or(0)).sum()
    }

    /// Gives each row its value, one after the other, or `none`. There are as many values as
    /// rows that have one.
    pub(super) fn spread(&self, mut values: &[u32], none: u32, out: &mut Vec<u32>) {
        let mut left = self.rows;
        for byte in self.words.iter().flat_map(|word| word.to_le_bytes()) {
            let length = left.min(8);
            left -= length;
            match (byte, values.split_first_chunk::<8>()) {
                (0, _) => out.resize(out.len() + length, none),
                (0xff, Some((whole, rest))) => {
                    out.extend_from_slice(whole);
                    values = rest;
                }
                _ => out.extend((0..length).map(|bit| match values.split_first() {
                    Some((value, rest)) if byte >> bit & 1 != 0 => {
                        values = rest;
                        *value
                    }
                    _ => none,
                })),
            }
        }
    }
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..63).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

/// Takes so many values out of bits. What lies behind the bytes is zero.
#[expect(
    clippy::cast_possible_truncation,
    reason = "masked to at most 32 bits just before"
)]
fn unpack(bytes: &[u8], width: u8, count: usize, out: &mut Vec<u32>) {
    let width = usize::from(width);
    let mask = (1u64 << width) - 1;
    out.extend((0..count).map(|n| {
        let bit = n * width;
        let rest = bytes.get(bit / 8..).unwrap_or_default();
        let word = rest.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            word
        });
        (u64::from_le_bytes(word) >> (bit % 8) & mask) as u32
    }));
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::values::NONE;

    /// Packs values, the least significant bit of the first in front.
    fn packed(values: &[u32], width: u8) -> Vec<u8> {
        let groups = values.len().div_ceil(8);
        let mut bytes = vec![0; groups * usize::from(width)];
        for (n, value) in values.iter().enumerate() {
            for bit in 0..usize::from(width) {
                let at = n * usize::from(width) + bit;
                bytes[at / 8] |= u8::from(value >> bit & 1 != 0) << (at % 8);
            }
        }
        let mut all = vec![u8::try_from(groups << 1 | 1).unwrap()];
        all.extend(bytes);
        all
    }

    proptest! {
        #[test]
        fn packed_bits_are_the_values_that_were_packed(
            width in 1u8..=32,
            wanted in proptest::collection::vec(any::<u32>(), 1..200),
        ) {
            let mask = u32::MAX >> (32 - width);
            let wanted: Vec<u32> = wanted.iter().map(|value| value & mask).collect();
            let mut out = Vec::new();
            values(&packed(&wanted, width), width, wanted.len(), &mut out).unwrap();
            prop_assert_eq!(out, wanted);
        }

        #[test]
        fn rows_have_values_where_the_levels_say_so(
            rows in proptest::collection::vec(any::<bool>(), 1..200),
            length in 1usize..100,
            level in any::<bool>(),
        ) {
            let bits: Vec<u32> = rows.iter().map(|row| u32::from(*row)).collect();
            // Only the last run of packed bits may be filled up.
            let mut bytes = vec![u8::try_from(length << 1).unwrap()];
            if length << 1 > 0x7f {
                bytes = vec![0x80 | u8::try_from(length << 1 & 0x7f).unwrap(), 1];
            }
            bytes.push(u8::from(level));
            bytes.extend(packed(&bits, 1));
            let levels = Levels::of(&bytes, length + rows.len()).unwrap();
            let mut wanted = vec![level; length];
            wanted.extend(&rows);
            prop_assert_eq!(levels.there(), wanted.iter().filter(|there| **there).count());
            let values: Vec<u32> = (0u32..).take(levels.there()).collect();
            let mut spread = vec![7];
            levels.spread(&values, NONE, &mut spread);
            let mut next = 0..;
            let wanted = wanted.iter().map(|there| match there {
                true => next.next().unwrap(),
                false => NONE,
            });
            prop_assert_eq!(spread, [7].into_iter().chain(wanted).collect::<Vec<u32>>());
        }

        #[test]
        fn no_bytes_make_it_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..64),
            width in 0u8..40,
            count in 0usize..500,
        ) {
            let mut out = Vec::new();
            if values(&bytes, width, count, &mut out).is_ok() {
                prop_assert_eq!(out.len(), count);
            }
            drop(Levels::of(&bytes, count));
        }
    }

    #[test]
    fn bits_that_end_too_early_are_refused() {
        let whole = packed(&[1, 2, 3, 4, 5, 6, 7, 0], 3);
        let mut out = Vec::new();
        values(&whole, 3, 8, &mut out).unwrap();
        assert_eq!(out, [1, 2, 3, 4, 5, 6, 7, 0]);
        assert!(values(&whole[..3], 3, 8, &mut Vec::new()).is_err());
    }
}
