//! How the second program knows that the first one called it.

/// Set where the second program is called by the first, which then holds its standard input open as long as it lives.
pub(super) const CALLED: &str = "FEATSCOPE_CALLED";
