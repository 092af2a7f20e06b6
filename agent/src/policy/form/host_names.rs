//! Host names and patterns for them.

use std::sync::Arc;

use toml::{Spanned, de::DeValue};

use super::{reader::Problems, values};
use crate::jurisdiction::{NamePattern, NamePatternError};

/// A host name, or `*.` and one for everything below it.
pub(super) fn pattern(
    value: &Spanned<DeValue<'_>>,
    problems: &mut Problems,
) -> Option<NamePattern> {
    let written = values::text(value, "a host name", problems)?;
    match written.parse() {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            let message = format!(
                "`{}` is not a host name or a pattern: {error}",
                written.escape_debug()
            );
            problems.report(value.span(), message, help(written, &error));
            None
        }
    }
}

/// One host name.
pub(super) fn host_name(value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<Arc<str>> {
    let pattern = pattern(value, problems)?;
    if pattern.is_wildcard() {
        let message = format!("`{pattern}` is a pattern, and a host name is asked for");
        let help = "write each host name of the service";
        problems.report(value.span(), message, help);
        return None;
    }
    Some(Arc::from(pattern.name()))
}

fn help(written: &str, error: &NamePatternError) -> String {
    match error {
        NamePatternError::Empty => "write it as `provider.example` or `*.provider.example`".into(),
        NamePatternError::Address => {
            "addresses stand elsewhere: `address` or `cidr` in [[allow]], `ranges` in [[provider]]"
                .into()
        }
        NamePatternError::NotOnlyName => "leave out scheme, user, port and path".into(),
        NamePatternError::NotAscii(_) => "write the form that the DNS has, with `xn--`".into(),
        NamePatternError::Capitals => {
            format!("write `{}`", written.to_ascii_lowercase().escape_debug())
        }
        NamePatternError::FinalDot => {
            format!("write `{}`", written.trim_end_matches('.').escape_debug())
        }
        NamePatternError::Star => {
            "`*.provider.example` is everything below provider.example, at any depth".into()
        }
        NamePatternError::Long => "no name in the DNS is longer".into(),
        NamePatternError::Label(_) => {
            "between dots stand 1 to 63 letters, digits and hyphens, none of the hyphens at an end"
                .into()
        }
    }
}
