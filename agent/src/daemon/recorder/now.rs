//! What is so now, for somebody who looks: a part of the flows in each turn of the loop.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::Recorder;
use crate::{
    attribution::Host,
    canary::Proof,
    control::Answer,
    coverage::Gap,
    daemon::{Failure, open_flow::OpenFlow, pipeline::today},
    finding::{Finding, Jurisdiction, Severity},
    kernel::Clock,
    naming::Name,
    now::{
        AllowlistsNow, Chosen, DatabaseNow, DestinationRow, EvidenceNow, FindingRow, FlowNow,
        GapsNow, Gathering, Health, List, MOST_OF_SENTENCE, MOST_OF_TEXT, Seen, SelfTestNow,
        Snapshot, Sum, VERSION, Wanted, cut,
    },
    record::{Counters, FlowId, Scope},
};

/// Flows that are looked at in a turn: about as long as a part of a sweep.
const FLOWS_AT_ONCE: usize = 4096;
/// Gaps that are remembered one by one.
const GAPS: usize = 20;
/// Findings that are shown.
const FINDINGS: usize = 100;

/// What is remembered for those who look.
#[derive(Debug, Default)]
pub(in crate::daemon) struct Remembered {
    gaps: VecDeque<Gap>,
    by_reason: BTreeMap<&'static str, u64>,
    /// Milliseconds that gaps touch, and until when that is counted.
    touched_ms: u64,
    until: Option<Timestamp>,
    self_test: Option<SelfTestNow>,
    proven: Option<Timestamp>,
    heartbeat: Option<Timestamp>,
    /// What flows of each product have carried that have ended.
    ended: BTreeMap<Option<String>, Counters>,
}

impl Remembered {
    pub(super) fn gap(&mut self, gap: &Gap, began: Timestamp) {
        *self.by_reason.entry(gap.reason.label()).or_default() += 1;
        let from = gap.from.max(self.until.unwrap_or(began)).max(began);
        let touched = gap.to.duration_since(from).as_millis();
        self.touched_ms += u64::try_from(touched).unwrap_or(0);
        self.until = Some(self.until.map_or(gap.to, |until| until.max(gap.to)));
        self.gaps.push_front(Gap {
            detail: cut(&gap.detail, MOST_OF_SENTENCE),
            ..gap.clone()
        });
        self.gaps.truncate(GAPS);
    }

    pub(super) fn self_test(&mut self, ways: &[Proof], now: Timestamp) {
        let tested = SelfTestNow {
            time: now,
            ways: ways.to_vec(),
        };
        if tested.holds() {
            self.proven = Some(now);
        }
        self.self_test = Some(tested);
    }

    pub(super) fn beat(&mut self, now: Timestamp) {
        self.heartbeat = Some(now);
    }

    pub(super) fn ended(&mut self, product: Option<&String>, counters: Counters) {
        match self.ended.get_mut(&product.cloned()) {
            Some(sum) => *sum = *sum + counters,
            None => drop(self.ended.insert(product.cloned(), counters)),
        }
    }
}

/// A snapshot that is being made, and which flows were not looked at yet.
pub(in crate::daemon) struct Look {
    gathering: Gathering,
    clock: Clock,
    left: Vec<FlowId>,
}

