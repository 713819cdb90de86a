//! Damage: every kind of it to every layout, each refused with the right reason and the tensor's own name.

use super::cases;
use super::support::damage::{Parts, every_kind};
use super::support::prefixed;

#[test]
#[cfg_attr(feature = "torch", ignore = "runs with the other half, and is the same")]
fn every_damage_to_every_layout_is_refused_with_its_reason() {
    for case in cases() {
        let mut saved = case.saved();
        // Its other side would be taken where one is not whole.
        if case.id == "swin moby" {
            saved = saved.branch("query");
        }
        every_kind(&case.id, &saved, &Parts::found(&saved));
    }
}

#[test]
fn prefixes_do_not_matter() {
    for case in cases() {
        let saved = case.saved();
        let whole = saved.load().unwrap();
        for prefix in ["module.", "_orig_mod.module.", "model.backbone."] {
            let found = saved.holding(prefixed(&saved.tensors, prefix)).load();
            let found = found.unwrap_or_else(|e| panic!("{} below {prefix}: {e}", case.id));
            assert_eq!(found.arch, whole.arch, "{} below {prefix}", case.id);
            assert!(found.audit.prefix.starts_with(prefix), "{}", found.audit.prefix);
        }
    }
}
