//! Questions that wait for an answer: an answer that nobody asked for says
//! nothing, whoever sends it.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    net::IpAddr,
};

use super::{
    Transport,
    wire::dns::{Answer, Question},
};
use crate::bounded::Bounded;

/// Questions remembered. Each takes about 150 bytes.
const REMEMBERED: usize = 32_768;

/// How long an answer may take, in nanoseconds; resolvers give up within seconds
/// (RFC 1035, section 4.2.1, has them ask again after 2 to 5).
const PATIENCE_NS: u64 = 60_000_000_000;

/// Different answers to one question that are told apart.
const MOST_ANSWERS: usize = 8;

/// The exchange that a message is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Exchange {
    /// Cookie of the socket that asked.
    pub(super) socket: u64,
    /// Whom.
    pub(super) resolver: IpAddr,
    /// From which port.
    pub(super) local_port: u16,
    /// How.
    pub(super) transport: Transport,
}

struct Open {
    question: Question,
    asked_ns: u64,
    /// How often it was asked: as many answers may differ, for a resolver rotates
    /// addresses.
    asked: u32,
    /// Different answers so far.
    answers: Vec<u64>,
}

/// What an answer is to what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// An answer to a question.
    First,
    /// The same once more.
    Again,
    /// Another answer than those to the question so far, and more than were asked for:
    /// somebody forges.
    Conflicting,
    /// Nobody asked.
    Unasked,
}

/// The questions that wait.
pub(super) struct Asked {
    open: Bounded<(Exchange, u16), Open>,
}

impl Asked {
    pub(super) fn new() -> Self {
        Self {
            open: Bounded::new(REMEMBERED),
        }
    }

    /// A workload asks.
    pub(super) fn ask(&mut self, exchange: Exchange, question: Question, now_ns: u64) {
        let key = (exchange, question.id);
        if let Some(open) = self.open.get_mut(&key)
            && open.question == question
            && now_ns.saturating_sub(open.asked_ns) < PATIENCE_NS
        {
            // The same once more, as resolvers do when no answer comes.
            open.asked_ns = now_ns;
            open.asked = open.asked.saturating_add(1);
            return;
        }
        let open = Open {
            question,
            asked_ns: now_ns,
            asked: 1,
            answers: Vec::new(),
        };
        self.open.insert(key, open);
    }

    /// A workload is answered.
    pub(super) fn answer(&mut self, exchange: Exchange, answer: &Answer, now_ns: u64) -> Fit {
        let key = (exchange, answer.question.id);
        let Some(open) = self.open.get_mut(&key) else {
            return Fit::Unasked;
        };
        if open.question != answer.question || now_ns.saturating_sub(open.asked_ns) >= PATIENCE_NS {
            return Fit::Unasked;
        }
        let digest = digest(answer);
        if open.answers.contains(&digest) {
            return Fit::Again;
        }
        if open.answers.len() >= MOST_ANSWERS {
            return Fit::Conflicting;
        }
        open.answers.push(digest);
        if open.answers.len() > usize::try_from(open.asked).unwrap_or(usize::MAX) {
            Fit::Conflicting
        } else {
            Fit::First
        }
    }
}

/// What an answer says, without the lifetimes, which differ between two true
/// answers.
fn digest(answer: &Answer) -> u64 {
    let mut addresses: Vec<IpAddr> = answer.addresses.iter().map(|(a, _)| *a).collect();
    addresses.sort();
    let mut hasher = DefaultHasher::new();
    (answer.rcode, answer.truncated, &answer.chain, addresses).hash(&mut hasher);
    hasher.finish()
}
