//! Pictures of what people look at.

use anyhow::Result;

use crate::{
    build, command, progress,
    setup::{self, Goal},
    workspace::{Workspace, make_directory},
};

/// Sets up, and has the tests of the report and the page keep their pictures below `target/screenshots`.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let tools = setup::prepare(workspace, Goal::Build)?;
    setup::browser(workspace)?;
    build::kernel_programs(workspace, &tools)?;
    let directory = workspace.target().join("screenshots");
    make_directory(&directory)?;
    progress::heading("pictures of the report of a made-up month, and of the page");
    let mut cargo = build::host_cargo(workspace);
    cargo
        .args(["test", "-p", "weir", "--test", "report", "--test", "page"])
        .env("XTASK_SCREENSHOTS", &directory);
    command::run(&mut cargo, "the tests of the report and the page")?;
    progress::note("pictures", &workspace.display(&directory));
    Ok(())
}
