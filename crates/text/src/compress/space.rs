//! Space that carries nothing: at the ends of lines, several in a row, and more than one empty line.
//! Indentation stays, because it can mean something.

use super::Edit;
use super::guard::Piece;

pub(super) fn apply(pieces: &[Piece<'_>], edits: &mut Vec<Edit>) -> String {
    let mut text = String::new();
    let mut saved = 0;
    for piece in pieces {
        match piece {
            Piece::Fixed(fixed) => text.push_str(fixed),
            Piece::Free(free) => {
                let before = text.len();
                free.chars().for_each(|c| push(&mut text, c));
                saved += free.len().saturating_sub(text.len().saturating_sub(before));
            }
        }
    }
    let kept = text.trim_end_matches([' ', '\t', '\n']).len();
    let ends = text.get(kept..).is_some_and(|tail| tail.contains('\n'));
    saved += text.len() - kept;
    text.truncate(kept);
    if ends {
        text.push('\n');
        saved -= 1;
    }
    if saved > 0 {
        let before = format!("{saved} characters of space");
        edits.push(Edit { rule: "space", before, after: String::new() });
    }
    text
}

fn push(text: &mut String, next: char) {
    match next {
        ' ' | '\t' => {
            let line = text.rsplit('\n').next().unwrap_or_default();
            let indents = line.trim_matches([' ', '\t']).is_empty();
            if indents || !line.ends_with([' ', '\t']) {
                text.push(next);
            }
        }
        '\n' => {
            let kept = text.trim_end_matches([' ', '\t']).len();
            text.truncate(kept);
            if !text.ends_with("\n\n") && !text.is_empty() {
                text.push('\n');
            }
        }
        other => text.push(other),
    }
}
