//! What a model learns from: rows that may ship, texts of our own, and texts made of both.

use std::collections::BTreeMap;

use gatemark_text::guard::classifier::{Sink, walk};
use gatemark_text::normal::{Limits, views};

use crate::Result;
use crate::grammar;
use crate::learn::Random;
use crate::noise::noisy;
use crate::rows::{Row, inserted};

/// A view's pieces, with the places where windows may begin and end.
#[derive(Default)]
pub(crate) struct Stream {
    pub(crate) text: String,
    pieces: Vec<u32>,
    /// (byte behind, pieces so far), rising.
    marks: Vec<(usize, usize)>,
}

impl Sink for Stream {
    fn feature(&mut self, bucket: u32) {
        self.pieces.push(bucket);
    }

    fn boundary(&mut self, end: usize) {
        self.marks.push((end, self.pieces.len()));
    }
}

impl Stream {
    fn new(text: String) -> Self {
        let mut stream = Self::default();
        walk(&text, &mut stream);
        stream.text = text;
        stream
    }

    /// The pieces between two boundaries.
    pub(crate) fn between(&self, start: usize, end: usize) -> &[u32] {
        let count = |byte: usize| {
            let at = self.marks.partition_point(|(end, _)| *end <= byte);
            at.checked_sub(1).and_then(|at| self.marks.get(at)).map_or(0, |(_, count)| *count)
        };
        self.pieces.get(count(start)..count(end)).unwrap_or_default()
    }

    /// Windows side by side.
    pub(crate) fn pages(&self, width: usize) -> Vec<&[u32]> {
        let mut pages = vec![];
        let (mut start, mut first) = (0, 0);
        let mut last = (0, 0);
        for (end, count) in &self.marks {
            if end - start > width && last.1 > first {
                pages.push(&self.pieces[first..last.1]);
                (start, first) = last;
            }
            last = (*end, *count);
        }
        if last.1 > first {
            pages.push(&self.pieces[first..last.1]);
        }
        pages
    }
}

/// A text to learn from.
pub(crate) struct Example {
    /// The rows that it was made of: with one of them held back, it is held back.
    pub(crate) parents: Vec<usize>,
    /// For each head: whether it is an attack there, and how much it counts; `None` if the head is not told.
    pub(crate) sides: [Option<(bool, f32)>; 2],
    pub(crate) views: Vec<Stream>,
}

/// What a row, or a text made of rows, is to the two heads.
fn sides(row: &Row) -> [Option<(bool, f32)>; 2] {
    if row.attack() {
        let implicit = row.tier.as_deref() == Some("implicit");
        let user = match row.source.as_str() {
            "bipia_indirect" => 0.0,
            "own_inserted" => return [None, Some((true, 1.0))],
            // Harmless people say these words more often than attackers do: a model that learns them flags
            // six harmless texts for each such attack that it finds.
            _ if ["pretext", "jailbreak_PAIR"].contains(&row.category.as_str()) => 0.0,
            _ if implicit && row.source == "jailbreakbench" => 0.6,
            _ if implicit => 1.2,
            _ => 1.0,
        };
        // A question about the weather is an attack to nobody who reads it in a document.
        let document = if implicit && row.source.starts_with("cyberseceval") { 0.3 } else { 1.0 };
        return [Some((true, user)), Some((true, document))];
    }
    // What people ask of a model is no part of an ordinary document, and nothing against it either.
    let ordinary = row.document()
        || ["benign_encoded", "multidogo", "banking77"].contains(&row.source.as_str())
        || [
            "document", "prose", "log", "code", "ids", "customer", "security", "table", "program",
            "llmdocs",
        ]
        .contains(&row.category.as_str());
    // Harmless texts in the words of jailbreaks are rare in the data, and what the model errs on.
    let user = if row.category == "hypothetical" { 6.0 } else { 1.0 };
    [Some((false, user)), ordinary.then_some((false, 1.0))]
}

