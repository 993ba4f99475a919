//! `gatemark stats`: the statistics behind verdicts, for use outside and for checking us.
//!
//! One JSON object of arguments comes on stdin, one of results goes to stdout. Arguments are read strictly: a
//! field that nobody knows is more often a slip than a remark, and every problem is told at once.

mod anytime;
mod arguments;
mod distributions;
mod fixed;
mod shapes;

use std::io::Read;

use gatemark_core::diagnostic::did_you_mean;
use gatemark_core::error::{Error, Result};
use serde_json::{Value, json};

use crate::exit::Exit;
use crate::print::Terminal;

use arguments::{Arguments, Stop};

/// Compute one statistic from JSON on stdin: tests, intervals, confidence sequences
#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(crate) struct Args {
    /// Which one; without it all are listed
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// A statistic by name.
struct Function {
    name: &'static str,
    about: &'static str,
    /// Its arguments, as shown by `--help`.
    takes: &'static str,
    compute: fn(&mut Arguments) -> Result<Value, Stop>,
}

const FUNCTIONS: &[Function] = &[
    Function {
        name: "two_proportion_z",
        about: "z-test for two shares, at one planned look",
        takes: "SIDES, alternative, alpha, null (0), pooled (true)",
        compute: fixed::two_proportion_z,
    },
    Function {
        name: "welch_t",
        about: "Welch's t-test for two means",
        takes: "a, b: numbers; alternative, alpha",
        compute: fixed::welch_t,
    },
    Function {
        name: "mann_whitney",
        about: "Mann and Whitney's U-test",
        takes: "a, b: numbers; alternative, method: auto|exact|asymptotic",
        compute: fixed::mann_whitney,
    },
    Function {
        name: "wilson",
        about: "Wilson's interval for a share",
        takes: "successes, trials, alpha",
        compute: fixed::wilson,
    },
    Function {
        name: "newcombe",
        about: "Newcombe's interval for the difference of two shares",
        takes: "SIDES, alpha",
        compute: fixed::newcombe,
    },
    Function {
        name: "mcnemar",
        about: "McNemar's exact test for paired yes and no",
        takes: "table: [[both, only a], [only b, neither]], or gained, lost and optionally cases; alternative, alpha",
        compute: fixed::mcnemar,
    },
    Function {
        name: "sample_size",
        about: "units that an experiment of two arms needs",
        takes: "p1 and p2, or p1 and margin (non-inferiority), or difference and sd; alpha, power (0.8), ratio (1), alternative",
        compute: fixed::sample_size,
    },
    Function {
        name: "confidence_sequence",
        about: "an interval that holds at all times together",
        takes: "samples: numbers with low (0) and high (1), or successes and trials, or SIDES with share; alpha, method: betting|hedged|asymptotic",
        compute: anytime::confidence_sequence,
    },
    Function {
        name: "betting_test",
        about: "e-value by betting: is the candidate worse, or not worse by a margin; or is a mean above or below a limit",
        takes: "arms and outcomes in order, or SIDES; share (a number, or one for each), margin (0), centre (0.5); or samples and null; alternative: less|greater, alpha",
        compute: anytime::betting_test,
    },
    Function {
        name: "srm",
        about: "sample-ratio check: sequential, and χ² for one look",
        takes: "counts and weights (equal), or phases: [{weights, counts}]; alpha (0.001)",
        compute: anytime::srm,
    },
    Function {
        name: "holm",
        about: "Holm's adjusted p-values",
        takes: "p_values, alpha",
        compute: distributions::holm,
    },
    Function {
        name: "benjamini_hochberg",
        about: "Benjamini and Hochberg's adjusted p-values",
        takes: "p_values, alpha",
        compute: distributions::benjamini_hochberg,
    },
    Function {
        name: "psi",
        about: "population stability index",
        takes: "expected, actual: counts or shares by bin; or expected_samples, actual_samples and bins (10); floor (0.0001)",
        compute: distributions::psi,
    },
    Function {
        name: "ks",
        about: "Kolmogorov and Smirnov's test for two samples",
        takes: "a, b: numbers; alpha",
        compute: distributions::ks,
    },
    Function {
        name: "kappa",
        about: "Cohen's κ of two raters, Fleiss' κ of several",
        takes: "a, b: labels, with labels (their order) and weights: none|linear|quadratic; or counts: raters by thing and class",
        compute: distributions::kappa,
    },
];

fn help() -> String {
    let mut text = String::from(
        "Examples:
  echo '{\"successes\": [45, 60], \"trials\": [100, 100]}' | gatemark stats two_proportion_z
  echo '{\"a\": [1.2, 0.9, 1.4], \"b\": [0.7, 0.8, 1.1]}' | gatemark stats welch_t
  gatemark stats

Arguments by name; those with a usual value in parentheses may be left out (alpha: 0.05,
alternative: two-sided):\n",
    );
    for Function { name, takes, .. } in FUNCTIONS {
        text.push_str(&format!("  {name}\n      {takes}\n"));
    }
    text.push_str(
        "
SIDES are two shares, the first compared with the second: successes: [a, b] and trials: [a, b]; or
a and b, each {\"successes\": n, \"trials\": n} or [successes, trials]. `candidate` may be written for a and
`control` for b, `count` and `nobs` for successes and trials, `x` and `y` for samples a and b.
alternative is two-sided, greater or less (of the first); confidence may be written for 1 - alpha.

Exit codes: 0 computed; 2 the name or an argument is wrong, every problem is told on stderr.",
    );
    text
}

pub(crate) fn run(args: Args, terminal: &Terminal) -> Result<Exit> {
    let Some(name) = args.name else {
        list(terminal)?;
        return Ok(Exit::Done);
    };
    let Some(function) = FUNCTIONS.iter().find(|function| function.name == name) else {
        let near = did_you_mean(&name, FUNCTIONS.iter().map(|function| function.name));
        let near = near.map(|near| format!(" Did you mean `{near}`?")).unwrap_or_default();
        return Err(Error::not_found(format!(
            "`{name}` is no statistic.{near} `gatemark stats` lists all"
        )));
    };
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|cause| Error::invalid(format!("stdin cannot be read: {cause}")).because(cause))?;
    let mut arguments = match Arguments::parse(&text) {
        Ok(arguments) => arguments,
        Err(problem) => return Err(Error::invalid(format!("stdin: {problem}"))),
    };
    match (function.compute)(&mut arguments) {
        Ok(result) => {
            terminal.data_json(&result)?;
            Ok(Exit::Done)
        }
        Err(Stop) => {
            for problem in arguments.problems() {
                terminal.note(&format!("{} {problem}", terminal.note_ink().bad("error:")));
            }
            terminal.note(&format!("hint: {name} takes {}", function.takes));
            Ok(Exit::Invalid)
        }
    }
}

fn list(terminal: &Terminal) -> Result<()> {
    if terminal.json() {
        let rows: Vec<Value> = FUNCTIONS
            .iter()
            .map(|function| {
                json!({"name": function.name, "about": function.about, "takes": function.takes})
            })
            .collect();
        return terminal.data_json(&rows);
    }
    for Function { name, about, .. } in FUNCTIONS {
        terminal.data(&format!("{name:<20} {about}"));
    }
    Ok(())
}
