//! Writes the man pages and the completions of `weir`, made from its command line, into a
//! directory: `SOURCE_DATE_EPOCH=0 cargo run -p weir --example pages -- DIR`. `cargo xtask
//! package` does it with the time of the commit, of which pages bear the day.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{
    Man,
    roff::{Roff, bold, roman},
};
use jiff::Timestamp;
use weir::cli::Cli;

/// Rows of this table are the section EXIT STATUS.
const EXIT_CODES: &str = include_str!("../../docs/exit-codes.md");

/// Where a packaged agent has what it needs.
const FILES: [(&str, &str); 5] = [
    ("/etc/weir/allowlists/*.toml", "What is declared."),
    (
        "/var/lib/weir",
        "The store: the ledger, the node's key, and sets of allowlists that were in force.",
    ),
    ("/var/lib/weir/ipdata/*.mmdb", "IP databases."),
    (
        "/run/weir",
        "The lock that admits one agent, and its control socket.",
    ),
    (
        "/sys/fs/bpf/weir",
        "Pinned programs and maps, which go on counting while no agent runs.",
    ),
];

/// What an operator sets beside options.
const ENVIRONMENT: [(&str, &str); 1] = [(
    "WEIR_LOG",
    "What is logged on standard error, such as debug or weir=info; warn, unless set.",
)];

fn main() -> Result<()> {
    let directory = env::args_os().nth(1).map(PathBuf::from);
    let directory = directory.context("usage: pages DIR")?;
    let (pages, completions) = (directory.join("man"), directory.join("completions"));
    for path in [&pages, &completions] {
        fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
    }
    let mut command = shown();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, "weir", &completions)
            .with_context(|| format!("write completions for {shell}"))?;
    }
    command.build();
    let names = page(&command, None, &day()?, &pages)?;
    for name in names {
        println!("{name}.1");
    }
    Ok(())
}

/// The command line without what is not for people.
fn shown() -> Command {
    let whole = Cli::command();
    let subcommands = whole.get_subcommands().filter(|one| !one.is_hide_set());
    Command::new("weir")
        .version(env!("CARGO_PKG_VERSION"))
        .about(whole.get_about().cloned().unwrap_or_default())
        .args(whole.get_arguments().cloned())
        .subcommands(subcommands.cloned())
        .disable_help_subcommand(true)
}

/// The day that pages bear.
fn day() -> Result<String> {
    let seconds = env::var("SOURCE_DATE_EPOCH").context("SOURCE_DATE_EPOCH is not set")?;
    let seconds = seconds.parse().context("SOURCE_DATE_EPOCH")?;
    let time = Timestamp::from_second(seconds).context("SOURCE_DATE_EPOCH")?;
    Ok(time.strftime("%Y-%m-%d").to_string())
}

/// Writes the page of a command and of those below it; gives back their names.
fn page(command: &Command, above: Option<&str>, day: &str, into: &Path) -> Result<Vec<String>> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut names = vec![name.to_owned()];
    for one in command.get_subcommands() {
        names.extend(page(one, Some(name), day, into)?);
    }
    let man = Man::new(command.clone())
        .title(name.to_uppercase())
        .date(day)
        .source(concat!("weir ", env!("CARGO_PKG_VERSION")))
        .manual("Weir");
    let mut text = Vec::new();
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    if command.get_arguments().any(|one| !one.is_hide_set()) {
        man.render_options_section(&mut text)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    text.extend(match above {
        None => whole(&names),
        Some(above) => beside(above, &names),
    });
    let path = into.join(format!("{name}.1"));
    fs::write(&path, tidy(&String::from_utf8(text)?))
        .with_context(|| format!("write {}", path.display()))?;
    Ok(names)
}

/// Without breaks of the line around an empty one, and blanks at the end of lines: neither
/// means anything, and mandoc complains.
fn tidy(page: &str) -> String {
    let page = page.replace(".br\n\n.br\n", ".sp\n");
    let lines = page.lines().map(str::trim_end);
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// Sections of the page of `weir` itself.
fn whole(names: &[String]) -> Vec<u8> {
    let mut roff = Roff::new();
    let codes = EXIT_CODES.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        let code: u8 = cells.next()?.parse().ok()?;
        Some((code.to_string(), plain(cells.next()?.trim_end_matches('|'))))
    });
    section(&mut roff, "EXIT STATUS", codes);
    let own = |list: &[(&str, &str)]| -> Vec<_> {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        list.iter().map(owned).collect()
    };
    section(&mut roff, "FILES", own(&FILES));
    section(&mut roff, "ENVIRONMENT", own(&ENVIRONMENT));
    see_also(&mut roff, names.iter().skip(1).map(String::as_str));
    roff.to_roff().into_bytes()
}

/// Sections of the page of a subcommand.
fn beside(above: &str, names: &[String]) -> Vec<u8> {
    let mut roff = Roff::new();
    let root = (above != "weir").then_some("weir");
    let below = names.iter().skip(1).map(String::as_str);
    see_also(&mut roff, root.into_iter().chain([above]).chain(below));
    roff.to_roff().into_bytes()
}

fn section(roff: &mut Roff, title: &str, entries: impl IntoIterator<Item = (String, String)>) {
    roff.control("SH", [title]);
    for (name, text) in entries {
        roff.control("TP", []);
        roff.text([bold(name)]);
        roff.text([roman(text)]);
    }
}

fn see_also<'n>(roff: &mut Roff, names: impl Iterator<Item = &'n str>) {
    roff.control("SH", ["SEE ALSO"]);
    let mut names = names.peekable();
    while let Some(name) = names.next() {
        let comma = if names.peek().is_some() { "," } else { "" };
        roff.text([bold(name), roman(format!("(1){comma}"))]);
    }
}

/// Markdown of a cell as plain text.
fn plain(markdown: &str) -> String {
    markdown
        .replace('`', "")
        .replace("\\|", "|")
        .trim()
        .to_owned()
}
