//! Values of `[notify]` that are written as a text.

mod syslog;
mod url;

use std::{fmt, str::FromStr};

pub use self::{
    syslog::{Address, Facility},
    url::{Endpoint, Url},
};

use crate::config::text_value::text_value;

/// Characters of a name at most: it is a label of metrics and a part of a file's name.
const MOST_OF_NAME: usize = 32;

/// What logs, metrics and files call a way out: small letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (1..=MOST_OF_NAME).contains(&text.len()) && text.bytes().all(usual);
        match good && !text.starts_with('-') {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "expected a name of at most {MOST_OF_NAME} small letters, digits and hyphens, \
                 such as on-call"
            )),
        }
    }
}

/// Labels that say what an alert is, by the rules in `packaging/prometheus`.
const IDENTITY: [&str; 11] = [
    "alertname",
    "severity",
    "cluster",
    "instance",
    "kind",
    "product",
    "workload",
    "provider",
    "jurisdiction",
    "rule",
    "entry",
];

/// A label of alerts, beside those that say what an alert is: `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected NAME=VALUE such as region=eu: a name of letters, digits and _";
        let (name, value) = text.split_once('=').ok_or(wrong)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || digit || !name.bytes().all(word) || value.is_empty() {
            return Err(wrong.to_owned());
        }
        if IDENTITY.contains(&name) {
            return Err(format!(
                "`{name}` says what an alert is, and is not to be set: leave it out; `cluster` \
                 and `instance` are keys of their own"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// A program by its path from the root, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Argv(Vec<String>);

impl Argv {
    /// The program.
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The program and its arguments.
    pub fn line(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Argv {
    type Error = String;

    fn try_from(line: Vec<String>) -> Result<Self, String> {
        match line.is_empty() {
            false => Ok(Self(line)),
            true => Err("a command has a program".to_owned()),
        }
    }
}

impl schemars::JsonSchema for Argv {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Argv".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string" },
            "minItems": 1,
        })
    }
}

text_value!(Name, "weir-name", "^[a-z0-9][a-z0-9-]{0,31}$");
text_value!(Label, "weir-label", "^[A-Za-z_][A-Za-z0-9_]*=.+$");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_are_small() {
        assert_eq!("on-call".parse::<Name>().unwrap().as_str(), "on-call");
        for wrong in ["", "On-call", "a b", "-a", "a/b", &"a".repeat(33)] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn labels_do_not_say_what_an_alert_is() {
        let label: Label = "region=a=b".parse().unwrap();
        assert_eq!((&*label.name, &*label.value), ("region", "a=b"));
        for wrong in [
            "region",
            "region=",
            "=eu",
            "1a=b",
            "a b=c",
            "severity=page",
            "rule=a",
        ] {
            assert!(wrong.parse::<Label>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_has_a_path() {
        let argv = |line: &[&str]| {
            let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
            Argv::try_from(line)
        };
        let one = argv(&["/bin/page", "--now"]).unwrap();
        assert_eq!(
            (one.program(), one.line()),
            ("/bin/page", &["/bin/page", "--now"].map(str::to_owned)[..])
        );
        assert!(argv(&[]).is_err());
    }
}
