//! Style: what can be seen without a linter, and the author's own linter.

use super::programs::{fault, filled, start};
use super::settings::Settings;
use super::{Sandbox, Stage};

/// The stage, if style counts.
pub(super) async fn stage(
    settings: &Settings,
    code: &str,
    sandbox: &Sandbox,
) -> Result<Option<Stage>, String> {
    let Some(style) = settings.style.as_ref().filter(|style| style.layout()) else {
        return Ok(None);
    };
    let mut faults = layout(code, style.max_line, style.whitespace);
    if let Some(command) = &style.command {
        let program = filled(command, &settings.language);
        let ran = start(settings, &settings.language, code, program, "", sandbox).await?;
        if !ran.succeeded() {
            // Linters say what they found on stdout.
            let said: Vec<&str> = ran.stdout.lines().take(3).collect();
            faults.push(format!("{} {}", fault(&ran), said.join(", ")).trim().to_string());
        }
    }
    let wrong = (!faults.is_empty()).then(|| {
        let more = faults.len().saturating_sub(3);
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        faults.into_iter().take(3).collect::<Vec<_>>().join("; ") + &more
    });
    Ok(Some(Stage::new("style", wrong)))
}

fn layout(code: &str, max_line: Option<u64>, whitespace: bool) -> Vec<String> {
    let mut faults = vec![];
    for (number, line) in code.lines().enumerate().map(|(index, line)| (index + 1, line)) {
        let length = u64::try_from(line.chars().count()).unwrap_or(u64::MAX);
        if max_line.is_some_and(|most| length > most) {
            faults.push(format!("line {number} has {length} characters"));
        }
        if whitespace
            && line.starts_with([' ', '\t'])
            && line.trim_start_matches(' ').starts_with('\t')
        {
            faults.push(format!("line {number} is indented with a tab"));
        }
        if whitespace && line.ends_with([' ', '\t']) {
            faults.push(format!("line {number} ends with a blank"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layout_counts_characters_and_sees_blanks() {
        assert_eq!(layout("äöü\nabcd", Some(3), true), ["line 2 has 4 characters"]);
        let faults = layout("a \n\tb\nc", None, true);
        assert_eq!(faults, ["line 1 ends with a blank", "line 2 is indented with a tab"]);
        assert!(layout("a \n\tb", None, false).is_empty());
    }
}
