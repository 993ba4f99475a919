//! What a look costs: per 500 bytes, and as texts grow.

use std::time::Instant;

use gatemark_core::guard::Profile;
use gatemark_text::guard::Guard;

use crate::rows::Row;

/// Microseconds for each 500 bytes: the median over texts, and each text's the least of a few runs, since
/// what other processes take is no part of it.
pub(crate) fn per_500_bytes(guard: &Guard, rows: &[Row]) -> f64 {
    let settings = Guard::settings(Profile::User);
    let mut costs: Vec<f64> = rows
        .iter()
        .filter(|row| (100..5_000).contains(&row.text.len()))
        .take(1_500)
        .map(|row| {
            let least = (0..5)
                .map(|_| time(|| drop(guard.check(&row.text, &settings))))
                .fold(f64::MAX, f64::min);
            least * 1e6 * 500.0 / row.text.len() as f64
        })
        .collect();
    costs.sort_by(f64::total_cmp);
    costs.get(costs.len() / 2).copied().unwrap_or_default()
}

/// Seconds for a text of each size, made of rows.
pub(crate) fn growth(guard: &Guard, rows: &[Row], sizes: &[usize]) -> Vec<(usize, f64)> {
    let settings = Guard::settings(Profile::Document);
    let mut text = String::new();
    let most = sizes.iter().max().copied().unwrap_or_default();
    for row in rows.iter().cycle() {
        if text.len() >= most || rows.is_empty() {
            break;
        }
        text.push_str(&row.text);
        text.push_str("\n\n");
    }
    let cost = |size: &usize| {
        let mut end = (*size).min(text.len());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        (end, time(|| drop(guard.check(&text[..end], &settings))))
    };
    sizes.iter().map(cost).collect()
}

fn time(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64()
}
