//! `weir check`: is a set of allowlists valid, and if not, everything that is
//! wrong with it.

use std::{
    io::{self, IsTerminal as _, Write},
    path::PathBuf,
    process::ExitCode,
};

use comfy_table::{Table, presets};
use serde_json::json;

use crate::{
    jurisdiction::Review,
    policy::{Policy, Product, Rejected},
};

/// Exit code for a set that is refused.
const INVALID: u8 = 3;

/// What `weir check` is asked.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Directory with one TOML file for each product.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,

    /// How to answer: text (errors on standard error) or one JSON object on
    /// standard output.
    #[arg(long, value_enum, default_value_t)]
    pub format: CheckFormat,
}

/// How `weir check` answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// Checks the set and prints what is to be said of it.
///
/// # Errors
/// If the answer cannot be written; an invalid set is exit code 3, no error.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let outcome = Policy::load(&args.directory);
    match (&outcome, args.format) {
        (Ok(policy), CheckFormat::Text) => print_valid(args, policy, &mut io::stdout().lock())?,
        (Err(rejected), CheckFormat::Text) => print_rejected(rejected)?,
        (Ok(policy), CheckFormat::Json) => writeln!(io::stdout(), "{}", valid(args, policy))?,
        (Err(rejected), CheckFormat::Json) => writeln!(io::stdout(), "{}", invalid(rejected))?,
    }
    Ok(if outcome.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INVALID)
    })
}

fn print_valid(args: &CheckArgs, policy: &Policy, out: &mut impl Write) -> io::Result<()> {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["PRODUCT", "POSTURE", "OWNER", "WORKLOADS", "ENTRIES"]);
    for product in policy.products() {
        table.add_row([
            product.name().to_owned(),
            product.posture().label().to_owned(),
            product.owner().to_owned(),
            product.selectors().len().to_string(),
            product.entries().len().to_string(),
        ]);
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim())?;
    }
    let networks = policy.internal_networks().count();
    let home = policy
        .home()
        .map_or_else(|| "none".to_owned(), ToString::to_string);
    writeln!(out)?;
    writeln!(
        out,
        "platform: home {home}, internal networks: {networks}, shared entries: {}",
        policy.shared().len()
    )?;
    if !policy.providers().is_empty() {
        writeln!(
            out,
            "providers: {}, unreviewed: {}",
            policy.providers().len(),
            unreviewed(policy).len()
        )?;
    }
    if let Some(claims) = policy.claims() {
        writeln!(
            out,
            "claims: {}, out of reach: {}",
            claims.stated.len(),
            claims.out_of_reach.len()
        )?;
    }
    writeln!(
        out,
        "{}: {} products, {} entries, valid",
        args.directory.display(),
        policy.products().count(),
        policy.entry_count()
    )?;
    writeln!(out, "digest: {}", policy.digest())
}

/// Providers whose domicile nobody has compared with a source, by id.
fn unreviewed(policy: &Policy) -> Vec<&str> {
    policy
        .providers()
        .iter()
        .filter(|provider| matches!(provider.review, Review::Unreviewed(_)))
        .map(|provider| &*provider.id)
        .collect()
}

/// Frames for a person at a terminal, in colour where the terminal and the
/// environment allow it; stable plain lines for everything else.
fn print_rejected(rejected: &Rejected) -> io::Result<()> {
    let mut out = io::stderr().lock();
    if out.is_terminal() {
        let choice = anstream::AutoStream::choice(&out);
        let colour = choice != anstream::ColorChoice::Never;
        writeln!(out, "{}", rejected.graphical(colour))
    } else {
        writeln!(out, "{rejected}")
    }
}

fn valid(args: &CheckArgs, policy: &Policy) -> serde_json::Value {
    let products: Vec<_> = policy.products().map(product).collect();
    json!({
        "type": "allowlists",
        "valid": true,
        "directory": args.directory.to_string_lossy(),
        "digest": policy.digest(),
        "entries": policy.entry_count(),
        "home": policy.home(),
        "products": products,
        "providers": { "listed": policy.providers().len(), "unreviewed": unreviewed(policy) },
        "errors": [],
    })
}

