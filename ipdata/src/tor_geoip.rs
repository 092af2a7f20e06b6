//! The text files of Debian's `tor-geoipdb`: `geoip` for IPv4, `geoip6` for IPv6.
//!
//! A header of `#` comments states the export's date and licence; each line
//! below it is `first,last,code` with both ends included. IPv4 addresses are
//! decimal integers, IPv6 addresses are in text form. The code `??` says that
//! the source knows no country, so such a line gives no entry.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use jiff::{Timestamp, fmt::rfc2822};

use crate::range::{InvalidRange, Range};

/// A parsed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TorGeoip {
    /// When the source exported the data.
    pub generated: Timestamp,
    /// Who exported it, as the header says.
    pub vendor: String,
    /// Licence, as the header says.
    pub licence: String,
    /// Ranges with their two-letter code, in the order of the file.
    pub entries: Vec<(Range, String)>,
    /// Lines whose country the source does not know.
    pub unknown: usize,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ParseError {
    /// A line is not an entry.
    #[error("line {line}: `{text}` is not `first,last,code`")]
    Line {
        /// Number from 1.
        line: usize,
        /// The text, at most 80 characters of it.
        text: String,
    },
    /// A line's ends are not a range.
    #[error("line {line}: {cause}")]
    Range {
        /// Number from 1.
        line: usize,
        /// What is wrong with it.
        cause: InvalidRange,
    },
    /// The header lacks a field that the database has to state.
    #[error("the header has no `{0}` line: is this a file of tor-geoipdb?")]
    Header(&'static str),
    /// The header's date is not one.
    #[error("the header's date `{text}` cannot be read: {cause}")]
    Date {
        /// As the header has it.
        text: String,
        /// What the parser says.
        cause: jiff::Error,
    },
    /// Only comments.
    #[error("the file holds no ranges")]
    Empty,
}

/// Parses one file of either family.
///
/// # Errors
/// When the header lacks date, vendor or licence, or a line is not an entry.
pub fn parse(text: &str) -> Result<TorGeoip, ParseError> {
    let header = |field: &'static str| {
        text.lines()
            .take_while(|line| line.starts_with('#'))
            .find_map(|line| line.trim_start_matches('#').trim().strip_prefix(field))
            .map(str::trim)
            .ok_or(ParseError::Header(field))
    };
    let date = header("Generated:")?;
    let generated = rfc2822::parse(date)
        .map_err(|cause| ParseError::Date {
            text: date.to_owned(),
            cause,
        })?
        .timestamp();
    let vendor = header("Vendor:")?.to_owned();
    let licence = header("License:")?.to_owned();

    let mut entries = Vec::new();
    let mut unknown = 0;
    for (index, line) in text.lines().enumerate() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match entry(line, index + 1)? {
            (_, "??") => unknown += 1,
            (range, code) => entries.push((range, code.to_owned())),
        }
    }
    if entries.is_empty() {
        return Err(ParseError::Empty);
    }
    Ok(TorGeoip {
        generated,
        vendor,
        licence,
        entries,
        unknown,
    })
}

fn entry(text: &str, line: usize) -> Result<(Range, &str), ParseError> {
    let fail = || ParseError::Line {
        line,
        text: text.chars().take(80).collect(),
    };
    let mut fields = text.split(',');
    let (Some(first), Some(last), Some(code), None) =
        (fields.next(), fields.next(), fields.next(), fields.next())
    else {
        return Err(fail());
    };
    let code = code.trim_end();
    if code.len() != 2 {
        return Err(fail());
    }
    let (first, last) = (
        address(first).ok_or_else(fail)?,
        address(last).ok_or_else(fail)?,
    );
    let range = Range::new(first, last).map_err(|cause| ParseError::Range { line, cause })?;
    Ok((range, code))
}

fn address(text: &str) -> Option<IpAddr> {
    if let Ok(number) = text.parse::<u32>() {
        return Some(Ipv4Addr::from(number).into());
    }
    text.parse::<Ipv6Addr>().ok().map(IpAddr::from)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HEADER: &str = "# Location Database Export\n#\n\
        # Generated: Thu, 25 Jun 2026 04:33:59 GMT\n\
        # Vendor:    Example Registry (synthetic)\n\
        # License:   CC BY-SA 4.0\n#\n";

    fn parsed(lines: &str) -> Result<TorGeoip, ParseError> {
        parse(&format!("{HEADER}{lines}"))
    }

    #[test]
    fn both_families_and_the_header_are_read() {
        let file = parsed(
            "3405803776,3405804031,US\n2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,DE\n\
            167772160,184549375,??\n",
        )
        .unwrap();
        assert_eq!(file.generated, "2026-06-25T04:33:59Z".parse().unwrap());
        assert_eq!(file.vendor, "Example Registry (synthetic)");
        assert_eq!(file.licence, "CC BY-SA 4.0");
        assert_eq!(file.unknown, 1);
        assert_eq!(
            file.entries,
            [
                ("203.0.113.0/24".parse().unwrap(), "US".to_owned()),
                ("2001:db8::/48".parse().unwrap(), "DE".to_owned()),
            ]
        );
    }

    #[test]
    fn a_fault_names_its_line() {
        let says = |lines: &str| parsed(lines).unwrap_err().to_string();
        assert_eq!(
            says("1,2,US\n1;2;US\n"),
            "line 8: `1;2;US` is not `first,last,code`"
        );
        assert_eq!(
            says("1,2,USA\n"),
            "line 7: `1,2,USA` is not `first,last,code`"
        );
        assert_eq!(
            says("1,2,US,x\n"),
            "line 7: `1,2,US,x` is not `first,last,code`"
        );
        assert_eq!(
            says("1,x,US\n"),
            "line 7: `1,x,US` is not `first,last,code`"
        );
        assert_eq!(
            says("2,1,US\n"),
            "line 7: the range begins at 0.0.0.2, after its end at 0.0.0.1"
        );
        assert_eq!(
            says("1,::2,US\n"),
            "line 7: 0.0.0.1 and ::2 are addresses of different families"
        );
        assert_eq!(says(""), "the file holds no ranges");
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        assert_eq!(
            parse("1,2,US\n").unwrap_err().to_string(),
            "the header has no `Generated:` line: is this a file of tor-geoipdb?"
        );
        let text = HEADER.replace("Thu, 25 Jun 2026 04:33:59 GMT", "yesterday");
        assert!(matches!(parse(&text), Err(ParseError::Date { text, .. }) if text == "yesterday"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(lines in "[0-9a-f:,.A-Z?\n# ]{0,200}") {
            let _ = parsed(&lines);
        }
    }
}
