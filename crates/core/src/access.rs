//! Who may do what.

use serde::{Deserialize, Serialize};

/// What a key is for. A key may have several roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Applications: calls to models and prompts, and nothing else.
    Call,
    /// Authors: push and test.
    Edit,
    /// Reviewers: approve.
    Review,
    /// Releasers: deploy and roll back.
    Deploy,
    /// Operators: everything, and keys.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Call, Role::Edit, Role::Review, Role::Deploy, Role::Admin];

    /// The stored word.
    pub fn word(self) -> &'static str {
        match self {
            Role::Call => "call",
            Role::Edit => "edit",
            Role::Review => "review",
            Role::Deploy => "deploy",
            Role::Admin => "admin",
        }
    }

    /// The role that `word` names.
    pub fn from_word(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What can be asked of Gatemark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Send a call through the gateway.
    Call,
    /// See prompts, versions, reports, deployments and the audit log.
    Read,
    /// See recorded calls, which may hold users' texts.
    ReadCalls,
    /// Register versions.
    Push,
    /// Run suites, which spends money.
    Test,
    /// Approve a version.
    Approve,
    /// Move a pointer, forward or back.
    Deploy,
    /// Create and revoke keys.
    ManageKeys,
}

impl Action {
    /// Every action.
    pub const ALL: [Action; 8] = [
        Action::Call,
        Action::Read,
        Action::ReadCalls,
        Action::Push,
        Action::Test,
        Action::Approve,
        Action::Deploy,
        Action::ManageKeys,
    ];

    /// A word for messages and documentation.
    pub fn word(self) -> &'static str {
        match self {
            Action::Call => "call",
            Action::Read => "read",
            Action::ReadCalls => "read-calls",
            Action::Push => "push",
            Action::Test => "test",
            Action::Approve => "approve",
            Action::Deploy => "deploy",
            Action::ManageKeys => "manage-keys",
        }
    }
}

/// The whole matrix: whether `role` allows `action`.
pub fn allows(role: Role, action: Action) -> bool {
    match action {
        Action::Call => matches!(role, Role::Call | Role::Admin),
        Action::Read => role != Role::Call,
        Action::ReadCalls => matches!(role, Role::Review | Role::Deploy | Role::Admin),
        Action::Push | Action::Test => matches!(role, Role::Edit | Role::Admin),
        Action::Approve => matches!(role, Role::Review | Role::Admin),
        Action::Deploy => matches!(role, Role::Deploy | Role::Admin),
        Action::ManageKeys => role == Role::Admin,
    }
}

/// Who is asking, after authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key's name, or the person at the machine.
    pub name: String,
    /// Their roles.
    pub roles: Vec<Role>,
}

impl Caller {
    /// Whether one of the roles allows `action`.
    pub fn may(&self, action: Action) -> bool {
        self.roles.iter().any(|role| allows(*role, action))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The matrix as reviewers read it: one line per role, one mark per action.
    #[test]
    fn the_matrix() {
        let line = |role: Role| -> String {
            Action::ALL.iter().map(|a| if allows(role, *a) { 'x' } else { '.' }).collect()
        };
        //       call read read-calls push test approve deploy manage-keys
        assert_eq!(line(Role::Call), "x.......");
        assert_eq!(line(Role::Edit), ".x.xx...");
        assert_eq!(line(Role::Review), ".xx..x..");
        assert_eq!(line(Role::Deploy), ".xx...x.");
        assert_eq!(line(Role::Admin), "xxxxxxxx");
    }

    #[test]
    fn no_role_allows_nothing() {
        let caller = Caller { name: "x".into(), roles: vec![] };
        assert!(Action::ALL.iter().all(|action| !caller.may(*action)));
    }
}
