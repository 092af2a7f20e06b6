//! Proposals as TOML that lacks what only a person knows. Entries are written by the TOML
//! library; everything else is a comment.

use std::fmt::{self, Display, Write};

use serde::Serialize;

use super::{
    Answer,
    draft::{Draft, DraftEntry},
};
use crate::{
    cli::{
        changes::endpoint,
        text::{WIDTH, flows, harmless},
    },
    output::bytes,
    replay::{Few, Proposal},
};

/// Why the text could not be made.
#[derive(Debug, thiserror::Error)]
pub(super) enum PageError {
    /// Writing failed.
    #[error("the text cannot be written")]
    Text(#[from] fmt::Error),
    /// The library refused an entry, which would be a defect.
    #[error("an entry cannot be written as TOML")]
    Entry(#[from] toml::ser::Error),
}

/// A file with one entry.
#[derive(Serialize)]
struct File<'a> {
    allow: [&'a DraftEntry; 1],
}

pub(super) fn page(answer: &Answer<'_>) -> Result<String, PageError> {
    let mut out = String::new();
    head(answer, &mut out)?;
    let mut product = "";
    for draft in &answer.proposals {
        if draft.proposal.product != product {
            product = &draft.proposal.product;
            let file = format!("---- append to {product}.toml ----");
            comment("\n# ", &file, &mut out)?;
        }
        facts(draft, &mut out)?;
        if let Some(entry) = &draft.entry {
            out.push_str(&toml::to_string(&File { allow: [entry] })?);
        }
    }
    tail(answer, &mut out)?;
    Ok(out)
}

fn head(answer: &Answer<'_>, out: &mut String) -> fmt::Result {
    let text = format!(
        "Proposed by `weir learn` from what was recorded in {}. Nothing is declared by it: \
         keep what is needed, fill in what is empty, and add what `weir check` then asks for.",
        answer.period
    );
    comment("# ", &text, out)?;
    if answer.allowlists.is_none() {
        let text = "No allowlists were given: what a product may not declare and third \
                    countries are not marked (--allowlists).";
        comment("# ", text, out)?;
    }
    for why in &answer.incomplete {
        comment(
            "# ",
            &format!("What is not recorded is not proposed: {why}."),
            out,
        )?;
    }
    if answer.proposals.is_empty() {
        comment("# ", "There is nothing to propose.", out)?;
    }
    Ok(())
}

/// What a person decides by.
fn facts(draft: &Draft, out: &mut String) -> fmt::Result {
    let Proposal { facts, .. } = &draft.proposal;
    comment("\n# ", &title(&draft.proposal), out)?;
    let mut line = |text: &str| comment("#   ", text, out);
    if facts.third_country {
        line("THIRD COUNTRY: every source places it outside the platform's home")?;
    }
    if let Some(reason) = &draft.refused {
        line(&format!("no entry is proposed: {reason}"))?;
    }
    let verdicts: Vec<&str> = facts
        .verdicts
        .iter()
        .map(|verdict| verdict.label())
        .collect();
    line(&format!(
        "{}: {}, {} sent, {} received",
        verdicts.join(", "),
        flows(facts.flows),
        bytes(facts.counters.egress_bytes),
        bytes(facts.counters.ingress_bytes)
    ))?;
    let names = facts.names.known.iter();
    let names = names.map(|(name, grade)| format!("{name} ({grade})"));
    line(&format!("names: {}", list(names, facts.names.more)))?;
    line(&format!("addresses: {}", few(&facts.addresses)))?;
    line(&format!("hosted in: {}", few(&facts.hosted_in)))?;
    if !facts.operators.known.is_empty() {
        line(&format!("announced by: {}", few(&facts.operators)))?;
    }
    line(&format!("operator: {}", few(&facts.domicile)))?;
    line(&format!("workloads: {}", few(&facts.workloads)))?;
    line(&format!(
        "seen: {} to {}",
        facts.first_seen.strftime("%F %T"),
        facts.last_seen.strftime("%F %T UTC")
    ))?;
    for reason in facts.entries.values() {
        line(&format!("there is an entry: {reason}"))?;
    }
    Ok(())
}

/// `api.provider.example:443/tcp`, for each protocol and the first ports.
fn title(proposal: &Proposal) -> String {
    let to = proposal.who.to();
    let mut ports: Vec<u16> = proposal.ports.iter().copied().take(4).collect();
    let more = proposal.ports.len() > ports.len();
    if ports.is_empty() {
        ports.push(0);
    }
    let each = proposal.protocols.iter().flat_map(|protocol| {
        let one = |port| endpoint(&to, port, *protocol, proposal.direction);
        ports.iter().copied().map(one).collect::<Vec<_>>()
    });
    list(each, more)
}

fn tail(answer: &Answer<'_>, out: &mut String) -> fmt::Result {
    if !answer.unclaimed.is_empty() {
        let text = "No one product claims these workloads; an entry needs a [[workload]] first:";
        comment("\n# ", text, out)?;
    }
    for one in &answer.unclaimed {
        let text = format!(
            "{}: {}, {} sent",
            one.workload,
            flows(one.flows),
            bytes(one.counters.egress_bytes)
        );
        comment("#   ", &text, out)?;
    }
    let rest = [
        (
            answer.without_destination,
            "have no destination in the record",
        ),
        (answer.folded, "would need more proposals than are made"),
    ];
    for (folded, what) in rest {
        if folded.intervals > 0 {
            let sent = bytes(folded.counters.egress_bytes);
            let text = format!(
                "{} intervals of flows, {sent} sent, {what}.",
                folded.intervals
            );
            comment("\n# ", &text, out)?;
        }
    }
    Ok(())
}

fn few<T: Display>(few: &Few<T>) -> String {
    list(few.known.iter().map(ToString::to_string), few.more)
}

fn list(texts: impl Iterator<Item = String>, more: bool) -> String {
    let mut texts: Vec<String> = texts.collect();
    if texts.is_empty() {
        texts.push("none".to_owned());
    }
    if more {
        texts.push("and more".to_owned());
    }
    texts.join(", ")
}

/// A comment within [`WIDTH`] columns, except where one word is longer. Nothing in it ends
/// the comment: control characters are escaped.
fn comment(before: &str, text: &str, out: &mut String) -> fmt::Result {
    let width = |text: &str| text.chars().count();
    let next = before.trim_start_matches('\n');
    // Facts hang by two columns; sentences do not.
    let hang = if next == "#   " { "  " } else { "" };
    let mut column = width(next);
    out.write_str(before)?;
    let mut first = true;
    for word in harmless(text).split(' ') {
        if !first && column + 1 + width(word) > WIDTH {
            write!(out, "\n{next}{hang}")?;
            column = width(next) + hang.len();
        } else if !first {
            out.write_char(' ')?;
            column += 1;
        }
        out.write_str(word)?;
        column += width(word);
        first = false;
    }
    out.write_char('\n')
}
