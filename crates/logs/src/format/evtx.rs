//! Windows' own event logs: their events as JSON are read as those that tools have exported.

use std::io::{Cursor, Read};
use std::sync::Arc;

use memchr::memrchr;

use super::LogFormat;
use super::windows_event::WindowsEvent;
use crate::discover::EMPTY;
use crate::evtx::{EventLines, MAGIC};
use crate::file::{Head, Layout};
use crate::frame::Framing;

/// Windows event logs (EVTX).
pub(crate) struct Evtx;

/// What is judged by: more JSON than a file's head mostly unfolds to.
const LINES_BYTES: u64 = 8 << 20;

impl LogFormat for Evtx {
    fn name(&self) -> &'static str {
        "evtx"
    }

    fn tables(&self) -> &'static [&'static str] {
        WindowsEvent.tables()
    }

    fn page(&self) -> &'static str {
        include_str!("evtx.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        if head.bytes.starts_with(MAGIC) { 100 } else { 0 }
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        let layout = WindowsEvent.layout(&events(head)?, table)?;
        Ok(layout.map(|layout| Layout { framing: Framing::Events, ..layout }))
    }
}

/// The head of the file of JSON that the events would be.
fn events(head: &Head) -> Result<Head, String> {
    let mut lines = Vec::new();
    EventLines::new(Box::new(Cursor::new(head.bytes.to_vec())), 0, u64::MAX)
        .take(LINES_BYTES)
        .read_to_end(&mut lines)
        .map_err(|error| error.to_string())?;
    lines.truncate(memrchr(b'\n', &lines).map_or(0, |newline| newline + 1));
    let bytes = lines.split_inclusive(|byte| *byte == b'\n').filter(|line| line.starts_with(b"{")).collect::<Vec<_>>().concat();
    if lines.is_empty() && head.complete {
        return Err(EMPTY.to_owned());
    }
    if bytes.is_empty() {
        return Err("a Windows event log (EVTX), and no event can be read at its beginning".to_owned());
    }
    let (bytes, further) = (Arc::new(bytes), Arc::default());
    Ok(Head { bytes, complete: head.complete, further, stem: head.stem.clone(), modified: head.modified })
}
