//! Boots a kernel in QEMU with the suites in its initramfs.

use std::{
    env,
    fmt::Write as _,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use anyhow::Context as _;

use crate::{
    debian,
    emulator::{self, Emulator},
    equipment,
    initramfs::Initramfs,
    outcome::{self, Outcome, Tests},
    paths,
    suite::Suite,
};

/// What the init script prints so that this program can follow it.
const RELEASE: &str = "WEIR-RELEASE ";
const BEGIN: &str = "WEIR-BEGIN ";
const STATUS: &str = "WEIR-STATUS ";

const BUSYBOX: &str = "/bin/busybox";

/// A guest that is ready to boot and run suites.
pub(crate) struct Guest<'a> {
    ready: Ready,
    suites: &'a [Suite],
}

impl<'a> Guest<'a> {
    /// Fetches what is needed and packs it. Two at once would fetch the same.
    pub(crate) fn prepare(
        series: &'static str,
        suites: &'a [Suite],
        time_limit: Duration,
    ) -> anyhow::Result<Self> {
        let kernel = debian::directory(series)?;
        let mut image = Initramfs::default();
        for (number, suite) in suites.iter().enumerate() {
            image.program(&format!("/suites/{number}"), &suite.executable)?;
        }
        let script = equipment::add(&mut image, &kernel)? + &calls(suites);
        let boot = Boot {
            series,
            kernel: &kernel,
            time_limit,
        };
        let ready = boot.ready(image, &script)?;
        Ok(Self { ready, suites })
    }

    /// Boots it and runs every suite on it.
    pub(crate) fn run(self) -> anyhow::Result<Vec<Outcome>> {
        let Self { ready, suites } = self;
        let time_limit = ready.time_limit;
        let mut console = Console::new(ready.series, suites);
        let cause = match ready.run(&mut |line| console.line(line))? {
            Ended::PoweredOff => "the machine stopped without a result".to_owned(),
            Ended::TimeLimit => format!("no result within {} s", time_limit.as_secs()),
        };
        Ok(console.outcomes(&cause))
    }
}

/// A kernel to boot.
#[derive(Clone, Copy)]
pub(crate) struct Boot<'a> {
    /// Its series.
    pub(crate) series: &'static str,
    /// Where it is unpacked.
    pub(crate) kernel: &'a Path,
    /// How long everything may take.
    pub(crate) time_limit: Duration,
}

impl Boot<'_> {
    /// Packs an image that runs a script.
    pub(crate) fn ready(self, mut image: Initramfs, script: &str) -> anyhow::Result<Ready> {
        require(
            &["busybox", "setpriv", "ldd"],
            "busybox-static util-linux libc-bin",
        )?;
        let emulator = emulator::find()?;
        let Self {
            series,
            kernel,
            time_limit,
        } = self;
        let vmlinuz = debian::image(kernel)
            .with_context(|| format!("{} holds no boot/vmlinuz-*", kernel.display()))?;
        image.program(BUSYBOX, Path::new("/usr/bin/busybox"))?;
        image.file("/init", init(script).into_bytes());
        let archive = paths::cache().join(format!("{series}.cpio"));
        image.write(&archive)?;
        Ok(Ready {
            series,
            emulator,
            vmlinuz,
            archive,
            time_limit,
        })
    }
}

/// Everything that a machine boots from.
#[derive(Debug)]
pub(crate) struct Ready {
    series: &'static str,
    emulator: Emulator,
    vmlinuz: PathBuf,
    archive: PathBuf,
    time_limit: Duration,
}

impl Ready {
    /// Boots and gives each line that comes.
    pub(crate) fn run(self, line: &mut dyn FnMut(&str)) -> anyhow::Result<Ended> {
        let Self {
            series,
            vmlinuz,
            time_limit,
            ..
        } = &self;
        println!(
            "{series}: booting {} (at most {} s)",
            vmlinuz.display(),
            time_limit.as_secs()
        );
        let started = Instant::now();
        let (mut machine, output) = Machine::boot(&self.emulator, vmlinuz, &self.archive)?;
        let ended = follow(&lines(output), started + *time_limit, line);
        drop(machine.stop());
        println!("{series}: {:.1} s in all", started.elapsed().as_secs_f64());
        Ok(ended)
    }
}

fn require(programs: &[&str], packages: &str) -> anyhow::Result<()> {
    let path = env::var_os("PATH").unwrap_or_default();
    for program in programs {
        env::split_paths(&path)
            .find(|directory| directory.join(program).is_file())
            .with_context(|| {
                format!(
                    "{program} is not installed: apt-get install --no-install-recommends {packages}"
                )
            })?;
    }
    Ok(())
}

/// The first process of the guest. Whatever happens, it powers off at the end.
fn init(script: &str) -> String {
    format!(
        "#!{BUSYBOX} sh\n\
         export PATH=/bin RUST_BACKTRACE=1 TMPDIR=/tmp\n\
         {BUSYBOX} mkdir -p /proc /sys /dev /tmp /run\n\
         {BUSYBOX} --install -s /bin\n\
         mount -t devtmpfs none /dev\n\
         exec >/dev/ttyS0 2>&1\n\
         mount -t proc none /proc\n\
         mount -t sysfs none /sys\n\
         mount -t tmpfs none /run\n\
         mount -t cgroup2 none /sys/fs/cgroup\n\
         mount -t bpf none /sys/fs/bpf\n\
         ip link set lo up\n\
         echo {RELEASE}$(uname -r)\n\
         {script}\
         poweroff -f\n"
    )
}

