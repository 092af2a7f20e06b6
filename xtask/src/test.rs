//! Runs every test and counts them.

use std::{
    ffi::OsString,
    io::{self, BufRead as _, BufReader, Write},
    ops::AddAssign,
    process::{Command, ExitCode, Stdio},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    build, check, command, progress,
    run::{self, SCENARIOS},
    setup::{self, Goal},
    workspace::Workspace,
};

/// Tests that need neither root nor kernel programs.
const UNIT: &[&str] = &[
    "--workspace",
    "--lib",
    "--bins",
    "--exclude",
    "weir-ebpf",
    "--exclude",
    SCENARIOS,
    "--no-fail-fast",
];

/// Sets up, builds, checks and tests; the last line says how many tests
/// passed and failed.
pub(crate) fn run(workspace: &Workspace, fast: bool) -> Result<ExitCode> {
    let mut report = Report::default();
    let goal = if fast { Goal::Build } else { Goal::Test };
    let tools = report.required("set-up", || setup::prepare(workspace, goal))?;
    let agent = report.required("build", || build::all(workspace, &tools, false))?;
    if !fast {
        report.stage("checks", || check::run(workspace, &tools, &agent));
    }
    report.tests("unit tests", || {
        progress::heading("unit tests");
        tests(
            build::host_cargo(workspace).arg("test").args(UNIT),
            &mut io::stdout(),
        )
    });
    if !fast {
        report.tests("kernel and end-to-end tests", || {
            progress::heading("kernel and end-to-end tests, as root, one at a time");
            run::explain_root();
            let environment = run::environment(workspace, &agent);
            let mut counts = Counts::default();
            for package in [&["weir", "--test", "*"][..], &[SCENARIOS]] {
                let mut cargo = build::host_cargo(workspace);
                cargo.args(["test", "--no-fail-fast", "--package"]);
                cargo.args(package);
                runner(&mut cargo, &environment)?;
                cargo.args(["--", "--test-threads=1"]);
                counts += tests(&mut cargo, &mut io::stdout())?;
            }
            if counts.ignored > 0 {
                bail!("{} of them were skipped, which none may be", counts.ignored);
            }
            Ok(counts)
        });
    }
    Ok(report.close())
}

