//! Takes the record entry by entry.

use jiff::Timestamp;

use super::{
    Account, Policies,
    coverage::{Parts, Union},
    databases, declared, findings, flows, providers, record,
    silence::Silence,
};
use crate::{
    claim::Evaluation,
    history::{MOST_GAPS, Reader, Span},
    ledger::Entry,
};

/// An account in the making.
#[derive(Debug)]
pub struct Builder<'p> {
    span: Span,
    policies: &'p Policies,
    node: Option<String>,
    /// When the first entry was written, whatever it is.
    first: Option<Timestamp>,
    reader: Reader,
    evaluation: Option<Evaluation<'p>>,
    flows: flows::Gathered,
    providers: providers::Gathered,
    declared: declared::Gathered,
    findings: findings::Gathered,
    databases: databases::Gathered,
    facts: record::Gathered,
    silence: Silence,
    gaps: Union,
}

impl<'p> Builder<'p> {
    pub(super) fn new(span: Span, policies: &'p Policies) -> Self {
        let own = policies.own();
        let evaluation = own
            .claims()
            .map(|claims| Evaluation::new(own, claims, span).by(policies.judging()));
        Self {
            span,
            policies,
            node: None,
            first: None,
            reader: Reader::new(span),
            evaluation,
            flows: flows::Gathered::default(),
            providers: providers::Gathered::default(),
            declared: declared::Gathered::default(),
            findings: findings::Gathered::default(),
            databases: databases::Gathered::default(),
            facts: record::Gathered::default(),
            silence: Silence::default(),
            gaps: Union::default(),
        }
    }

    /// Takes the next entry, of the period or not. Those before the period say what was
    /// in force when it began; those after it close it, and may tell of gaps.
    pub fn take(&mut self, time: Timestamp, entry: &Entry) {
        let span = self.span;
        self.first = self.first.or(Some(time));
        if let Entry::NodeKey { node, .. } = entry {
            self.node = Some(node.clone());
        }
        self.silence.take(&span, time, entry);
        self.facts.take(&span, time, entry);
        self.findings.take(&span, time, entry);
        self.databases.take(&span, time, entry);
        if let Entry::Gap(gap) = entry
            && span.touches(gap.from, gap.to)
        {
            self.gaps.add(&span, gap.from, gap.to);
            self.facts.lost(&gap.losses);
        }
        let Some(interval) = self.reader.take(time, entry) else {
            return;
        };
        if span.contains(time) {
            self.flows.add(&interval);
            self.providers.add(&interval);
            self.declared.add(&interval);
            if let Some(evaluation) = &mut self.evaluation {
                evaluation.take(&interval);
            }
        }
    }

    /// The account, once every entry is taken.
    pub fn finish(self) -> Account<'p> {
        let span = self.span;
        let mut reading = self.reader.reading;
        let mut gaps = self.gaps;
        for silence in self.silence.finish(&gaps.merged()) {
            gaps.add(&span, silence.from, silence.to);
            if reading.gaps.len() < MOST_GAPS {
                reading.gaps.push(silence);
            } else {
                reading.more_gaps += 1;
            }
        }
        let parts = Parts {
            span,
            record: self.first.zip(reading.record_to),
            union: gaps,
            gaps: &reading.gaps,
            more_gaps: reading.more_gaps,
        };
        let coverage = parts.coverage();
        let (flows, products) = self.flows.finish(self.policies);
        Account {
            span,
            node: self.node,
            policies: self.policies,
            coverage,
            products,
            flows,
            providers: self.providers.finish(),
            declared: self.declared.finish(self.policies, span),
            findings: self.findings.finish(&span),
            gaps: reading.gaps.clone(),
            more_gaps: reading.more_gaps,
            starts: reading.starts.clone(),
            stops: reading.stops.clone(),
            databases: self.databases.finish(),
            facts: self.facts.finish(&span),
            claims: self.evaluation.map(|one| one.finish(reading)),
        }
    }
}
