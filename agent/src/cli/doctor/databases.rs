//! IP databases: whether they open, and whether their answers count today.

use jiff::civil::Date;

use super::check::{Area, Check};
use crate::jurisdiction::{Databases, IpData};

const AREA: Area = Area("databases");

/// Opens all that an agent would open.
pub(super) fn checks(wanted: &IpData, today: Date) -> Vec<Check> {
    let databases = match Databases::load(wanted) {
        Ok(databases) => databases,
        Err(error) => return vec![AREA.refused("IP databases", error)],
    };
    let described = databases.describe().map(|one| {
        let facts = one.fields.join(", ");
        match one.too_old(today) {
            None => AREA.pass(
                &one.name,
                format_args!("built {}, with {facts}", one.built_on()),
            ),
            Some(why) => AREA.warn(
                &one.name,
                format_args!("its answers do not count: {why}"),
                "install a newer one with `weir geo update FILE`",
            ),
        }
    });
    described.collect()
}
