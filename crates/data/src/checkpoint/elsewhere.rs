//! What to do with a network that is not computed here, to end a sentence with.

/// What to do with a network that is not computed here.
pub(super) const ELSEWHERE: &str = "trace it with scripts/trace.py and give that TorchScript file, or compute its features elsewhere and give them to analyze as an array";
