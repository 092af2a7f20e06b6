//! What a run of the tests did, how long it took and how it ended.

use std::{mem, ops::AddAssign, process::ExitCode, time::Instant};

use anyhow::{Context as _, Result, bail};

use crate::failures::Failures;

/// Why a test may be marked `#[ignore]`: another test runs it.
const RUN_BY_ANOTHER: &str = "ignored, part of ";

/// Numbers from what test programs print.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Marked `#[ignore]`, and run by no other test.
    pub(crate) skipped: u64,
}

impl Counts {
    /// Reads `test result: ok. 3 passed; 0 failed; …` and the lines of tests
    /// that were skipped.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let mut counts = Self::default();
        // Tests in an emulator are printed behind the name of its kernel.
        let bare = line.split_once("| ").map_or(line, |(_, rest)| rest);
        let rest = bare.strip_prefix("test ")?;
        if let Some((_, outcome)) = rest.rsplit_once(" ... ") {
            let skipped = outcome.starts_with("ignored") && !outcome.starts_with(RUN_BY_ANOTHER);
            counts.skipped = u64::from(skipped);
            return Some(counts);
        }
        let (_, numbers) = rest.strip_prefix("result: ")?.split_once(". ")?;
        for part in numbers.split("; ") {
            match part.split_once(' ')? {
                (number, "passed") => counts.passed = number.parse().ok()?,
                (number, "failed") => counts.failed = number.parse().ok()?,
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
        self.skipped += other.skipped;
    }
}

/// The stages so far.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<String>,
    counts: Counts,
    failures: Failures,
    failed: bool,
}

impl Report {
    /// A stage without which nothing else can be done.
    pub(crate) fn required<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let started = Instant::now();
        let outcome = work().with_context(|| format!("no test was run: {name} failed"))?;
        self.note(name, started, "ok");
        Ok(outcome)
    }

    /// A stage whose failure is reported at the end.
    pub(crate) fn stage(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        let started = Instant::now();
        let outcome = match work() {
            Ok(()) => "ok".to_owned(),
            Err(error) => {
                self.failed = true;
                format!("FAILED: {error:#}")
            }
        };
        self.note(name, started, &outcome);
    }

    /// A stage of tests.
    pub(crate) fn tests(&mut self, name: &str, work: impl FnOnce(&mut Failures) -> Result<Counts>) {
        let mut counts = Counts::default();
        let mut failures = mem::take(&mut self.failures);
        self.stage(name, || {
            counts = work(&mut failures)?;
            match counts {
                Counts { skipped: 1.., .. } => bail!(
                    "{} skipped; only what another test runs may be ignored, as `part of` it",
                    counts.skipped
                ),
                Counts { failed: 1.., .. } => bail!("{} of them", counts.failed),
                _ => Ok(()),
            }
        });
        self.counts += counts;
        self.failures = failures;
    }

    fn note(&mut self, name: &str, started: Instant, outcome: &str) {
        let seconds = started.elapsed().as_secs();
        self.lines.push(format!("{name}, {seconds} s: {outcome}"));
    }

    /// Prints what failed tests said and the summary; the last line is the total.
    pub(crate) fn close(self) -> ExitCode {
        println!("{}", self.failures.text());
        for line in &self.lines {
            println!("{line}");
        }
        println!("{}", total(self.counts));
        if self.failed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        }
    }
}

fn total(counts: Counts) -> String {
    let Counts {
        passed,
        failed,
        skipped,
    } = counts;
    if skipped > 0 {
        format!("{passed} passed, {failed} failed, {skipped} skipped")
    } else {
        format!("{passed} passed, {failed} failed")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts {
            passed,
            failed,
            skipped,
        }
    }

    #[test]
    fn closing_lines_are_read() {
        let line = "test result: ok. 12 passed; 1 failed; 3 ignored; 0 measured; 0 filtered out; \
                    finished in 0.02s\n";
        assert_eq!(Counts::of_line(line), Some(counts(12, 1, 0)));
        assert_eq!(Counts::of_line("running 3 tests"), None);
        assert_eq!(Counts::of_line("test result: unknown"), None);
        let line = "6.1| test result: ok. 7 passed; 0 failed; 0 ignored; 0 measured\n";
        assert_eq!(Counts::of_line(line), Some(counts(7, 0, 0)));
        let line = "test wire::counts ... ok\n";
        assert_eq!(Counts::of_line(line), Some(counts(0, 0, 0)));
    }

    #[test]
    fn a_test_is_skipped_unless_another_runs_it() {
        for line in [
            "test a ... ignored\n",
            "test a ... ignored, needs a network\n",
        ] {
            assert_eq!(Counts::of_line(line), Some(counts(0, 0, 1)), "{line}");
        }
        let line = "test a ... ignored, part of b\n";
        assert_eq!(Counts::of_line(line), Some(counts(0, 0, 0)));
    }

    #[test]
    fn a_failed_stage_makes_the_whole_fail() {
        let mut report = Report::default();
        report.stage("checks", || bail!("badly formatted"));
        report.tests("tests", |_| Ok(counts(5, 0, 0)));
        assert_eq!(
            report.lines,
            ["checks, 0 s: FAILED: badly formatted", "tests, 0 s: ok"]
        );
        assert_eq!(report.counts, counts(5, 0, 0));
        assert_eq!(report.close(), ExitCode::FAILURE);
    }

    #[test]
    fn failed_and_skipped_tests_are_counted_and_fail() {
        for (seen, line) in [
            (counts(4, 1, 0), "tests, 0 s: FAILED: 1 of them"),
            (
                counts(4, 0, 2),
                "tests, 0 s: FAILED: 2 skipped; only what another test runs may be ignored, as \
                 `part of` it",
            ),
        ] {
            let mut report = Report::default();
            report.tests("tests", |_| Ok(seen));
            assert_eq!(report.lines, [line]);
            assert_eq!(report.counts, seen);
            assert_eq!(report.close(), ExitCode::FAILURE);
        }
    }

    #[test]
    fn the_total_names_what_was_skipped() {
        assert_eq!(total(counts(5, 0, 0)), "5 passed, 0 failed");
        assert_eq!(total(counts(5, 1, 2)), "5 passed, 1 failed, 2 skipped");
    }
}
