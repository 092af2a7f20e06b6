//! The subcommands of `weir`.

pub mod check;
