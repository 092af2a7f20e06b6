//! Pictures of what people look at.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    build, command, progress,
    setup::{self, Goal},
    workspace::{Workspace, make_directory},
};

/// A picture for the README: of what, and how much of it.
struct Shown {
    /// Its name, and what the page or picture is that it is made of.
    name: &'static str,
    of: &'static str,
    /// Width and height of the picture, in pixels.
    width: u32,
    height: u32,
}

const SHOWN: [Shown; 3] = [
    Shown {
        name: "top",
        of: "top.html",
        width: 744,
        height: 480,
    },
    Shown {
        name: "page",
        of: "page-now-light-1440.png",
        width: 960,
        height: 640,
    },
    Shown {
        name: "report",
        of: "report-light-1440.png",
        width: 960,
        height: 720,
    },
];

/// Sets up, has the tests of the report, the page and `weir top` keep their pictures below
/// `target/screenshots`, and makes those of the README there.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tools = setup::prepare(workspace, Goal::Build)?;
    setup::browser(workspace)?;
    build::kernel_programs(workspace, &tools)?;
    let directory = workspace.target().join("screenshots");
    make_directory(&directory)?;
    for (what, selection) in [
        (
            "pictures of the report of a made-up month, and of the page",
            &["--test", "report", "--test", "page"][..],
        ),
        (
            "pictures of weir top",
            &["--lib", "the_screen_can_be_shown_as_a_page"],
        ),
    ] {
        progress::heading(what);
        let mut cargo = build::host_cargo(workspace);
        cargo
            .arg("test")
            .args(build::HOST_CRATES)
            .args(selection)
            .env("XTASK_SCREENSHOTS", &directory);
        command::run(&mut cargo, "the tests that keep pictures")?;
    }
    let readme = directory.join("readme");
    make_directory(&readme)?;
    for shown in &SHOWN {
        picture(shown, &directory, &readme)?;
    }
    progress::note("pictures", &workspace.display(&directory));
    progress::note(
        "of the README",
        &format!("{}, kept in docs/pictures", workspace.display(&readme)),
    );
    Ok(())
}

/// Has Chromium look at a page, or at a picture in one, and keeps what is in its window.
fn picture(shown: &Shown, directory: &Path, readme: &Path) -> Result<()> {
    let source = directory.join(shown.of);
    let page = if shown.of.ends_with(".html") {
        source
    } else {
        let page = readme.join(format!("{}.html", shown.name));
        let text = format!(
            "<!doctype html><style>body{{margin:0;overflow:hidden}}</style>\
             <img src=\"{}\" width=\"{}\">\n",
            source.display(),
            shown.width
        );
        fs::write(&page, text).with_context(|| format!("write {}", page.display()))?;
        page
    };
    let picture = readme.join(format!("{}.png", shown.name));
    let mut chromium = Command::new("chromium");
    chromium
        .args(["--headless", "--no-sandbox", "--disable-gpu"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
        ])
        .args(["--hide-scrollbars", "--no-first-run", "--disable-sync"])
        .arg(format!("--window-size={},{}", shown.width, shown.height))
        .arg(format!("--screenshot={}", picture.display()))
        .arg(format!("file://{}", page.display()));
    command::output(&mut chromium).map(drop)
}
