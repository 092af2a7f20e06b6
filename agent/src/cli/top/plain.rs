//! What is so, once, as lines within 80 columns.

use std::io::{self, Write};

use super::{
    cells::{Cell, Tone, columns_of, filled, laid_out, text_of, titles},
    tables::{self, Table},
};
use crate::{
    cli::text::WIDTH,
    now::{Snapshot, words},
};

/// A heartbeat is written each minute; without one for two, something is wrong.
const HEARTBEAT_S: i64 = 120;

/// Writes the lists below each other.
pub(super) fn print(now: &Snapshot, out: &mut impl Write) -> io::Result<()> {
    let host = now.host.as_deref().unwrap_or("a host without a name");
    writeln!(
        out,
        "{host}  {}  {} out  {} in",
        now.time.strftime("%F %T UTC"),
        words::rate(now.total.rate.sent),
        words::rate(now.total.rate.received)
    )?;
    for cells in [health(now), totals(now)] {
        packed(&cells, out)?;
    }
    let lists = [
        tables::products(&now.products, WIDTH),
        tables::workloads(&now.workloads, WIDTH),
        tables::destinations(&now.destinations, WIDTH),
        tables::findings(&now.findings, WIDTH),
    ];
    for table in lists {
        list(&table, out)?;
    }
    Ok(())
}

/// As many on a line as fit.
fn packed(cells: &[Cell], out: &mut impl Write) -> io::Result<()> {
    let mut line = String::new();
    for cell in cells {
        if !line.is_empty() && columns_of(&line) + 2 + columns_of(&cell.text) > WIDTH {
            writeln!(out, "{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push_str("  ");
        }
        line.push_str(&cell.text);
    }
    if line.is_empty() {
        return Ok(());
    }
    writeln!(out, "{line}")
}

fn list(table: &Table, out: &mut impl Write) -> io::Result<()> {
    if table.rows.is_empty() {
        return Ok(());
    }
    let columns = filled(&table.columns, WIDTH);
    writeln!(out, "\n{}", titles(&columns).trim_end())?;
    for row in &table.rows {
        writeln!(out, "{}", text_of(&laid_out(row, &columns)).trim_end())?;
    }
    match &table.more {
        Some(more) => writeln!(out, "{more}"),
        None => Ok(()),
    }
}

/// How the record is, what is wrong first.
pub(super) fn health(now: &Snapshot) -> Vec<Cell> {
    let health = &now.health;
    let mut wrong = Vec::new();
    let mut well = Vec::new();
    let mut say = |text: String, is_wrong: bool| match is_wrong {
        true => wrong.push(Cell::toned(text, Tone::Bad)),
        false => well.push(Cell::new(text)),
    };
    let examined = health.gaps.examined();
    say(
        format!("examined {}.{:02} %", examined / 100, examined % 100),
        examined < 10_000,
    );
    say(
        format!("gaps {}", health.gaps.count()),
        health.gaps.count() > 0,
    );
    let losses: u64 = health.losses.values().sum();
    say(format!("losses {losses}"), losses > 0);
    match &health.self_test {
        Some(test) if test.holds() => say(
            format!("canary {} ago", words::ago(test.time, now.time)),
            false,
        ),
        Some(test) => say(
            format!("canary FAILED {} ago", words::ago(test.time, now.time)),
            true,
        ),
        None => say("no canary yet".to_owned(), false),
    }
    match health.heartbeat {
        Some(time) => say(
            format!("heartbeat {} ago", words::ago(time, now.time)),
            now.time.duration_since(time).as_secs() > HEARTBEAT_S,
        ),
        None => say("no heartbeat yet".to_owned(), false),
    }
    if health.allowlists.refused.is_some() {
        say("allowlists REFUSED".to_owned(), true);
    }
    if health.evidence.failed {
        say("evidence NOT WRITTEN".to_owned(), true);
    }
    for database in health.databases.iter().filter(|one| one.too_old.is_some()) {
        say(format!("{} TOO OLD", database.name), true);
    }
    wrong.extend(well);
    wrong
}

/// How many flows are open, the worst first.
pub(super) fn totals(now: &Snapshot) -> Vec<Cell> {
    let cells = words::WORST_FIRST.into_iter().filter_map(|verdict| {
        let flows = now.verdicts.get(&verdict)?.flows;
        let text = format!("{} {flows}", verdict.label());
        Some(Cell::toned(text, tables::tone(verdict, None)))
    });
    cells.collect()
}
