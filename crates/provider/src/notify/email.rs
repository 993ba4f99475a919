//! E-mail by SMTP, one mail for a message.
//!
//! The server's name is looked up here and its address checked as that of any other receiver; the connection goes to
//! the address that was checked, and TLS asks for the name. With TLS wanted, nothing is said in the clear that the
//! server could not do without.

use std::net::SocketAddr;
use std::time::{Duration, UNIX_EPOCH};

use gatemark_core::alert::{Mail, Message, Tls as Wanted};
use lettre::message::header::ContentType;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters, TlsParametersBuilder};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

use super::post::Undelivered;
use super::words::{cut, lines, title};
use crate::address::Rule;

/// Longest subject, in characters.
const SUBJECT: usize = 200;

/// Sends `message` by `mail`'s server, with name and password if it wants them. `now` is in microseconds since 1970.
pub(super) async fn send(
    mail: &Mail,
    login: Option<(&str, &str)>,
    allow_private: bool,
    message: &Message,
    now: i64,
) -> Result<(), Undelivered> {
    let letter = letter(mail, message, now)?;
    let tls = tls(mail, TlsParameters::builder(mail.host.clone()))?;
    submit(mail, (login, tls), allow_private, letter).await
}

fn tls(mail: &Mail, parameters: TlsParametersBuilder) -> Result<Tls, Undelivered> {
    let parameters = || {
        let built = parameters.build();
        built.map_err(|_| Undelivered::lasting("TLS cannot be set up for this host"))
    };
    Ok(match mail.tls {
        Wanted::Tls => Tls::Wrapper(parameters()?),
        Wanted::StartTls => Tls::Required(parameters()?),
        Wanted::Off => Tls::None,
    })
}

async fn submit(
    mail: &Mail,
    (login, tls): (Option<(&str, &str)>, Tls),
    allow_private: bool,
    letter: lettre::Message,
) -> Result<(), Undelivered> {
    let address = resolve(mail, Rule { private: allow_private }).await?;
    // The address was checked above; the name is what TLS is about.
    let mut builder =
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.ip().to_string())
            .port(address.port())
            .tls(tls);
    if let Some((user, password)) = login {
        builder = builder.credentials(Credentials::new(user.to_string(), password.to_string()));
    }
    match builder.build().send(letter).await {
        Ok(_) => Ok(()),
        Err(error) => {
            let message = format!("the mail server did not take it: {error}");
            Err(Undelivered { message, lasting: error.is_permanent() })
        }
    }
}

async fn resolve(mail: &Mail, rule: Rule) -> Result<SocketAddr, Undelivered> {
    let host = mail.host.trim_start_matches('[').trim_end_matches(']');
    let found = tokio::net::lookup_host((host, mail.port)).await;
    let found =
        found.map_err(|cause| Undelivered::passing(format!("no such mail server: {cause}")))?;
    let mut refused = None;
    for address in found {
        match rule.check(host, address.ip()) {
            Ok(()) => return Ok(address),
            Err(forbidden) => refused = Some(forbidden),
        }
    }
    Err(match refused {
        Some(found) if found.by_choice => {
            Undelivered::lasting(format!("{found}: say `allow_private: true` if it is meant"))
        }
        Some(found) => Undelivered::lasting(found.to_string()),
        None => Undelivered::passing("the mail server's name has no address"),
    })
}

fn letter(mail: &Mail, message: &Message, now: i64) -> Result<lettre::Message, Undelivered> {
    let wrong = |_| Undelivered::lasting("an address of the mail is none");
    let seconds = Duration::from_micros(u64::try_from(now).unwrap_or_default());
    let domain = mail.from.rsplit_once('@').map_or("gatemark", |(_, domain)| domain);
    let mut builder = lettre::Message::builder()
        .from(mail.from.parse().map_err(wrong)?)
        .date(UNIX_EPOCH + seconds)
        .message_id(Some(format!("<{}@{domain}>", message.id)))
        .subject(subject(message));
    for to in &mail.to {
        builder = builder.to(to.parse().map_err(wrong)?);
    }
    builder
        .header(ContentType::TEXT_PLAIN)
        .body(text(message))
        .map_err(|_| Undelivered::lasting("the mail cannot be written"))
}

fn subject(message: &Message) -> String {
    let first = message.notices.first().map(title).unwrap_or_default();
    let more = message.notices.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let clean: String = first.chars().filter(|c| !c.is_control()).collect();
    format!("[Gatemark] {}{more}", cut(&clean, SUBJECT))
}

fn text(message: &Message) -> String {
    let parts = message.notices.iter().map(|notice| {
        let mut part = format!("{}\r\n", title(notice));
        for line in lines(notice) {
            part.push_str(&format!("  {line}\r\n"));
        }
        part
    });
    parts.collect::<Vec<_>>().join("\r\n")
}

#[cfg(test)]
mod tests;
