//! The operating curve as a picture.

use std::fmt::Write;

use crate::figures::Step;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 440.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 60.0;

/// From 0.05 % to 10 %, in decades.
fn x(alarms: f64) -> f64 {
    let (low, high) = (0.0005f64.log10(), 0.1f64.log10());
    LEFT + (alarms.log10() - low) / (high - low) * (WIDTH - LEFT - RIGHT)
}

fn y(found: f64) -> f64 {
    HEIGHT - BOTTOM - found * (HEIGHT - TOP - BOTTOM)
}

/// Lines of other rows (whole) and of other sources (dashed).
pub(crate) fn svg(rows: &[Step], sources: &[Step]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">Attacks found, by harmless texts flagged (whole: other rows; \
         dashed: other sources)</text>\n"
    );
    for percent in [0, 20, 40, 60, 80, 100] {
        let at = y(f64::from(percent) / 100.0);
        let _ = writeln!(
            text,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{:.1}\" \
             text-anchor=\"end\">{percent} %</text>",
            WIDTH - RIGHT,
            LEFT - 8.0,
            at + 4.0
        );
    }
    for (rate, label) in
        [(0.0005, "0.05 %"), (0.002, "0.2 %"), (0.01, "1 %"), (0.05, "5 %"), (0.1, "10 %")]
    {
        let _ = writeln!(
            text,
            "<line x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{TOP}\" y2=\"{1}\" stroke=\"#eee\"/><text x=\"{0:.1}\" y=\"{2}\" \
             text-anchor=\"middle\">{label}</text>",
            x(rate),
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 20.0
        );
    }
    let names = [("all attacks", "#1b6ca8"), ("explicit", "#2e8b57"), ("obfuscated", "#c0562f")];
    for (side, (name, colour)) in names.iter().enumerate() {
        for (steps, dash) in [(rows, ""), (sources, " stroke-dasharray=\"5 4\"")] {
            let points: Vec<String> = steps
                .iter()
                .map(|step| format!("{:.1},{:.1}", x(step.alarms), y(step.found[side])))
                .collect();
            let _ = writeln!(
                text,
                "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dash}/>",
                points.join(" ")
            );
        }
        let at = LEFT + 130.0 * side as f64;
        let _ = writeln!(
            text,
            "<rect x=\"{at}\" y=\"{0}\" width=\"12\" height=\"12\" fill=\"{colour}\"/><text x=\"{1}\" y=\"{2}\">{name}</text>",
            HEIGHT - 24.0,
            at + 18.0,
            HEIGHT - 13.0
        );
    }
    text.push_str("</svg>\n");
    text
}
