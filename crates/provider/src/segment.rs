//! Names as one segment of a URL's path.

use gatemark_core::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `model` as a segment, which cannot lead anywhere else.
///
/// # Errors
/// `Invalid` for the two segments that have a meaning of their own.
pub(crate) fn of_model(model: &str) -> Result<String> {
    if matches!(model, "" | "." | "..") {
        return Err(Error::invalid(format!("{model:?} is not the name of a model")).at("model"));
    }
    Ok(utf8_percent_encode(model, RESERVED).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(of_model("gemini-2.5_x~1").unwrap(), "gemini-2.5_x~1");
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/x?y#z&%";
        let wanted = "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx%3Fy%23z%26%25";
        assert_eq!(of_model(arn).unwrap(), wanted);
        assert_eq!(of_model("../x").unwrap(), "..%2Fx");
        assert!(of_model("..").is_err() && of_model("").is_err());
    }
}
