//! Two months of the demo's world, as its operator and a reviewer have them.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anstream::{eprintln, println};
use anyhow::{Context, Result, ensure};
use jiff::Timestamp;

use super::{
    Outcome, Progress, allowlists,
    play::{IMAGE, LLM, act},
};
use crate::{
    agent::{Agent, Settings},
    container::{Image, Storage},
    evidence,
    stage::{Stage, ended_well},
    tool,
};

/// The clock of the host when the agent is born, when the next one adopts its recording, and
/// when everything is unloaded.
const BIRTH: &str = "2026-10-31T23:59:42Z";
const ADOPTION: &str = "2026-11-30T23:59:42Z";
const END: &str = "2026-12-01T00:05:00Z";

/// What is left of two months.
#[derive(Clone, Debug)]
pub struct Months {
    /// The ledger, until the stage is dropped.
    pub store: PathBuf,
    /// The bundle that the daemon wrote of October.
    pub october: PathBuf,
    /// The bundle that the daemon wrote of November.
    pub november: PathBuf,
    /// The node's public key in PEM, which a reviewer has by another way than a bundle.
    pub key: PathBuf,
}

/// Plays two months and leaves bundles, key and reports in a directory.
///
/// # Errors
/// The world cannot be built, an agent does not run, no bundle comes, or Ctrl-C.
pub fn months(out: &Path) -> Result<Outcome> {
    let progress = Progress::start()?;
    eprintln!("Playing the last minute of October 2026, and of November, on a host of its own:");
    let stage = progress.step("two hosts on a wire without a way out", Stage::new)?;
    let months = play_months(&progress, &stage, out)?;
    let mut outcome = Outcome::AsExpected;
    let mut said = String::new();
    for (bundle, previous) in [
        (&months.october, None),
        (&months.november, Some(&months.october)),
    ] {
        let own = progress.step("weir evidence verify", || verify(&months, bundle, previous))?;
        let script = progress.step("verify.py of the bundle", || {
            evidence::verify(bundle, previous)
        })?;
        // Most of either month no agent saw: nothing is wrong, and not everything was examined.
        if (own.0, script.0) != (Some(12), Some(12)) {
            outcome = Outcome::Otherwise;
        }
        said = own.1;
        report(bundle)?;
    }
    drop(stage);
    println!("\nWhat `weir evidence verify` says of November:\n\n{said}");
    println!("Left in {}:\n", out.display());
    for path in left(out)? {
        println!("    {path}");
    }
    Ok(outcome)
}

/// Plays two months on a stage; bundles and key are then in `out`.
///
/// The agent is born in the last seconds of October, so that October is whole from its birth
/// on. In November it ends, the kernel goes on counting, and another agent adopts the
/// recording in the last seconds of November.
///
/// # Errors
/// An agent does not run or says otherwise than expected, or no bundle comes.
pub fn play_months(progress: &Progress, stage: &Stage, out: &Path) -> Result<Months> {
    fs::create_dir_all(out).with_context(|| format!("make {}", out.display()))?;
    remove_bundles(out)?;
    let image = progress.step("image for the container", || {
        Image::import(&stage.run, &stage.slice, Storage::Host)
    })?;
    let settings = Settings {
        allowlists: allowlists(stage)?,
        ..stage.pinned_settings()?
    };
    let first = progress.step("the agent, in the last seconds of October", || {
        stage.agent_with(&at(&settings, BIRTH, out)?)
    })?;
    act(progress, stage, &image, &first)?;
    progress.step("somebody acknowledges what that opened", || {
        acknowledge(&first, &settings)
    })?;
    let october = progress.step("October is over: the daemon writes its bundle", || {
        evidence::wait_for(out, "2026-10")
    })?;
    progress.step("image-worker.service keeps to what is declared", || {
        send(stage, IMAGE, "198.51.100.9:443", 70_000)
    })?;
    progress.step("the agent ends; the kernel goes on counting", || {
        ended_well(&first.stop()?)?;
        send(stage, IMAGE, "198.51.100.9:443", 900)
    })?;
    let second = progress.step(
        "another adopts the recording, at the end of November",
        || {
            let second = stage.agent_with(&at(&settings, ADOPTION, out)?)?;
            ensure!(second.started().adopted, "nothing was adopted");
            Ok(second)
        },
    )?;
    progress.step("llm-inference.service asks somebody outside", || {
        send(stage, LLM, "203.0.113.9:443", 4_000)
    })?;
    let november = progress.step("November is over: the daemon writes its bundle", || {
        evidence::wait_for(out, "2026-11")
    })?;
    progress.step("the agent ends, and everything is unloaded", || {
        let ended = second.stop()?;
        ensure!(ended.code == Some(0), "{}", ended.stderr);
        unload(stage, &at(&settings, END, out)?)
    })?;
    let key = out.join("node.pem");
    let store = settings.store.to_string_lossy().into_owned();
    let said = evidence::weir_evidence(&["key", "--store", &store])?;
    ensure!(said.0 == Some(0), "{}", said.2);
    fs::write(&key, said.1).context("write the key")?;
    Ok(Months {
        store: settings.store,
        october,
        november,
        key,
    })
}

