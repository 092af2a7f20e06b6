//! From a description to what the stages before the verdict would give.

use std::{net::IpAddr, sync::Arc};

use jiff::{Timestamp, civil::Date};

use super::Description;
use crate::{
    attribution::Attributed,
    jurisdiction::{Agreement, Answers, Located, Operator, Place, Providers, SourceAnswer},
    naming::{DomainName, Ech, Grade, Missing, Name, Named, Names, Source, Transport},
    record::{CgroupId, Counters, Direction, FlowId, FlowRecord, Process, Scope},
};

/// Name of the source of everything that a description says.
pub const DESCRIBED: &str = "description";

const NOT_SAID: &str = "the description does not say";

impl Description {
    /// The flow as of a time, with its operator's legal home looked up as for any other.
    pub fn located(&self, providers: &Providers, time: Timestamp, day: Date) -> Located {
        let workload = self.workload.workload();
        let executable = self.workload.executable();
        let comm = workload.name.chars().take(15).collect();
        let process = self.workload.uid().map(|uid| Process {
            pid: 0,
            uid,
            comm,
            start_ns: 0,
        });
        let record = FlowRecord {
            id: FlowId(0),
            scope: Scope::Exact,
            cgroup: CgroupId(0),
            netns: None,
            address: self.address,
            port: self.port,
            protocol: self.protocol,
            forwarded_from: None,
            direction: self.direction,
            process,
            first_ns: 0,
            last_ns: 0,
            attempts: 0,
            counters: Counters::default(),
        };
        let flow = Named {
            flow: Attributed {
                record,
                workload: Arc::new(workload),
                executable,
            },
            names: self.names(time),
        };
        Located::at(flow, Arc::new(self.place()), providers, day)
    }

    fn names(&self, time: Timestamp) -> Names {
        if self.names.is_empty() {
            return Names::none(match self.direction {
                Direction::Outbound => Missing::NoneSeen,
                Direction::Inbound => Missing::NotSought,
            });
        }
        let names = self.names.iter();
        let mut names: Vec<Name> = names
            .map(|(name, grade)| graded(name, *grade, time))
            .collect();
        names.sort();
        names.dedup();
        Names {
            names,
            missing: None,
        }
    }

    fn place(&self) -> Place {
        Place {
            hosted_in: answer(self.hosted_in),
            registered_in: answer(None),
            operator: answer(self.asn.map(|asn| Operator {
                asn,
                organisation: None,
            })),
            anycast: answer(self.anycast),
        }
    }
}

/// A name as it would have been heard, but that nobody in particular said it.
fn graded(name: &DomainName, grade: Grade, time: Timestamp) -> Name {
    let source = match grade {
        Grade::Presented => Source::Tls {
            alpn: Vec::new(),
            ech: Ech::Absent,
        },
        Grade::Answered | Grade::AnsweredUntrusted => Source::Dns {
            resolver: IpAddr::from([0, 0, 0, 0]),
            transport: Transport::Udp,
            served_by: None,
            asked_by: None,
        },
    };
    let doubt = (grade == Grade::AnsweredUntrusted).then(|| "so described".to_owned());
    Name {
        name: name.clone(),
        grade,
        aliases: Vec::new(),
        source,
        time,
        doubt,
    }
}

/// What one source says, the description.
fn answer<T: Clone>(value: Option<T>) -> Answers<T> {
    match value {
        Some(value) => Answers {
            value: Some(value.clone()),
            agreement: Agreement::Unanimous,
            sources: vec![SourceAnswer {
                source: Arc::from(DESCRIBED),
                value: Some(value),
                prefix: None,
                note: None,
            }],
            reason: None,
        },
        None => Answers::unknown(NOT_SAID),
    }
}
