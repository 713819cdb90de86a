//! Which network is this? A search over names and shapes, whose outcome the [`Audit`](super::audit::Audit) writes down.

mod refusals;
mod search;

pub use search::detect;
pub(super) use search::{inspect, refuse_calls};