/// All examples. `rows` are those of the data; what may not ship is left out.
pub(crate) fn all(rows: &[Row], own: usize, seed: u64) -> Result<Vec<Example>> {
    let mut found: Vec<(Row, Vec<usize>)> = vec![];
    let place: BTreeMap<&str, usize> =
        rows.iter().enumerate().map(|(at, row)| (row.id.as_str(), at)).collect();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.ships()) {
        found.push((row.clone(), vec![at]));
    }
    let sentences = inserted(rows);
    for row in &sentences {
        let parents = place.get(row.id.as_str()).copied().into_iter().collect();
        found.push((row.clone(), parents));
    }
    found.extend(grammar::texts(own, seed)?.into_iter().map(|row| (row, vec![])));
    let mut random = Random::new(seed ^ 0x5eed);
    let made = documents(&found, &mut random);
    found.extend(made);
    // Every fourth text once more, badly written.
    let again: Vec<(Row, Vec<usize>)> = found
        .iter()
        .filter(|(row, _)| row.text.len() < 3_000)
        .filter(|_| random.chance(0.25))
        .map(|(row, parents)| (row.clone(), parents.clone()))
        .collect();
    for (mut row, parents) in again {
        row.text = noisy(&row.text, &mut random);
        found.push((row, parents));
    }
    Ok(weighted(found))
}

/// Requests put into documents: what a person may ask, a document may not.
fn documents(found: &[(Row, Vec<usize>)], random: &mut Random) -> Vec<(Row, Vec<usize>)> {
    let plain = |row: &Row| !row.attack() && row.text.len() < 2_500;
    let papers: Vec<&(Row, Vec<usize>)> = found
        .iter()
        .filter(|(row, _)| {
            plain(row)
                && (row.document()
                    || ["document", "log", "table", "program", "prose"]
                        .contains(&row.category.as_str()))
        })
        .collect();
    let asked = ["ifeval", "selfinstruct", "mtbench", "arena_hard", "cyberseceval_frr", "own_en"];
    let requests: Vec<&(Row, Vec<usize>)> = found
        .iter()
        .filter(|(row, _)| {
            plain(row) && row.text.len() < 400 && asked.contains(&row.source.as_str())
        })
        .filter(|(row, _)| {
            ![
                "document", "prose", "log", "code", "ids", "customer", "security", "table",
                "program", "llmdocs",
            ]
            .contains(&row.category.as_str())
        })
        .collect();
    let mut made = vec![];
    if papers.is_empty() || requests.is_empty() {
        return made;
    }
    for number in 0..2_000 {
        let (paper, of) = papers[random.below(papers.len())];
        let (request, by) = requests[random.below(requests.len())];
        made.push((
            Row {
                id: format!("made-{number}"),
                text: put_into(&paper.text, &request.text, random),
                label: 1,
                source: "own_inserted".to_string(),
                category: "inserted".to_string(),
                tier: None,
            },
            of.iter().chain(by).copied().collect(),
        ));
    }
    made
}

/// A sentence at the beginning, at the end, or after a sentence or line of a text.
fn put_into(paper: &str, sentence: &str, random: &mut Random) -> String {
    let ends: Vec<usize> = paper
        .match_indices(['.', '\n'])
        .map(|(at, _)| at + 1)
        .filter(|at| paper[*at..].starts_with([' ', '\n']) || paper[..*at].ends_with('\n'))
        .collect();
    let at = match random.below(3) {
        0 => 0,
        1 if !ends.is_empty() => ends[random.below(ends.len())],
        _ => paper.len(),
    };
    let gap = if random.chance(0.5) { "\n" } else { " " };
    let (before, after) = paper.split_at(at);
    format!("{before}{gap}{sentence}{gap}{after}").trim().to_string()
}

/// Examples whose sources count by the root of their size.
fn weighted(found: Vec<(Row, Vec<usize>)>) -> Vec<Example> {
    let mut sizes: BTreeMap<(String, bool), f32> = BTreeMap::new();
    for (row, _) in &found {
        *sizes.entry((row.source.clone(), row.attack())).or_default() += 1.0;
    }
    let examples = found.into_iter().map(|(row, parents)| {
        let size = sizes.get(&(row.source.clone(), row.attack())).copied().unwrap_or(1.0);
        let weight = (400.0 / size.max(30.0)).sqrt();
        let sides = sides(&row).map(|side| side.map(|(attack, share)| (attack, share * weight)));
        let views = views(&row.text, &Limits::default());
        let views = views.iter().map(|view| Stream::new(view.text().to_string())).collect();
        Example { parents, sides, views }
    });
    examples.collect()
}
