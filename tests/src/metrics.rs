//! Scrapes `/metrics` and reads its samples.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// Gets `/metrics` from `address`.
///
/// # Errors
/// Nothing listens there, or the answer is not a success.
pub fn scrape(address: &str) -> Result<String> {
    let mut stream =
        TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .context("read /metrics")?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("/metrics answered {head}");
    }
    Ok(body.to_owned())
}

/// Sums the samples named `name` that have all of `labels`, by the value of their
/// label `by`.
///
/// # Errors
/// A sample of that name has no such label or no whole number.
pub fn by_label(
    text: &str,
    name: &str,
    labels: &[(&str, &str)],
    by: &str,
) -> Result<BTreeMap<String, u64>> {
    let mut sums = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(rest) = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('{'))
        else {
            continue;
        };
        let (set, value) = rest.split_once("} ").context("sample without a value")?;
        let set: BTreeMap<&str, &str> = set
            .split(',')
            .filter_map(|pair| pair.split_once('='))
            .map(|(label, value)| (label, value.trim_matches('"')))
            .collect();
        if labels
            .iter()
            .any(|(label, value)| set.get(label) != Some(value))
        {
            continue;
        }
        let value = value.split(' ').next().unwrap_or_default();
        let value: u64 = value
            .parse()
            .with_context(|| format!("{line}: not a whole number"))?;
        let key = set
            .get(by)
            .with_context(|| format!("{line}: no label {by}"))?;
        *sums.entry((*key).to_owned()).or_default() += value;
    }
    Ok(sums)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn samples_are_summed_by_label() {
        let text = "# TYPE weir_flows counter\n\
                    weir_flows_total{verdict=\"declared\",product=\"a\"} 2\n\
                    weir_flows_total{verdict=\"declared\",product=\"b\"} 3\n\
                    weir_flows_total_other{verdict=\"x\"} 9\n# EOF\n";
        let sums = |labels| by_label(text, "weir_flows_total", labels, "verdict").unwrap();
        assert_eq!(sums(&[]), BTreeMap::from([("declared".to_owned(), 5)]));
        assert_eq!(
            sums(&[("product", "a")]),
            BTreeMap::from([("declared".to_owned(), 2)])
        );
    }
}
