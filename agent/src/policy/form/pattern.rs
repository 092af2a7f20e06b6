//! Patterns of `[[workload]]` and `[[host_group]]`.

use std::ops::Range;

use toml::{Spanned, de::DeValue};

use super::{
    reader::{Problems, Reader},
    values,
};
use crate::policy::{
    glob::{Glob, GlobError},
    selector::Aspect,
};

/// Where alternatives of a pattern are written.
const ALTERNATIVES: &str = "one `[[workload]]`, or one table of `any`,";

/// The pattern of a label's value.
pub(super) fn label_value(
    label: &str,
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<Glob> {
    let label = label.escape_debug();
    if value.get_ref().is_table() {
        let message = format!("`{label}` must be a pattern, not a table");
        let help =
            "a label with dots stands between quotes: `\"app.kubernetes.io/name\" = \"image\"`";
        problems.report(value.span(), message, help);
        return None;
    }
    let wanted = format!("a pattern of the value of `{label}`");
    let text = values::text(value, &wanted, problems)?;
    if text.is_empty() {
        let message = "the pattern is empty";
        let help = "write a value or a pattern; `**` is any value, also none";
        problems.report(value.span(), message, help);
        return None;
    }
    glob(text, value.span(), ALTERNATIVES, problems)
}

/// The pattern of an aspect that is one text.
pub(super) fn text(reader: &mut Reader<'_, '_>, aspect: Aspect) -> Option<Glob> {
    let text = reader.text(aspect.key())?;
    let rooted = matches!(aspect, Aspect::Executable | Aspect::Cgroup);
    if rooted && !text.value.starts_with('/') && !text.value.starts_with("**") {
        let shown = text.value.escape_debug();
        reader.problems.report(
            text.span,
            format!(
                "`{shown}` can match no path: `{}` is compared from the root",
                aspect.key()
            ),
            format!("write `/{shown}` or `**/{shown}`"),
        );
        return None;
    }
    glob(text.value, text.span, ALTERNATIVES, reader.problems)
}

/// A pattern, or an error; `alternatives` is where several of them are written.
pub(super) fn glob(
    text: &str,
    span: Range<usize>,
    alternatives: &str,
    problems: &mut Problems,
) -> Option<Glob> {
    match Glob::new(text) {
        Ok(glob) => Some(glob),
        Err(error) => {
            let help = match error {
                GlobError::Unsupported(_) => {
                    format!("use `*`, `**` and `?`; {alternatives} for each alternative")
                }
                GlobError::Stars => "`*` stops at `/`, `**` does not".to_owned(),
                GlobError::Empty => "write a name or a pattern".to_owned(),
            };
            problems.report(span, error.to_string(), help);
            None
        }
    }
}
