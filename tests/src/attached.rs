//! What is attached to the kernel.

use std::fs;

/// BPF programs, links and maps that any process holds.
pub fn everywhere() -> Vec<String> {
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Ok(descriptors) = fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        for descriptor in descriptors.flatten() {
            let target = fs::read_link(descriptor.path()).unwrap_or_default();
            let target = target.to_string_lossy().into_owned();
            if target.contains("bpf-") || target.contains("bpf_link") {
                found.push(format!("{} {target}", process.path().display()));
            }
        }
    }
    found.sort();
    found
}
