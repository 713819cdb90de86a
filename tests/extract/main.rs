//! Extraction against PyTorch (`fixtures/golden/features.py`, `torchscript.py`), and what it promises: the same bytes, nothing
//! half-written, nothing silently changed.

#![cfg(feature = "torch")]

mod common;
mod faults;
mod features;
mod killed;
mod modes;
mod preparation;
mod script;
mod sets;
mod store;
#[path = "../support/mod.rs"]
mod support;
