//! Makes known traffic, and counts it, for the tests of Weir.

use std::{
    io::{copy, sink, stdin},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Parser;
use weir_tests::{
    run,
    traffic::{self, Bind, Server, Way},
    wire::Wire,
};

#[derive(Parser)]
#[command(version, about)]
enum Command {
    /// Become COMMAND in a cgroup and a network namespace
    Exec {
        /// Directory of the cgroup
        #[arg(long)]
        cgroup: PathBuf,
        /// File that holds the network namespace
        #[arg(long)]
        netns: Option<PathBuf>,
        /// File to see in place of another, as FILE=PLACE
        #[arg(long)]
        bind: Vec<Bind>,
        /// Program and arguments
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Remove everything of a run once standard input ends
    Guard {
        /// Prefix of the run's names
        #[arg(long)]
        prefix: String,
    },
    /// Run podman with cgroup v2 where podman looks for it
    Podman {
        /// Arguments of podman
        #[arg(last = true, required = true)]
        arguments: Vec<String>,
    },
    /// Answer TCP and UDP until standard input ends
    Serve {
        /// Addresses
        #[arg(long, required = true, value_delimiter = ',')]
        listen: Vec<IpAddr>,
        /// Ports
        #[arg(long, required = true, value_delimiter = ',')]
        ports: Vec<u16>,
    },
    /// Count packets on this namespace's interfaces until standard input ends
    Count,
    /// Read command lines from standard input and run each
    Attend,
    #[command(flatten)]
    Server(Server),
    #[command(flatten)]
    Send(Way),
}

fn main() -> ExitCode {
    match act(Command::parse()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("weir-traffic: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn act(command: Command) -> Result<ExitCode> {
    match command {
        Command::Exec {
            cgroup,
            netns,
            bind,
            command,
        } => match traffic::exec(&cgroup, netns.as_deref(), &bind, &command)? {},
        Command::Guard { prefix } => run::guard(&prefix)?,
        Command::Podman { arguments } => {
            let code = traffic::podman(&arguments)?.code().unwrap_or(1);
            return Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)));
        }
        Command::Serve { listen, ports } => traffic::serve(&listen, &ports)?,
        Command::Count => count()?,
        Command::Attend => traffic::attend()?,
        Command::Server(server) => server.serve()?,
        Command::Send(way) => println!("{}", serde_json::to_string(&way.send()?)?),
    }
    Ok(ExitCode::SUCCESS)
}

fn count() -> Result<()> {
    let wire = Wire::here()?;
    copy(&mut stdin(), &mut sink()).context("standard input")?;
    for (key, count) in wire.counts()? {
        println!("{}", serde_json::json!({"flow": key, "count": count}));
    }
    Ok(())
}
