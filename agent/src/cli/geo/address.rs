//! What is known of one address, in full.

use std::{
    io::{self, Write},
    net::IpAddr,
    sync::Arc,
};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    cli::text::{cut, line, operator, said, wrapped, yes_no},
    jurisdiction::{Answers, CountryCode, Databases, Description, Domicile, Place, SourceAnswer},
    policy::Policy,
};

/// The answer.
#[derive(Serialize)]
pub(super) struct Answer<'a> {
    address: IpAddr,
    /// The platform's own network that holds it.
    internal: Option<Internal<'a>>,
    /// Country that a verdict may rest on.
    country: Option<CountryCode>,
    /// Whether that is outside the platform's home.
    third_country: Option<bool>,
    #[serde(flatten)]
    place: Arc<Place>,
    /// Under whose law its operator is; `None` without allowlists.
    operator_domicile: Option<Domicile>,
    databases: Vec<&'a Description>,
    #[serde(skip)]
    home: Option<String>,
    #[serde(skip)]
    today: Date,
}

#[derive(Serialize)]
struct Internal<'a> {
    cidr: String,
    purpose: &'a str,
    owner: &'a str,
}

impl<'a> Answer<'a> {
    /// Asks the databases and, where given, the allowlists.
    pub(super) fn of(
        address: IpAddr,
        databases: &'a Databases,
        policy: Option<&'a Policy>,
        today: Date,
    ) -> Self {
        let place = databases.place(address, today);
        let asn = place.operator.value.as_ref().map(|operator| operator.asn.0);
        let domicile = policy.map(|policy| policy.providers().domicile(address, asn, today));
        let publishes_anycast = domicile.as_ref().and_then(|domicile| domicile.anycast);
        let country = place.country().filter(|_| publishes_anycast != Some(true));
        let network = policy.and_then(|policy| policy.internal_network(address));
        Self {
            address,
            internal: network.map(|network| Internal {
                cidr: network.cidr.to_string(),
                purpose: &network.purpose,
                owner: &network.owner,
            }),
            country,
            third_country: policy.and_then(|policy| policy.third_country(country?, today)),
            place,
            operator_domicile: domicile,
            databases: databases.describe().collect(),
            home: policy
                .and_then(|policy| policy.home())
                .map(ToString::to_string),
            today,
        }
    }

    /// The address that was asked for.
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// For people, below the address.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let place = &self.place;
        writeln!(
            out,
            "{:<22} {:<10}  {:<6}  {:<10}  {:<12}  ANYCAST",
            "SOURCE", "BUILT", "HOSTED", "REGISTERED", "AS"
        )?;
        for database in &self.databases {
            row(place, database, self.today, out)?;
        }
        writeln!(out)?;
        if let Some(internal) = &self.internal {
            let text = format!(
                "{} ({}), a network of the platform: internal, whatever databases say",
                internal.cidr, internal.purpose
            );
            line("internal", &text, out)?;
        }
        line("hosted in", &self.hosted(), out)?;
        let registered = said(&place.registered_in, ToString::to_string);
        line("registered in", &registered, out)?;
        line("operator", &said(&place.operator, ToString::to_string), out)?;
        let anycast = said(&place.anycast, |flag| yes_no(*flag).to_owned());
        line("anycast", &anycast, out)?;
        match &self.operator_domicile {
            Some(domicile) => operator(domicile, out),
            None => Ok(()),
        }
    }

    fn hosted(&self) -> String {
        let mut hosted = said(&self.place.hosted_in, ToString::to_string);
        let domicile = self.operator_domicile.as_ref();
        let published = domicile.and_then(|domicile| domicile.anycast);
        if self.place.is_anycast() || published == Some(true) {
            hosted.push_str("; being anycast, it is in no one country");
        }
        if let (Some(home), Some(third)) = (&self.home, self.third_country) {
            let side = if third { "outside" } else { "inside" };
            hosted.push_str(&format!("; {side} {home}"));
        }
        hosted
    }
}

/// What one database says: its answers, then prefix, organisation and why some
/// do not count.
fn row(place: &Place, database: &Description, today: Date, out: &mut impl Write) -> io::Result<()> {
    let name = database.name.as_str();
    let hosted = of(&place.hosted_in, name);
    let registered = of(&place.registered_in, name);
    let operator = of(&place.operator, name);
    let anycast = of(&place.anycast, name);
    writeln!(
        out,
        "{:<22} {:<10}  {:<6}  {:<10}  {:<12}  {}",
        cut(name, 22),
        database.built_on().to_string(),
        cell(hosted, ToString::to_string),
        cell(registered, ToString::to_string),
        cell(operator, |operator| operator.asn.to_string()),
        cell(anycast, |flag| yes_no(*flag).to_owned()),
    )?;
    let prefix = hosted
        .and_then(|one| one.prefix.as_deref())
        .or_else(|| registered?.prefix.as_deref())
        .or_else(|| operator?.prefix.as_deref())
        .or_else(|| anycast?.prefix.as_deref());
    let organisation = operator
        .and_then(|one| one.value.as_ref())
        .and_then(|operator| operator.organisation.as_deref());
    let old = database.too_old(today);
    let notes = [
        hosted.and_then(|one| one.note.as_deref()),
        registered.and_then(|one| one.note.as_deref()),
        operator.and_then(|one| one.note.as_deref()),
        anycast.and_then(|one| one.note.as_deref()),
    ];
    let mut parts: Vec<&str> = vec![prefix.unwrap_or("no entry")];
    parts.extend(organisation);
    // Of too old an entry only that is worth saying.
    match &old {
        Some(old) => parts.push(old),
        None => parts.extend(notes.into_iter().flatten()),
    }
    parts.dedup();
    wrapped("  ", &parts.join("; "), out)
}

fn of<'a, T>(answers: &'a Answers<T>, name: &str) -> Option<&'a SourceAnswer<T>> {
    answers.sources.iter().find(|one| *one.source == *name)
}

/// An answer that does not count is in parentheses.
fn cell<T>(answer: Option<&SourceAnswer<T>>, text: impl Fn(&T) -> String) -> String {
    let Some((answer, value)) = answer.and_then(|one| Some((one, one.value.as_ref()?))) else {
        return "-".to_owned();
    };
    match answer.note {
        Some(_) => format!("({})", text(value)),
        None => text(value),
    }
}
