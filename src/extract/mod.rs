//! Networks and feature extraction (libtorch).
