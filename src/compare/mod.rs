//! Models side by side.
