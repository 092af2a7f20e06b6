//! No text makes the reader panic, and a refused one always says why and where.

use proptest::prelude::*;

use super::*;

fn fragment() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("[metrics]\n".to_owned()),
        Just("[[notify.webhook]]\n".to_owned()),
        Just("[notify.webhook]\n".to_owned()),
        Just("listen = \"off\"\n".to_owned()),
        Just("name = [1, { a = 2 }]\n".to_owned()),
        Just("max_flows = 0x7fff_ffff_ffff_ffff_f\n".to_owned()),
        Just("uplinks = [\"\", 1, []]\n".to_owned()),
        Just("paths = { store = 1979-05-27, pin = 1.5 }\n".to_owned()),
        Just("capture.max_flows = -1\n".to_owned()),
        "[a-z\"'=\\[\\]{}.# \n\u{0}-\u{1f}é]{0,12}".prop_map(|text| text),
    ]
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(parts in proptest::collection::vec(fragment(), 0..8)) {
        let text = parts.concat();
        if let Err(rejected) = load(&text, &[]) {
            prop_assert!(!rejected.diagnostics().is_empty());
            for found in rejected.diagnostics() {
                prop_assert!(found.place.is_some(), "{text:?}: {found:?}");
                prop_assert!(!found.help.is_empty());
            }
        }
    }
}
