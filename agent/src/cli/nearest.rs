//! What there is to choose from where what is asked for is not there.

use std::{collections::BTreeSet, net::IpAddr};

/// Choices that are shown at most.
const SHOWN: usize = 5;

/// The choices nearest to what is asked for. The distance comes first, so that order is
/// that of the distance.
#[derive(Debug)]
pub(super) struct Nearest<D>(BTreeSet<(D, String)>);

impl<D: Ord> Nearest<D> {
    pub(super) const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Offers a choice; the text follows from what the distance was measured to.
    pub(super) fn offer(&mut self, distance: D, text: String) {
        self.0.insert((distance, text));
        if self.0.len() > SHOWN {
            self.0.pop_last();
        }
    }

    /// The choices, the nearest first.
    pub(super) fn into_choices(self) -> Vec<String> {
        self.0.into_iter().map(|(_, text)| text).collect()
    }
}

/// How far one address is from another: whether the family differs, and how many bits
/// follow the prefix that they share.
pub(super) fn between_addresses(one: IpAddr, other: IpAddr) -> (bool, u32) {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let differing = u128::BITS - (bits(one) ^ bits(other)).leading_zeros();
    (one.is_ipv4() != other.is_ipv4(), differing)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_nearest_are_kept_in_order_and_once() {
        let mut nearest = Nearest::new();
        for distance in [9, 3, 7, 3, 1, 8, 2, 5] {
            nearest.offer(distance, format!("at {distance}"));
        }
        assert_eq!(
            nearest.into_choices(),
            ["at 1", "at 2", "at 3", "at 5", "at 7"]
        );
    }

    #[test]
    fn addresses_are_near_that_share_a_long_prefix() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let far = |one, other| between_addresses(address(one), address(other));
        assert_eq!(far("198.51.100.9", "198.51.100.9"), (false, 0));
        assert_eq!(far("198.51.100.9", "198.51.100.8"), (false, 1));
        assert_eq!(far("198.51.100.9", "198.51.101.9"), (false, 9));
        assert_eq!(far("2001:db8::", "2001:db8:8000::"), (false, 96));
        assert_eq!(far("::7", "0.0.0.7"), (true, 0));
    }
}
