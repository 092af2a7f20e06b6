//! Long steps as a person wants to see them: what runs and why, how long it
//! has taken, the last thing it said; and on failure the reason, where the
//! whole output is and what to do.

use std::{
    collections::VecDeque,
    fs::File,
    io::{self, BufRead as _, BufReader, IsTerminal as _, PipeReader, Write as _},
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::workspace::{Workspace, make_directory};

/// How many lines of a failed step are shown.
const TAIL_LINES: usize = 20;
/// How often a step says that it is alive where there is no terminal.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// One step of the set-up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<'a> {
    /// Short name, also that of the log file.
    pub(crate) name: &'a str,
    /// What is done.
    pub(crate) what: &'a str,
    /// What it is needed for.
    pub(crate) why: &'a str,
    /// What a person can do when it fails.
    pub(crate) remedy: &'a str,
}

/// Says that a step is not needed, and what was found.
pub(crate) fn found(name: &str, detail: &str) {
    eprintln!("  ok    {name}: {detail}");
}

/// Announces a part of the work.
pub(crate) fn heading(text: &str) {
    eprintln!("==> {text}");
}

/// Runs the command of a step with its output going to a log file.
pub(crate) fn perform(workspace: &Workspace, step: Step<'_>, command: &mut Command) -> Result<()> {
    eprintln!("  do    {}: {} ({})", step.name, step.what, step.why);
    let started = Instant::now();
    make_directory(&workspace.setup_logs())?;
    let log_path = workspace
        .setup_logs()
        .join(format!("{}.log", step.name.replace(' ', "-")));
    let mut log =
        File::create(&log_path).with_context(|| format!("cannot write {}", log_path.display()))?;
    writeln!(log, "$ {command:?}").context("cannot write the log of the step")?;

    let (reader, writer) = io::pipe().context("cannot make a pipe")?;
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().to_string_lossy()))?;
    // The command holds the writing end; without this, reading never ends.
    command.stdout(Stdio::null()).stderr(Stdio::null());

    let tail = follow(step.name, &lines_of(reader, log), started);
    let status = child.wait().context("cannot wait for the step")?;
    let seconds = started.elapsed().as_secs();
    if status.success() {
        eprintln!("  done  {}: {seconds} s", step.name);
        return Ok(());
    }
    eprintln!(
        "  FAIL  {}: {status} after {seconds} s; it said last:",
        step.name
    );
    for line in tail {
        eprintln!("        | {line}");
    }
    eprintln!("        whole output: {}", workspace.display(&log_path));
    eprintln!("        what to do:   {}", step.remedy);
    bail!("set-up stopped at step `{}`", step.name)
}

/// Reads lines in a thread, so that waiting for them can time out.
fn lines_of(reader: PipeReader, mut log: File) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut reader = BufReader::new(reader);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(length) if length > 0) {
            // A full disk shows in the step itself; the tail still reaches the person.
            drop(log.write_all(&line));
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            line.clear();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Shows life until the output ends; gives back its last lines.
fn follow(name: &str, lines: &Receiver<String>, started: Instant) -> VecDeque<String> {
    let bar = spinner(name);
    let mut tail = VecDeque::with_capacity(TAIL_LINES);
    let mut last_beat = Instant::now();
    loop {
        match lines.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => keep(&mut tail, line),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        let last = tail.back().map_or("", String::as_str);
        if let Some(bar) = &bar {
            bar.set_message(last.trim_start().to_owned());
        } else if last_beat.elapsed() >= HEARTBEAT {
            eprintln!(
                "        {name}: {} s: {}",
                started.elapsed().as_secs(),
                last.trim_start()
            );
            last_beat = Instant::now();
        }
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    tail
}

fn keep(tail: &mut VecDeque<String>, line: String) {
    if line.trim().is_empty() {
        return;
    }
    if tail.len() == TAIL_LINES {
        tail.pop_front();
    }
    tail.push_back(line);
}

fn spinner(name: &str) -> Option<ProgressBar> {
    if !io::stderr().is_terminal() {
        return None;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("  {spinner}     {prefix} {elapsed} {wide_msg}")
    {
        bar.set_style(style);
    }
    bar.set_prefix(name.to_owned());
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    const STEP: Step<'static> = Step {
        name: "a test",
        what: "says things",
        why: "to be read",
        remedy: "nothing",
    };

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn whole_output_of_both_streams_is_logged() {
        let root = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(root.path());
        perform(&workspace, STEP, &mut shell("echo one; echo two >&2")).unwrap();
        let log = fs::read_to_string(root.path().join("target/setup-logs/a-test.log")).unwrap();
        let mut lines: Vec<_> = log.lines().skip(1).collect();
        lines.sort_unstable();
        assert_eq!(lines, ["one", "two"]);
    }

    #[test]
    fn a_failed_step_stops_the_set_up_by_name() {
        let root = tempfile::tempdir().unwrap();
        let error = perform(&Workspace::at(root.path()), STEP, &mut shell("exit 3")).unwrap_err();
        assert_eq!(error.to_string(), "set-up stopped at step `a test`");
    }

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut tail = VecDeque::new();
        for number in 0..25 {
            keep(&mut tail, number.to_string());
            keep(&mut tail, "  ".to_owned());
        }
        assert_eq!(tail.len(), TAIL_LINES);
        assert_eq!(tail.front().unwrap(), "5");
        assert_eq!(tail.back().unwrap(), "24");
    }
}
