//! The feature store and foreign arrays.
