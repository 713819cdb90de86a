//! Training small encoders (libtorch).
