//! The condition of `compare --fail-if`.

mod grammar;
mod lookup;
mod terms;

pub use lookup::Answers;
pub use terms::Condition;
