//! One run of one function in an engine of its own.
//!
//! Each run has a new runtime: what a script leaves behind is gone with it, so no answer can influence the
//! verdict on another. Bounded are memory, stack and steps; steps are counted by the engine's own
//! interrupts, never by a clock, so that a verdict is the same on a slow machine. There is no module
//! loader, no IO, no `Date` and no `Math.random`: a check must say the same tomorrow.
//!
//! The engine counts loops and calls, not the work inside of one built-in function: an author who searches
//! megabytes for megabytes in one call can still waste seconds. Authors are trusted with that; answers
//! alone cannot do it.

use rquickjs::context::intrinsic::{Eval, Json, MapSet, Promise, Proxy, RegExp, RegExpCompiler};
use rquickjs::function::Constructor;
use rquickjs::{CatchResultExt, CaughtError, Context, Ctx, Function, Runtime, Value};

/// Largest heap of one run, in bytes: an answer of 1 MB cut into single characters fits.
const MAX_MEMORY: usize = 128 * 1024 * 1024;
/// Largest stack of one run, in bytes; threads have 2 MiB.
const MAX_STACK: usize = 256 * 1024;
/// Interrupts before a run is ended; the engine makes one in 10,000 loops or calls.
const MAX_INTERRUPTS: u32 = 1_000;

type Intrinsics = (Eval, RegExpCompiler, RegExp, Json, Proxy, MapSet, Promise);

/// What every script sees beside the language. `console` is there because scripts are debugged with it.
const PRELUDE: &str = "delete Math.random; \
    globalThis.console = {log() {}, info() {}, warn() {}, error() {}, debug() {}}";

/// The answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Output<'a> {
    /// As text.
    Text(&'a str),
    /// JSON, which the script sees parsed.
    Json(&'a str),
}

/// What a script returned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Returned {
    /// A boolean.
    Truth(bool),
    /// A number, finite or not.
    Number(f64),
    /// An object with at least one of these.
    Graded { pass: Option<bool>, score: Option<f64>, reason: Option<String> },
    /// Anything else, by its kind.
    Other(&'static str),
}

/// Whether `body` is a function's body; the engine's message if not. Within the bounds of a run, since a
/// body that closes its own function early would be run here.
pub(super) fn compiles(body: &str) -> Result<(), String> {
    within(|ctx| function(ctx, body).map(drop))
}

/// Runs `body` with `output` and `context` (JSON). The error continues "the JavaScript ...".
pub(super) fn run(body: &str, output: Output<'_>, context: &str) -> Result<Returned, String> {
    within(|ctx| {
        let function = function(ctx, body)?;
        let output = match output {
            Output::Text(text) => rquickjs::String::from_str(ctx.clone(), text)?.into_value(),
            Output::Json(json) => ctx.json_parse(json)?,
        };
        outcome(function.call((output, ctx.json_parse(context)?))?)
    })
}

fn within<T>(work: impl FnOnce(&Ctx<'_>) -> rquickjs::Result<T>) -> Result<T, String> {
    let broken = |error: rquickjs::Error| format!("engine cannot start: {error}");
    let runtime = Runtime::new().map_err(broken)?;
    runtime.set_memory_limit(MAX_MEMORY);
    runtime.set_max_stack_size(MAX_STACK);
    let mut left = MAX_INTERRUPTS;
    runtime.set_interrupt_handler(Some(Box::new(move || {
        left = left.saturating_sub(1);
        left == 0
    })));
    let context = Context::custom::<Intrinsics>(&runtime).map_err(broken)?;
    context.with(|ctx| {
        let result = ctx.eval::<(), _>(PRELUDE).and_then(|()| work(&ctx));
        result.catch(&ctx).map_err(|error| explained(&error))
    })
}

/// Made by the engine's own `Function`: not strict, as promptfoo's are.
fn function<'js>(ctx: &Ctx<'js>, body: &str) -> rquickjs::Result<Function<'js>> {
    let constructor: Constructor<'js> = ctx.globals().get("Function")?;
    constructor.construct(("output", "context", body))
}

fn explained(error: &CaughtError<'_>) -> String {
    match error {
        CaughtError::Exception(thrown) => match thrown.message().unwrap_or_default().as_str() {
            "interrupted" => format!("took more than {MAX_INTERRUPTS}0000 steps"),
            "out of memory" => format!("needed more than {} MiB", MAX_MEMORY >> 20),
            message => format!("failed: {}", super::subject::cut(message)),
        },
        CaughtError::Value(value) => {
            let text = value.as_string().and_then(|text| text.to_string().ok());
            format!("threw {}", super::subject::shown(&text.unwrap_or_default()))
        }
        CaughtError::Error(error) => format!("failed: {error}"),
    }
}

fn outcome(value: Value<'_>) -> rquickjs::Result<Returned> {
    if let Some(truth) = value.as_bool() {
        return Ok(Returned::Truth(truth));
    }
    if let Some(number) = value.as_number() {
        return Ok(Returned::Number(number));
    }
    let Some(object) = value.as_object().filter(|_| !value.is_function() && !value.is_array())
    else {
        return Ok(Returned::Other(value.type_name()));
    };
    if object.as_promise().is_some() {
        return Ok(Returned::Other("a promise"));
    }
    let field = |name: &str| object.get::<_, Value<'_>>(name);
    let (pass, score, reason) = (field("pass")?, field("score")?, field("reason")?);
    let absent = |value: &Value<'_>| value.is_undefined() || value.is_null();
    if !(absent(&pass) || pass.is_bool()) || !(absent(&score) || score.is_number()) {
        return Ok(Returned::Other("an object whose `pass` is no boolean or `score` no number"));
    }
    let reason = reason.as_string().and_then(|reason| reason.to_string().ok());
    Ok(Returned::Graded { pass: pass.as_bool(), score: score.as_number(), reason })
}

#[cfg(test)]
mod tests;
