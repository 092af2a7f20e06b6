//! Builds the world, lets the products act, compares what Weir said.

use std::{net::IpAddr, path::PathBuf};

use anstream::{eprintln, println};
use anyhow::{Context, Result, bail};

use super::{Progress, table};
use crate::{
    agent::{Agent, Ended, Settings},
    claims::Claims,
    container::{self, Image, Storage},
    record::Flow,
    run,
    stage::{self, Stage},
};

/// Files of the demo's own allowlists, so that the executable needs no others.
const ALLOWLISTS: [(&str, &str); 9] = [
    (
        "platform.toml",
        include_str!("../../demo/allowlists/platform.toml"),
    ),
    (
        "jurisdictions.toml",
        include_str!("../../demo/allowlists/jurisdictions.toml"),
    ),
    (
        "llm-inference.toml",
        include_str!("../../demo/allowlists/llm-inference.toml"),
    ),
    (
        "image.toml",
        include_str!("../../demo/allowlists/image.toml"),
    ),
    (
        "video.toml",
        include_str!("../../demo/allowlists/video.toml"),
    ),
    (
        "identity.toml",
        include_str!("../../demo/allowlists/identity.toml"),
    ),
    (
        "rest-of-the-host.toml",
        include_str!("../../demo/allowlists/rest-of-the-host.toml"),
    ),
    (
        "providers.toml",
        include_str!("../../demo/allowlists/providers.toml"),
    ),
    (
        "claims.toml",
        include_str!("../../demo/allowlists/claims.toml"),
    ),
];

pub(super) const LLM: &str = "llm-inference.service";
pub(super) const IMAGE: &str = "image-worker.service";
pub(super) const VIDEO: &str = "video-render-1";
const POD: &str = "10.77.0.11";

/// What the demo does, and what Weir must say of it.
const EXPECTED: [Expected; 6] = [
    Expected::of(
        "llm-inference",
        LLM,
        stage::INTERNAL,
        8080,
        "internal",
        None,
    ),
    Expected::of(
        "llm-inference",
        LLM,
        stage::GERMANY,
        443,
        "declared",
        Some("DE"),
    ),
    Expected::of("image", IMAGE, stage::INTERNAL, 8080, "internal", None),
    Expected::of("image", IMAGE, stage::GERMANY, 443, "declared", Some("DE")),
    Expected::of(
        "image",
        IMAGE,
        stage::OVERSEAS,
        443,
        "undeclared",
        Some("US"),
    ),
    Expected::of("video", VIDEO, stage::NORWAY, 443, "declared", Some("NO")),
];

/// Claims that the demo contradicts. Whether the others are upheld hangs on the host, too:
/// they are unproven where it lost something meanwhile. Identity does not run.
const CONTRADICTED: [&str; 3] = [
    "providers-disclosed",
    "providers-in-europe",
    "no-single-provider",
];

/// The product of all that is not of the demo.
const REST: &str = "rest-of-the-host";

/// Whether Weir said what the demo expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of every product.
    AsExpected,
    /// Not of some.
    Otherwise,
}

struct Expected {
    product: &'static str,
    workload: &'static str,
    address: &'static str,
    port: u16,
    verdict: &'static str,
    country: Option<&'static str>,
}

impl Expected {
    const fn of(
        product: &'static str,
        workload: &'static str,
        address: &'static str,
        port: u16,
        verdict: &'static str,
        country: Option<&'static str>,
    ) -> Self {
        Self {
            product,
            workload,
            address,
            port,
            verdict,
            country,
        }
    }

    fn is(&self, flow: &Flow) -> bool {
        flow.product.as_deref() == Some(self.product)
            && flow.workload.name == self.workload
            && self.address.parse() == Ok::<IpAddr, _>(flow.destination.address)
            && flow.destination.port == self.port
            && flow.verdict == self.verdict
            && flow.hosted_in.value.as_deref() == self.country
            && flow.egress_bytes > 0
    }
}

/// Plays the demo and prints the result.
///
/// # Errors
/// The world cannot be built, the agent does not run, or Ctrl-C.
pub fn run() -> Result<Outcome> {
    let progress = Progress::start()?;
    eprintln!("Building a world of network namespaces, cgroups and one container:");
    let mut made = Made::default();
    let played = play(&progress, &mut made);
    let shown = played.and_then(|(ended, claims)| show(&ended, &claims));
    made.report()?;
    shown
}

/// Everything that was made is dropped, and so removed, when this returns.
fn play(progress: &Progress, made: &mut Made) -> Result<(Ended, [Claims; 2])> {
    let stage = progress.step("two hosts on a wire without a way out", || {
        let stage = Stage::new()?;
        made.run = stage.run.name().to_owned();
        Ok(stage)
    })?;
    let image = progress.step("image for the container", || {
        Image::import(&stage.run, &stage.slice, Storage::Host)
    })?;
    let settings = Settings {
        allowlists: allowlists(&stage)?,
        ..stage.settings()?
    };
    let agent = progress.step("the agent: programs attached, recording", || {
        stage.agent_with(&settings)
    })?;
    act(progress, &stage, &image, &agent)?;
    made.note()?;
    let ended = progress.step("the agent drains its counters and ends", || {
        let ended = agent.stop()?;
        stage::ended_well(&ended)?;
        Ok(ended)
    })?;
    let claims = progress.step("which claims of a report the record bears out", || {
        let asked = |how: &[&str]| Claims::of(&settings, how);
        Ok([asked(&[])?, asked(&["--format", "json"])?])
    })?;
    Ok((ended, claims))
}

