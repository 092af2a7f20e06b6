//! Values that are written as a text: read the same way in the file, in the environment
//! and on the command line.

use std::{net::SocketAddr, path::PathBuf, str::FromStr, time::Duration};

use super::text_value::text_value;
use crate::{
    daemon::Pinning,
    notify::{Address, Facility, Label, Name, Url},
    page::Listen,
};

/// A time above zero, such as `250ms`, `30s` or `1h 30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Time(pub Duration);

/// A time, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Period(pub Option<Duration>);

/// Where to listen, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Listener(pub Option<SocketAddr>);

/// Where the page is served: an address, `unix:` and a path, or `off`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct PageListener(pub Option<Listen>);

/// Where programs and maps are pinned: a directory, `auto` or `off`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Pin(pub Pinning);

/// Bytes on disk, such as `512 MiB` or `20 GiB`; at least one MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Size(pub u64);

/// A file with an IP database, with the name under which it answers if that is not the
/// file's own: `[NAME=]FILE`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Database {
    /// Under which it answers.
    pub name: String,
    /// The file.
    pub file: PathBuf,
}

/// How to attach to the uplinks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub enum Hook {
    /// A link that nobody can take away unseen (Linux 6.6).
    Tcx,
    /// A filter of the qdisc clsact.
    Clsact,
}

/// Units of a size, and their bytes.
const UNITS: [(&str, u64); 4] = [
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("PiB", 1 << 50),
];

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span: jiff::SignedDuration = text
            .parse()
            .map_err(|_| "expected a time such as 250ms, 1s or 5m".to_owned())?;
        match Duration::try_from(span) {
            Ok(time) if !time.is_zero() => Ok(Self(time)),
            _ => Err("expected a time above zero".to_owned()),
        }
    }
}

impl FromStr for Period {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse::<Time>()
            .map(|time| Self(Some(time.0)))
            .map_err(|error| format!("{error}, or off"))
    }
}

impl FromStr for Listener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        text.parse()
            .map(|address| Self(Some(address)))
            .map_err(|_| "expected ADDRESS:PORT such as 127.0.0.1:9184, or off".to_owned())
    }
}

impl FromStr for PageListener {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self(None));
        }
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            return Ok(Self(Some(Listen::Unix(path.into()))));
        }
        text.parse()
            .map(|address| Self(Some(Listen::Tcp(address))))
            .map_err(|_| {
                "expected ADDRESS:PORT such as 127.0.0.1:9185, unix:PATH, or off".to_owned()
            })
    }
}

impl FromStr for Pin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self(match text {
            "" => return Err("expected a directory, auto or off".to_owned()),
            "auto" => Pinning::Auto,
            "off" => Pinning::Off,
            path => Pinning::At(path.into()),
        }))
    }
}

impl FromStr for Size {
    type Err = String;

    /// A number alone is of MiB, as `--keep-size` has always had it.
    fn from_str(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).unwrap_or((text, ""));
        let size = match unit.trim_start() {
            "" => Some(1 << 20),
            unit => UNITS
                .iter()
                .find(|(label, _)| *label == unit)
                .map(|(_, size)| *size),
        };
        size.zip(number.parse::<u64>().ok())
            .and_then(|(size, number)| number.checked_mul(size))
            .filter(|bytes| *bytes > 0)
            .map(Self)
            .ok_or_else(|| {
                let units: Vec<&str> = UNITS.iter().map(|(label, _)| *label).collect();
                format!(
                    "expected a whole number above zero and a unit, such as 20 GiB: {}",
                    units.join(", ")
                )
            })
    }
}

impl FromStr for Database {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((name, file)) => (name.to_owned(), PathBuf::from(file)),
            None => {
                let file = PathBuf::from(text);
                let name = file
                    .file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned());
                (name.unwrap_or_default(), file)
            }
        };
        if name.is_empty() || file.as_os_str().is_empty() {
            return Err("expected FILE or NAME=FILE".to_owned());
        }
        Ok(Self { name, file })
    }
}

/// Reads a value for its errors alone.
type Judge = fn(&str) -> Result<(), String>;

/// Every kind of such values, by the `format` that the JSON Schema has for it.
pub(super) const FORMATS: &[(&str, Judge)] = &[
    (Time::FORMAT, judge::<Time>),
    (Period::FORMAT, judge::<Period>),
    (Listener::FORMAT, judge::<Listener>),
    (PageListener::FORMAT, judge::<PageListener>),
    (Pin::FORMAT, judge::<Pin>),
    (Size::FORMAT, judge::<Size>),
    (Database::FORMAT, judge::<Database>),
    (Name::FORMAT, judge::<Name>),
    (Url::FORMAT, judge::<Url>),
    (Address::FORMAT, judge::<Address>),
    (Facility::FORMAT, judge::<Facility>),
    (Label::FORMAT, judge::<Label>),
];

fn judge<T: FromStr<Err = String>>(text: &str) -> Result<(), String> {
    text.parse::<T>().map(drop)
}

text_value!(Time, "weir-time", "^[0-9].*[a-z]$");
text_value!(Period, "weir-period", "^(off|[0-9].*[a-z])$");
text_value!(Listener, "weir-listener", "^(off|.+:[0-9]{1,5})$");
text_value!(
    PageListener,
    "weir-page-listener",
    "^(off|unix:.+|.+:[0-9]{1,5})$"
);
text_value!(Pin, "weir-pin", "^.+$");
text_value!(Size, "weir-size", "^[0-9]+( ?(M|G|T|P)iB)?$");
text_value!(Database, "weir-database", "^([^=]+=)?[^=]+$");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn reads_where_the_page_is_served() {
        let read = |text: &str| text.parse::<PageListener>().map(|one| one.0);
        assert_eq!(read("off").unwrap(), None);
        let tcp = Listen::Tcp("[::1]:9185".parse().unwrap());
        assert_eq!(read("[::1]:9185").unwrap(), Some(tcp));
        let unix = Listen::Unix("/run/weir/page.sock".into());
        assert_eq!(read("unix:/run/weir/page.sock").unwrap(), Some(unix));
        assert!(read("unix:").is_err());
        assert!(read("9185").is_err());
    }
}