/// Makes cargo start test programs as root, and with this environment.
fn runner(cargo: &mut Command, environment: &[(&'static str, OsString)]) -> Result<()> {
    if command::is_root() {
        cargo.envs(environment.iter().map(|(name, value)| (name, value)));
        return Ok(());
    }
    let sudo = command::as_root("env".as_ref(), &[])?;
    let mut words = vec![sudo.get_program().to_owned()];
    words.extend(sudo.get_args().map(ToOwned::to_owned));
    for (name, value) in environment {
        let mut pair = OsString::from(name);
        pair.push("=");
        pair.push(value);
        words.push(pair);
    }
    let triple = format!(
        "{}_UNKNOWN_LINUX_GNU",
        std::env::consts::ARCH.to_uppercase()
    );
    cargo.env(
        format!("CARGO_TARGET_{triple}_RUNNER"),
        words.join(" ".as_ref()),
    );
    Ok(())
}

/// Numbers from the closing lines of test programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Counts {
    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`.
    fn of_line(line: &str) -> Option<Self> {
        let (_, numbers) = line.strip_prefix("test result: ")?.split_once(". ")?;
        let mut counts = Self::default();
        for part in numbers.split("; ") {
            match part.split_once(' ')? {
                (number, "passed") => counts.passed = number.parse().ok()?,
                (number, "failed") => counts.failed = number.parse().ok()?,
                (number, "ignored") => counts.ignored = number.parse().ok()?,
                _ => {}
            }
        }
        Some(counts)
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

/// Runs `cargo test`, hands its output on and counts.
fn tests(command: &mut Command, screen: &mut impl Write) -> Result<Counts> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")?;
    let mut output = BufReader::new(child.stdout.take().context("no output of cargo test")?);
    let mut counts = Counts::default();
    let mut line = Vec::new();
    while output
        .read_until(b'\n', &mut line)
        .context("cannot read the output of tests")?
        > 0
    {
        screen
            .write_all(&line)
            .context("cannot write the output of tests")?;
        if let Some(more) = Counts::of_line(&String::from_utf8_lossy(&line)) {
            counts += more;
        }
        line.clear();
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    // A failed test is in the counts; anything else is a failure of its own.
    if !status.success() && counts.failed == 0 {
        bail!(
            "cargo test failed ({status}) after {} tests; the reason is above",
            counts.passed
        );
    }
    if counts.passed + counts.failed == 0 {
        bail!("no test was run");
    }
    Ok(counts)
}

/// What was done, how long it took and how it ended.
#[derive(Debug, Default)]
struct Report {
    lines: Vec<String>,
    counts: Counts,
    failed: bool,
}

impl Report {
    /// A stage without which nothing else can be done.
    fn required<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let started = Instant::now();
        let outcome = work().with_context(|| format!("no test was run: {name} failed"))?;
        self.note(name, started, "ok");
        Ok(outcome)
    }

    /// A stage whose failure is reported at the end.
    fn stage<T: Default>(&mut self, name: &str, work: impl FnOnce() -> Result<T>) -> T {
        let started = Instant::now();
        match work() {
            Ok(outcome) => {
                self.note(name, started, "ok");
                outcome
            }
            Err(error) => {
                self.failed = true;
                self.note(name, started, &format!("FAILED: {error:#}"));
                T::default()
            }
        }
    }

    /// A stage of tests.
    fn tests(&mut self, name: &str, work: impl FnOnce() -> Result<Counts>) {
        let counts = self.stage(name, work);
        self.counts += counts;
    }

    fn note(&mut self, name: &str, started: Instant, outcome: &str) {
        self.lines.push(format!(
            "{name}: {outcome} ({} s)",
            started.elapsed().as_secs()
        ));
    }

    /// Prints the summary; the last line is the total.
    fn close(self) -> ExitCode {
        let Counts {
            passed,
            failed,
            ignored,
        } = self.counts;
        println!();
        for line in &self.lines {
            println!("{line}");
        }
        if ignored > 0 {
            println!("{passed} passed, {failed} failed, {ignored} skipped");
        } else {
            println!("{passed} passed, {failed} failed");
        }
        if self.failed || failed > 0 {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn closing_lines_are_read() {
        let line = "test result: ok. 12 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; \
                    finished in 0.02s\n";
        let counts = Counts {
            passed: 12,
            failed: 1,
            ignored: 3,
        };
        assert_eq!(Counts::of_line(line), Some(counts));
        assert_eq!(Counts::of_line("running 3 tests"), None);
        assert_eq!(Counts::of_line("test result: unknown"), None);
    }

    #[test]
    fn several_programs_are_added_up() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored';
                      echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'; exit 101";
        let counts = tests(&mut shell(script), &mut io::sink()).unwrap();
        assert_eq!(
            counts,
            Counts {
                passed: 3,
                failed: 1,
                ignored: 0
            }
        );
    }

    #[test]
    fn a_build_failure_is_not_a_success_without_tests() {
        let error = tests(&mut shell("exit 101"), &mut io::sink()).unwrap_err();
        assert!(
            error.to_string().starts_with("cargo test failed"),
            "{error}"
        );
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert_eq!(
            tests(&mut shell("true"), &mut io::sink())
                .unwrap_err()
                .to_string(),
            "no test was run"
        );
    }

    #[test]
    fn a_failed_stage_makes_the_whole_fail() {
        let mut report = Report::default();
        report.stage("checks", || -> Result<()> { bail!("badly formatted") });
        report.tests("unit tests", || {
            Ok(Counts {
                passed: 5,
                ..Counts::default()
            })
        });
        assert_eq!(report.counts.passed, 5);
        assert_eq!(
            report.lines.first().unwrap(),
            "checks: FAILED: badly formatted (0 s)"
        );
        assert_eq!(report.close(), ExitCode::FAILURE);
    }
}
