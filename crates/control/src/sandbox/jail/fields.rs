//! Landlock: which files the program may touch, and no network and no signals to others.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, Ruleset, RulesetAttr as _,
    RulesetCreatedAttr as _, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};

use super::world::{DEVICES, FILES, SYSTEM};

/// Fences in the calling thread and what it starts. Returns whether a fence stands; an error if `required`
/// and the kernel lacks what files need.
pub(super) fn fence(work: &Path, read: &[PathBuf], required: bool) -> Result<bool, String> {
    let status = build(work, read, required).map_err(|cause| format!("no Landlock: {cause}"))?;
    if required && status == RulesetStatus::NotEnforced {
        return Err("no Landlock in this kernel".to_string());
    }
    Ok(status != RulesetStatus::NotEnforced)
}

fn build(work: &Path, read: &[PathBuf], required: bool) -> Result<RulesetStatus, RulesetError> {
    let mut rules = Ruleset::default();
    if required {
        // The third version is the first that guards files against being cut short.
        rules = rules
            .set_compatibility(CompatLevel::HardRequirement)
            .handle_access(AccessFs::from_all(ABI::V3))?;
    }
    let rules = rules
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(ABI::V6))?
        .handle_access(AccessNet::from_all(ABI::V6))?
        .scope(Scope::from_all(ABI::V6))?
        .create()?;
    let readable = SYSTEM.iter().chain(&FILES).map(Path::new);
    let readable = readable.chain(read.iter().map(PathBuf::as_path));
    let status = rules
        .add_rules(path_beneath_rules(readable, AccessFs::from_read(ABI::V6)))?
        .add_rules(path_beneath_rules(DEVICES, AccessFs::ReadFile | AccessFs::WriteFile))?
        .add_rules(path_beneath_rules([work], AccessFs::from_all(ABI::V6)))?
        .restrict_self()?;
    Ok(status.ruleset)
}
