//! DNS over TCP: messages one after another, each behind its length (RFC 1035,
//! 4.2.2).

/// The whole messages at the beginning of a stream.
#[derive(Clone, Debug)]
pub struct Framed<'s> {
    stream: &'s [u8],
    consumed: usize,
}

/// Takes the messages out of `stream`, which begins with the length of one.
pub fn framed(stream: &[u8]) -> Framed<'_> {
    Framed {
        stream,
        consumed: 0,
    }
}

impl<'s> Framed<'s> {
    /// Bytes of the stream, from its beginning, that the messages given so far
    /// have taken.
    pub fn consumed(&self) -> usize {
        self.consumed
    }

    /// What is there of the message that comes next, where its length is known
    /// and its end is missing.
    pub fn begun(&self) -> Option<&'s [u8]> {
        let (length, rest) = self.head()?;
        (rest.len() < length).then_some(rest)
    }

    fn head(&self) -> Option<(usize, &'s [u8])> {
        let (length, rest) = self.stream.get(self.consumed..)?.split_first_chunk()?;
        Some((usize::from(u16::from_be_bytes(*length)), rest))
    }
}

impl<'s> Iterator for Framed<'s> {
    type Item = &'s [u8];

    fn next(&mut self) -> Option<&'s [u8]> {
        let (length, rest) = self.head()?;
        let message = rest.get(..length)?;
        self.consumed += 2 + length;
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_messages_come_out_and_the_rest_stays() {
        let stream = b"\0\x03one\0\0\0\x05three\0\x04cu";
        let mut messages = framed(stream);
        assert_eq!(messages.consumed(), 0);
        assert_eq!(messages.begun(), None);
        assert_eq!(messages.next(), Some(&b"one"[..]));
        assert_eq!(messages.consumed(), 5);
        assert_eq!(messages.next(), Some(&b""[..]));
        assert_eq!(messages.next(), Some(&b"three"[..]));
        assert_eq!(messages.next(), None);
        assert_eq!(messages.consumed(), 14);
        assert_eq!(messages.begun(), Some(&b"cu"[..]));
        assert_eq!(framed(b"\0").next(), None);
        assert_eq!(framed(b"\0").begun(), None);
    }
}
