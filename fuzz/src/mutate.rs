//! Changes of bytes, the same in every run.

/// Numbers that look random (xorshift64*), from a seed.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Below `bound`, or 0.
    pub fn below(&mut self, bound: usize) -> usize {
        // The upper half is the better one.
        let number = usize::try_from(self.next() >> 33).unwrap_or_default();
        number.checked_rem(bound).unwrap_or_default()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }
}

/// Bytes that stand for limits: zero, the most, pointers, lengths.
const EDGES: [u8; 10] = [0, 1, 2, 0x0c, 0x3f, 0x40, 0x7f, 0x80, 0xc0, 0xff];

/// Changes `bytes` in one to eight places; `other` is where foreign parts come
/// from. The result has at most `longest` bytes.
pub fn mutate(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random, longest: usize) {
    for _ in 0..=random.below(8) {
        once(bytes, other, random);
    }
    bytes.truncate(longest);
}

fn once(bytes: &mut Vec<u8>, other: &[u8], random: &mut Random) {
    let at = random.below(bytes.len());
    let end = (at + 1 + random.below(16)).min(bytes.len());
    match random.below(8) {
        0 => replace(bytes, at, |byte| byte ^ 1 << (at % 8)),
        1 => {
            let edge = EDGES.get(random.below(EDGES.len())).copied().unwrap_or(0);
            replace(bytes, at, |_| edge);
        }
        2 => {
            let new = random.byte();
            replace(bytes, at, |_| new);
        }
        3 => replace(bytes, at, |byte| byte.wrapping_add(1)),
        4 => drop(bytes.drain(at.min(end)..end)),
        5 => {
            let part = bytes.get(at..end).unwrap_or_default().to_vec();
            let to = random.below(bytes.len());
            bytes.splice(to..to, part);
        }
        6 => {
            let from = random.below(other.len());
            let part = other.get(from..).unwrap_or_default();
            let part = part.get(..random.below(64)).unwrap_or(part);
            bytes.splice(at..at, part.iter().copied());
        }
        _ => bytes.truncate(at.max(1)),
    }
}

fn replace(bytes: &mut [u8], at: usize, change: impl FnOnce(u8) -> u8) {
    if let Some(byte) = bytes.get_mut(at) {
        *byte = change(*byte);
    }
}
