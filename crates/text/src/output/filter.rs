//! An answer on its way out: what may leave, piece by piece.
//!
//! Nothing leaves that could yet turn out to belong to something that is held back, and nothing else is kept. What is
//! kept is the last few words as long as they are ordinary: the letters that could begin a run of the system text
//! ([`super::leak::LeakWatch`]), and the word, number or tag that is not complete (`cluster`). At most
//! [`MOST_HELD`] characters are kept; an answer that spreads a secret over more than that gets its beginning out.
//!
//! All is decided character by character. So the pieces in which an answer comes make no difference, and a whole
//! answer is one in one piece.

use std::collections::VecDeque;
use std::sync::Arc;

use super::cluster::{self, Cluster, Step};
use super::leak::LeakWatch;
use super::links::forbidden;
use super::lookout::{Found, Lookout, OutputFinding, Then};

/// Most characters that are held back.
pub const MOST_HELD: usize = 2048;

/// Characters before a piece that detectors see with it.
const CONTEXT: usize = 64;

/// Characters that are remembered after they have left: what is only told of need not be held back for it.
const REMEMBERED: usize = CONTEXT + cluster::LONGEST;

/// Most characters of a private key whose end is not seen.
const LONGEST_KEY: usize = 16_384;

/// Findings that a new one may go on from.
const RECENT: usize = 16;

/// Lets an answer out.
pub struct Filter {
    lookout: Arc<Lookout>,
    watch: Option<LeakWatch>,
    cluster: Cluster,
    /// Where the piece that is being read begins.
    piece: usize,
    /// What has not left, and where that begins.
    held: VecDeque<char>,
    from: usize,
    /// The last characters before it.
    past: VecDeque<char>,
    findings: Vec<OutputFinding>,
    /// Numbers of those that what is held may belong to.
    open: Vec<usize>,
    /// Whether the last that left was a placeholder.
    in_place: bool,
    /// The finding that goes on until something ends it.
    going: Option<(usize, Until)>,
    stopped: bool,
}

#[derive(Debug, Clone)]
enum Until {
    /// A space or the end of a quotation.
    Space,
    /// The closing banner of a key, of which this is the line so far.
    Banner(String),
}

impl Filter {
    /// For one answer. What `user` has said may be said back.
    pub fn new(lookout: Arc<Lookout>, user: Option<&str>) -> Self {
        let watch = lookout.leak.is_some().then(|| LeakWatch::new(user));
        Self {
            lookout,
            watch,
            cluster: Cluster::default(),
            piece: 0,
            held: VecDeque::new(),
            from: 0,
            past: VecDeque::new(),
            findings: vec![],
            open: vec![],
            in_place: false,
            going: None,
            stopped: false,
        }
    }

    /// Takes the next piece, and gives what may leave now.
    pub fn push(&mut self, piece: &str) -> String {
        let mut out = String::new();
        for c in piece.chars() {
            if self.stopped {
                break;
            }
            self.feed(c, &mut out);
        }
        out
    }

    /// The answer is over: the rest of what may leave.
    pub fn finish(&mut self) -> String {
        let mut out = String::new();
        if self.stopped {
            return out;
        }
        let lookout = self.lookout.clone();
        if let (Some((kept, then)), Some(watch)) = (&lookout.leak, &mut self.watch) {
            let mut told = vec![];
            watch.end(kept, &mut |finding| told.push(finding));
            for finding in told {
                self.mark(
                    Found::Leak,
                    *then,
                    finding.rule,
                    finding.score,
                    (finding.start, finding.end),
                );
            }
        }
        if self.cluster.is_odd() {
            self.look(self.next());
        }
        self.release(self.next(), &mut out);
        out
    }

    /// What was found so far, in the order in which it was found.
    pub fn findings(&self) -> &[OutputFinding] {
        &self.findings
    }

    /// What the answer was stopped for.
    pub fn stopped(&self) -> Option<&OutputFinding> {
        let open = self.open.iter().filter_map(|at| self.findings.get(*at));
        open.filter(|finding| finding.then == Then::Stop).min_by_key(|finding| finding.start)
    }

