//! Cgroups of the running kernel. Needs root; never skips itself.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use weir::kernel::{CgroupDirectory, find_cgroup_root};

#[test]
fn a_path_comes_back_from_its_id() {
    let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
    let name = format!("weir-kernel-test-id-{}", std::process::id());
    let made = root.path().join(&name);
    std::fs::create_dir(&made).unwrap();
    let id = root.id_of(Path::new(&name));
    let path = id.and_then(|id| root.path_of(id));
    std::fs::remove_dir(&made).unwrap();
    assert_eq!(path, Some(format!("/{name}")));
    assert_eq!(root.path_of(id.unwrap()), None);
    let top = root.id_of(Path::new("")).unwrap();
    assert_eq!(root.path_of(top), Some("/".to_owned()));
}
