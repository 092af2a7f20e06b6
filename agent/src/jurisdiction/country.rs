//! Countries.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A country: ISO 3166-1 alpha-2, officially assigned, upper case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CountryCode([u8; 2]);

/// A text that is not an assigned code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ISO 3166-1 alpha-2 country code")]
pub struct UnknownCountryCode(pub String);

/// Officially assigned codes, ISO 3166-1 (249 of them), sorted.
const ASSIGNED: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ \
BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ \
DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT \
GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY \
KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX \
MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS \
RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN \
TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

impl CountryCode {
    /// How many values [`CountryCode::index`] has.
    pub(crate) const INDEXES: usize = 26 * 26;

    /// Every one of them, in alphabetical order.
    pub fn all() -> impl Iterator<Item = Self> {
        ASSIGNED.split(' ').filter_map(|code| code.parse().ok())
    }

    /// Its place among all pairs of letters.
    pub(crate) fn index(self) -> usize {
        let [a, b] = self.0.map(|letter| usize::from(letter.wrapping_sub(b'A')));
        a * 26 + b
    }

    /// The two letters.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// [`ASSIGNED`] once more: a bit for each second letter, by the first.
const SECOND_LETTERS: [u32; 26] = {
    let codes = ASSIGNED.as_bytes();
    let mut letters = [0; 26];
    let mut at = 0;
    while at < codes.len() {
        letters[(codes[at] - b'A') as usize] |= 1 << (codes[at + 1] - b'A');
        at += 3;
    }
    letters
};

fn is_assigned(first: u8, second: u8) -> bool {
    let seconds = SECOND_LETTERS.get(usize::from(first.wrapping_sub(b'A')));
    second.is_ascii_uppercase()
        && seconds.is_some_and(|letters| letters >> (second - b'A') & 1 == 1)
}

impl FromStr for CountryCode {
    type Err = UnknownCountryCode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match *text.as_bytes() {
            [a, b] if is_assigned(a, b) => Ok(Self([a, b])),
            _ => Err(UnknownCountryCode(text.to_owned())),
        }
    }
}

impl TryFrom<String> for CountryCode {
    type Error = UnknownCountryCode;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<CountryCode> for String {
    fn from(code: CountryCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for CountryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_assigned_codes_are_read() {
        let mut read = 0;
        for (first, second) in (0..=u8::MAX).flat_map(|a| (0..=u8::MAX).map(move |b| (a, b))) {
            let bytes = [first, second];
            let Ok(text) = str::from_utf8(&bytes) else {
                assert!(!is_assigned(first, second), "{bytes:?}");
                continue;
            };
            let assigned = ASSIGNED.split(' ').any(|code| code == text);
            assert_eq!(text.parse::<CountryCode>().is_ok(), assigned, "{text:?}");
            read += usize::from(assigned);
        }
        assert_eq!(read, 249);
        assert_eq!(CountryCode::all().count(), 249);
    }
}
