//! What every command starts from: the terminal, who acts, and the control plane on the project's data.

use std::sync::Arc;

use gatemark_control::sandbox::Sandbox;
use gatemark_control::{Control, Options};
use gatemark_core::call::CallRecord;
use gatemark_core::diagnostic::Severity;
use gatemark_core::error::{Error, Result};
use gatemark_core::model::Project;
use gatemark_gateway::Meter;

use crate::config::{self, Config, Folders};
use crate::diagnostics;
use crate::fetching::Fetching;
use crate::global::Global;
use crate::keys;
use crate::print::Terminal;

/// The surroundings of one command.
pub(crate) struct Context<'t> {
    /// Where it prints.
    pub(crate) terminal: &'t Terminal,
    global: Global,
}

/// Metrics are for servers.
struct Uncounted;

impl Meter for Uncounted {
    fn ended(&self, _: &CallRecord) {}
    fn lost(&self) {
        tracing::error!("the record of a call could not be kept");
    }
}

impl<'t> Context<'t> {
    /// The surroundings as the options want them.
    pub(crate) fn new(terminal: &'t Terminal, global: Global) -> Self {
        Self { terminal, global }
    }

    /// Who acts.
    pub(crate) fn actor(&self) -> Result<String> {
        config::actor(&self.global)
    }

    /// Where the project and its data are.
    pub(crate) fn folders(&self) -> Result<Folders> {
        config::locate(&self.global)
    }

    /// The project's configuration, or its problems printed and an error.
    pub(crate) fn project(&self, folders: &Folders) -> Result<Project> {
        let Config { project, problems, files } = config::read(folders)?;
        let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
        match project {
            Some(project) if !broken => Ok(project),
            _ => {
                diagnostics::print(self.terminal, &problems, |path| text_of(files.get(path)));
                let message = format!("{} cannot be used", config::FILE);
                Err(Error::invalid(message).coded("bad_config"))
            }
        }
    }

    /// Opens the control plane on the project's data.
    pub(crate) async fn open(&self) -> Result<Control> {
        let folders = self.folders()?;
        let project = self.project(&folders)?;
        self.open_quietly(&folders, project).await
    }

    /// Opens the control plane with a project that has been read already.
    pub(crate) async fn open_with(
        &self,
        folders: &Folders,
        project: Project,
        meter: Arc<dyn Meter>,
        keyless: bool,
    ) -> Result<Control> {
        let secrets = keys::all(&project);
        let data = folders.data.clone();
        let project = config::placed(project, folders);
        let watcher = Arc::new(Fetching::new(self.terminal));
        let options = Options { data, project, secrets, watcher, meter, keyless };
        let control = Control::open(options).await?;
        // Without its own path this program cannot start a jail: checks of code then say so.
        Ok(match std::env::current_exe() {
            Ok(exe) => control.with_sandbox(Sandbox::new(exe)),
            Err(_) => control,
        })
    }

    /// [`Context::open_with`] for a command that serves nobody.
    pub(crate) async fn open_quietly(
        &self,
        folders: &Folders,
        project: Project,
    ) -> Result<Control> {
        let control = self.open_with(folders, project, Arc::new(Uncounted), false).await?;
        // Who runs this command could run them too.
        Ok(control.allowing_scripts())
    }

    /// Opens the control plane, does `work` with it and closes it, whatever came of the work.
    pub(crate) async fn with_control<T>(
        &self,
        work: impl AsyncFnOnce(&Control) -> Result<T>,
    ) -> Result<T> {
        closing(self.open().await?, work).await
    }
}

/// Does `work` and closes the control plane, so that calls that were made are in the store.
pub(crate) async fn closing<T>(
    control: Control,
    work: impl AsyncFnOnce(&Control) -> Result<T>,
) -> Result<T> {
    let result = work(&control).await;
    let closed = control.close().await;
    let value = result?;
    closed?;
    Ok(value)
}

/// A file's text, if it is text.
pub(crate) fn text_of(bytes: Option<&[u8]>) -> Option<&str> {
    bytes.and_then(|bytes| std::str::from_utf8(bytes).ok())
}
