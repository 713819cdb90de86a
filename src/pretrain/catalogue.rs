//! The methods there are.

use super::method::MethodEntry;
use super::{byol, moco, simclr, sl};
use crate::error::{Error, Result};

/// Every method.
pub const METHODS: [MethodEntry; 5] = [sl::SL, sl::SL_MLP, simclr::SIMCLR, moco::MOCO_V2, byol::BYOL];

/// The method a user named.
///
/// # Errors
/// For an unknown name.
pub fn method(id: &str) -> Result<&'static MethodEntry> {
    METHODS.iter().find(|entry| entry.id == id).ok_or_else(|| {
        let known: Vec<_> = METHODS.iter().map(|entry| entry.id).collect();
        Error::input(format!("method {id:?} is not known; expected {}", known.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_have_ids_of_their_own_and_unknown_ones_list_them() {
        for entry in &METHODS {
            assert_eq!(method(entry.id).unwrap().name, entry.name);
        }
        let message = method("moco").err().unwrap().to_string();
        let known = message.strip_prefix("method \"moco\" is not known; expected ").unwrap();
        assert!(known.split(", ").eq(METHODS.iter().map(|entry| entry.id)), "{message}");
    }
}
