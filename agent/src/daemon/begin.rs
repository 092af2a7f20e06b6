//! Begins a recording, or goes on with the one that an earlier agent left at
//! work.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    Failure, Options, Pipeline,
    paths::Paths,
    recorder::{Ending, Recorder},
    uplink::UplinkSide,
};
use crate::{
    attribution::{Names, StateRoots},
    coverage::{Gap, Reason, Watch},
    jurisdiction::Databases,
    kernel::{Capture, CaptureError, CgroupDirectory, Clock, Found, Pins},
    ledger::{Ledger, Resume},
    output::Metrics,
    policy::Policy,
};

/// A recording at work, and what is to be said of its beginning.
pub(super) struct Begun {
    pub(super) capture: Capture,
    pub(super) adopted: bool,
    pub(super) gaps: Vec<Gap>,
    pub(super) ledger: Ledger,
    pub(super) resume: Resume,
}

/// Goes on with a recording if there is one that this agent would have started
/// itself. Any other is drained if this agent understands it, and replaced.
pub(super) fn begin(
    options: &Options,
    pins: Option<&Pins>,
    root: &CgroupDirectory,
    (databases, mut ledger): (&Arc<Databases>, Ledger),
) -> Result<Begun, Failure> {
    let before = ledger.last_time();
    let found = match pins {
        Some(pins) => Capture::find(pins, options.capture)?,
        None => Found::Nothing,
    };
    let replaced = match found {
        Found::Same(capture) => {
            let resume = ledger.resume(&super::recorder::recording(&capture));
            return Ok(Begun {
                capture,
                adopted: true,
                gaps: Vec::new(),
                ledger,
                resume,
            });
        }
        Found::Nothing => None,
        Found::Other(capture, why) => {
            let from = now()?;
            ledger = drain(options, capture, root, (databases, ledger))?;
            Some((from, format!("{why}; it was drained and replaced")))
        }
        Found::Foreign(why) => {
            if let Some(pins) = pins {
                pins.remove().map_err(CaptureError::from)?;
            }
            let from = before.map_or_else(now, Ok)?;
            let why = format!("{why}; what it counted since the last entry is lost");
            Some((from, why))
        }
    };
    let capture = Capture::start(root, options.capture, pins)?;
    let to = now()?;
    let gap = match (replaced, before) {
        (Some((from, why)), _) => {
            let detail = format!("a recording was found at work, but {why}");
            Some((from, Reason::Replaced, detail))
        }
        (None, Some(from)) => {
            let detail = "no recording was found at work".to_owned();
            Some((from, Reason::NotRecording, detail))
        }
        (None, None) => None,
    };
    let gaps = gap.map(|(from, reason, detail)| Gap {
        from,
        to,
        reason,
        detail,
        repaired: true,
        losses: BTreeMap::new(),
    });
    Ok(Begun {
        capture,
        adopted: false,
        gaps: gaps.into_iter().collect(),
        ledger,
        resume: Resume::default(),
    })
}

fn now() -> Result<Timestamp, Failure> {
    Ok(Clock::read().map_err(Failure::Clock)?.now())
}

/// Ends a recording and puts all that it counted into the ledger.
pub(super) fn drain(
    options: &Options,
    mut capture: Capture,
    root: &CgroupDirectory,
    (databases, ledger): (&Arc<Databases>, Ledger),
) -> Result<Ledger, Failure> {
    let clock = Clock::read().map_err(Failure::Clock)?;
    let again = |directory: &CgroupDirectory| CgroupDirectory::open(directory.path());
    let resume = ledger.resume(&super::recorder::recording(&capture));
    let watch = Watch::new(again(root)?, clock, resume.losses.clone());
    let names = Names::start(StateRoots::default()).map_err(Failure::Runtime)?;
    let paths = Paths::new(again(root)?, capture.take_cgroup_paths());
    let policy = Policy::load(&options.allowlists)?;
    let namer = super::namer(options, &policy, &capture, &clock);
    let spent = super::spent::recorded(&options.store, &policy, clock.now())?;
    let databases = Arc::clone(databases);
    let policy = (Arc::new(policy), spent);
    let pipeline = Pipeline::new(paths, names, namer, databases, policy);
    let metrics = Metrics::new(env!("CARGO_PKG_VERSION"));
    let uplink = UplinkSide::new(options.uplinks.clone(), again(root)?);
    let sides = (watch, uplink);
    let findings = ledger.open_findings()?;
    Recorder::new(capture, pipeline, (ledger, resume), sides, metrics, None)
        .with_findings(findings, options.quiet)
        .finish(Ending::Replace)
}
