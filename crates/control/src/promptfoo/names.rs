//! Names from texts: of prompts, cases and categories.

use gatemark_core::id::PromptName;

use super::prompts::Prompt;

/// Lower-case letters, digits and hyphens.
pub(super) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().take(60) {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => slug.push(c),
            _ if slug.is_empty() || slug.ends_with('-') => {}
            _ => slug.push('-'),
        }
    }
    slug.trim_end_matches('-').to_string()
}

/// A name for each prompt, all different: `first` or one from the description, then those with labels.
pub(super) fn of(
    first: Option<&PromptName>,
    description: Option<&str>,
    prompts: &[Prompt],
) -> Vec<String> {
    let valid = |slug: &String| format!("x/{slug}").parse::<PromptName>().is_ok();
    let base = description.map(slug).filter(valid).unwrap_or("prompt".into());
    let first = first.map_or(format!("imported/{base}"), ToString::to_string);
    let mut names: Vec<String> = vec![];
    for (at, prompt) in prompts.iter().enumerate() {
        let label = prompt.label.as_deref().map(slug).filter(valid);
        let name = match label {
            Some(label) if prompts.len() > 1 => format!("{first}-{label}"),
            _ if at == 0 => first.clone(),
            _ => format!("{first}-{}", at + 1),
        };
        let fits = name.parse::<PromptName>().is_ok() && !names.contains(&name);
        names.push(if fits { name } else { format!("{first}-{}", at + 1) });
    }
    names
}
