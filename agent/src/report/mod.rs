//! The report that people read: one page of HTML, a few lines for a terminal, and the short
//! statement for a product's page.
//!
//! ```text
//! Account ──────────┬─> page (report.html) ── answer, products, map, providers, …
//! Summary before ───┼─> terminal (text)
//!                   └─> public (statement of one product)
//! ```
//!
//! Pure functions of an account: the same account gives the same bytes. Whatever is
//! incomplete says so before anything else, and never looks as if it were compliant.

mod answer;
mod changes;
mod coverage;
mod declared;
mod doubts;
mod findings;
mod map;
mod method;
mod page;
mod products;
mod providers;
mod public;
mod sankey;
mod terminal;
#[cfg(test)]
mod tests;
mod text;

pub use self::{
    page::html,
    public::{Declaration, Operator, Statement},
    terminal::print,
};
