//! The keys of `[[allow]]` that say on what grounds it stands.

use jiff::civil::Date;

use super::{
    Placed,
    kind::Kind,
    reader::{Key, Reader, optional, required},
    values,
};
use crate::policy::duties::Duties;

/// Kinds of data that go there.
pub(super) const DATA_CATEGORIES: Key = optional(
    "data_categories",
    Kind::Texts,
    "`data_categories = [\"prompts\", \"images\"]`",
);
/// The ground.
pub(super) const LEGAL_BASIS: Key = optional(
    "legal_basis",
    Kind::Text,
    "`legal_basis = \"GDPR Art. 28, contract of 2026-03-01\"`",
);
/// Where customers read of it.
pub(super) const DISCLOSED_AT: Key = optional(
    "disclosed_at",
    Kind::Pattern("^https://[!-~]+$"),
    "`disclosed_at = \"https://platform.example/image#providers\"`",
);
/// Who approved it.
pub(super) const APPROVED_BY: Key = required("approved_by", Kind::Text, "`approved_by = \"dpo\"`");
/// When.
pub(super) const APPROVED_ON: Key =
    required("approved_on", Kind::Date, "`approved_on = 2026-11-01`");

/// The last day of the entry.
pub(super) const EXPIRES: Key = optional("expires", Kind::Date, "`expires = 2027-06-30`");

/// What an entry must have beside that if it leads outside the platform: which it does
/// only the whole set shows.
const OUTSIDE: [Key; 3] = [DATA_CATEGORIES, LEGAL_BASIS, EXPIRES];

/// Keys that an entry which leads outside the platform lacks.
pub(super) fn lacking(reader: &Reader<'_, '_>) -> Vec<Key> {
    let absent = |key: &Key| reader.value(key.name).is_none();
    OUTSIDE.into_iter().filter(absent).collect()
}

/// Reads the duties of an entry, as far as they are sound; `None` where there is no
/// approval.
pub(super) fn read(reader: &mut Reader<'_, '_>, expires: Option<&Placed<Date>>) -> Option<Duties> {
    let mut data_categories: Vec<String> = Vec::new();
    for item in reader.items("data_categories").unwrap_or_default() {
        let Some(text) = values::text(item, "a kind of data", reader.problems) else {
            continue;
        };
        if text.trim().is_empty() {
            let help = "name what goes there, such as `prompts`";
            let message = "a kind of data is empty";
            reader.problems.report(item.span(), message, help);
        }
        if data_categories.iter().any(|known| known == text) {
            let message = format!("`{}` stands twice in the entry", text.escape_debug());
            reader.problems.report(item.span(), message, "remove one");
        }
        data_categories.push(text.to_owned());
    }
    let mut text = |key| reader.text(key).map(|text| text.value.to_owned());
    let (legal_basis, approved_by) = (text("legal_basis"), text("approved_by"));
    let approved_on = reader.date("approved_on");
    if let (Some(approved), Some(expires)) = (&approved_on, expires)
        && expires.value < approved.value
    {
        let message = format!(
            "approved on {}, after it has expired on {}",
            approved.value, expires.value
        );
        let help = "an approval is given before the entry expires: correct one of the dates";
        reader.problems.report(approved.span.clone(), message, help);
    }
    let disclosed_at = disclosed_at(reader);
    Some(Duties {
        data_categories,
        legal_basis,
        disclosed_at,
        approved_by: approved_by?,
        approved_on: approved_on?.value,
    })
}

fn disclosed_at(reader: &mut Reader<'_, '_>) -> Option<String> {
    let page = reader.text("disclosed_at")?;
    let rest = page.value.strip_prefix("https://");
    let plain = |text: &str| {
        text.bytes().all(|byte| byte.is_ascii_graphic()) && !text.starts_with(['/', '?', '#'])
    };
    if rest.is_some_and(|rest| !rest.is_empty() && plain(rest)) {
        return Some(page.value.to_owned());
    }
    let message = format!(
        "`{}` is not the address of a page",
        page.value.escape_debug()
    );
    let help = "write it in full: `https://platform.example/image#providers`";
    reader.problems.report(page.span, message, help);
    None
}
