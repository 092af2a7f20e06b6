//! What somebody wants to see of the flows that are open.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::{
    finding::Jurisdiction,
    naming::Name,
    record::Scope,
    verdict::{Judged, Verdict},
};

/// Bytes of a filter that are taken.
pub const MOST_OF_FILTER: usize = 256;

/// What comes first in each list.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, clap::ValueEnum,
)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// What carries most at present, both ways.
    #[default]
    Rate,
    /// What has sent most.
    Sent,
    /// What was seen last.
    Recent,
    /// The worst verdict.
    Verdict,
}

impl Order {
    /// Every order.
    pub const ALL: [Self; 4] = [Self::Rate, Self::Sent, Self::Recent, Self::Verdict];

    /// Name on the command line and in addresses.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Sent => "sent",
            Self::Recent => "recent",
            Self::Verdict => "verdict",
        }
    }

    /// The one after it, and after the last the first.
    pub fn next(self) -> Self {
        match self {
            Self::Rate => Self::Sent,
            Self::Sent => Self::Recent,
            Self::Recent => Self::Verdict,
            Self::Verdict => Self::Rate,
        }
    }
}

/// What somebody wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// Words that must all be in a row; letters of either case.
    pub filter: String,
    /// What comes first.
    pub order: Order,
}

/// How bad a verdict is for a list that shows the worst first.
pub(super) fn badness(verdict: Verdict) -> u64 {
    match verdict {
        Verdict::Undeclared | Verdict::OutOfJurisdiction => 6,
        Verdict::Expired => 5,
        Verdict::Indeterminate => 4,
        Verdict::Unattributed => 3,
        Verdict::Declared => 2,
        Verdict::Internal => 1,
    }
}

/// Looks for the words of a filter, without a new text for each row.
#[derive(Debug, Default)]
pub(super) struct Filter {
    words: Vec<String>,
    row: String,
}

impl Filter {
    pub(super) fn new(text: &str) -> Self {
        let words = text.split_whitespace().map(str::to_lowercase);
        Self {
            words: words.collect(),
            row: String::new(),
        }
    }

    /// Whether each word is in one of the texts.
    pub(super) fn takes<'t>(&mut self, texts: impl IntoIterator<Item = &'t str>) -> bool {
        if self.words.is_empty() {
            return true;
        }
        self.row.clear();
        for text in texts {
            self.put(text);
        }
        self.decide()
    }

    /// Whether each word is in something that a row says of the flow.
    pub(super) fn takes_flow(&mut self, judged: &Judged) -> bool {
        if self.words.is_empty() {
            return true;
        }
        self.row.clear();
        let named = &judged.flow.flow;
        let (workload, record) = (&named.flow.workload, &named.flow.record);
        self.put(&workload.name);
        self.put(judged.product.as_deref().unwrap_or("unattributed"));
        self.put(judged.verdict.label());
        self.put(judged.rule.as_deref().unwrap_or_default());
        for name in named.names.names.iter().flat_map(Name::all) {
            self.put(name.as_str());
        }
        let domicile = &judged.flow.operator_domicile;
        self.put(domicile.provider.as_deref().unwrap_or_default());
        // Writing to a text cannot fail.
        let _ = match record.scope {
            Scope::Exact | Scope::Unseen => writeln!(
                self.row,
                "{}:{}/{}",
                record.address, record.port, record.protocol
            ),
            Scope::Folded | Scope::Sink => writeln!(self.row, "(many)"),
        };
        let _ = write!(self.row, "{}", Jurisdiction::of(&judged.flow));
        let text = std::mem::take(&mut self.row).to_lowercase();
        self.row = text;
        if let Some(operator) = &judged.flow.place.operator.value {
            self.row.push('\n');
            self.row.push_str(&operator.to_string().to_lowercase());
        }
        self.decide()
    }

    fn put(&mut self, text: &str) {
        self.row.extend(text.chars().flat_map(char::to_lowercase));
        self.row.push('\n');
    }

    fn decide(&self) -> bool {
        self.words.iter().all(|word| self.row.contains(word))
    }
}
