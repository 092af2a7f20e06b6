//! An archive that is not as it was packed.

use std::fs;

use crate::{
    bundle::Files,
    judges::{WORLD, changed, refused, refused_by_judging, written},
};

#[test]
fn an_archive_that_is_cut_or_has_more_is_refused() {
    let bytes = fs::read(&WORLD.bundle).unwrap();
    let previous = Some(WORLD.previous.as_path());
    for cut in [0, 100, 511, 512, bytes.len() / 2, bytes.len() - 1024] {
        let path = written("cut", &bytes[..cut]);
        refused(
            &format!("cut at {cut}"),
            &path,
            previous,
            "archive",
            ["", ""],
        );
    }
    let longer = [bytes.as_slice(), &[0; 512]].concat();
    let says = "the archive does not end where it should";
    refused(
        "longer",
        &written("longer", &longer),
        previous,
        "archive",
        [says; 2],
    );
}

#[test]
fn members_that_are_no_plain_files_or_out_of_order_are_refused() {
    let previous = Some(WORLD.previous.as_path());
    let mut bytes = fs::read(&WORLD.bundle).unwrap();
    bytes[156] = b'2';
    let says = "README.txt is not a plain file (type '2')";
    refused(
        "symlink",
        &written("link", &bytes),
        previous,
        "archive",
        [says; 2],
    );

    let bytes = fs::read(&WORLD.bundle).unwrap();
    let size = |at: usize| {
        let text = str::from_utf8(&bytes[at + 124..at + 135]).unwrap();
        512 + usize::from_str_radix(text, 8)
            .unwrap()
            .next_multiple_of(512)
    };
    let (one, two) = (size(0), size(size(0)));
    let swapped = [&bytes[one..one + two], &bytes[..one], &bytes[one + two..]].concat();
    let says = "README.txt stands after SHA256SUMS: members are in the order of their names";
    refused(
        "order",
        &written("order", &swapped),
        previous,
        "archive",
        [says; 2],
    );
    let twice = [&bytes[..one], &bytes[..]].concat();
    let says = "README.txt stands after README.txt";
    refused(
        "twice",
        &written("twice", &twice),
        previous,
        "archive",
        [says; 2],
    );
}

#[test]
fn files_that_are_added_or_taken_away_are_refused() {
    let previous = Some(WORLD.previous.as_path());
    let extra = |files: &mut Files| drop(files.files.insert("extra".into(), b"x".to_vec()));
    let says = "extra is in the bundle and not in SHA256SUMS";
    refused(
        "extra",
        &changed("extra", extra),
        previous,
        "sums",
        [says; 2],
    );
    let summed = changed("summed", |files| {
        extra(files);
        files.sum();
    });
    let says = "extra is in the bundle and not in the statement";
    refused("extra, listed", &summed, previous, "statement", [says; 2]);
    let signed = changed("signed", |files| {
        extra(files);
        files.sign(&WORLD.node.key());
    });
    refused_by_judging(
        "extra, signed",
        &signed,
        "derived",
        "extra follows from nothing",
    );
    let missing = changed("missing", |files| {
        drop(files.files.remove("databases.json"));
    });
    let says = "databases.json is in SHA256SUMS and not in the bundle";
    refused("missing", &missing, previous, "sums", [says; 2]);
}
