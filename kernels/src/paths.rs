//! Where things are kept.

use std::{
    env,
    path::{Path, PathBuf},
};

/// Root of the workspace.
pub(crate) fn workspace() -> &'static Path {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().unwrap_or(member)
}

fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), PathBuf::from)
}

/// `target/kernels`: kernels and initramfs images.
pub(crate) fn cache() -> PathBuf {
    target().join("kernels")
}

/// `target/debug`: programs of this workspace.
pub(crate) fn binaries() -> PathBuf {
    target().join("debug")
}
