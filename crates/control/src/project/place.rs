//! Where in its cloud a provider is: `region`, `project`, `api_version`.

use gatemark_core::model::{Place, Protocol};

use super::problems::Problems;
use super::reader::Fields;
use super::typed;

/// Reads what the protocol asks for, and refuses the rest by name.
pub(super) fn read(protocol: Protocol, fields: &mut Fields<'_>, problems: &mut Problems) -> Place {
    let regional = matches!(protocol, Protocol::Bedrock | Protocol::Vertex);
    let why = "is for protocols bedrock and vertex only";
    let region = part("region", "`region`", (regional, true, why), fields, problems);
    let own = protocol == Protocol::Vertex;
    let why = "is for protocol vertex only";
    let project = part("project", "`project`", (own, true, why), fields, problems);
    let own = protocol == Protocol::Azure;
    let why = "is for protocol azure only";
    let api_version = part("api_version", "`api_version`", (own, false, why), fields, problems);
    Place { region, project, api_version }
}

/// A word that becomes part of addresses, if it is the protocol's `own`.
fn part(
    name: &'static str,
    what: &str,
    (own, required, why): (bool, bool, &str),
    fields: &mut Fields<'_>,
    problems: &mut Problems,
) -> Option<String> {
    if !own {
        fields.refuse(name, why, "remove it", problems);
        return None;
    }
    let node = if required { fields.required(name, problems) } else { fields.get(name, problems) };
    let node = node?;
    let text = typed::text(node, what, problems)?;
    let fits =
        |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, b'-' | b'.' | b':');
    if text.is_empty() || text.len() > 100 || !text.bytes().all(fits) {
        let hint = "write lower-case letters, digits and hyphens, as the vendor's console shows it";
        problems.error(&node.spot, format!("{what} cannot be part of an address"), hint);
        return None;
    }
    Some(text.to_string())
}
