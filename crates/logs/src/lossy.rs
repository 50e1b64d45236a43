//! Bytes as text. Nearly all are UTF-8, and the standard library tells that faster than it replaces what is not.

use std::borrow::Cow;

/// The text; U+FFFD stands for what is not UTF-8.
#[inline]
pub(crate) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
