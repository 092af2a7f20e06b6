//! An inclusive range of addresses of one family.

use std::{convert::Infallible, net::IpAddr, ops::RangeInclusive, str::FromStr};

use ipnet::IpNet;

/// An inclusive range of addresses of one family, first not above last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    first: IpAddr,
    last: IpAddr,
}

/// A text or a pair of addresses that is not a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRange {
    /// Neither an address nor a prefix.
    #[error("`{0}` is neither an address nor a prefix such as 192.0.2.0/24")]
    Syntax(String),
    /// One end is IPv4, the other IPv6.
    #[error("{0} and {1} are addresses of different families")]
    Families(IpAddr, IpAddr),
    /// The range ends before it begins.
    #[error("the range begins at {0}, after its end at {1}")]
    Reversed(IpAddr, IpAddr),
}

impl Range {
    /// The range from `first` to `last`, both included.
    ///
    /// # Errors
    /// When the families differ or `first` is above `last`.
    pub fn new(first: IpAddr, last: IpAddr) -> Result<Self, InvalidRange> {
        if first.is_ipv4() != last.is_ipv4() {
            return Err(InvalidRange::Families(first, last));
        }
        if first > last {
            return Err(InvalidRange::Reversed(first, last));
        }
        Ok(Self { first, last })
    }

    /// First address.
    pub fn first(&self) -> IpAddr {
        self.first
    }

    /// Last address.
    pub fn last(&self) -> IpAddr {
        self.last
    }
}

impl From<IpNet> for Range {
    fn from(net: IpNet) -> Self {
        Self {
            first: net.network(),
            last: net.broadcast(),
        }
    }
}

impl From<IpAddr> for Range {
    fn from(address: IpAddr) -> Self {
        Self {
            first: address,
            last: address,
        }
    }
}

impl TryFrom<RangeInclusive<IpAddr>> for Range {
    type Error = InvalidRange;

    fn try_from(range: RangeInclusive<IpAddr>) -> Result<Self, Self::Error> {
        Self::new(*range.start(), *range.end())
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(net) = text.parse::<IpNet>() {
            return Ok(net.into());
        }
        text.parse::<IpAddr>()
            .map(Self::from)
            .map_err(|_| InvalidRange::Syntax(text.to_owned()))
    }
}

impl TryFrom<&str> for Range {
    type Error = InvalidRange;

    fn try_from(text: &str) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Infallible> for InvalidRange {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_prefix_and_an_address_are_ranges() {
        let range: Range = "203.0.113.0/24".parse().unwrap();
        assert_eq!(range.first(), "203.0.113.0".parse::<IpAddr>().unwrap());
        assert_eq!(range.last(), "203.0.113.255".parse::<IpAddr>().unwrap());
        let range: Range = "2001:db8::1".parse().unwrap();
        assert_eq!(range.first(), range.last());
    }

    #[test]
    fn what_is_not_a_range_is_refused_with_its_cause() {
        let v4: IpAddr = "192.0.2.1".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        let below: IpAddr = "192.0.2.0".parse().unwrap();
        assert_eq!("x".parse::<Range>(), Err(InvalidRange::Syntax("x".into())));
        assert_eq!(Range::new(v4, v6), Err(InvalidRange::Families(v4, v6)));
        assert_eq!(
            Range::new(v4, below),
            Err(InvalidRange::Reversed(v4, below))
        );
    }
}
