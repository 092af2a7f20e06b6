//! Runs every test and counts them.

use std::{
    ffi::OsString,
    io::{self, BufRead as _, BufReader, Write},
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, Result, bail};

use crate::{
    build, check, command,
    failures::Failures,
    package, progress,
    report::{Counts, Report},
    run,
    setup::{self, Goal},
    workspace::Workspace,
};

/// Sets up, builds, checks and tests; the last line says how many tests
/// passed and failed.
pub(crate) fn run(workspace: &Workspace, fast: bool, kernels: &[String]) -> Result<ExitCode> {
    let mut report = Report::default();
    if fast {
        unit(workspace, &mut report)?;
    } else if !kernels.is_empty() {
        let tools = report.required("set-up", || setup::prepare(workspace, Goal::Test))?;
        let agent = report.required("build", || build::all(workspace, &tools, false))?;
        on_kernels(workspace, &mut report, &agent, kernels);
    } else {
        everything(workspace, &mut report)?;
    }
    Ok(report.close())
}

/// The tests inside the crates, which need neither root nor a container.
fn unit(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let tools = report.required("set-up", || setup::prepare(workspace, Goal::Build))?;
    report.required("kernel programs", || {
        build::kernel_programs(workspace, &tools)
    })?;
    report.tests("unit tests", |failures| {
        progress::heading("unit tests");
        let mut cargo = build::host_cargo(workspace);
        cargo.arg("test").args(build::HOST_CRATES);
        cargo.args(["--lib", "--bins", "--no-fail-fast"]);
        tests(&mut cargo, &mut io::stdout(), failures)
    });
    Ok(())
}

fn everything(workspace: &Workspace, report: &mut Report) -> Result<()> {
    let tools = report.required("set-up", || setup::prepare(workspace, Goal::Test))?;
    report.required("kernel programs", || {
        build::kernel_programs(workspace, &tools)
    })?;
    report.required("build", || {
        progress::heading("build the agent and the tests");
        let mut cargo = build::host_cargo(workspace);
        cargo
            .arg("build")
            .args(build::HOST_CRATES)
            .arg("--all-targets");
        command::run(&mut cargo, "the build")
    })?;
    let agent = workspace.binaries(false).join("weir");
    report.stage("checks", || check::run(workspace, &tools, &agent));
    report.stage("packages", || {
        let packager = tools
            .packager
            .as_ref()
            .context("cargo-deb was not set up")?;
        package::for_tests(workspace, packager, &agent)
    });
    report.tests("tests", |failures| {
        progress::heading("unit, kernel and end-to-end tests, as root");
        run::explain_root();
        let mut cargo = build::host_cargo(workspace);
        cargo
            .arg("test")
            .args(build::HOST_CRATES)
            .arg("--no-fail-fast");
        runner(&mut cargo, &run::environment(workspace, &agent))?;
        // There is one root cgroup: kernel tests would wait for each other anyway.
        cargo.args(["--", "--test-threads=1"]);
        tests(&mut cargo, &mut io::stdout(), failures)
    });
    // The host's were run with all the others.
    on_kernels(
        workspace,
        report,
        &agent,
        &["6.1".to_owned(), "6.12".to_owned()],
    );
    Ok(())
}

/// The kernel tests on each kernel: the running one, or one in an emulator.
fn on_kernels(workspace: &Workspace, report: &mut Report, agent: &Path, kernels: &[String]) {
    report.tests("kernel tests", |failures| {
        progress::heading(&format!("kernel tests on {}", kernels.join(", ")));
        let runner = build::programs(workspace, &["weir-kernels"], false)?;
        let mut command = command::with_cargo(&runner, workspace.root());
        for kernel in kernels {
            command.args(["--kernel", kernel]);
        }
        command.envs(run::environment(workspace, agent));
        tests(&mut command, &mut io::stdout(), failures)
    });
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

/// Runs `cargo test`, hands its output on, counts, and keeps what failed tests said.
fn tests(
    command: &mut Command,
    screen: &mut impl Write,
    failures: &mut Failures,
) -> Result<Counts> {
    let mut child = command
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the tests")?;
    let mut output = BufReader::new(child.stdout.take().context("no output of cargo test")?);
    let mut counts = Counts::default();
    let mut line = Vec::new();
    let unreadable = "cannot read the output of tests";
    while output.read_until(b'\n', &mut line).context(unreadable)? > 0 {
        screen
            .write_all(&line)
            .context("cannot write the output of tests")?;
        let text = String::from_utf8_lossy(&line);
        if let Some(more) = Counts::of_line(&text) {
            counts += more;
        }
        failures.line(&text);
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn outcome(script: &str) -> Result<Counts> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        tests(&mut command, &mut io::sink(), &mut Failures::default())
    }

    #[test]
    fn several_programs_are_added_up() {
        let script = "echo 'test result: ok. 2 passed; 0 failed; 0 ignored';
                      echo 'test result: FAILED. 1 passed; 1 failed; 0 ignored'; exit 101";
        let sum = outcome(script).unwrap();
        assert_eq!((sum.passed, sum.failed, sum.skipped), (3, 1, 0));
    }

    #[test]
    fn a_build_failure_is_not_a_success_without_tests() {
        let error = outcome("exit 101").unwrap_err();
        assert_eq!(
            error.to_string(),
            "cargo test failed (exit status: 101) after 0 tests; the reason is above"
        );
    }

    #[test]
    fn no_test_at_all_is_a_failure() {
        assert_eq!(outcome("true").unwrap_err().to_string(), "no test was run");
    }
}
