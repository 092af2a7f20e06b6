//! Rows of the table that are of no flow.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{
    AcknowledgedLine, AllowlistsChange, AllowlistsEvent, ExpiringLine, FindingLine,
    table::{LISTED, cut},
};
use crate::finding::{Event, Jurisdiction, Severity};

/// Another set came into force, or was refused.
pub(super) fn allowlists(out: &mut impl Write, change: &AllowlistsChange<'_>) -> io::Result<()> {
    let lists = &change.in_force;
    let time = change.time.strftime("%T");
    let of = format!(
        "{} products, {} entries, {:.12}",
        lists.products, lists.entries, lists.digest
    );
    match change.event {
        AllowlistsEvent::Loaded { .. } => {
            writeln!(out, "{time}  {:<19} loaded {of}", "allowlists")?;
        }
        AllowlistsEvent::Reverted { .. } => {
            writeln!(out, "{time}  {:<19} again {of}", "allowlists")?;
        }
        AllowlistsEvent::Refused {
            errors,
            more_errors,
            ..
        } => writeln!(
            out,
            "{time}  {:<19} REFUSED, {:.12} stays in force\n          errors: {}; run weir check {}",
            "allowlists",
            lists.digest,
            errors.len() + more_errors,
            lists.directory.display(),
        )?,
    }
    out.flush()
}

/// Somebody knows of a finding: which, until when, who.
pub(super) fn acknowledged(out: &mut impl Write, line: &AcknowledgedLine<'_>) -> io::Result<()> {
    let one = line.acknowledgement;
    writeln!(
        out,
        "{}  {:<19} {} until {}  {}",
        line.time.strftime("%T"),
        "acknowledged",
        one.finding,
        one.until,
        cut(&one.by, 12),
    )?;
    out.flush()
}

/// A finding is opened or closed: whose, what kind, where.
pub(super) fn finding(out: &mut impl Write, line: &FindingLine<'_>) -> io::Result<()> {
    let (finding, key) = (line.finding, &line.finding.key);
    let (word, colour) = match (line.event, finding.severity) {
        (Event::Updated, _) => return Ok(()),
        (Event::Closed, _) => ("finding closed", None),
        (Event::Opened, Severity::Page) => ("PAGE", Some(AnsiColor::Red.into())),
        (Event::Opened, Severity::Ticket) => ("ticket", Some(AnsiColor::Yellow.into())),
    };
    let style = Style::new().fg_color(colour);
    let workload = key.workload.as_ref().map(|one| one.name.as_str());
    let whose = key.product.as_deref().or(workload).unwrap_or_default();
    let place = key.jurisdiction.map(|place| match place {
        Jurisdiction::Country(country) => country.to_string(),
        _ => "?".to_owned(),
    });
    writeln!(
        out,
        "{}  {style}{word:<19}{style:#} {:<22} {:<22} {}",
        line.time.strftime("%T"),
        cut(whose, 22),
        key.kind.label(),
        place.unwrap_or_default(),
    )?;
    out.flush()
}

