//! Which network is this? A search over names and shapes, whose outcome the [`Audit`](super::audit::Audit) writes down.

mod refusals;
mod search;
mod strangers;

pub use search::detect;
pub(super) use search::{inspect, refuse_calls};
