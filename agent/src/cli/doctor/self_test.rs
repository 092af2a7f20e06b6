//! `weir doctor --self-test`: is each way out recorded as it was sent?

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anstyle::{AnsiColor, Style};
use anyhow::bail;
use serde::Serialize;

use super::{DoctorArgs, UNFIT};
use crate::{
    canary::{Attempt, Outcome, Proof, prove},
    cli::{check::CheckFormat, run::hook},
    kernel::{Capture, CaptureOptions, CgroupDirectory, Found, Pins, find_cgroup_root, preflight},
};

/// As `weir run` counts by default.
const FLOWS: u32 = 131_071;

#[derive(Serialize)]
struct Answer<'a> {
    recording: &'a str,
    ways: &'a [Proof],
}

/// Runs the canary and prints what became of each way.
///
/// # Errors
/// If it cannot be run, or the answer cannot be written; a way that fails is
/// exit code 5, no error.
pub(super) fn run(args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    if let Err(unfit) = preflight() {
        anstream::eprintln!("weir: {unfit}");
        return Ok(ExitCode::from(UNFIT));
    }
    let root = CgroupDirectory::open(&find_cgroup_root()?)?;
    let (capture, recording) = capture(args, &root)?;
    let mut attempt = Attempt::new(&root)?;
    let sent = attempt.play(&capture.uplink_program()?)?;
    let ways = prove(&capture, attempt.cgroup(), &sent)?;
    drop(attempt);
    match args.format {
        CheckFormat::Json => {
            let recording = &recording;
            let answer = Answer {
                recording,
                ways: &ways,
            };
            writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
        }
        CheckFormat::Text => print(&recording, &ways)?,
    }
    Ok(if ways.iter().all(Proof::holds) {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(UNFIT)
    })
}

/// The recording at work, or one made for this, which ends with it.
fn capture(args: &DoctorArgs, root: &CgroupDirectory) -> anyhow::Result<(Capture, String)> {
    let options = CaptureOptions {
        max_flows: FLOWS,
        program_stats: false,
        uplink_hook: hook(args.uplink_hook),
    };
    let pins = args.pin.clone().map(Pins::at).or_else(Pins::mounted);
    if let Some(pins) = pins {
        let at = format!("the recording at {}", pins.current().display());
        match Capture::find(&pins, options)? {
            Found::Same(capture) | Found::Other(capture, _) => return Ok((capture, at)),
            Found::Foreign(why) => bail!("{at} cannot be read ({why}): start this agent first"),
            Found::Nothing if args.pin.is_some() => bail!("there is no recording at work: {at}"),
            Found::Nothing => {}
        }
    }
    let made = Capture::start(root, options, None)?;
    Ok((made, "a recording made for this".to_owned()))
}

fn print(recording: &str, ways: &[Proof]) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    writeln!(out, "Tried on {recording}.\n")?;
    writeln!(
        out,
        "{:<20} {:>8} {:>8} {:>8}  RESULT",
        "WAY", "SENT", "SOCKETS", "UPLINK"
    )?;
    for one in ways {
        let (word, colour, detail) = match &one.outcome {
            Outcome::Recorded => ("recorded", AnsiColor::Green, None),
            Outcome::Missed(how) => ("MISSED", AnsiColor::Red, Some(how)),
            Outcome::Absent(why) => ("absent", AnsiColor::Green, Some(why)),
            Outcome::Failed(why) => ("NOT SENT", AnsiColor::Red, Some(why)),
        };
        let style = Style::new().fg_color(Some(colour.into()));
        writeln!(
            out,
            "{:<20} {:>8} {:>8} {:>8}  {style}{word}{style:#}",
            one.way, one.sent, one.sockets, one.uplink
        )?;
        if let Some(detail) = detail {
            writeln!(out, "    {detail}")?;
        }
    }
    writeln!(
        out,
        "\nIP bytes; of TCP the payload was sent, and headers are recorded too."
    )
}
