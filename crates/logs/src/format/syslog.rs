//! Syslog files: RFC 3164 as distributions write it (`/var/log/messages`, `/var/log/auth.log`), and RFC 5424.

use std::sync::Arc;

use super::{LogFormat, bound_to, cef};
use crate::column::Raw;
use crate::decode::{Decode, Decoded, Glance, Slots};
use crate::file::{Head, Layout};
use crate::frame::Framing;
use crate::json::Fault;
use crate::syslog::{self, FIELDS, Field};
use crate::table::{Route, TableSchema, constant, keys};

/// Lines of syslog.
pub(crate) struct Syslog;

impl LogFormat for Syslog {
    fn name(&self) -> &'static str {
        "syslog"
    }

    fn tables(&self) -> &'static [&'static str] {
        &["Syslog"]
    }

    fn page(&self) -> &'static str {
        include_str!("syslog.md")
    }

    fn detect(&self, head: &Head) -> u8 {
        let lines = head.bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        let lines =
            lines.filter(|line| line.first().is_some_and(|byte| !byte.is_ascii_whitespace()) && !syslog::is_comment(line));
        let (mut seen, mut good) = (0, 0);
        for line in lines.take(100) {
            seen += 1;
            good += usize::from(is_told(line));
        }
        u8::from(good * 2 > seen) * 90
    }

    fn layout(&self, head: &Head, table: Option<&str>) -> Result<Option<Layout>, String> {
        // What wrote the lines may have had another time zone than UTC.
        let latest = head.modified.and_then(|modified| modified.checked_add(kql::time::DAY));
        let decoder: crate::file::MakeDecoder = Arc::new(move |wanted| Box::new(Lines::new(latest, wanted)));
        let layout = Layout { framing: Framing::Lines, decoder, tables: vec![messages()], route: Route::Only };
        Ok(Some(bound_to(layout, head, table)))
    }
}

/// Words that stand after the ISO times of other logs, where syslog has the host.
const NO_HOSTS: [&str; 12] =
    ["trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "fatal", "severe"];

/// Whether a line is of syslog beyond doubt, and no event of another format that only travels in it. Other logs begin with ISO times
/// too.
fn is_told(line: &[u8]) -> bool {
    let Ok(parsed) = syslog::parse(line) else { return false };
    let is_iso = parsed.priority.is_none() && line[0].is_ascii_digit();
    let host = String::from_utf8_lossy(parsed.host);
    let named = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_:%@/".contains(&byte)) && !host.is_empty();
    let is_level = NO_HOSTS.iter().any(|level| host.eq_ignore_ascii_case(level));
    (!is_iso || named && !is_level && !parsed.process.is_empty()) && !cef::is_event(&String::from_utf8_lossy(line))
}

fn messages() -> TableSchema {
    TableSchema::known("Syslog")
        .with("TimeGenerated", keys(&["time"]))
        .with("EventTime", keys(&["time"]))
        .with("Computer", keys(&["host"]))
        .with("HostName", keys(&["host"]))
        .with("HostIP", keys(&["address"]))
        .with("Facility", keys(&["facility"]))
        .with("SeverityLevel", keys(&["severity"]))
        .with("ProcessName", keys(&["process"]))
        .with("ProcessID", keys(&["process_id"]))
        .with("SyslogMessage", keys(&["message"]))
        .with("SourceSystem", constant("Linux"))
}

/// Decodes lines.
struct Lines {
    wanted: Vec<(Field, usize)>,
    /// The greatest that a time without a year can be.
    latest: Option<i64>,
    scratch: Vec<u8>,
}

impl Lines {
    fn new(latest: Option<i64>, wanted: &[String]) -> Lines {
        let wanted = wanted.iter().enumerate().filter_map(|(slot, name)| Some((Field::of(name)?, slot)));
        Lines { wanted: wanted.collect(), latest, scratch: Vec::new() }
    }
}

impl Decode for Lines {
    fn decode(&mut self, record: &[u8], slots: &mut Slots) -> Result<Decoded, Fault> {
        if syslog::is_comment(record) {
            return Ok(Decoded::Comment);
        }
        let line = syslog::parse(record)?;
        for (field, slot) in &self.wanted {
            let text = line.text(*field, self.latest, &mut self.scratch);
            if !text.is_empty() {
                slots.set_owned(*slot, &text);
            }
        }
        Ok(Decoded::Record)
    }

    fn fields(&mut self, record: &[u8], on: &mut dyn FnMut(&str, Raw<'_>)) {
        let Ok(line) = syslog::parse(record) else { return };
        for (field, name) in FIELDS {
            let text = line.text(field, self.latest, &mut self.scratch);
            if !text.is_empty() {
                on(name, Raw::Text(&text));
            }
        }
    }

    fn glance(&self) -> Glance<'_> {
        Glance::Syslog { latest: self.latest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn confidence(text: &str) -> u8 {
        Syslog.detect(&Head::of(text, "x.log"))
    }

    #[test]
    fn syslog_is_told_from_what_looks_like_it() {
        for text in [
            "May  5 13:36:27 h sshd[1]: x\n\tmore\n\tmore\nMay  5 13:36:27 h last message repeated 2 times\n",
            "-- Logs begin at Fri --\n-- Boot 1 --\n2026-05-20T13:36:27+0200 h kernel: x\n",
            "<13>May  5 13:36:27 h x\n<13>1 - - - - - - x\nnonsense\n",
            "2026-05-20T13:36:27.5Z h systemd[1]: x\n",
            // A single event of CEF among others does not make them all that.
            "May  5 13:36:27 h a: b\nMay  5 13:36:27 h a: b\nMay  5 13:36:27 h CEF:0|v|p|1|1|n|5|src=192.0.2.1\n",
        ] {
            assert_eq!(confidence(text), 90, "{text}");
        }
        for text in [
            "2026-05-20T13:36:27Z INFO main: started\n",
            "2026-05-20T13:36:27Z stdout F main: started\n",
            "2026-05-20T13:36:27Z [main] a: started\n",
            "2026-05-20T13:36:27Z,h,a: b\n",
            "2026-05-20 13:36:27 h a: b\n",
            "May I ask\nMay 5, 2026\n",
            "<134>1 2026-05-20T13:36:27Z fw1 CEF:0|v|p|1|1|n|5|src=192.0.2.1\n",
            "May 20 13:36:27 fw1 CEF:0|v|p|1|1|n|5|src=192.0.2.1\n",
            "<html>\n",
            "{\"a\":1}\n",
            "",
        ] {
            assert_eq!(confidence(text), 0, "{text}");
        }
    }

    #[test]
    fn columns_are_those_of_the_table() {
        let known = kql::catalog::table("Syslog").unwrap();
        assert!(messages().columns.iter().all(|column| known.resolve(&column.name).is_some()));
    }
}