/// Entries that end soon, the soonest by name.
pub(super) fn expiring(out: &mut impl Write, line: &ExpiringLine<'_>) -> io::Result<()> {
    let ended = line.entries.iter().filter(|one| one.days_left < 0).count();
    writeln!(
        out,
        "{}  {:<19} {} end soon, {ended} have ended, {} more",
        line.time.strftime("%T"),
        "entries",
        line.entries.len() - ended,
        line.more_entries,
    )?;
    for one in line.entries.iter().take(LISTED) {
        let product = one.product.unwrap_or("platform");
        writeln!(
            out,
            "          {}  {} of {}",
            one.last_day,
            cut(one.entry, 28),
            cut(product, 26),
        )?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use jiff::{Timestamp, civil::date};

    use super::*;
    use crate::{
        attribution::WorkloadKind,
        finding::{Finding, Key, Kind, WorkloadName},
        output::{AllowlistsLine, ExpiringEntry},
        policy::Diagnostic,
    };

    fn now() -> Timestamp {
        "2026-01-02T03:04:05Z".parse().unwrap()
    }

    /// Text without colours; every line fits a terminal.
    fn text(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        write(&mut out).unwrap();
        let text = anstream::adapter::strip_bytes(&out).into_vec();
        let text = String::from_utf8(text).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        text
    }

    #[test]
    fn a_set_that_is_loaded_refused_or_back_is_said() {
        let digest = "ab".repeat(32);
        let errors = [Diagnostic::whole(
            Path::new("lists"),
            "it is wrong",
            "mend it",
        )];
        let row = |event| {
            let change = AllowlistsChange {
                time: now(),
                event,
                in_force: AllowlistsLine {
                    directory: Path::new("/etc/weir/allowlists"),
                    digest: &digest,
                    products: 11,
                    entries: 10_000,
                },
            };
            text(|out| allowlists(out, &change))
        };
        assert_eq!(
            row(AllowlistsEvent::Loaded { replaced: "" }),
            "03:04:05  allowlists          loaded 11 products, 10000 entries, abababababab\n"
        );
        assert_eq!(
            row(AllowlistsEvent::Reverted { refused: "" }),
            "03:04:05  allowlists          again 11 products, 10000 entries, abababababab\n"
        );
        assert_eq!(
            row(AllowlistsEvent::Refused {
                digest: "",
                errors: &errors,
                more_errors: 2
            }),
            "03:04:05  allowlists          REFUSED, abababababab stays in force\n          \
             errors: 3; run weir check /etc/weir/allowlists\n"
        );
    }

    #[test]
    fn a_finding_is_said_when_it_opens_and_when_it_closes() {
        let key = Key {
            kind: Kind::OutOfJurisdiction,
            product: None,
            workload: Some(WorkloadName {
                kind: WorkloadKind::SystemdUnit,
                name: "image-generation@17.service".to_owned(),
            }),
            destination: None,
            jurisdiction: Some(Jurisdiction::Disputed),
            rule: None,
        };
        let mut found = Finding {
            id: key.id(),
            key,
            severity: Severity::Ticket,
            first_seen: now(),
            last_seen: now(),
            flows: 1,
            egress_bytes: 0,
            detail: String::new(),
            detail_seen: now(),
        };
        let row = |event, finding: &Finding| {
            let line = FindingLine {
                time: now(),
                event,
                finding,
            };
            text(|out| super::finding(out, &line))
        };
        let ticket =
            "03:04:05  ticket              image-gene…@17.service out_of_jurisdiction    ?\n";
        assert_eq!(row(Event::Opened, &found), ticket);
        assert_eq!(row(Event::Updated, &found), "");
        found.severity = Severity::Page;
        found.key.product = Some("image-generation".to_owned());
        found.key.jurisdiction = "US".parse().ok();
        assert_eq!(
            row(Event::Opened, &found),
            "03:04:05  PAGE                image-generation       out_of_jurisdiction    US\n"
        );
        assert_eq!(
            row(Event::Closed, &found),
            "03:04:05  finding closed      image-generation       out_of_jurisdiction    US\n"
        );
    }

    #[test]
    fn entries_that_end_are_listed() {
        let entry = |entry, last_day, days_left| ExpiringEntry {
            product: Some("a-product-with-a-name-longer-than-most"),
            entry,
            owner: "team-test",
            last_day,
            days_left,
        };
        let entries = [
            entry("an-entry-with-a-name-longer-than-most", date(2026, 1, 5), 3),
            entry("gone", date(2026, 1, 1), -1),
        ];
        let line = ExpiringLine {
            time: now(),
            entries: &entries,
            more_entries: 0,
        };
        assert_eq!(
            text(|out| expiring(out, &line)),
            "03:04:05  entries             1 end soon, 1 have ended, 0 more\n          \
             2026-01-05  an-entry-with…nger-than-most of a-product-wi…ger-than-most\n          \
             2026-01-01  gone of a-product-wi…ger-than-most\n"
        );
    }
}
