//! The catalogue of ways out, on each kernel: one table.

use std::{
    collections::BTreeMap,
    process::{Command, ExitCode, Stdio},
    time::Duration,
};

use anyhow::{Context as _, bail};
use serde::Deserialize;

use crate::{Kernel, debian, equipment, guest, initramfs::Initramfs};

const PROGRAM: &str = "weir-coverage";

/// A line of the program's.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
struct Line {
    way: String,
    workload: String,
    wire: u64,
    sockets: u64,
    uplink: u64,
    unseen: u64,
    layers: String,
    error: Option<String>,
}

/// Sends by every way on each kernel and prints what was recorded.
pub(crate) fn run(kernels: &[Kernel], time_limit: Duration) -> anyhow::Result<ExitCode> {
    let mut columns = Vec::new();
    for kernel in kernels {
        let lines = match kernel {
            Kernel::Host => here()?,
            Kernel::Debian(series) => there(series, time_limit)?,
        };
        if lines.is_empty() {
            bail!(
                "{}: nothing was tried: the messages are above",
                kernel.label()
            );
        }
        columns.push((kernel.label(), lines));
    }
    println!("\n{}", table(&columns));
    let wrong: Vec<_> = columns
        .iter()
        .flat_map(|(kernel, lines)| lines.iter().map(move |line| (kernel, line)))
        .filter_map(|(kernel, line)| Some(format!("{kernel}: {}", line.error.as_ref()?)))
        .collect();
    for error in &wrong {
        println!("\n{error}");
    }
    let complete = columns
        .iter()
        .all(|(_, lines)| lines.len() == columns[0].1.len());
    if !complete {
        println!("\nnot every way was tried on every kernel");
    }
    Ok(if wrong.is_empty() && complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn here() -> anyhow::Result<Vec<Line>> {
    println!("host: sending by every way");
    let output = Command::new(equipment::built(PROGRAM)?)
        .args(["--format", "json"])
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("{PROGRAM} cannot be started"))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(parse)
        .collect())
}

fn there(series: &'static str, time_limit: Duration) -> anyhow::Result<Vec<Line>> {
    let kernel = debian::directory(series)?;
    let mut image = Initramfs::default();
    let ready = equipment::add(&mut image, &kernel)?;
    let path = format!("/sbin/{PROGRAM}");
    image.program(&path, &equipment::built(PROGRAM)?)?;
    let script = format!("{ready}{} {path} --format json\n", equipment::ONE_PROCESSOR);
    let mut lines = Vec::new();
    let boot = guest::Boot {
        series,
        kernel: &kernel,
        time_limit,
    };
    let ended = boot
        .ready(image, &script)?
        .run(&mut |text| match parse(text) {
            Some(line) => {
                println!("{series}| {}", line.way);
                lines.push(line);
            }
            None if text.is_empty() => {}
            None => println!("{series}| {text}"),
        })?;
    if ended == guest::Ended::TimeLimit {
        println!("{series}: stopped after {} s", time_limit.as_secs());
    }
    Ok(lines)
}

fn parse(text: &str) -> Option<Line> {
    serde_json::from_str(text).ok()
}

/// One row for each way; a column for each kernel with `yes`, or `NO`.
fn table(columns: &[(&str, Vec<Line>)]) -> String {
    let mut rows: Vec<&Line> = Vec::new();
    let mut results: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for (kernel, lines) in columns {
        for line in lines {
            if !rows.iter().any(|row| row.way == line.way) {
                rows.push(line);
            }
            let result = if line.error.is_none() { "yes" } else { "NO" };
            results.insert((line.way.as_str(), kernel), result);
        }
    }
    let mut text = String::new();
    if let Some(first) = rows.first() {
        text.push_str(&format!("Workload: {}\n\n", first.workload));
    }
    text.push_str(&format!(
        "{:<21} {:<8} {:>7} {:>7} {:>7} {:>6}",
        "WAY", "LAYERS", "ON WIRE", "SOCKETS", "UPLINK", "UNSEEN"
    ));
    for (kernel, _) in columns {
        text.push_str(&format!(" {kernel:>4}"));
    }
    for row in rows {
        text.push_str(&format!(
            "\n{:<21} {:<8} {:>7} {:>7} {:>7} {:>6}",
            row.way, row.layers, row.wire, row.sockets, row.uplink, row.unseen
        ));
        for (kernel, _) in columns {
            let result = results.get(&(row.way.as_str(), kernel)).unwrap_or(&"-");
            text.push_str(&format!(" {result:>4}"));
        }
    }
    text.push_str(
        "\n\nIP bytes sent, as on the first kernel; sockets are counted before fragmentation.\n\
         yes: this kernel's record equals its wire to the byte, in both directions.",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(way: &str, error: Option<&str>) -> Line {
        Line {
            way: way.to_owned(),
            workload: "a.service".to_owned(),
            wire: 384,
            sockets: 384,
            uplink: 384,
            unseen: 0,
            layers: "both".to_owned(),
            error: error.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn each_kernel_has_a_column() {
        let columns = [
            ("6.1", vec![line("tcp", None), line("quic", Some("no"))]),
            ("host", vec![line("tcp", None)]),
        ];
        let text = table(&columns);
        let rows: Vec<_> = text.lines().collect();
        assert_eq!(
            rows[3..5],
            [
                "tcp                   both         384     384     384      0  yes  yes",
                "quic                  both         384     384     384      0   NO    -",
            ]
        );
        assert!(rows.iter().all(|row| row.len() <= 80), "{text}");
    }
}
