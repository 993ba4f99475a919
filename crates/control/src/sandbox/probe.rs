//! Which layers this machine offers. Found out by making a jail and running nothing in it.

use std::sync::atomic::AtomicBool;

use serde::Serialize;

use super::outcome::NotRun;
use super::wire::Layers;
use super::{Exe, Job, launch};

/// What was found.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Probe {
    /// The set of layers in use, if any is strong enough.
    pub chosen: Option<Layers>,
    /// What each layer in use does.
    pub layers: Vec<String>,
    /// Why a stronger set is not in use.
    pub missing: Vec<String>,
}

impl Probe {
    pub(super) fn only(layers: Layers) -> Self {
        Self { chosen: Some(layers), ..Self::default() }
    }

    pub(super) fn failed(reason: &str) -> Self {
        Self { missing: vec![reason.to_string()], ..Self::default() }
    }

    pub(super) fn layers(&self) -> Result<Layers, NotRun> {
        self.chosen.ok_or_else(|| {
            let reasons = self.missing.join("; ");
            NotRun::new(format!(
                "this machine offers no sandbox, and model-written code never runs without one \
                 ({reasons}). Allow unprivileged user namespaces (sysctl user.max_user_namespaces, and \
                 on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or install bubblewrap where \
                 it may make them, or use a kernel from 6.2 with Landlock"
            ))
        })
    }
}

/// Tries the sets of layers, the stronger one first.
pub(super) fn find(exe: &Exe) -> Probe {
    let mut probe = Probe::default();
    for layers in [Layers::Namespaces, Layers::Bubblewrap, Layers::Landlock] {
        match launch::probe(exe, layers, Job::default(), &AtomicBool::new(false)) {
            Ok(held) => {
                probe.chosen = Some(layers);
                probe.layers = held;
                break;
            }
            Err(reason) => probe.missing.push(format!("{layers:?}: {reason}")),
        }
    }
    probe
}
