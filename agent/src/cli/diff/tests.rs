//! What a change of allowlists means, word for word.
#![expect(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::replay::sample::{assert_documented, set, set_with, sources};

fn page(before: &[(&str, String)], after: &[(&str, String)]) -> String {
    let structure = compare(&sources(before), &sources(after));
    let mut out = Vec::new();
    page::print(&structure, &mut out).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

#[test]
fn the_same_is_said_to_be_the_same() {
    assert_eq!(page(&set(), &set()), "the sets say the same\n");
}

#[test]
fn changes_stand_below_their_files() {
    let mut after = set_with(
        "countries = [\"EEA\"]",
        "countries = [\"EEA\", \"CH\"]\nports = [443]",
    );
    let (_, llm) = &mut after[1];
    *llm = llm.replace("unit = \"llm.service\"", "slice = \"llm.slice\"\nuid = 990");
    let (_, platform) = &mut after[2];
    platform
        .push_str("[[internal]]\ncidr = \"10.21.0.0/16\"\npurpose = \"more\"\nowner = \"net\"\n");
    let page = page(&set(), &after);
    assert_eq!(
        page,
        "\
image.toml
  ~ [[allow]] image-eea
      countries          EEA -> EEA, CH
      ports              (none) -> 443
llm.toml
  + [[workload]] slice = llm.slice, uid = 990
  - [[workload]] unit = llm.service
platform.toml
  + [[internal]] 10.21.0.0/16
      owner              net
      purpose            more
2 added, 1 removed, 1 changed
"
    );
    assert_documented(&page);
}
