//! Patterns of paths: `*` and `?` within a name, `**` for any number of folders.

/// Whether `path` is one that `pattern` means.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let pattern: Vec<&str> = pattern.split('/').collect();
    let path: Vec<&str> = path.split('/').collect();
    segments(&pattern, &path)
}

/// Goes back to the last `*` or `**` only, so the time is at most the product of the two lengths.
fn walk<T>(
    pattern: &[T],
    text: &[T],
    star: impl Fn(&T) -> bool,
    same: impl Fn(&T, &T) -> bool,
) -> bool {
    let (mut at, mut done) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while let Some(next) = text.get(done) {
        match pattern.get(at) {
            Some(wanted) if star(wanted) => {
                retry = Some((at, done));
                at += 1;
            }
            Some(wanted) if same(wanted, next) => {
                at += 1;
                done += 1;
            }
            _ => {
                let Some((star_at, from)) = retry else { return false };
                retry = Some((star_at, from + 1));
                at = star_at + 1;
                done = from + 1;
            }
        }
    }
    pattern.get(at..).unwrap_or_default().iter().all(star)
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    walk(pattern, path, |part| *part == "**", |pattern, name| segment(pattern, name))
}

fn segment(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    walk(&pattern, &name, |c| *c == '*', |wanted, c| *wanted == '?' || wanted == c)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stay_in_their_segment() {
        assert!(matches("a/cases/*.yaml", "a/cases/x.yaml"));
        assert!(!matches("a/cases/*.yaml", "a/cases/b/x.yaml"));
        assert!(!matches("a/cases/*.yaml", "a/cases/x.yml"));
        assert!(matches("a/**/*.csv", "a/x.csv") && matches("a/**/*.csv", "a/b/c/x.csv"));
        assert!(matches("a/b*c?.x", "a/bbccd.x") && !matches("a/b*c?.x", "a/bc.x"));
        assert!(!matches("a/*", "a"));
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        assert!(!matches(&"*a".repeat(500), &"a".repeat(499)));
        assert!(matches(&"*a".repeat(500), &"a".repeat(500)));
    }
}
