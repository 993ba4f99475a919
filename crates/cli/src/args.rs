//! The command line as a whole.

use clap::{Parser, Subcommand};
use gatemark_core::error::Result;

use crate::command::{
    advise, alert, alerts, approve, audit, budget, cache, calls, cascade, compare, compat,
    compress, conversation, deploy, diff, evaluation, experiment, feedback, gate, guard, import,
    init, judge, key, list, log, monitor, openapi, prices, push, redteam, report, resume, retire,
    review, rollback, rollout, sandbox, score, serve, show, stats, stop, suite, test, tokens,
};
use crate::context::Context;
use crate::demo;
use crate::exit::{self, Exit};
use crate::global::Global;
use crate::print::Terminal;

/// Versions, tests, gates and serves LLM prompts
#[derive(Debug, Parser)]
#[command(name = "gatemark", version, after_help = exit::HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Init(init::Args),
    Import(import::Args),
    Push(push::Args),
    List(list::Args),
    Show(show::Args),
    Diff(diff::Args),
    Log(log::Args),
    Suite(suite::Args),
    Test(test::Args),
    Compat(compat::Args),
    Advise(advise::Args),
    Alert(alert::Args),
    Alerts(alerts::Args),
    Compare(compare::Args),
    Compress(compress::Args),
    Judge(judge::Args),
    Redteam(redteam::Args),
    Report(report::Args),
    Approve(approve::Args),
    Review(review::Args),
    Gate(gate::Args),
    Guard(guard::Args),
    Deploy(deploy::Args),
    Rollback(rollback::Args),
    Stop(stop::Args),
    Resume(resume::Args),
    Retire(retire::Args),
    Rollout(rollout::Args),
    Budget(budget::Args),
    Prices(prices::Args),
    Cache(cache::Args),
    Calls(calls::Args),
    Feedback(feedback::Args),
    Monitor(monitor::Args),
    Conversation(conversation::Args),
    Cascade(cascade::Args),
    Audit(audit::Args),
    Key(key::Args),
    Score(score::Args),
    Serve(serve::Args),
    Tokens(tokens::Args),
    Openapi(openapi::Args),
    Sandbox(sandbox::Args),
    Evaluation(evaluation::Args),
    Experiment(experiment::Args),
    Stats(stats::Args),
}

/// Runs the command.
pub(crate) async fn run(cli: Cli, terminal: &Terminal) -> Result<Exit> {
    let context = &Context::new(terminal, cli.global);
    match cli.command {
        Command::Demo(args) => demo::run(args, context).await,
        Command::Init(args) => init::run(args, terminal),
        Command::Import(args) => import::run(args, context),
        Command::Push(args) => push::run(args, context).await,
        Command::List(args) => list::run(args, context).await,
        Command::Show(args) => show::run(args, context).await,
        Command::Diff(args) => diff::run(args, context).await,
        Command::Log(args) => log::run(args, context).await,
        Command::Suite(args) => suite::run(args, context).await,
        Command::Compat(args) => compat::run(args, context).await,
        Command::Advise(args) => advise::run(args, context).await,
        Command::Alert(args) => alert::run(args, context).await,
        Command::Alerts(args) => alerts::run(args, context).await,
        Command::Test(args) => test::run(args, context).await,
        Command::Compare(args) => compare::run(args, context).await,
        Command::Compress(args) => compress::run(args, context).await,
        Command::Judge(args) => judge::run(args, context).await,
        Command::Redteam(args) => redteam::run(args, context).await,
        Command::Report(args) => report::run(args, context).await,
        Command::Review(args) => review::run(args, context).await,
        Command::Approve(args) => approve::run(args, context).await,
        Command::Gate(args) => gate::run(args, context).await,
        Command::Guard(args) => guard::run(args, terminal),
        Command::Deploy(args) => deploy::run(args, context).await,
        Command::Rollback(args) => rollback::run(args, context).await,
        Command::Stop(args) => stop::run(args, context).await,
        Command::Resume(args) => resume::run(args, context).await,
        Command::Retire(args) => retire::run(args, context).await,
        Command::Rollout(args) => rollout::run(args, context).await,
        Command::Budget(args) => budget::run(args, context).await,
        Command::Prices(args) => prices::run(args, context),
        Command::Cache(args) => cache::run(args, terminal).await,
        Command::Calls(args) => calls::run(args, context).await,
        Command::Feedback(args) => feedback::run(args, context).await,
        Command::Monitor(args) => monitor::run(args, context).await,
        Command::Conversation(args) => conversation::run(args, context).await,
        Command::Cascade(args) => cascade::run(args, context).await,
        Command::Audit(args) => audit::run(args, context).await,
        Command::Key(args) => key::run(args, context).await,
        Command::Score(args) => score::run(args, terminal),
        Command::Serve(args) => serve::run(args, context).await,
        Command::Tokens(args) => tokens::run(args, terminal),
        Command::Openapi(args) => openapi::run(args, terminal),
        Command::Sandbox(args) => sandbox::run(args, terminal).await,
        Command::Evaluation(args) => evaluation::run(args, context).await,
        Command::Experiment(args) => experiment::run(args, context).await,
        Command::Stats(args) => stats::run(args, terminal),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example() {
        for command in Cli::command().get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let name = command.get_name();
            assert!(help.contains(&format!("gatemark {name}")), "{name}: {help}");
        }
    }
}
