//! Images in messages: `{"type": "image_url", "image_url": {"url": …}}`.

use gatemark_core::{Error, Result};
use serde_json::{Map, Value};

/// An image, where it is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Image<'a> {
    /// In the message.
    Data {
        /// Such as `image/png`.
        media_type: &'a str,
        /// Base64.
        data: &'a str,
    },
    /// Elsewhere.
    Link(&'a str),
}

/// Reads a part of a message that shows an image. `detail` says how finely to look, which other vendors decide
/// themselves. `param` names the message.
///
/// # Errors
/// `Invalid` without a usable URL.
pub(crate) fn read<'a>(param: &str, part: &'a Map<String, Value>) -> Result<Image<'a>> {
    let refused = |why: &str| Error::invalid(format!("`{param}` {why}")).at(param);
    let url = part.get("image_url").and_then(|image| image.get("url")).and_then(Value::as_str);
    let url = url.ok_or_else(|| refused("holds an image without `image_url.url`"))?;
    if url.starts_with("https://") || url.starts_with("gs://") {
        return Ok(Image::Link(url));
    }
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    let why = "holds an image whose URL is neither https nor data:<type>;base64,<data>";
    let (media_type, data) = data.ok_or_else(|| refused(why))?;
    Ok(Image::Data { media_type, data })
}