/// The lines that run every suite.
fn calls(suites: &[Suite]) -> String {
    let mut script = String::new();
    for (number, suite) in suites.iter().enumerate() {
        let before = if suite.traffic {
            format!("{} ", equipment::ONE_PROCESSOR)
        } else {
            String::new()
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            script,
            "echo {BEGIN}{number}\n\
             {before}/suites/{number} {}\n\
             echo {STATUS}$?",
            suite.arguments().join(" ")
        );
    }
    script
}

/// A running QEMU; dropping it ends it.
struct Machine(Child);

impl Machine {
    /// Emulated, not virtualised, so that it runs and behaves alike where
    /// there is no `/dev/kvm`.
    fn boot(
        emulator: &Emulator,
        image: &Path,
        archive: &Path,
    ) -> anyhow::Result<(Self, ChildStdout)> {
        // With `setpriv` the machine dies with this program, even if killed.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(&emulator.program);
        for directory in &emulator.firmware {
            command.arg("-L").arg(directory);
        }
        if !emulator.libraries.is_empty() {
            let libraries = env::join_paths(&emulator.libraries).context("paths of libraries")?;
            command.env("LD_LIBRARY_PATH", libraries);
        }
        let mut child = command
            .args(["-machine", "q35,accel=tcg", "-cpu", "max"])
            .args(["-m", "3072", "-smp", "2"])
            .args(["-nodefaults", "-display", "none", "-serial", "stdio"])
            .args(["-nic", "none", "-no-reboot", "-append"])
            .arg("console=ttyS0 quiet loglevel=4 panic=-1")
            .arg("-kernel")
            .arg(image)
            .arg("-initrd")
            .arg(archive)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{} cannot be started", emulator.program.display()))?;
        let output = child.stdout.take().context("QEMU has no standard output")?;
        Ok((Self(child), output))
    }

    /// Ends this machine, and no other.
    fn stop(&mut self) -> std::io::Result<()> {
        // Fails if it has ended by itself, which is what is wanted.
        let _ = self.0.kill();
        self.0.wait().map(drop)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.stop();
    }
}

/// The machine's console, line by line, until it ends.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            if sender.send(text).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Why nothing more came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The machine did.
    PoweredOff,
    /// It took too long.
    TimeLimit,
}

fn follow(lines: &Receiver<String>, deadline: Instant, take: &mut dyn FnMut(&str)) -> Ended {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => take(&line),
            Err(RecvTimeoutError::Disconnected) => return Ended::PoweredOff,
            Err(RecvTimeoutError::Timeout) => return Ended::TimeLimit,
        }
    }
}

/// Follows what the init script and the suites print.
struct Console<'a> {
    series: &'static str,
    suites: &'a [Suite],
    release: Option<String>,
    current: usize,
    summary: Option<Tests>,
    results: Vec<Option<Result<Tests, String>>>,
}

impl<'a> Console<'a> {
    fn new(series: &'static str, suites: &'a [Suite]) -> Self {
        Self {
            series,
            suites,
            release: None,
            current: 0,
            summary: None,
            results: vec![None; suites.len()],
        }
    }

    fn line(&mut self, line: &str) {
        if let Some(release) = line.strip_prefix(RELEASE) {
            self.release = Some(release.to_owned());
        } else if let Some(number) = line.strip_prefix(BEGIN) {
            self.current = number.parse().unwrap_or(usize::MAX);
            self.summary = None;
        } else if let Some(status) = line.strip_prefix(STATUS) {
            if let Some(result) = self.results.get_mut(self.current) {
                let status = status.parse().unwrap_or(-1);
                *result = Some(outcome::judge(status, self.summary.take()));
            }
        } else {
            self.summary = outcome::summary(line).or(self.summary);
            if !line.is_empty() {
                println!("{}| {line}", self.series);
            }
        }
    }

    /// One for each suite; `cause` is why those without a result have none.
    fn outcomes(self, cause: &str) -> Vec<Outcome> {
        let release = self.release.unwrap_or_else(|| "unknown".to_owned());
        self.suites
            .iter()
            .zip(self.results)
            .map(|(suite, result)| Outcome {
                kernel: self.series,
                release: release.clone(),
                suite: suite.name,
                result: result.unwrap_or_else(|| Err(cause.to_owned())),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suites() -> [Suite; 2] {
        ["first", "second"].map(|name| Suite {
            name,
            executable: "/nonexistent".into(),
            filter: "",
            traffic: false,
        })
    }

    const SUMMARY: &str = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured";

    #[test]
    fn a_suite_without_a_result_fails() {
        let suites = suites();
        let mut console = Console::new("6.1", &suites);
        for line in [
            "WEIR-RELEASE 6.1.0",
            "WEIR-BEGIN 0",
            SUMMARY,
            "WEIR-STATUS 0",
            "WEIR-BEGIN 1",
            "Kernel panic - not syncing",
        ] {
            console.line(line);
        }
        let outcomes = console.outcomes("the machine stopped");
        assert!(outcomes[0].passed());
        assert_eq!(outcomes[0].release, "6.1.0");
        assert_eq!(outcomes[1].result, Err("the machine stopped".to_owned()));
    }

    #[test]
    fn a_summary_counts_for_its_own_suite_only() {
        let suites = suites();
        let mut console = Console::new("6.1", &suites);
        for line in [
            "WEIR-BEGIN 0",
            SUMMARY,
            "WEIR-STATUS 0",
            "WEIR-BEGIN 1",
            "WEIR-STATUS 0",
        ] {
            console.line(line);
        }
        let outcomes = console.outcomes("");
        assert!(outcomes[0].passed());
        assert_eq!(
            outcomes[1].result,
            Err("no summary, exit status 0".to_owned())
        );
    }

    #[test]
    fn the_machine_powers_off_at_the_end() {
        let script = init(&calls(&suites()));
        assert!(script.ends_with("echo WEIR-STATUS $?\npoweroff -f\n"));
    }
}
