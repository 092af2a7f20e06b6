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

/// Sums the samples named `name` by the value of their label `label`.
///
/// # Errors
/// A sample of that name has no such label or no number.
pub fn by_label(text: &str, name: &str, label: &str) -> Result<BTreeMap<String, u64>> {
    let mut sums = BTreeMap::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some(rest) = line
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('{'))
        else {
            continue;
        };
        let (labels, value) = rest.split_once("} ").context("sample without a value")?;
        // Counters of this agent are whole numbers.
        let value = value.split(' ').next().unwrap_or_default();
        let value: u64 = value
            .parse()
            .with_context(|| format!("{line}: not a whole number"))?;
        let key = labels
            .split(',')
            .find_map(|pair| pair.strip_prefix(label)?.strip_prefix("=\""))
            .with_context(|| format!("{line}: no label {label}"))?;
        *sums
            .entry(key.trim_end_matches('"').to_owned())
            .or_default() += value;
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
        let sums = by_label(text, "weir_flows_total", "verdict").unwrap();
        assert_eq!(sums, BTreeMap::from([("declared".to_owned(), 5)]));
    }
}
