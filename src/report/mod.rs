//! Results in every format.