pub(super) fn act(progress: &Progress, stage: &Stage, image: &Image, agent: &Agent) -> Result<()> {
    progress.step(
        "llm-inference.service asks a database and a time source",
        || {
            let unit = stage.unit(LLM)?;
            unit.traffic(
                &stage.app,
                "tcp --to 10.77.0.20:8080 --bytes 8000 --reply 24000",
            )?;
            unit.traffic(&stage.app, "udp --to 198.51.100.9:443 --bytes 48 --echo")
        },
    )?;
    progress.step(
        "image-worker.service sends pictures where nobody declared",
        || {
            let unit = stage.unit(IMAGE)?;
            unit.traffic(
                &stage.app,
                "tcp --to 10.77.0.20:8080 --bytes 2000 --reply 2000",
            )?;
            unit.traffic(
                &stage.app,
                "tcp --to 198.51.100.9:443 --bytes 20000 --reply 1500",
            )?;
            unit.traffic(
                &stage.app,
                "tcp --to 203.0.113.9:443 --bytes 350000 --reply 1500",
            )
        },
    )?;
    progress.step(
        "container video-render-1 uses its declared provider",
        || {
            let pod = stage
                .world
                .host("pod", &[POD.parse().context("address")?])?;
            let mut container = image.start(&stage.slice, &pod, VIDEO)?;
            container.traffic("tcp --to 198.51.100.129:443 --bytes 60000 --reply 900000")?;
            agent.wait_for("of the container", |flow| flow.workload.name == VIDEO)
        },
    )?;
    Ok(())
}

/// Writes the demo's allowlists into the run's directory.
///
/// # Errors
/// They cannot be written.
pub fn allowlists(stage: &Stage) -> Result<PathBuf> {
    let directory = stage.run.directory().join("allowlists");
    std::fs::create_dir_all(&directory).context("directory of the demo's allowlists")?;
    for (name, text) in ALLOWLISTS {
        std::fs::write(directory.join(name), text).with_context(|| format!("write {name}"))?;
    }
    Ok(directory)
}

fn show(ended: &Ended, [page, objects]: &[Claims; 2]) -> Result<Outcome> {
    let mut flows: Vec<&Flow> = ended
        .flows
        .iter()
        .filter(|flow| {
            flow.product
                .as_deref()
                .is_some_and(|product| product != REST)
        })
        .collect();
    flows.sort_by_key(|flow| {
        let place = EXPECTED.iter().position(|expected| expected.is(flow));
        (place.unwrap_or(usize::MAX), flow.id)
    });
    println!("\nWhat Weir says of the three products:\n");
    println!("{}", table::render(flows.iter().copied()));
    let missing: Vec<&Expected> = EXPECTED
        .iter()
        .filter(|expected| flows.iter().filter(|flow| expected.is(flow)).count() != 1)
        .collect();
    for Expected {
        product,
        workload,
        address,
        port,
        verdict,
        country,
    } in &missing
    {
        println!(
            "Expected and not found: {product}, {workload} to {address} {port} in {}: {verdict}",
            country.unwrap_or("no country")
        );
    }
    println!("What it says of the claims of a report (weir claims):\n");
    println!("{}", page.text.trim_end());
    let stand = objects.stand()?.into_iter();
    let contradicted: Vec<String> = stand
        .filter(|(_, outcome, _)| outcome == "contradicted")
        .map(|(id, ..)| id)
        .collect();
    if missing.is_empty() && flows.len() == EXPECTED.len() && contradicted == CONTRADICTED {
        Ok(Outcome::AsExpected)
    } else {
        Ok(Outcome::Otherwise)
    }
}

/// What the run made on this host, by name.
#[derive(Debug, Default)]
struct Made {
    /// Name of the run; empty before there is one.
    run: String,
    namespaces: usize,
}

impl Made {
    /// Takes down what there is.
    fn note(&mut self) -> Result<()> {
        self.namespaces = self
            .present()?
            .iter()
            .filter(|name| name.matches('-').count() > 2)
            .count();
        Ok(())
    }

    /// Says what is gone, after asking the host.
    fn report(&self) -> Result<()> {
        let left = self.present()?;
        if !left.is_empty() {
            bail!(
                "these remain, and the next run removes them: {}",
                left.join(", ")
            );
        }
        match self.namespaces {
            0 => eprintln!("Removed: everything that had been made."),
            count => eprintln!(
                "Removed: {count} network namespaces, the units' cgroups, the container with its\n\
                 image, the agent's store. Nothing named {} is left.",
                self.run
            ),
        }
        Ok(())
    }

    fn present(&self) -> Result<Vec<String>> {
        let mut names = run::names()?;
        names.extend(container::images()?);
        names.retain(|name| !self.run.is_empty() && name.starts_with(&self.run));
        Ok(names)
    }
}
