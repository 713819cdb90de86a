//! Branches: the sides of a two-branch method, and how their parts are called.

use super::rows::rows;

/// A name for the side of a two-branch method, by a part of the prefix.
#[derive(Debug)]
pub(super) struct Branch {
    /// What users pass to `--branch`.
    pub(super) name: &'static str,
    /// Parts of a prefix that mean it.
    pub(super) parts: &'static [&'static str],
    /// True if it belongs to self-supervised training, so that a single linear layer after it projects, not classifies.
    pub(super) self_supervised: bool,
    /// What is put before or after the names of its heads where those of both sides lie in one folder.
    pub(super) affixes: &'static [(&'static str, &'static str)],
    /// True if a head without such an affix in that folder belongs to the other side.
    pub(super) second: bool,
}

/// The first side of a self-supervised method.
const FIRST: Branch = Branch {
    name: "",
    parts: &[],
    self_supervised: true,
    affixes: &[],
    second: false,
};

/// All branches, in the order `auto` prefers them; a prefix that names none comes after the first sides.
pub(super) const BRANCHES: &[Branch] = rows! {
    Branch, FIRST;
    name: "query", parts: &["encoder_q", "query_encoder"], affixes: &[("", "_q")];
    name: "online", affixes: &[("online_", "")], parts: &["online_encoder", "online_network", "online_net",
        "online_backbone", "online_network_state_dict", "online"];
    name: "teacher", parts: &["teacher", "teacher_encoder", "teacher_backbone"], affixes: &[("teacher_", "")];
    name: "student", parts: &["student", "student_encoder", "student_backbone"], affixes: &[("student_", "")];
    name: "base", parts: &["base_encoder"];
    name: "ema", parts: &["model_ema", "state_dict_ema", "ema", "ema_model"], second: true, self_supervised: false;
    name: "key", parts: &["encoder_k", "key_encoder"], affixes: &[("", "_k")], second: true;
    name: "target", affixes: &[("target_", "")], second: true, parts: &["target_encoder", "target_network",
        "target_net", "target_backbone", "target_network_state_dict", "target"];
    name: "momentum", parts: &["momentum_encoder", "momentum_backbone", "backbone_momentum"],
        affixes: &[("momentum_", ""), ("", "_momentum")], second: true;
};

/// The branch that a prefix names, by the part nearest the backbone.
pub(super) fn branch_of(prefix: &str) -> Option<&'static Branch> {
    prefix
        .split('.')
        .rev()
        .find_map(|part| BRANCHES.iter().find(|b| b.parts.contains(&part)))
}

/// The place of a branch in the order of preference.
pub(super) fn rank(branch: Option<&Branch>) -> (bool, usize) {
    match branch {
        Some(b) => (b.second, BRANCHES.iter().position(|r| r.name == b.name).unwrap_or(0)),
        None => (false, BRANCHES.len()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn branches_are_read_from_the_part_nearest_the_backbone() {
        assert_eq!(branch_of("state_dict.module.encoder_q.").map(|b| b.name), Some("query"));
        assert_eq!(branch_of("online_encoder.target.").map(|b| b.name), Some("target"));
        assert!(branch_of("module.backbone.").is_none());
        let named: BTreeSet<_> = BRANCHES.iter().map(|b| b.name).collect();
        assert_eq!(named.len(), BRANCHES.len());
    }
}
