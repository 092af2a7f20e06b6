//! Every question about the place, with every source's answer.

use std::{
    fmt::Display,
    io::{self, Write},
};

use super::explanation::Explanation;
use crate::{
    cli::text::{cut, line, said, wrapped, yes_no},
    jurisdiction::Answers,
};

pub(super) fn print(explanation: &Explanation<'_>, out: &mut impl Write) -> io::Result<()> {
    let located = &explanation.judged().flow;
    let place = &located.place;
    let mut hosted = said(&place.hosted_in, ToString::to_string);
    if located.anycast() == Some(true) {
        hosted.push_str("; being anycast, it is in no one country");
    }
    let home = explanation.by.as_ref().and_then(|by| by.policy.home());
    if let (Some(home), Some(third)) = (home, explanation.third_country()) {
        let side = if third { "outside" } else { "inside" };
        hosted.push_str(&format!("; {side} {home}"));
    }
    line("hosted in", &hosted, out)?;
    sources(&place.hosted_in, ToString::to_string, out)?;
    question("registered in", &place.registered_in, out)?;
    question("operator", &place.operator, out)?;
    let text = |flag: &bool| yes_no(*flag).to_owned();
    line("anycast", &said(&place.anycast, text), out)?;
    sources(&place.anycast, text, out)
}

fn question<T: Display>(what: &str, answers: &Answers<T>, out: &mut impl Write) -> io::Result<()> {
    line(what, &said(answers, ToString::to_string), out)?;
    sources(answers, ToString::to_string, out)
}

/// An answer that does not count is in parentheses, with the reason.
fn sources<T>(
    answers: &Answers<T>,
    text: impl Fn(&T) -> String,
    out: &mut impl Write,
) -> io::Result<()> {
    for one in &answers.sources {
        let value = match (&one.value, &one.note) {
            (Some(value), None) => text(value),
            (Some(value), Some(_)) => format!("({})", text(value)),
            (None, _) => "no entry".to_owned(),
        };
        let mut parts = vec![value];
        parts.extend(one.prefix.as_deref().map(|prefix| format!("for {prefix}")));
        parts.extend(one.note.as_deref().map(str::to_owned));
        let label = format!("  {:<12} ", cut(&one.source, 24));
        wrapped(&label, &parts.join("; "), out)?;
    }
    Ok(())
}
