//! Questions to the reference packages, asked all at once.
#![allow(clippy::unwrap_used, clippy::expect_used)]
// Each test binary uses some of it.
#![allow(dead_code)]

use serde_json::Value;

#[path = "../../../../tests/references/ask.rs"]
mod reference;

/// Questions with our answers; null where an answer is not defined.
#[derive(Default)]
pub(crate) struct Exam {
    questions: Vec<Value>,
    ours: Vec<Value>,
}

impl Exam {
    pub(crate) fn ask(&mut self, question: Value, ours: Value) {
        self.questions.push(question);
        self.ours.push(ours);
    }

    /// Asks the references everything and compares to 1e-6, absolutely and relatively.
    pub(crate) fn compare(self, least: usize) {
        self.compare_to(least, 1e-6);
    }

    /// The same with another tolerance.
    #[allow(clippy::print_stdout)]
    pub(crate) fn compare_to(self, least: usize, tolerance: f64) {
        assert!(self.questions.len() >= least, "{} questions", self.questions.len());
        let lines: Vec<String> = self.questions.iter().map(Value::to_string).collect();
        let answers = reference::ask("stats.py", &self.questions);
        assert_eq!(answers.len(), self.ours.len());
        let mut wrong = vec![];
        for ((question, ours), theirs) in lines.iter().zip(&self.ours).zip(&answers) {
            if !close(ours, theirs, tolerance) {
                wrong.push(format!("{question}\n  ours   {ours}\n  theirs {theirs}"));
            }
        }
        let (some, all) = (&wrong[..wrong.len().min(8)], lines.len());
        assert!(wrong.is_empty(), "{} of {all} differ:\n{}", wrong.len(), some.join("\n"));
        println!("{all} answers equal the reference's to {tolerance}");
    }
}

fn close(a: &Value, b: &Value, tolerance: f64) -> bool {
    match (a, b) {
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b, tolerance))
        }
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= tolerance * b.abs().clamp(1e-6, 1.0)
                || (b.abs() > 1.0 && (a / b - 1.0).abs() <= tolerance)
        }
        _ => a == b,
    }
}
