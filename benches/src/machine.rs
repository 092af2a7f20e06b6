//! The machine that the numbers come from.

use std::{fs, thread};

use anyhow::{Context as _, Result};

/// What a reader needs to compare numbers with those of another machine.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Machine {
    /// Model name of the processor.
    processor: String,
    /// Processors that this process may use.
    processors: usize,
    /// Kernel release.
    kernel: String,
    /// Processes ready to run on average over the minute before.
    load: String,
}

impl Machine {
    /// Describes this machine.
    pub(crate) fn this() -> Result<Self> {
        let information =
            fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
        let load = fs::read_to_string("/proc/loadavg").context("cannot read /proc/loadavg")?;
        Ok(Self {
            processor: model_name(&information)
                .unwrap_or("unknown processor")
                .to_owned(),
            processors: thread::available_parallelism()
                .context("cannot count processors")?
                .get(),
            kernel: weir::kernel::kernel_release(),
            load: load.split(' ').next().unwrap_or_default().to_owned(),
        })
    }

    /// One line.
    pub(crate) fn line(&self) -> String {
        format!(
            "{}, {} processors, Linux {}, load {}",
            self.processor, self.processors, self.kernel, self.load
        )
    }
}

fn model_name(information: &str) -> Option<&str> {
    information
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map(|rest| rest.trim_start_matches([' ', '\t', ':']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_model() {
        let information = "processor\t: 0\nmodel name\t: Example 9000\nflags\t\t: fpu\n";
        assert_eq!(model_name(information), Some("Example 9000"));
        assert_eq!(model_name("processor\t: 0\n"), None);
    }
}
