//! What the sources' answers support together.

use std::{fmt::Display, net::IpAddr, sync::Arc};

use super::{
    answer::{Agreement, Answers, Operator, Place, SourceAnswer},
    country::CountryCode,
    special,
};

/// Every database's answer to every question that it speaks to.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) hosted_in: Vec<SourceAnswer<CountryCode>>,
    pub(super) registered_in: Vec<SourceAnswer<CountryCode>>,
    pub(super) operator: Vec<SourceAnswer<Operator>>,
    pub(super) anycast: Vec<SourceAnswer<bool>>,
}

/// How a question is spoken of where nobody answers it.
struct Question {
    /// What is said where no database speaks of it.
    nobody: &'static str,
    /// Completes "… is in a special-purpose block, which …"; `None` where such a
    /// block is no reason.
    of_block: Option<&'static str>,
}

const NO_COUNTRY: Option<&str> = Some("belongs to no country");

/// Puts the answers side by side and says what they support.
pub(super) fn combine(address: IpAddr, heard: Heard) -> Place {
    let hosted_in = answers(
        address,
        heard.hosted_in,
        |country| *country,
        &Question {
            nobody: "no database tells the country of hosting",
            of_block: NO_COUNTRY,
        },
    );
    let registered_in = answers(
        address,
        heard.registered_in,
        |country| *country,
        &Question {
            nobody: "no database tells the country of registration",
            of_block: NO_COUNTRY,
        },
    );
    let mut operator = answers(
        address,
        heard.operator,
        |operator| operator.asn,
        &Question {
            nobody: "no database tells the autonomous system",
            of_block: Some("no autonomous system announces"),
        },
    );
    // Sources that agree on the number need not all know the name.
    if let Some(value) = &mut operator.value
        && value.organisation.is_none()
    {
        value.organisation = operator
            .sources
            .iter()
            .filter(|source| source.note.is_none())
            .filter_map(|source| source.value.as_ref())
            .filter(|named| named.asn == value.asn)
            .find_map(|named| named.organisation.clone());
    }
    let mut anycast = answers(
        address,
        heard.anycast,
        |flag| *flag,
        &Question {
            nobody: "no database tells whether it is announced from several places",
            of_block: None,
        },
    );
    if counted(&anycast.sources).any(|flag| *flag) {
        anycast.value = Some(true);
        anycast.reason = None;
    }
    Place {
        hosted_in,
        registered_in,
        operator,
        anycast,
    }
}

/// The answers that count.
fn counted<T>(sources: &[SourceAnswer<T>]) -> impl Iterator<Item = &T> {
    sources
        .iter()
        .filter(|source| source.note.is_none())
        .filter_map(|source| source.value.as_ref())
}

fn answers<T: Clone + Display, K: PartialEq>(
    address: IpAddr,
    sources: Vec<SourceAnswer<T>>,
    key: impl Fn(&T) -> K,
    question: &Question,
) -> Answers<T> {
    let (agreement, value) = agree(&sources, key);
    let value = value.cloned();
    let reason = match agreement {
        Agreement::Unanimous | Agreement::Majority => None,
        Agreement::Disputed => {
            Some(format!("the sources disagree: {}", disagreement(&sources)).into())
        }
        // Said of nearly every address: without a copy.
        Agreement::Unknown if sources.is_empty() => Some(question.nobody.into()),
        Agreement::Unknown => Some(why_unknown(address, &sources, question).into()),
    };
    Answers {
        value,
        agreement,
        sources,
        reason,
    }
}

/// Sources are few, so that a walk for each is cheaper than a table.
fn agree<T, K: PartialEq>(
    sources: &[SourceAnswer<T>],
    key: impl Fn(&T) -> K,
) -> (Agreement, Option<&T>) {
    let said = || counted(sources);
    let votes = |value: &T| said().filter(|other| key(other) == key(value)).count();
    let answered = said().count();
    match said()
        .map(|value| (votes(value), value))
        .max_by_key(|(count, _)| *count)
    {
        None => (Agreement::Unknown, None),
        Some((count, _)) if count * 2 <= answered => (Agreement::Disputed, None),
        Some((count, value)) => {
            // The first source's wording of what most say.
            let first = said().find(|other| key(other) == key(value));
            let agreement = if count == answered {
                Agreement::Unanimous
            } else {
                Agreement::Majority
            };
            (agreement, first)
        }
    }
}

fn disagreement<T: Display>(sources: &[SourceAnswer<T>]) -> String {
    let stated = sources.iter().filter(|source| source.note.is_none());
    let stated = stated.filter_map(|source| {
        let value = source.value.as_ref()?;
        Some(format!("`{}` says {value}", source.source))
    });
    stated.collect::<Vec<_>>().join(", ")
}

fn why_unknown<T>(address: IpAddr, sources: &[SourceAnswer<T>], question: &Question) -> String {
    let notes: Vec<String> = sources
        .iter()
        .filter_map(|source| Some((&source.source, source.note.as_ref()?)))
        .map(|(source, note): (&Arc<str>, &Arc<str>)| format!("`{source}`: {note}"))
        .collect();
    // An answer that does not count says more than the block would.
    let stated = sources.iter().any(|source| source.value.is_some());
    match (special::block_of(address), question.of_block) {
        (Some(block), Some(which)) if !stated => format!("{address} is in {block}, which {which}"),
        _ if notes.is_empty() => format!("no database has an entry for {address}"),
        _ => notes.join("; "),
    }
}
