//! DNS messages as far as the tests build and read them (RFC 1035, section 4):
//! written apart from the agent, so that both do not share a mistake.

use std::net::IpAddr;

/// Type A (RFC 1035, section 3.4.1).
pub const A: u16 = 1;
/// Type AAAA (RFC 3596, section 2.1).
pub const AAAA: u16 = 28;

/// Class IN.
const INTERNET: u16 = 1;
const HEADER: usize = 12;
/// A response, recursion desired and available, no error.
const ANSWERED: [u8; 2] = [0x81, 0x80];
/// Seconds that a made answer may be kept.
const TTL: u32 = 300;

/// Type of the addresses of that family.
pub const fn kind_of(address: IpAddr) -> u16 {
    match address {
        IpAddr::V4(_) => A,
        IpAddr::V6(_) => AAAA,
    }
}

/// A question for the records of `name` of this type, recursion desired.
pub fn query(id: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut message = id.to_be_bytes().to_vec();
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    push_name(&mut message, name);
    message.extend(kind.to_be_bytes());
    message.extend(INTERNET.to_be_bytes());
    message
}

/// A response to `query`, with its number and question, and the addresses given
/// as records of `owner`, or of the name asked for. None if it is no query.
///
/// Addresses of another type than was asked for are left out, unless they have
/// an owner of their own.
pub fn response(query: &[u8], owner: Option<&str>, addresses: &[IpAddr]) -> Option<Vec<u8>> {
    let (_, kind, end) = question(query)?;
    let mut records = Vec::new();
    let mut count: u16 = 0;
    for address in addresses {
        if owner.is_none() && kind_of(*address) != kind {
            continue;
        }
        match owner {
            Some(owner) => push_name(&mut records, owner),
            // A pointer to the question (section 4.1.4).
            None => records.extend([0xc0, 12]),
        }
        push_address(&mut records, *address);
        count += 1;
    }
    let mut message = query.get(..2)?.to_vec();
    message.extend(ANSWERED);
    message.extend([0, 1]);
    message.extend(count.to_be_bytes());
    message.extend([0; 4]);
    message.extend(query.get(HEADER..end)?);
    message.extend(records);
    Some(message)
}

/// Number of a message.
pub fn id(message: &[u8]) -> Option<u16> {
    Some(u16::from_be_bytes(message.get(..2)?.try_into().ok()?))
}

/// Name, without the dot at its end, and type of the only question, and where
/// the question ends.
pub fn question(message: &[u8]) -> Option<(String, u16, usize)> {
    if word(message, 4)? != 1 {
        return None;
    }
    let mut at = HEADER;
    let mut labels = Vec::new();
    loop {
        let length = usize::from(*message.get(at)?);
        at += 1;
        match length {
            0 => break,
            1..=63 => labels.push(String::from_utf8_lossy(message.get(at..at + length)?)),
            _ => return None,
        }
        at += length;
    }
    let kind = word(message, at)?;
    Some((labels.join("."), kind, at + 4))
}

/// Addresses of the answer section, whoever owns them, in their order.
pub fn addresses(message: &[u8]) -> Option<Vec<IpAddr>> {
    let (_, _, mut at) = question(message)?;
    let mut found = Vec::new();
    for _ in 0..word(message, 6)? {
        at = skip_name(message, at)?;
        let (kind, length) = (word(message, at)?, usize::from(word(message, at + 8)?));
        let data = message.get(at + 10..at + 10 + length)?;
        match kind {
            A => found.push(<[u8; 4]>::try_from(data).ok()?.into()),
            AAAA => found.push(<[u8; 16]>::try_from(data).ok()?.into()),
            _ => {}
        }
        at += 10 + length;
    }
    Some(found)
}

fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            192.. => return Some(at + 2),
            64..=191 => return None,
        }
    }
}

fn word(message: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(
        message.get(at..at + 2)?.try_into().ok()?,
    ))
}

fn push_name(message: &mut Vec<u8>, name: &str) {
    for label in name.split('.').filter(|label| !label.is_empty()) {
        // Labels of the tests are shorter than 64 bytes.
        message.extend(u8::try_from(label.len()));
        message.extend(label.as_bytes());
    }
    message.push(0);
}

fn push_address(records: &mut Vec<u8>, address: IpAddr) {
    records.extend(kind_of(address).to_be_bytes());
    records.extend(INTERNET.to_be_bytes());
    records.extend(TTL.to_be_bytes());
    match address {
        IpAddr::V4(address) => {
            records.extend([0, 4]);
            records.extend(address.octets());
        }
        IpAddr::V6(address) => {
            records.extend([0, 16]);
            records.extend(address.octets());
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_query_is_as_the_standard_has_it() {
        assert_eq!(
            query(0x1234, "a.example.", A),
            b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01a\x07example\x00\x00\x01\x00\x01"
        );
    }

    #[test]
    fn a_response_says_what_was_put_in() {
        let v4: IpAddr = "198.51.100.20".parse().unwrap();
        let v6: IpAddr = "2001:db8:1::20".parse().unwrap();
        let query = query(7, "a.example", AAAA);
        let response = response(&query, None, &[v4, v6]).unwrap();
        assert_eq!(id(&response), Some(7));
        assert_eq!(question(&response).unwrap().0, "a.example");
        assert_eq!(addresses(&response), Some(vec![v6]));
    }

    #[test]
    fn records_of_another_name_are_those_given() {
        let v4: IpAddr = "198.51.100.20".parse().unwrap();
        let response = response(&query(7, "a.example", AAAA), Some("b.example"), &[v4]).unwrap();
        assert_eq!(addresses(&response), Some(vec![v4]));
    }

    #[test]
    fn what_is_cut_off_is_no_answer() {
        let v4: IpAddr = "198.51.100.20".parse().unwrap();
        let whole = response(&query(7, "a.example", A), None, &[v4]).unwrap();
        for length in 0..whole.len() {
            assert_eq!(addresses(&whole[..length]), None, "{length} bytes");
        }
    }
}
