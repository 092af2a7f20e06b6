//! Shows what the recorder has to say, as long as somebody looks.

use std::{collections::HashSet, io};

use super::Recorder;
use crate::{
    kernel::Clock,
    output::{Display, FlowEvent, Shown},
    record::{Direction, FlowId},
    verdict::Judged,
};

impl Recorder<'_> {
    pub(super) fn show_flow(&mut self, id: FlowId, event: FlowEvent, clock: &Clock) {
        let (Some(open), Some(display)) = (self.open.get(&id), self.display.as_deref_mut()) else {
            return;
        };
        let third_country = self.pipeline.third_country(&open.judged, clock);
        let relay = is_relay(&self.relays, &open.judged);
        let written = display.flow(&shown(event, clock, &open.judged, (third_country, relay)));
        self.written(written);
    }

    pub(super) fn show(&mut self, say: impl FnOnce(&mut dyn Display) -> io::Result<()>) {
        if let Some(display) = self.display.as_deref_mut() {
            let written = say(display);
            self.written(written);
        }
    }

    /// Recording goes on when nobody looks any more.
    pub(super) fn written(&mut self, written: io::Result<()>) {
        if let Err(error) = written {
            tracing::warn!(%error, "the display is gone; recording goes on without it");
            self.display = None;
        }
    }
}

pub(super) fn shown<'a>(
    event: FlowEvent,
    clock: &Clock,
    judged: &'a Judged,
    (third_country, relay): (Option<bool>, bool),
) -> Shown<'a> {
    let record = &judged.flow.flow.flow.record;
    let seen = (
        clock.time_of(record.first_ns),
        clock.time_of(record.last_ns),
    );
    Shown {
        event,
        time: clock.now(),
        seen,
        judged,
        third_country,
        relay,
    }
}

/// Whether a flow goes out from a workload that serves others on this host.
pub(super) fn is_relay(relays: &HashSet<u64>, judged: &Judged) -> bool {
    let record = &judged.flow.flow.flow.record;
    record.direction == Direction::Outbound
        && !record.address.is_loopback()
        && relays.contains(&record.cgroup.0)
}
