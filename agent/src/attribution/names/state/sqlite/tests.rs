//! Databases as their owners wrote them, and others.
#![expect(clippy::unwrap_used, reason = "tests")]
use std::{fs, io::Write as _};

use proptest::prelude::*;

use super::*;

/// Podman's table of containers with twelve of them, as SQLite 3.40 wrote it. One
/// row goes on over other pages.
const DATABASE: &[u8] = include_bytes!("../../fixtures/podman-5-db.sql");

const FIRST: &str = "f651d5b6866d080b2f3de174f9ddce80e6b13a5c80e34259e1e212c14d0ae9ba";
const LARGE: &str = "7fce868d01f67411406fc8b64a2a45d84b213fa0128e6c3fcd204c31e1ee364b";
const LAST: &str = "6f378dd63c653e0c6ece5eaa3c6ab03ce1acf30588d58b2f5d5336fbeaf44ac7";

fn name(bytes: &[u8], id: &str) -> Option<Value> {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let none = Path::new("/nonexistent");
    let mut row = read(&file, none, |sqlite| sqlite.row("ContainerConfig", id))?;
    assert_eq!(row.len(), 4);
    Some(row.swap_remove(1))
}

#[test]
fn rows_as_sqlite_wrote_them() {
    for (id, expected) in [
        (FIRST, "weir-probe-0"),
        (LARGE, "weir-probe-3"),
        (LAST, "weir-probe-11"),
    ] {
        assert_eq!(name(DATABASE, id), Some(Value::Text(expected.into())));
    }
    assert_eq!(name(DATABASE, "other"), None);
    assert_eq!(name(&DATABASE[..4096], FIRST), None);
    assert_eq!(name(&[], FIRST), None);
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(DATABASE).unwrap();
    let none = Path::new("/nonexistent");
    assert_eq!(read(&file, none, |sqlite| sqlite.row("NoTable", "x")), None);
    // With a write-ahead log.
    let mut logged = DATABASE.to_vec();
    logged[18..20].copy_from_slice(&[2, 2]);
    assert_eq!(name(&logged, FIRST), None);
}

#[test]
fn what_is_being_written_is_not_believed() {
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("db.sql-journal");
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(DATABASE).unwrap();
    let looks = Cell::new(0);
    let look = |meanwhile: &dyn Fn(u8)| {
        looks.set(0);
        read(&file, &journal, |_| {
            looks.set(looks.get() + 1);
            meanwhile(looks.get());
            Some(looks.get())
        })
    };
    assert_eq!(look(&|_| ()), Some(1));
    let commit = |to: u8| file.write_all_at(&[to], 27).unwrap();
    assert_eq!(
        look(&|n| if n == 1 {
            commit(200);
        }),
        Some(2)
    );
    assert_eq!(look(&|n| commit(n)), None);
    // A transaction that has begun, and one before.
    assert_eq!(look(&|_| fs::write(&journal, "x").unwrap()), None);
    assert_eq!(look(&|_| ()), None);
    assert_eq!(looks.get(), 0);
    fs::write(&journal, "").unwrap();
    assert_eq!(look(&|_| ()), Some(1));
}

#[test]
fn numbers_of_variable_length() {
    let number = |bytes: &[u8]| varint(bytes, &mut 0);
    assert_eq!(number(&[0x7f]), Some(127));
    assert_eq!(number(&[0x81, 0x00]), Some(128));
    assert_eq!(number(&[0xff; 9]), Some(u64::MAX));
    assert_eq!(number(&[0x81]), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever is changed, the reader ends, within its bounds.
    #[test]
    fn no_bytes_break_it(changes in prop::collection::vec((0..DATABASE.len(), any::<u8>()), 1..64)) {
        let mut bytes = DATABASE.to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        let none = Path::new("/nonexistent");
        read(&file, none, |sqlite| sqlite.row("ContainerConfig", LAST));
    }
}
