//! API keys from the command line.

use crate::support::Project;

#[test]
fn a_key_is_made_shown_once_listed_and_ended() {
    let project = Project::new();
    let made = project.run(&["key", "create", "app", "--role", "call", "--role", "edit"]).exits(0);
    let secret = made.out.trim();
    assert!(secret.starts_with("gm-") && secret.len() > 40 && made.out.lines().count() == 1);
    let listed = project.run(&["key", "list", "--json"]).exits(0);
    assert!(!listed.out.contains(secret));
    let keys = listed.json();
    assert_eq!(keys[0]["name"], "app");
    assert_eq!(keys[0]["roles"], serde_json::json!(["call", "edit"]));
    assert!(secret.starts_with(keys[0]["prefix"].as_str().unwrap()));
    project.run(&["key", "create", "app", "--role", "call"]).exits(2).complains(&["app"]);
    project.run(&["key", "revoke", "app"]).exits(0);
    project.run(&["key", "revoke", "app"]).exits(2).complains(&["no active key `app`"]);
    assert!(project.run(&["key", "list", "--json"]).json()[0]["revoked_at"].is_i64());
}

#[test]
fn a_key_needs_a_known_role() {
    let project = Project::new();
    project.run(&["key", "create", "app"]).exits(2).complains(&["--role"]);
    let unknown = project.run(&["key", "create", "app", "--role", "root"]).exits(2);
    unknown.complains(&["call, edit, review, deploy, admin"]);
}
