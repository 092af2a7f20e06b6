//! Finds the kernel programs and gives their path to the compiler, which
//! embeds them into the binary.

use std::{env, path::PathBuf, process::exit};

fn main() {
    println!("cargo::rerun-if-env-changed=XTASK_BPF_OBJECT");
    let object = env::var_os("XTASK_BPF_OBJECT").map_or_else(
        || {
            PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default())
                .join("../target/bpf/bpfel-unknown-none/release/weir-ebpf")
        },
        PathBuf::from,
    );
    println!("cargo::rerun-if-changed={}", object.display());
    match object.canonicalize() {
        Ok(path) => println!("cargo::rustc-env=XTASK_BPF_OBJECT_PATH={}", path.display()),
        Err(error) => {
            println!(
                "cargo::error=the kernel programs are not built ({}: {error}): run `cargo xtask build`",
                object.display()
            );
            exit(1);
        }
    }
}
