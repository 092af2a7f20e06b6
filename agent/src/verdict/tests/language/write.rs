//! Sets as text.

use std::fmt::Write as _;

use super::{flows::PROVIDERS, *};
use crate::policy::Source;

/// Id of the entry with this number.
pub(super) fn id(number: usize) -> String {
    format!("e{number}")
}

/// A set of a product `a` with these entries, a share of them the platform's.
pub(super) fn policy(entries: &Numbered<'_>, shared: usize, reversed: bool) -> Policy {
    let mut product = "product = \"a\"\ntitle = \"A\"\nowner = \"o\"\n\
                       posture = \"external_declared\"\n[[workload]]\nunit = \"a.service\"\n"
        .to_owned();
    let mut platform =
        "[[internal]]\ncidr = \"10.0.0.0/8\"\npurpose = \"p\"\nowner = \"o\"\n".to_owned();
    for (number, entry) in entries {
        let file = if *number < shared {
            &mut platform
        } else {
            &mut product
        };
        entry.write(*number, file);
    }
    let mut files = vec![
        Source::from_text("a.toml", &product),
        Source::from_text("platform.toml", &platform),
        Source::from_text("providers.toml", &providers()),
    ];
    if reversed {
        files.reverse();
    }
    Policy::from_sources(files).unwrap_or_else(|rejected| panic!("{rejected}"))
}

fn providers() -> String {
    let mut text = "fresh_for_days = 400\n".to_owned();
    for (id, number, home) in PROVIDERS {
        let names = if id == "provider-a" {
            "names = [\"b.example\"]\n"
        } else {
            ""
        };
        write!(
            text,
            "[[provider]]\nid = \"{id}\"\ntitle = \"P\"\nkinds = [\"hosting\"]\nasn = [{number}]\n\
             {names}legal_entity = \"E\"\nparent = \"P\"\ndomicile = \"{home}\"\n\
             source = [\"made up\"]\nreviewed = 2026-11-01\n"
        )
        .unwrap();
    }
    text
}

impl Drawn {
    fn write(&self, number: usize, text: &mut String) {
        let table = if self.deny { "deny" } else { "allow" };
        let direction = if self.inbound { "inbound" } else { "outbound" };
        write!(
            text,
            "[[{table}]]\nid = \"{}\"\npurpose = \"p\"\nowner = \"o\"\n\
             direction = \"{direction}\"\napproved_by = \"dpo\"\napproved_on = 2026-03-01\n\
             expires = {}\n",
            id(number),
            if self.expired {
                "2026-11-01"
            } else {
                "2027-06-30"
            }
        )
        .unwrap();
        let texts = [
            ("cidr", &self.networks),
            ("provider", &self.providers),
            ("name", &self.names),
            ("countries", &self.countries),
            ("operator_domicile", &self.domicile),
        ];
        for (key, values) in texts {
            if !values.is_empty() {
                writeln!(text, "{key} = {values:?}").unwrap();
            }
        }
        if !self.systems.is_empty() {
            writeln!(text, "asn = {:?}", self.systems).unwrap();
        }
        if let Some(port) = self.port {
            writeln!(text, "ports = [{port}]").unwrap();
        }
        if let Some(udp) = self.udp {
            writeln!(text, "protocol = \"{}\"", if udp { "udp" } else { "tcp" }).unwrap();
        }
        if !self.deny {
            self.write_allowed(text);
        }
    }

    fn write_allowed(&self, text: &mut String) {
        text.push_str("data_categories = [\"test data\"]\nlegal_basis = \"made up\"\n");
        if !self.names.is_empty() {
            writeln!(text, "grade = \"{}\"", self.grade.label()).unwrap();
        }
        if self.no_anycast {
            text.push_str("anycast = false\n");
        }
        if let Some(budget) = &self.budget {
            let Budget { bytes, per } = budget.limit;
            writeln!(text, "max_bytes = \"{bytes} B\"\nper = \"{}\"", per.label()).unwrap();
        }
        for window in &self.windows {
            let day = usize::try_from(window.day).unwrap();
            let day = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][day];
            writeln!(text, "[[allow.window]]\ndays = [\"{day}\"]").unwrap();
            if let Some((from, to)) = window.hours {
                writeln!(text, "from = {from:02}:00:00\nto = {to:02}:00:00").unwrap();
            }
        }
    }
}
