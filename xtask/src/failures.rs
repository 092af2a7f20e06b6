//! What failed tests said, kept to be said again at the end: it is far up by then, or cut off.

use std::collections::BTreeMap;

/// Lines kept of each failed test; the whole is where it was first printed.
const MOST: usize = 24;

/// The outputs of failed tests, picked out of what test programs print.
#[derive(Debug, Default)]
pub(crate) struct Failures {
    tests: Vec<Failure>,
    /// Of each kernel, the failure that its lines belong to: emulated ones speak at once.
    within: BTreeMap<String, usize>,
}

#[derive(Debug, PartialEq, Eq)]
struct Failure {
    /// Behind the name of the kernel, if it is an emulated one.
    name: String,
    lines: Vec<String>,
    left_out: usize,
}

impl Failures {
    /// Takes a line as it was printed.
    pub(crate) fn line(&mut self, line: &str) {
        let line = line.trim_end();
        // Tests in an emulator are printed behind the name of its kernel.
        let bare = line.split_once('|').map_or(line, |(kernel, rest)| {
            let numbered = !kernel.is_empty()
                && kernel
                    .bytes()
                    .all(|byte| byte.is_ascii_digit() || byte == b'.');
            if numbered {
                rest.strip_prefix(' ').unwrap_or(rest)
            } else {
                line
            }
        });
        let kernel = line.strip_suffix(bare).unwrap_or_default();
        if let Some(name) = heading(bare) {
            self.within.insert(kernel.to_owned(), self.tests.len());
            self.tests.push(Failure {
                name: format!("{kernel}{name}"),
                lines: Vec::new(),
                left_out: 0,
            });
        } else if ["failures:", "stack backtrace:"].contains(&bare.trim())
            || bare.starts_with("test result: ")
        {
            self.within.remove(kernel);
        } else if !bare.trim().is_empty()
            && let Some(failure) = self.within.get(kernel)
            && let Some(failure) = self.tests.get_mut(*failure)
        {
            if failure.lines.len() < MOST {
                failure.lines.push(bare.to_owned());
            } else {
                failure.left_out += 1;
            }
        }
    }

    /// What is to be said at the end; nothing if nothing failed.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for failure in &self.tests {
            text.push_str(&format!("\nfailed: {}\n", failure.name));
            for line in &failure.lines {
                text.push_str(&format!("    {line}\n"));
            }
            if failure.left_out > 0 {
                text.push_str(&format!("    … and {} lines above\n", failure.left_out));
            }
        }
        text
    }
}

/// `name` of `---- name stdout ----`.
fn heading(line: &str) -> Option<&str> {
    let inner = line.strip_prefix("---- ")?.strip_suffix(" ----")?;
    inner.strip_suffix(" stdout")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut failures = Failures::default();
        text.lines().for_each(|line| failures.line(line));
        failures.text()
    }

    #[test]
    fn what_failed_tests_said_is_said_again_without_stacks() {
        let printed = "\
running 2 tests
test one ... ok
test two ... FAILED

failures:

---- two stdout ----

thread 'two' (7) panicked at a.rs:1:2:
assertion failed: left == right
stack backtrace:
   0: __rustc::rust_begin_unwind

---- three stdout ----
it is broken


failures:
    two
    three

test result: FAILED. 1 passed; 2 failed
";
        let said = "
failed: two
    thread 'two' (7) panicked at a.rs:1:2:
    assertion failed: left == right

failed: three
    it is broken
";
        assert_eq!(of(printed), said);
        let in_emulator: String = printed
            .lines()
            .map(|line| format!("6.1| {line}\n"))
            .collect();
        assert_eq!(
            of(&in_emulator),
            said.replace("\nfailed: ", "\nfailed: 6.1| ")
        );
    }

    #[test]
    fn a_long_output_is_cut() {
        let printed = format!("---- long stdout ----\n{}", "more\n".repeat(MOST + 3));
        assert!(of(&printed).ends_with("    more\n    … and 3 lines above\n"));
        assert_eq!(of("test result: ok. 1 passed\n"), "");
    }
}
