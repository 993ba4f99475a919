//! Where people are told, as `gatemark.yaml` says it. Secrets are named by the variables that hold them.

use std::time::Duration;

/// A URL, or the variable of the environment that holds one: some services put their secret into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The URL.
    Url(String),
    /// The variable's name.
    Variable(String),
}

/// How a mail server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte.
    Tls,
    /// TLS asked for in the clear, and nothing without it.
    StartTls,
    /// In the clear.
    Off,
}

impl Tls {
    /// Every word with its meaning.
    pub const WORDS: [(&'static str, Tls); 3] =
        [("tls", Self::Tls), ("starttls", Self::StartTls), ("none", Self::Off)];
}

/// A mail server and who writes to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How it is spoken to.
    pub tls: Tls,
    /// The sender.
    pub from: String,
    /// Who gets it; never empty.
    pub to: Vec<String>,
    /// The variables of name and password, if the server wants them.
    pub login: Option<(String, String)>,
}

/// Who is told in which form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A POST of JSON, signed if there is a variable with a secret.
    Webhook {
        /// Where.
        url: Address,
        /// The variable of the secret.
        secret: Option<String>,
    },
    /// Slack's incoming webhooks and what is compatible with them.
    Slack {
        /// Where.
        url: Address,
    },
    /// PagerDuty's Events API, version 2.
    Pagerduty {
        /// Where.
        url: Address,
        /// The variable of the integration's routing key.
        key: String,
    },
    /// Prometheus' Alertmanager.
    Alertmanager {
        /// Its root.
        url: Address,
        /// The variable of a bearer token.
        token: Option<String>,
    },
    /// E-mail.
    Email(Mail),
}

impl Way {
    /// The word in `gatemark.yaml`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Slack { .. } => "slack",
            Self::Pagerduty { .. } => "pagerduty",
            Self::Alertmanager { .. } => "alertmanager",
            Self::Email(_) => "email",
        }
    }

    /// The variables of the environment that it reads.
    pub fn variables(&self) -> Vec<&str> {
        let mut found: Vec<&str> = vec![];
        let address = match self {
            Self::Webhook { url, secret } => {
                found.extend(secret.as_deref());
                Some(url)
            }
            Self::Slack { url } => Some(url),
            Self::Pagerduty { url, key } => {
                found.push(key);
                Some(url)
            }
            Self::Alertmanager { url, token } => {
                found.extend(token.as_deref());
                Some(url)
            }
            Self::Email(mail) => {
                if let Some((user, password)) = &mail.login {
                    found.extend([user.as_str(), password.as_str()]);
                }
                None
            }
        };
        if let Some(Address::Variable(name)) = address {
            found.push(name);
        }
        found
    }
}

/// A channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Who is told in which form.
    pub way: Way,
    /// Most messages in a minute; further ones wait.
    pub per_minute: u32,
    /// How long the receiver may take.
    pub timeout: Duration,
    /// Whether it may be in a private network.
    pub allow_private: bool,
}
