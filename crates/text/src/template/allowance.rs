//! How much one rendering may make.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, State, Value};

/// Bytes of text and of list entries that one rendering may make in all, whether they are kept or not.
pub(super) const MAX_MADE_BYTES: usize = 64 * 1024 * 1024;
/// What an entry of a list or object counts for.
const ENTRY_BYTES: usize = 32;

/// What is left of it.
struct Left(usize);

/// Takes `bytes` from the rendering's allowance; an error when that is used up.
pub(super) fn pay(state: &mut State<'_, '_>, bytes: usize) -> Result<(), Error> {
    let left = state.get_or_insert_extension_with(|| Left(MAX_MADE_BYTES));
    left.0 = left.0.checked_sub(bytes).ok_or_else(|| {
        let mib = MAX_MADE_BYTES / (1024 * 1024);
        let message = format!("the template makes more than {mib} MiB of text while rendering");
        Error::new(ErrorKind::InvalidOperation, message)
    })?;
    Ok(())
}

/// A value's own size: its text, or its entries without what they hold.
pub(super) fn size(value: &Value) -> usize {
    match value.kind() {
        ValueKind::String | ValueKind::Bytes => value.as_str().map_or(ENTRY_BYTES, str::len),
        ValueKind::Seq | ValueKind::Map | ValueKind::Iterable => {
            value.len().unwrap_or(1).saturating_mul(ENTRY_BYTES)
        }
        _ => 0,
    }
}

/// About how long the value is when written out as text. Stops counting above the whole allowance, since
/// a list may hold the same long text many times.
pub(super) fn written_size(value: &Value) -> usize {
    let mut total = 0;
    add_written(value, &mut total);
    total
}

fn add_written(value: &Value, total: &mut usize) {
    if *total > MAX_MADE_BYTES {
        return;
    }
    *total += match value.kind() {
        ValueKind::String => value.as_str().map_or(0, str::len) + 2,
        _ => ENTRY_BYTES,
    };
    if !matches!(value.kind(), ValueKind::Seq | ValueKind::Map | ValueKind::Iterable) {
        return;
    }
    let is_map = value.kind() == ValueKind::Map;
    for item in value.try_iter().into_iter().flatten() {
        if *total > MAX_MADE_BYTES {
            return;
        }
        add_written(&item, total);
        if is_map {
            add_written(&value.get_item(&item).unwrap_or_default(), total);
        }
    }
}
