//! What a suite did on a kernel, read from what it printed.

use std::fmt::Write as _;

/// Result of one suite on one kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The kernel as on the command line.
    pub(crate) kernel: &'static str,
    /// `uname -r`, once known.
    pub(crate) release: String,
    /// Name of the suite.
    pub(crate) suite: &'static str,
    /// How it went.
    pub(crate) result: Result<Tests, String>,
}

/// libtest's summary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tests {
    /// Tests that passed.
    pub(crate) passed: u32,
    /// Tests that failed.
    pub(crate) failed: u32,
    /// Tests that were not run.
    pub(crate) ignored: u32,
}

impl Outcome {
    /// Whether every test ran and passed. A test that skips itself proves
    /// nothing, nor does a suite without tests.
    pub(crate) fn passed(&self) -> bool {
        matches!(self.result, Ok(Tests { passed, failed: 0, ignored: 0 }) if passed > 0)
    }
}

/// Judges an exit status together with what the suite printed.
pub(crate) fn judge(status: i32, summary: Option<Tests>) -> Result<Tests, String> {
    match (status, summary) {
        (_, None) => Err(format!("no summary, exit status {status}")),
        (0, Some(tests)) => Ok(tests),
        (_, Some(tests)) if tests.failed > 0 => Ok(tests),
        (_, Some(_)) => Err(format!("exit status {status}")),
    }
}

/// Reads `test result: ok. 1 passed; 0 failed; 0 ignored; …`.
pub(crate) fn summary(line: &str) -> Option<Tests> {
    let counts = line
        .trim()
        .strip_prefix("test result: ")?
        .split_once(". ")?
        .1;
    let count = |label: &str| -> Option<u32> {
        counts
            .split("; ")
            .find_map(|part| part.strip_suffix(label)?.trim().parse().ok())
    };
    Some(Tests {
        passed: count("passed")?,
        failed: count("failed")?,
        ignored: count("ignored")?,
    })
}

/// The table, in Markdown, so that it can be put into the documentation.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut table = String::from(
        "| kernel | release | suite | passed | failed | result |\n|---|---|---|---|---|---|\n",
    );
    for outcome in outcomes {
        let (passed, failed, result) = match &outcome.result {
            Ok(tests) => (
                tests.passed.to_string(),
                tests.failed.to_string(),
                if outcome.passed() { "ok" } else { "FAILED" }.to_owned(),
            ),
            Err(cause) => ("-".to_owned(), "-".to_owned(), format!("FAILED: {cause}")),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {} | {} | {} | {passed} | {failed} | {result} |",
            outcome.kernel, outcome.release, outcome.suite
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Tests = Tests {
        passed: 2,
        failed: 0,
        ignored: 0,
    };

    #[test]
    fn reads_the_summary() {
        let line = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.14s\r";
        assert_eq!(summary(line), Some(GOOD));
        let line = "test result: FAILED. 1 passed; 3 failed; 2 ignored; 0 measured";
        assert_eq!(
            summary(line),
            Some(Tests {
                passed: 1,
                failed: 3,
                ignored: 2
            })
        );
        assert_eq!(summary("test a::b ... ok"), None);
    }

    #[test]
    fn only_a_full_success_passes() {
        let outcome = |result| Outcome {
            kernel: "6.1",
            release: "6.1.0".to_owned(),
            suite: "capture",
            result,
        };
        assert!(outcome(judge(0, Some(GOOD))).passed());
        // Killed after its summary, or without any.
        assert!(!outcome(judge(137, Some(GOOD))).passed());
        assert!(!outcome(judge(0, None)).passed());
        for tests in [
            Tests { failed: 1, ..GOOD },
            Tests { ignored: 1, ..GOOD },
            Tests { passed: 0, ..GOOD },
        ] {
            assert!(!outcome(judge(0, Some(tests))).passed());
        }
    }

    #[test]
    fn prints_one_line_for_each_suite() {
        let outcomes = [
            Outcome {
                kernel: "6.1",
                release: "6.1.0".to_owned(),
                suite: "capture",
                result: Ok(GOOD),
            },
            Outcome {
                kernel: "6.12",
                release: "unknown".to_owned(),
                suite: "capture",
                result: Err("no result".to_owned()),
            },
        ];
        assert_eq!(
            table(&outcomes),
            "| kernel | release | suite | passed | failed | result |\n\
             |---|---|---|---|---|---|\n\
             | 6.1 | 6.1.0 | capture | 2 | 0 | ok |\n\
             | 6.12 | unknown | capture | - | - | FAILED: no result |\n"
        );
    }
}