impl Recorder<'_> {
    /// Begins to look.
    pub(in crate::daemon) fn look(&self, wanted: Wanted) -> Result<Look, Failure> {
        Ok(Look {
            gathering: Gathering::new(wanted),
            clock: Clock::read().map_err(Failure::Clock)?,
            left: self.open.keys().copied().collect(),
        })
    }

    /// Looks at some more flows; whether there are any left.
    pub(in crate::daemon) fn look_on(&self, look: &mut Look) -> bool {
        let boot_ns = look.clock.boot_ns();
        let some = look.left.len().saturating_sub(FLOWS_AT_ONCE);
        for flow in look.left.drain(some..) {
            // It may have ended in between.
            if let Some(open) = self.open.get(&flow) {
                look.gathering.take(&Seen {
                    flow,
                    judged: &open.judged,
                    own: open.own_counters(),
                    rate: open.pace.rate(boot_ns),
                });
            }
        }
        !look.left.is_empty()
    }

    /// Puts together what was looked at. Where bundles are is for the caller to say.
    pub(in crate::daemon) fn looked(&self, look: Look) -> Result<Snapshot, Failure> {
        let Look {
            mut gathering,
            clock,
            ..
        } = look;
        for (product, counters) in &self.remembered.ended {
            gathering.ended(product.as_deref(), *counters);
        }
        for product in self.pipeline.policy().products() {
            gathering.known(product.name());
        }
        let chosen = gathering.chosen();
        let destinations = self.destinations(&chosen, &clock);
        let mut findings = BTreeMap::new();
        for one in self.findings.open() {
            *findings.entry(one.key.product.clone()).or_insert(0) += 1;
        }
        let (total, verdicts) = gathering.totals();
        Ok(Snapshot {
            version: VERSION,
            time: clock.now(),
            host: Host::read().name().map(ToString::to_string),
            agent: env!("CARGO_PKG_VERSION").to_owned(),
            since: self.began.now(),
            wanted: gathering.wanted().clone(),
            total,
            verdicts,
            products: gathering.products(&findings),
            workloads: gathering.workloads(),
            destinations,
            findings: self.finding_rows(),
            health: self.health(&clock)?,
        })
    }

    /// All that is known of an open flow.
    pub(in crate::daemon) fn flow_now(&self, flow: FlowId) -> Result<Answer, Failure> {
        let Some(open) = self.open.get(&flow) else {
            return Ok(Answer::Ended);
        };
        let clock = Clock::read().map_err(Failure::Clock)?;
        let record = &open.judged.flow.flow.flow.record;
        Ok(Answer::Flow(Box::new(FlowNow {
            time: clock.now(),
            seen: (
                clock.time_of(record.first_ns),
                clock.time_of(record.last_ns),
            ),
            recording: self.recording.clone(),
            allowlists: self.pipeline.policy_digest().to_owned(),
            judged: open.judged.clone(),
        })))
    }

    fn destinations(&self, chosen: &Chosen, clock: &Clock) -> List<DestinationRow> {
        let rows = chosen
            .flows
            .iter()
            .filter_map(|flow| Some(self.destination(*flow, self.open.get(flow)?, clock)));
        let rows: Vec<_> = rows.collect();
        let mut shown = Sum::default();
        for row in &rows {
            shown += row.sum;
        }
        let rest = Sum {
            flows: chosen.more,
            sent: chosen.all.sent.saturating_sub(shown.sent),
            received: chosen.all.received.saturating_sub(shown.received),
            rate: crate::now::Rate {
                sent: chosen.all.rate.sent.saturating_sub(shown.rate.sent),
                received: chosen.all.rate.received.saturating_sub(shown.rate.received),
            },
        };
        List {
            rows,
            more: chosen.more,
            rest: if chosen.more == 0 {
                Sum::default()
            } else {
                rest
            },
        }
    }

    fn destination(&self, flow: FlowId, open: &OpenFlow, clock: &Clock) -> DestinationRow {
        let judged = &open.judged;
        let named = &judged.flow.flow;
        let record = &named.flow.record;
        let best = named.names.names.iter().max_by_key(|name| name.grade);
        let one = matches!(record.scope, Scope::Exact | Scope::Unseen);
        let text = |text: &str| cut(text, MOST_OF_TEXT);
        let operator = judged.flow.operator_domicile.provider.as_deref();
        let system = judged.flow.place.operator.value.as_ref();
        DestinationRow {
            flow,
            workload: text(&named.flow.workload.name),
            product: judged.product.as_deref().map(text),
            name: best.map(|name: &Name| name.name.to_string()),
            grade: best.map(|name| name.grade),
            more_names: named.names.names.len().saturating_sub(1) as u64,
            scope: record.scope,
            address: one.then_some(record.address),
            port: record.port,
            protocol: record.protocol.to_string(),
            direction: record.direction,
            hosted_in: Jurisdiction::of(&judged.flow),
            third_country: self.pipeline.third_country(judged, clock),
            operator: operator
                .map(text)
                .or_else(|| system.map(|system| text(&system.to_string()))),
            domicile: judged.flow.operator_domicile.country,
            verdict: judged.verdict,
            rule: judged.rule.as_deref().map(text),
            first_seen: clock.time_of(record.first_ns),
            last_seen: clock.time_of(record.last_ns),
            sum: Sum {
                flows: 1,
                sent: record.counters.egress_bytes,
                received: record.counters.ingress_bytes,
                rate: open.pace.rate(clock.boot_ns()),
            },
        }
    }

    /// Pages that nobody knows of come first, then other pages, then tickets.
    fn finding_rows(&self) -> List<FindingRow> {
        let mut all: Vec<(&Finding, bool)> = self
            .findings
            .open()
            .map(|one| (one, self.acknowledged.of(one).is_some()))
            .collect();
        all.sort_by_key(|(one, known)| {
            let page = one.severity == Severity::Page;
            (!page, *known, std::cmp::Reverse(one.last_seen), one.id)
        });
        let row = |one: &Finding| FindingRow {
            finding: Finding {
                detail: cut(&one.detail, MOST_OF_SENTENCE),
                ..one.clone()
            },
            acknowledged: self.acknowledged.of(one).cloned(),
        };
        let mut list = List::default();
        for (one, _) in all {
            if list.rows.len() < FINDINGS {
                list.rows.push(row(one));
            } else {
                list.more += 1;
                list.rest.flows = list.rest.flows.saturating_add(one.flows);
                list.rest.sent = list.rest.sent.saturating_add(one.egress_bytes);
            }
        }
        list
    }

    fn health(&self, clock: &Clock) -> Result<Health, Failure> {
        let known = &self.remembered;
        let of = clock.since(&self.began).as_millis();
        let today = today(clock);
        let databases = self.pipeline.databases().describe().map(|one| DatabaseNow {
            name: cut(&one.name, MOST_OF_TEXT),
            kind: cut(&one.kind, MOST_OF_TEXT),
            built: one.built_on(),
            too_old: one.too_old(today),
        });
        let policy = self.pipeline.policy();
        Ok(Health {
            gaps: GapsNow {
                by_reason: known
                    .by_reason
                    .iter()
                    .map(|(reason, count)| ((*reason).to_owned(), *count))
                    .collect(),
                touched_ms: known.touched_ms,
                of_ms: u64::try_from(of).unwrap_or(u64::MAX),
                last: known.gaps.iter().cloned().collect(),
            },
            losses: self.lost()?,
            balance: self.uplink.sums(),
            self_test: known.self_test.clone(),
            proven: known.proven,
            heartbeat: known.heartbeat,
            entries: self.ledger.seq(),
            evidence: EvidenceNow::default(),
            databases: databases.collect(),
            allowlists: AllowlistsNow {
                digest: policy.digest().to_owned(),
                products: policy.products().count() as u64,
                entries: policy.entry_count() as u64,
                refused: self.refused_set.clone(),
            },
        })
    }
}
