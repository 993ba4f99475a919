//! How texts are to be looked at, as the command line says it.

use std::collections::BTreeSet;

use gatemark_core::error::{Error, Result};
use gatemark_core::guard::{Layer, Profile, Settings};
use gatemark_text::guard::Guard;

#[derive(Debug, clap::Args)]
pub(super) struct Asked {
    /// Where the texts come from: user (a person's own words) or document (retrieved text, where orders to a
    /// model are out of place)
    #[arg(long, value_name = "NAME", default_value = "user", value_parser = profile)]
    pub(super) profile: Profile,
    /// A layer that is not asked: views, rules, fuzzy or classifier; may be given several times
    #[arg(long, value_name = "LAYER", value_parser = layer)]
    off: Vec<Layer>,
}

fn profile(name: &str) -> std::result::Result<Profile, String> {
    match name {
        "user" => Ok(Profile::User),
        "document" => Ok(Profile::Document),
        _ => Err("write user or document".to_string()),
    }
}

fn layer(name: &str) -> std::result::Result<Layer, String> {
    const OF_TEXTS: [Layer; 4] = [Layer::Views, Layer::Rules, Layer::Fuzzy, Layer::Classifier];
    let found = OF_TEXTS.into_iter().find(|layer| layer.word() == name);
    found.ok_or_else(|| format!("write one of {}", OF_TEXTS.map(Layer::word).join(", ")))
}

impl Asked {
    /// The settings, with the built-in thresholds.
    pub(super) fn settings(&self) -> Settings {
        let off: BTreeSet<Layer> = self.off.iter().copied().collect();
        Settings { off, ..Guard::settings(self.profile) }
    }

    /// The layers that are built in.
    pub(super) fn guard() -> Result<&'static Guard> {
        Guard::builtin().map_err(|bad| Error::internal(bad.to_string()).because(bad))
    }
}

/// A threshold, or what is wrong with it.
pub(super) fn threshold(written: &str) -> std::result::Result<f64, String> {
    let value: f64 = written.parse().map_err(|_| "write a number such as 0.5".to_string())?;
    if (0.0..=2.0).contains(&value) && value > 0.0 {
        return Ok(value);
    }
    Err("write a number above 0; above 1 no text reaches it".to_string())
}

/// A share, or what is wrong with it.
pub(super) fn share(written: &str) -> std::result::Result<f64, String> {
    let value: f64 = written.parse().map_err(|_| "write a share such as 0.01".to_string())?;
    if value > 0.0 && value < 1.0 {
        return Ok(value);
    }
    Err("write a share between 0 and 1, such as 0.01 for 1 %".to_string())
}
