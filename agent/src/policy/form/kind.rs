//! What the value of a key must be, for the reader's messages and the JSON Schema alike.

use super::reader::Section;

/// What stands behind a key.
#[derive(Clone, Copy)]
pub(in crate::policy) enum Kind {
    /// A text that says something.
    Text,
    /// A text that fits a pattern, a regular expression of JSON Schema.
    Pattern(&'static str),
    /// One of a few words.
    Word(&'static [&'static str]),
    /// An array of texts.
    Texts,
    /// An array of such words, called so in the plural.
    Words(&'static str, &'static [&'static str]),
    /// An array of texts that fit a pattern, called so in the plural.
    Patterns(&'static str, &'static str),
    /// The word `all`, or such an array.
    AllOr(&'static str, &'static str),
    /// `true` or `false`.
    Flag,
    /// Only `false`.
    False,
    /// A whole number from the first to the second, called so.
    Number(&'static str, i64, i64),
    /// A calendar date.
    Date,
    /// A time of day.
    Time,
    /// A day, or a time with its offset from UTC.
    Moment,
    /// A network in CIDR notation.
    Network,
    /// An array of them.
    Networks,
    /// An IP address.
    Address,
    /// An array of them.
    Addresses,
    /// An array of host names, or `*.` and one.
    Names,
    /// An array of host names.
    HostNames,
    /// A country by ISO 3166-1 alpha-2.
    Country,
    /// A country or a set of countries.
    Territory,
    /// An array of them.
    Territories,
    /// An array of ids of `providers.toml`.
    Providers,
    /// An array of AS numbers.
    AsNumbers,
    /// An array of ports and ranges of them.
    Ports,
    /// A protocol by name or IANA number.
    Protocol,
    /// A protocol or an array of protocols.
    Protocols,
    /// A table of labels and patterns for their values.
    Labels,
    /// A table of this kind.
    Table(&'static Section),
    /// An array of tables of this kind.
    Tables(&'static Section),
}

impl Kind {
    /// As messages say it, with its article.
    pub(in crate::policy) fn expects(&self) -> String {
        match self {
            Self::Text | Self::Pattern(_) | Self::Word(_) => "a string".to_owned(),
            Self::Texts => "an array of strings".to_owned(),
            Self::Words(what, _) | Self::Patterns(what, _) => format!("an array of {what}"),
            Self::AllOr(what, _) => format!("`\"all\"` or an array of {what}"),
            Self::Flag => "a boolean".to_owned(),
            Self::False => "`false`".to_owned(),
            Self::Number(what, ..) => (*what).to_owned(),
            Self::Date => "a date".to_owned(),
            Self::Time => "a time of UTC".to_owned(),
            Self::Moment => "a date, or a date and time".to_owned(),
            Self::Address => "an IP address".to_owned(),
            Self::Protocol => "a protocol".to_owned(),
            Self::Network => "a network in CIDR notation".to_owned(),
            Self::Networks => "an array of networks".to_owned(),
            Self::Addresses => "an array of addresses".to_owned(),
            Self::Names => "an array of names".to_owned(),
            Self::HostNames => "an array of host names".to_owned(),
            Self::Country => "a country".to_owned(),
            Self::Territory => "the name of a set or a country".to_owned(),
            Self::Territories => "an array of countries or sets".to_owned(),
            Self::Providers => "an array of providers' ids".to_owned(),
            Self::AsNumbers => "an array of AS numbers".to_owned(),
            Self::Ports => "an array of ports".to_owned(),
            Self::Protocols => "a protocol or an array of protocols".to_owned(),
            Self::Labels => "a table of labels and patterns".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Tables(_) => "an array of tables".to_owned(),
        }
    }
}

/// The words of a choice.
pub(super) const fn words<T: Copy, const N: usize>(
    choices: &[(&'static str, T); N],
) -> [&'static str; N] {
    let mut words = [""; N];
    let mut at = 0;
    while at < N {
        words[at] = choices[at].0;
        at += 1;
    }
    words
}