    /// The number of the next character.
    fn next(&self) -> usize {
        self.from + self.held.len()
    }

    fn feed(&mut self, c: char, out: &mut String) {
        let at = self.next();
        self.held.push_back(c);
        let lookout = self.lookout.clone();
        let mut held_from = at + 1;
        if let (Some((kept, then)), Some(watch)) = (&lookout.leak, &mut self.watch) {
            let mut told = vec![];
            watch.feed(kept, c, &mut |finding| told.push(finding));
            if then.holds() {
                held_from = held_from.min(watch.held_from());
            }
            for finding in told {
                self.mark(
                    Found::Leak,
                    *then,
                    finding.rule,
                    finding.score,
                    (finding.start, finding.end),
                );
            }
        }
        if lookout.looks_at_pieces() {
            self.read(c, at);
            if lookout.holds_pieces() {
                held_from = held_from.min(self.piece);
            }
        }
        self.release(held_from.max((at + 1).saturating_sub(MOST_HELD)), out);
        self.stopped = self.stopped().is_some();
    }

    /// Reads the piece on, or what goes on beyond it.
    fn read(&mut self, c: char, at: usize) {
        if let Some((finding, until)) = &mut self.going {
            let goes_on = match until {
                Until::Space => !(c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | ')')),
                Until::Banner(line) => !ends_banner(line, c),
            };
            let finding = *finding;
            let length = self.findings.get(finding).map_or(0, |finding| at - finding.start);
            if goes_on && length < LONGEST_KEY {
                self.stretch(finding, at + 1);
                self.piece = at + 1;
                return;
            }
            if matches!(&self.going, Some((_, Until::Banner(_)))) {
                self.stretch(finding, at + 1);
            }
            self.going = None;
            self.cluster = Cluster::default();
            self.piece = at + 1;
            return;
        }
        match self.cluster.feed(c) {
            Step::On => {}
            Step::Plain => self.piece = at + 1,
            Step::Look => {
                self.look(at);
                self.piece = at + 1;
            }
            Step::Full => {
                let before = self.findings.len();
                self.look(at + 1);
                let runs_on = |finding: &OutputFinding| finding.end == at + 1;
                let cut = self.findings.iter().skip(before).position(runs_on);
                self.going = self.going.take().or(cut.map(|cut| (before + cut, Until::Space)));
                self.piece = at + 1;
            }
        }
    }

    fn stretch(&mut self, number: usize, end: usize) {
        if let Some(finding) = self.findings.get_mut(number) {
            finding.end = finding.end.max(end);
            self.open(number);
        }
    }

    fn open(&mut self, number: usize) {
        let is_held = self.findings.get(number).is_some_and(|finding| finding.then.holds());
        if is_held && !self.open.contains(&number) {
            self.open.push(number);
        }
    }

    /// The characters from `from` to `to`, as far as they are remembered.
    fn text(&self, from: usize, to: usize) -> String {
        let first = self.from - self.past.len();
        let chars = self.past.iter().chain(&self.held);
        chars.skip(from.saturating_sub(first)).take(to.saturating_sub(from.max(first))).collect()
    }

    /// Looks at the piece that ends before `end`, with a little of what is before it.
    fn look(&mut self, end: usize) {
        let start = self.piece;
        let text = self.text(start.saturating_sub(CONTEXT), end);
        let before = text.chars().count() - (end - start).min(text.chars().count());
        let place =
            |from: usize, to: usize| (start + from.max(before) - before, start + to - before);
        let lookout = self.lookout.clone();
        for (found, then, detector) in &lookout.detectors {
            for finding in detector.findings(&text) {
                if finding.end > before {
                    let at = place(finding.start, finding.end);
                    let number = self.mark(*found, *then, finding.rule, 1.0, at);
                    let mut chars = text.chars().skip(finding.start);
                    let length = finding.end - finding.start;
                    let written: String = chars.by_ref().take(length).collect();
                    if written.contains("PRIVATE KEY") && !written.contains("-----END ") {
                        self.follow_key(number, &chars.collect::<String>(), at.1);
                    }
                }
            }
        }
        if let Some((allowed, then)) = &lookout.links {
            for link in forbidden(&text, allowed) {
                let chars = |to: usize| text.get(..to).map_or(0, |head| head.chars().count());
                let (from, to) = (chars(link.start), chars(link.end));
                if to > before {
                    self.mark(Found::Link, *then, link.rule, 1.0, place(from, to));
                }
            }
        }
    }

    /// A banner was found: what follows it is the key.
    fn follow_key(&mut self, number: usize, rest: &str, end: usize) {
        let mut line = String::new();
        for (at, c) in rest.chars().enumerate() {
            if ends_banner(&mut line, c) {
                self.stretch(number, end + at + 1);
                return;
            }
        }
        self.stretch(number, end + rest.chars().count());
        self.going = Some((number, Until::Banner(line)));
    }

    /// Notes a finding, or that one goes on; gives its number.
    fn mark(
        &mut self,
        found: Found,
        then: Then,
        rule: &'static str,
        score: f64,
        (start, end): (usize, usize),
    ) -> usize {
        let recent = self.findings.len().saturating_sub(RECENT);
        let known = self.findings.iter_mut().enumerate().skip(recent).find(|(_, known)| {
            (known.found, known.then) == (found, then) && start <= known.end && known.start <= end
        });
        if let Some((at, known)) = known {
            known.end = known.end.max(end);
            known.start = known.start.min(start);
            if score > known.score {
                (known.rule, known.score) = (rule, score);
            }
            self.open(at);
            return at;
        }
        let number = self.findings.len();
        self.findings.push(OutputFinding { found, then, rule, score, start, end });
        self.open(number);
        number
    }

    /// Lets out what stands before `until` and need not stay, with placeholders for what must.
    fn release(&mut self, until: usize, out: &mut String) {
        while let Some(c) = self.held.front().copied() {
            let at = self.from;
            let open = self.open.iter().filter_map(|number| self.findings.get(*number));
            let mut covering = open.filter(|finding| finding.start <= at && at < finding.end);
            match covering.next().map(|finding| (finding.then, finding.found)) {
                Some((Then::Stop, _)) => return,
                Some((_, found)) => {
                    if !self.in_place {
                        out.push_str(found.placeholder());
                    }
                    self.in_place = true;
                }
                None if at < until => {
                    self.in_place = false;
                    out.push(c);
                }
                None => return,
            }
            self.held.pop_front();
            self.from += 1;
            self.past.push_back(c);
            if self.past.len() > REMEMBERED {
                self.past.pop_front();
            }
            let (findings, from) = (&self.findings, self.from);
            // One that ends here may go on.
            self.open
                .retain(|number| findings.get(*number).is_some_and(|finding| finding.end >= from));
        }
    }
}

/// An answer that went through a [`Filter`] whole.
#[derive(Debug, Clone, PartialEq)]
pub struct Filtered {
    /// What may leave; what stands before the place where it was stopped, if it was.
    pub text: String,
    /// What was found, by its start.
    pub findings: Vec<OutputFinding>,
    /// What it was stopped for.
    pub stopped: Option<OutputFinding>,
}

/// What may leave of a whole answer: the same as if it came in pieces.
pub fn filtered(lookout: &Arc<Lookout>, answer: &str, user: Option<&str>) -> Filtered {
    let mut filter = Filter::new(lookout.clone(), user);
    let text = filter.push(answer) + &filter.finish();
    let stopped = filter.stopped().cloned();
    let mut findings = filter.findings;
    findings.sort_by_key(|finding| (finding.start, finding.end));
    Filtered { text, findings, stopped }
}

/// Reads the line of a closing banner; whether it is over.
fn ends_banner(line: &mut String, c: char) -> bool {
    if c == '\n' {
        line.clear();
        return false;
    }
    line.push(c);
    line.contains("-----END ") && line.len() > "-----END -----".len() && line.ends_with("-----")
}

#[cfg(test)]
mod tests;
