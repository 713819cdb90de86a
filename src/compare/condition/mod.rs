//! The condition of `compare --fail-if`.

mod grammar;
mod look;
mod terms;

pub use look::Answers;
pub use terms::Condition;
