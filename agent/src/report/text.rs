//! Words and numbers for people.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};
use maud::{Markup, html};

use super::map::name_of;
use crate::{
    account::Account, claim::Outcome, finding::Jurisdiction, history::Span,
    jurisdiction::CountryCode, output, verdict::Verdict,
};

/// `12 flows`, `1 flow`.
pub(super) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// `1,234,567`, with thin spaces.
pub(super) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push('\u{202f}');
        }
        out.push(digit);
    }
    out
}

/// `341 KiB`, not broken over lines.
pub(super) fn bytes(count: u64) -> String {
    output::bytes(count).replace(' ', "\u{a0}")
}

/// `42.7 %` of tenths of a percent; less than one is not shown as nothing.
pub(super) fn percent(per_mille: Option<u64>) -> String {
    match per_mille {
        None => "–".to_owned(),
        Some(0) => "<\u{202f}0.1\u{a0}%".to_owned(),
        Some(share) => format!("{}.{}\u{a0}%", share / 10, share % 10),
    }
}

/// `99.62 %` of hundredths of a percent.
pub(super) fn fine_percent(per_myriad: u64) -> String {
    format!("{}.{:02}\u{a0}%", per_myriad / 100, per_myriad % 100)
}

/// `2026-10-05 06:12`, of UTC, as all times in a report.
pub(super) fn time(time: Timestamp) -> String {
    time.to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d\u{a0}%H:%M")
        .to_string()
}

/// The same, for machines too.
pub(super) fn when(moment: Timestamp) -> Markup {
    html! { time datetime=(moment.to_string()) { (time(moment)) } }
}

/// `October 2026`, `5 October 2026`, or both ends.
pub(super) fn period(span: &Span) -> String {
    let text = span.to_string();
    let from = span.from.to_zoned(TimeZone::UTC);
    match text.len() {
        7 => from.strftime("%B %Y").to_string(),
        10 => from.strftime("%-d %B %Y").to_string(),
        _ => format!("{} to {}", time(span.from), time(span.to)),
    }
}

/// The last day of a period.
pub(super) fn last_day(span: &Span) -> Date {
    let last = span.to.checked_sub(SignedDuration::from_nanos(1));
    last.unwrap_or(span.to).to_zoned(TimeZone::UTC).date()
}

/// `3 d 4 h`, `12 min 5 s`: the two largest units.
pub(super) fn duration(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds;
    let mut parts = Vec::new();
    for (length, unit) in units {
        let count = left / length;
        left %= length;
        if count > 0 {
            parts.push(format!("{count}\u{a0}{unit}"));
        }
    }
    parts.truncate(2);
    if parts.is_empty() {
        "less than a second".to_owned()
    } else {
        parts.join(" ")
    }
}

/// `Germany`.
pub(super) fn country(code: CountryCode) -> Cow<'static, str> {
    name_of(code).map_or_else(|| Cow::Owned(code.to_string()), Cow::Borrowed)
}

/// `Germany`, `several places (anycast)`, `sources disagree`, `not known`.
pub(super) fn place(place: Jurisdiction) -> Cow<'static, str> {
    match place {
        Jurisdiction::Country(code) => country(code),
        Jurisdiction::Anycast => Cow::Borrowed("several places (anycast)"),
        Jurisdiction::Disputed => Cow::Borrowed("sources disagree"),
        Jurisdiction::Unknown => Cow::Borrowed("not known"),
    }
}

/// In words: `outside what its entry admits`.
pub(super) fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Internal => "within the platform",
        Verdict::Declared => "declared",
        Verdict::Undeclared => "undeclared",
        Verdict::OutOfJurisdiction => "outside the admitted places",
        Verdict::Expired => "entry expired",
        Verdict::Indeterminate => "cannot be told",
        Verdict::Unattributed => "of no product",
    }
}

/// How what left stands to what is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Declared,
    Doubtful,
    Deviating,
}

impl Standing {
    pub(super) const ALL: [Self; 3] = [Self::Declared, Self::Doubtful, Self::Deviating];

    pub(super) fn of(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Internal | Verdict::Declared => Self::Declared,
            Verdict::Indeterminate => Self::Doubtful,
            Verdict::Undeclared
            | Verdict::OutOfJurisdiction
            | Verdict::Expired
            | Verdict::Unattributed => Self::Deviating,
        }
    }

    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Doubtful => "doubtful",
            Self::Deviating => "deviating",
        }
    }

    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Doubtful => "cannot be told",
            Self::Deviating => "not declared, or not there",
        }
    }
}

/// A mark and a word, never a colour alone.
pub(super) fn badge(class: &str, mark: &str, word: &str) -> Markup {
    html! { span class=(format!("badge {class}")) { span aria-hidden="true" { (mark) } " " (word) } }
}

/// A verdict as a badge.
pub(super) fn verdict_badge(of: Verdict) -> Markup {
    let mark = match Standing::of(of) {
        Standing::Declared => "✓",
        Standing::Doubtful => "?",
        Standing::Deviating => "✕",
    };
    badge(Standing::of(of).class(), mark, verdict(of))
}

/// Class, mark and word of an outcome.
pub(super) const fn outcome(of: Outcome) -> (&'static str, &'static str, &'static str) {
    match of {
        Outcome::Upheld => ("declared", "✓", "upheld"),
        Outcome::Unproven => ("doubtful", "?", "unproven"),
        Outcome::Contradicted => ("deviating", "✕", "contradicted"),
    }
}

/// Whether a place lies in the platform's own jurisdiction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Law {
    Inside,
    Outside,
    Unknown,
}

/// The platform's own jurisdiction, on the last day of the period.
#[derive(Clone, Debug)]
pub(super) struct Home<'a> {
    account: &'a Account<'a>,
    day: Date,
    /// Its name, such as `EEA`, if the allowlists have one.
    pub(super) name: Option<String>,
}

impl<'a> Home<'a> {
    pub(super) fn of(account: &'a Account<'a>) -> Self {
        Self {
            account,
            day: last_day(&account.span),
            name: account.policy().home().map(ToString::to_string),
        }
    }

    pub(super) fn law(&self, country: CountryCode) -> Law {
        match self.account.policy().third_country(country, self.day) {
            Some(true) => Law::Outside,
            Some(false) => Law::Inside,
            None => Law::Unknown,
        }
    }

    pub(super) fn of_place(&self, place: Jurisdiction) -> Law {
        match place {
            Jurisdiction::Country(code) => self.law(code),
            _ => Law::Unknown,
        }
    }

    /// `outside EEA`; nothing of what is inside, or where there is no jurisdiction.
    pub(super) fn note(&self, law: Law) -> Option<String> {
        let name = self.name.as_ref()?;
        match law {
            Law::Outside => Some(format!("outside {name}")),
            Law::Inside | Law::Unknown => None,
        }
    }
}

/// A page's address: to be followed only if it is one of the web, since allowlists are
/// written by people and read in browsers.
pub(super) fn address(page: &str) -> Markup {
    let shown = page.strip_prefix("https://").unwrap_or(page);
    let parts: Vec<&str> = shown.split_inclusive(['/', '.']).collect();
    let shown = html! { @for part in parts { (part) wbr; } };
    if page.starts_with("https://") || page.starts_with("http://") {
        html! { a href=(page) rel="noreferrer" { (shown) } }
    } else {
        shown
    }
}
