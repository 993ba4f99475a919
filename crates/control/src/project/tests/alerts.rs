//! `alerts:` of the project.

use gatemark_core::alert::{Act, Address, Alerting, GroupBy, Policy, Tls, Way};
use gatemark_core::signal::Severity;

use super::{check, files};
use crate::project::load_config;

fn alerting(alerts: &str) -> Alerting {
    let text = format!("name: t\nproviders:\n  sim:\nalerts: {alerts}\n");
    let (project, problems) = load_config(&files(&[("/gatemark.yaml", text.as_bytes())]));
    assert!(problems.is_empty(), "{problems:?}");
    project.unwrap().alerts
}

#[test]
fn a_channel_is_enough() {
    let found = alerting("{channels: {ops: {type: slack, url_env: OPS_URL}}}");
    let channel = &found.channels["ops"];
    assert_eq!(channel.way, Way::Slack { url: Address::Variable("OPS_URL".into()) });
    assert_eq!((channel.per_minute, channel.allow_private), (30, false));
    assert_eq!(found.routes[0].to, ["ops"]);
    assert!(found.routes[0].matcher.is_empty());
    assert_eq!(found.policy("anything"), Policy::default());
    assert_eq!(found.policy("stopped").clear, 0);
}

#[test]
fn everything_can_be_said() {
    let found = alerting(
        "{channels: {hook: {type: webhook, url: 'https://h.example.com/x', secret_env: S, timeout: 3s, per_minute: 5}, \
         pager: {type: pagerduty, key_env: K}, am: {type: alertmanager, url: 'http://am:9093', allow_private: true, \
         token_env: T}, mail: {type: email, server: 'smtp.example.com', tls: tls, from: a@b.example, to: [c@d.example], \
         user_env: U, password_env: P}}, routes: [{match: {severity: critical, prompt: support/*, environment: \
         production}, to: [pager, mail], group_by: [rule], group_wait: 0s, continue: true}, {to: []}], default: {for: \
         2m, renotify: off}, rules: {slow: {clear_after: 5m, hysteresis: 0.1, no_data: off, severity: critical, act: \
         rollback}}}",
    );
    let Way::Email(mail) = &found.channels["mail"].way else { panic!() };
    assert_eq!((mail.host.as_str(), mail.port, mail.tls), ("smtp.example.com", 465, Tls::Tls));
    assert_eq!(found.channels["mail"].way.variables(), ["U", "P"]);
    let Way::Pagerduty { url, .. } = &found.channels["pager"].way else { panic!() };
    assert_eq!(*url, Address::Url("https://events.pagerduty.com".into()));
    let route = &found.routes[0];
    assert_eq!(
        (&route.group_by[..], route.group_wait, route.goes_on),
        (&[GroupBy::Rule][..], 0, true)
    );
    assert_eq!(route.matcher.shown(), "prompt=support/* environment=production severity=critical");
    let slow = found.policy("slow");
    assert_eq!((slow.hold, slow.clear, slow.hysteresis), (120_000_000, 300_000_000, 0.1));
    assert_eq!((slow.no_data, slow.renotify, slow.act), (None, None, Some(Act::Rollback)));
    assert_eq!(slow.severity, Some(Severity::Critical));
    assert_eq!(found.policy("stopped").hold, 120_000_000, "`default` is for every rule");
}

#[test]
fn mistakes_are_told_with_their_place() {
    let text = "name: t
providers:
  sim:
alerts:
  channels:
    hook:
      type: webhook
      url: https://user@x.example/
    ops:
      type: slack
    pager:
      type: pagerduty
      key: abc
      key_env: K
    mail:
      type: email
      server: x.example:587
      tls: none
      from: nobody
      to: []
      user_env: U
  routes:
    - to: [opps]
  rules:
    slow:
      for: long
";
    let config = &[("/gatemark.yaml", text)];
    check(
        config,
        &[
            "gatemark.yaml:8:12: error: `url` must not hold a user or password (…",
            "gatemark.yaml:10:7: error: a channel needs `url` or `url_env` (…",
            "gatemark.yaml:13:7: error: `key` does not belong into a file (…",
            "gatemark.yaml:16:7: error: `user_env` and `password_env` belong together (write both, or neither)",
            "gatemark.yaml:16:7: error: a password is not sent in the clear (write `tls: starttls` or `tls: tls`)",
            "gatemark.yaml:19:13: error: `from` is no e-mail address: `nobody` (write it like ops@example.com)",
            "gatemark.yaml:20:11: error: `to` names nobody (write e.g. `to: [ops@example.com]`)",
            "gatemark.yaml:23:12: error: there is no channel `opps` (did you mean `ops`?)",
            "gatemark.yaml:26:12: error: `for` is not a duration (…",
        ],
    );
}
