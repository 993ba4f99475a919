//! A channel with what it needs.

use std::collections::HashMap;

use gatemark_core::alert::{Address, Channel, Message, Way};

pub use super::post::Undelivered;
use super::post::{Headers, Target};
use super::{alertmanager, email, pagerduty, slack, webhook};
use crate::http::Client;
use crate::secret::Secret;

/// Sends messages to one channel.
pub struct Sender {
    way: Way,
    client: Client,
    secrets: HashMap<String, Secret>,
    allow_private: bool,
}

impl Sender {
    /// One for `channel`, with the variables of the environment that it names, as far as they are there.
    pub fn new(channel: &Channel, client: &Client, secrets: HashMap<String, Secret>) -> Self {
        let client = client.reaching(channel.allow_private);
        let (way, allow_private) = (channel.way.clone(), channel.allow_private);
        Self { way, client, secrets, allow_private }
    }

    /// Sends `message` once, at `now` in microseconds since 1970.
    ///
    /// # Errors
    /// If it did not arrive, or may not have.
    pub async fn send(&self, message: &Message, now: i64) -> Result<(), Undelivered> {
        match &self.way {
            Way::Webhook { url, secret } => {
                let secret = secret.as_deref().map(|name| self.secret(name)).transpose()?;
                let (body, headers) = webhook::request(message, secret, now / 1_000_000)?;
                self.target(url, headers)?.post_bytes(body).await
            }
            Way::Slack { url } => self.target(url, vec![])?.post(&slack::body(message)).await,
            Way::Pagerduty { url, key } => {
                let key = self.secret(key)?;
                let root = self.address(url)?;
                let all = message.notices.iter().flat_map(|one| pagerduty::requests(one, key));
                for (path, body) in all {
                    let url = &format!("{}{path}", root.trim_end_matches('/'));
                    let target = Target { client: &self.client, url, headers: vec![] };
                    target.post(&body).await?;
                }
                Ok(())
            }
            Way::Alertmanager { url, token } => {
                let Some(body) = alertmanager::body(&message.notices, now) else { return Ok(()) };
                let token = token.as_deref().map(|name| self.secret(name)).transpose()?;
                let bearer = token.map(|token| ("authorization", format!("Bearer {token}")));
                let root = self.address(url)?;
                let url = &format!("{}/api/v2/alerts", root.trim_end_matches('/'));
                let headers = bearer.into_iter().collect();
                Target { client: &self.client, url, headers }.post(&body).await
            }
            Way::Email(mail) => {
                let login = match &mail.login {
                    Some((user, password)) => Some((self.secret(user)?, self.secret(password)?)),
                    None => None,
                };
                email::send(mail, login, self.allow_private, message, now).await
            }
        }
    }

    fn target<'a>(
        &'a self,
        address: &'a Address,
        headers: Headers,
    ) -> Result<Target<'a>, Undelivered> {
        Ok(Target { client: &self.client, url: self.address(address)?, headers })
    }

    fn address<'a>(&'a self, address: &'a Address) -> Result<&'a str, Undelivered> {
        match address {
            Address::Url(url) => Ok(url),
            Address::Variable(name) => self.secret(name),
        }
    }

    /// A variable's value. One that is missing may be there after the next start, so the message waits.
    fn secret(&self, name: &str) -> Result<&str, Undelivered> {
        let found = self.secrets.get(name).map(Secret::expose);
        found.ok_or_else(|| Undelivered::passing(format!("the variable {name} is not set")))
    }
}