fn product(product: &Product) -> serde_json::Value {
    json!({
        "product": product.name(),
        "title": product.title(),
        "owner": product.owner(),
        "posture": product.posture(),
        "workloads": product.selectors(),
        "entries": product.entries().len(),
    })
}

fn invalid(rejected: &Rejected) -> serde_json::Value {
    json!({
        "type": "allowlists",
        "valid": false,
        "directory": rejected.directory().to_string_lossy(),
        "summary": rejected.summary(),
        "errors": rejected.diagnostics(),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::path::Path;

    use super::*;
    use crate::policy::Source;

    fn args(path: &str) -> CheckArgs {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        CheckArgs {
            directory: root.join(path),
            format: CheckFormat::Text,
        }
    }

    #[test]
    fn a_valid_set_is_listed_with_its_digest() {
        let args = args("allowlists");
        let policy = Policy::load(&args.directory).unwrap();
        let mut out = Vec::new();
        print_valid(&args, &policy, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let rows: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().collect())
            .collect();
        assert_eq!(
            rows[0],
            ["PRODUCT", "POSTURE", "OWNER", "WORKLOADS", "ENTRIES"]
        );
        let image = [
            "image-generation",
            "external_declared",
            "team-image",
            "3",
            "3",
        ];
        assert!(rows.iter().any(|row| *row == image), "{text}");
        assert!(text.contains("12 products, 12 entries, valid\n"), "{text}");
        assert!(text.contains("\nclaims: 17, out of reach: 15\n"), "{text}");
        assert!(text.ends_with(&format!("digest: {}\n", policy.digest())));
    }

    #[test]
    fn providers_are_counted() {
        let source = |name: &str, text: &str| Source::from_text(name, text);
        let product = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"internal_only\"\n\
                       [[workload]]\nunit = \"a.service\"\n";
        let one = |id: &str, asn: u32, review: &str| {
            format!(
                "[[provider]]\nid = \"{id}\"\ntitle = \"T\"\nkinds = [\"other\"]\nasn = [{asn}]\n\
                 legal_entity = \"L\"\nparent = \"P\"\ndomicile = \"NO\"\nsource = [\"s\"]\n{review}\n"
            )
        };
        let providers = format!(
            "fresh_for_days = 400\n{}{}",
            one("b", 64496, "reviewed = 2026-11-01"),
            one("a", 64497, "unreviewed = \"no source\"")
        );
        let sources = vec![
            source("a.toml", product),
            source("providers.toml", &providers),
        ];
        let policy = Policy::from_sources(sources).unwrap();
        let object = valid(&args("."), &policy);
        let counted = json!({ "listed": 2, "unreviewed": ["a"] });
        assert_eq!(object["providers"], counted);
        let mut out = Vec::new();
        print_valid(&args("."), &policy, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("\nproviders: 2, unreviewed: 1\n"), "{text}");
    }

    #[test]
    fn json_of_both_outcomes() {
        let good = args("allowlists");
        let policy = Policy::load(&good.directory).unwrap();
        let object = valid(&good, &policy);
        assert_eq!(object["valid"], true);
        assert_eq!(object["home"], "EEA");
        assert_eq!(object["products"].as_array().unwrap().len(), 12);

        let bad = args("tests/broken-allowlists/countries");
        let object = invalid(&Policy::load(&bad.directory).unwrap_err());
        assert_eq!(object["valid"], false);
        assert_eq!(object["summary"], "10 errors in 3 files");
        let first = &object["errors"][0];
        assert_eq!((&first["line"], &first["column"]), (&json!(13), &json!(14)));
        assert_eq!(first["help"], "the code is `GB`");
    }

    #[test]
    fn exit_codes() {
        assert_eq!(
            run(&args("tests/broken-allowlists/empty")).unwrap(),
            ExitCode::from(3)
        );
        assert_eq!(run(&args("allowlists")).unwrap(), ExitCode::SUCCESS);
    }
}
