//! Checkpoints as people have them: whole ones are never refused, damaged ones always, with the right reason.

mod choice;
mod found;
#[path = "../support/mod.rs"]
mod support;
mod training;