/// As `settings`, on a host whose clock stands there, with bundles written to `out`.
fn at(settings: &Settings, clock: &str, out: &Path) -> Result<Settings> {
    let out = out.to_string_lossy().into_owned();
    // The library that sets the clock shares a semaphore with what the agent starts, in a
    // directory that a confined agent has no use for.
    let extra = [
        "--evidence-dir",
        &out,
        "--quiet-time",
        "20s",
        "--confine",
        "off",
    ];
    Ok(Settings {
        time: Some(clock.parse::<Timestamp>()?),
        extra: extra.map(str::to_owned).into(),
        ..settings.clone()
    })
}

fn send(stage: &Stage, unit: &str, to: &str, bytes: u64) -> Result<()> {
    let unit = stage.unit(unit)?;
    unit.traffic(&stage.app, &format!("tcp --to {to} --bytes {bytes}"))
        .map(drop)
}

/// Acknowledges the finding that calls somebody at night.
fn acknowledge(agent: &Agent, settings: &Settings) -> Result<()> {
    let page = agent.wait_for_finding("opened", |one| one.severity == "page")?;
    let program = tool::sibling("XTASK_AGENT", "weir")?;
    let (store, runtime) = (&settings.store, &settings.runtime_dir);
    let words = [
        "ack".as_ref(),
        page.id.as_ref(),
        "--reason".as_ref(),
        "DEMO-1: the operator of the image workers was told".as_ref(),
        "--until".as_ref(),
        "2026-11-15".as_ref(),
        "--by".as_ref(),
        "on call".as_ref(),
        "--store".as_ref(),
        store.as_os_str(),
        "--runtime-dir".as_ref(),
        runtime.as_os_str(),
    ];
    tool::tool(&program.to_string_lossy(), &words).map(drop)
}

/// Drains and ends the recording; nothing is left pinned.
fn unload(stage: &Stage, settings: &Settings) -> Result<()> {
    let settings = Settings {
        extra: vec!["--unload".into()],
        ..settings.clone()
    };
    let ended = stage.agent_with(&settings)?.ended()?;
    ensure!(ended.code == Some(0), "{}", ended.stderr);
    ensure!(!Path::new(&settings.pin).exists(), "pins are left");
    Ok(())
}

fn verify(months: &Months, bundle: &Path, previous: Option<&PathBuf>) -> Result<tool::Said> {
    let [bundle, key] = [bundle, &months.key].map(|path| path.to_string_lossy());
    let mut words = vec!["verify", &*bundle, "--trust", &*key];
    let previous = previous.map(|previous| previous.to_string_lossy());
    if let Some(previous) = &previous {
        words.extend(["--previous", &**previous]);
    }
    evidence::weir_evidence(&words)
}

/// Takes the report out of a bundle, into a directory of its month.
fn report(bundle: &Path) -> Result<()> {
    let name = bundle.file_stem().unwrap_or_default().to_string_lossy();
    let month = name.get(name.len().saturating_sub(7)..).unwrap_or(&name);
    let directory = bundle.with_file_name(month);
    fs::create_dir_all(&directory)?;
    let page = evidence::member(bundle, "report.html")?;
    fs::write(directory.join("report.html"), page).context("write the report")
}

/// Files in a directory and in those of it, with their sizes.
fn left(out: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for month in ["", "2026-10", "2026-11"] {
        for entry in fs::read_dir(out.join(month))? {
            let entry = entry?;
            let data = entry.metadata()?;
            if data.is_file() {
                let name = Path::new(month).join(entry.file_name());
                lines.push(format!("{:>9} bytes  {}", data.len(), name.display()));
            }
        }
    }
    lines.sort_by(|a, b| a[17..].cmp(&b[17..]));
    Ok(lines)
}

/// Removes bundles of an earlier play: one that is there would not be written again.
fn remove_bundles(out: &Path) -> Result<()> {
    for entry in fs::read_dir(out)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let of_month = |month| name.ends_with(&format!("-2026-{month}.tar"));
        if name.starts_with("weir-") && (of_month("10") || of_month("11")) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
