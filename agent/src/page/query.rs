//! What an address asks for: `?filter=WORDS&sort=ORDER&refresh=SECONDS`.

use crate::now::{MOST_OF_FILTER, Order, Wanted};

/// Seconds between two loads that are taken.
const REFRESH: std::ops::RangeInclusive<u32> = 1..=3600;

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) wanted: Wanted,
    /// Seconds after which the page is loaded again; never unless asked for.
    pub(super) refresh: Option<u32>,
}

impl Query {
    /// Reads it; what is wrong with it, and what to write instead.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let mut query = Self::default();
        for (key, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*key {
                "filter" if value.len() > MOST_OF_FILTER => {
                    return Err(format!(
                        "filter is too long: use at most {MOST_OF_FILTER} bytes"
                    ));
                }
                "filter" => value.trim().clone_into(&mut query.wanted.filter),
                "sort" => {
                    let known = Order::ALL.into_iter().find(|one| one.label() == value);
                    query.wanted.order = known.ok_or_else(|| {
                        format!("sort={value} is no order: use rate, sent, recent or verdict")
                    })?;
                }
                "refresh" if value.is_empty() => {}
                "refresh" => {
                    let seconds = value.parse().ok().filter(|one| REFRESH.contains(one));
                    query.refresh = Some(seconds.ok_or_else(|| {
                        format!("refresh={value} is no number of seconds: use 1 to 3600")
                    })?);
                }
                other => {
                    return Err(format!(
                        "{other} is nothing to ask for: use filter, sort or refresh"
                    ));
                }
            }
        }
        Ok(query)
    }

    /// The same as a part of an address, with another order if one is given.
    pub(super) fn with(&self, order: Order) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        if !self.wanted.filter.is_empty() {
            text.append_pair("filter", &self.wanted.filter);
        }
        text.append_pair("sort", order.label());
        if let Some(seconds) = self.refresh {
            text.append_pair("refresh", &seconds.to_string());
        }
        format!("?{}", text.finish())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_query_is_read_and_written() {
        assert_eq!(Query::read("").unwrap(), Query::default());
        let query = Query::read("filter=+a%26b+c&sort=verdict&refresh=5").unwrap();
        assert_eq!(query.wanted.filter, "a&b c");
        assert_eq!(query.wanted.order, Order::Verdict);
        assert_eq!(query.refresh, Some(5));
        assert_eq!(
            query.with(Order::Sent),
            "?filter=a%26b+c&sort=sent&refresh=5"
        );
        assert_eq!(Query::read("refresh=&filter=").unwrap(), Query::default());
    }

    #[test]
    fn what_is_wrong_is_said() {
        let wrong = |text: &str| Query::read(text).unwrap_err();
        assert_eq!(
            wrong("sort=name"),
            "sort=name is no order: use rate, sent, recent or verdict"
        );
        assert_eq!(
            wrong("refresh=0"),
            "refresh=0 is no number of seconds: use 1 to 3600"
        );
        assert_eq!(
            wrong("x=1"),
            "x is nothing to ask for: use filter, sort or refresh"
        );
        let long = format!("filter={}", "a".repeat(257));
        assert_eq!(wrong(&long), "filter is too long: use at most 256 bytes");
    }
}
