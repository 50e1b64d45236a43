//! What a hunt found, where it looked and where it could not: the document behind every output format.
//!
//! Comes in: the run's sightings and counts. Goes out: JSON as the machine interface promises it, tables for
//! people and spreadsheets, and one HTML file to hand on.

mod chart;
mod evidence;
mod family;
mod group;
mod html;
mod of;
mod rows;
#[cfg(test)]
mod sample;
mod terminal;

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use kql::Value;
use serde::{Serialize, Serializer};

use crate::escape;
use crate::output::{Format, Look, value_to_json, write_tables};
use crate::words::grouped;

pub use of::{intel, not_looked_for};

/// The whole result of `tallyho hunt`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// The version of the program.
    pub tallyho: String,
    /// The moment the run took for now.
    pub now: String,
    /// Which queries were run: `exact`, `classic`.
    pub template: String,
    /// The earliest time searched, if one was given.
    pub since: Option<String>,
    /// The time before which rows were searched, if one was given.
    pub until: Option<String>,
    /// Where the indicators came from.
    pub intel: Intel,
    /// The files that were read.
    pub searched: Vec<Searched>,
    /// Files that could not be read.
    pub unread: Vec<Unread>,
    /// Queries that found no table to run on.
    pub not_searched: Vec<NotSearched>,
    /// Indicators that none of the files could show.
    pub not_looked_for: Vec<NotLookedFor>,
    /// The exclusions that the run knew.
    pub exclusions: Vec<Exclusion>,
    /// The hunts, in order of family.
    pub hunts: Vec<Hunt>,
    /// What was found, in order of hunt and time.
    pub sightings: Vec<Sighting>,
}

/// Indicators by numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Intel {
    /// Those hunted.
    pub indicators: usize,
    /// Values that cannot be indicators.
    pub rejected: usize,
    /// Indicators that are not fit to be hunted.
    pub held_back: usize,
    /// The files they came from.
    pub sources: Vec<Source>,
    /// Examples of what was rejected or held back: value and reason.
    pub left_out: Vec<LeftOut>,
}

/// One file of indicators.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Source {
    /// Its path.
    pub name: String,
    /// Whose format it is in.
    pub feed: String,
    /// Indicators it gave.
    pub indicators: usize,
    /// Values of it that cannot be indicators.
    pub rejected: usize,
    /// Indicators of it that are not hunted.
    pub held_back: usize,
}

/// A value of a feed that is not hunted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LeftOut {
    /// As the feed wrote it.
    pub value: String,
    /// Why.
    pub why: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// One file that was read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Searched {
    /// Its path.
    pub path: String,
    /// The log format.
    pub format: String,
    /// The table it fills.
    pub table: String,
    /// Rows read.
    pub rows: u64,
    /// Its size on disk.
    pub bytes: u64,
    /// How much of that was not read, as it stands outside the times asked for; of unpacked files only.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Lines that are no rows.
    pub unparsed: u64,
    /// The earliest row's time.
    pub from: Option<String>,
    /// The latest row's time.
    pub until: Option<String>,
}

/// One file that could not be read.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Unread {
    /// Its path.
    pub path: String,
    /// Why.
    pub why: String,
}

/// A part of a hunt that could not be searched.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NotSearched {
    /// The hunt; `*` for all.
    pub hunt: String,
    /// The table.
    pub table: String,
    /// Why.
    pub why: String,
    /// The same for programs.
    pub reason: Reason,
}

/// Why a part of a hunt was not searched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No file fills the table.
    #[default]
    NoFile,
    /// Files fill the table, and no hunt asks for it.
    NotAsked,
    /// It was to be searched, and something went wrong: what it holds is not known.
    Failed,
    /// Rows matched, but name no indicator.
    NoIndicator,
}

/// Indicators of one type that none of the files could show: they have no column for them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct NotLookedFor {
    /// The type: `sha256`.
    #[serde(rename = "type")]
    pub ty: String,
    /// How many they are.
    pub indicators: usize,
    /// How many of that type there are.
    pub of: usize,
    /// What would show some of them: `DeviceFileEvents.SHA256`.
    pub columns: Vec<String>,
}

impl NotLookedFor {
    /// `12 of 40 sha256`.
    #[must_use]
    pub fn counted(&self) -> String {
        format!("{} of {} {}", grouped(self.indicators as u64), grouped(self.of as u64), self.ty)
    }

    /// The columns, by table: `CommonSecurityLog (RequestURL), DnsEvents (Name)`.
    #[must_use]
    pub fn needs(&self) -> String {
        if self.columns.is_empty() {
            return "no query of this template asks for them".to_owned();
        }
        let mut tables: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (table, column) in self.columns.iter().filter_map(|column| column.split_once('.')) {
            tables.entry(table).or_default().push(column);
        }
        let tables: Vec<String> = tables.iter().map(|(table, columns)| format!("{table} ({})", columns.join(", "))).collect();
        tables.join(", ")
    }
}

/// An exclusion and what it did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Exclusion {
    /// The false-positive scenario.
    pub scenario: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// How many sightings it explains.
    pub applied: usize,
    /// Tables that lack what it asks for, and so cannot be judged by it, or not on each row.
    pub not_evaluable: Vec<String>,
}

/// One hunt.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hunt {
    /// Its identifier.
    pub id: String,
    /// The malware family's name.
    pub family: String,
    /// The family's key in the feed: `win.remus`.
    pub malware: String,
    /// How many indicators it has.
    pub indicators: usize,
    /// How many sightings, those that an exclusion explains included.
    pub sightings: usize,
}

/// An indicator seen in a log.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sighting {
    /// Its identifier: the same for the same row, hunt and indicator.
    pub id: String,
    /// The hunt's identifier.
    pub hunt: String,
    /// What was seen.
    pub indicator: Indicator,
    /// The table it was seen in.
    pub table: String,
    /// The value of the log that matched.
    pub observed: String,
    /// How: `exact`, `subdomain`, `ip:port` …
    pub matched_by: String,
    /// When, if the row says so.
    pub time: Option<String>,
    /// On which machine, if the row says so.
    pub host: Option<String>,
    /// The row that the query gave.
    #[serde(serialize_with = "members")]
    pub row: Vec<(Arc<str>, Value)>,
    /// Where the row stands.
    pub evidence: Option<Evidence>,
    /// The exclusion that explains it.
    pub excluded_by: Option<ExcludedBy>,
    /// How many rows it stands for.
    pub count: u64,
}

/// A row as an object.
fn members<S: Serializer>(row: &[(Arc<str>, Value)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(row.iter().map(|(column, value)| (column, value_to_json(value))))
}

/// The indicator of a sighting.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Indicator {
    /// `domain`, `ip:port` …
    #[serde(rename = "type")]
    pub ty: String,
    /// Its value.
    pub value: String,
    /// What it indicates.
    pub threat_type: String,
    /// How far to believe it, 0 to 100.
    pub confidence: Option<u8>,
    /// When the feed saw it first.
    pub first_seen: Option<String>,
    /// When the feed saw it last.
    pub last_seen: Option<String>,
    /// Up to when its publisher stands by it.
    pub valid_until: Option<String>,
    /// Who says so.
    pub source: String,
    /// Where to read more.
    pub reference: Option<String>,
}

/// Where a row stands.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// The file.
    pub path: String,
    /// The line in it, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The byte in it, where there are no lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
    /// The record as it stands there.
    pub raw: String,
}

/// Why a sighting is probably none.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ExcludedBy {
    /// The false-positive scenario.
    pub scenario: String,
    /// What of the row fits it.
    pub why: String,
}

impl Report {
    /// Sightings that no exclusion explains.
    pub fn unexplained(&self) -> impl Iterator<Item = &Sighting> {
        self.sightings.iter().filter(|sighting| sighting.excluded_by.is_none())
    }

    /// The families that were found, as a table.
    #[must_use]
    pub fn families(&self) -> kql::Rows {
        rows::hunts(self)
    }

    /// `12 of 40 sha256, 3 of 3 network`: what was not looked for; none if all was.
    #[must_use]
    pub fn blind_to(&self) -> Option<String> {
        let counts: Vec<String> = self.not_looked_for.iter().map(NotLookedFor::counted).collect();
        (!counts.is_empty()).then(|| counts.join(", "))
    }

    /// The report of that format says by itself what was not looked for.
    #[must_use]
    pub fn says_blind_spots(&self, format: Format) -> bool {
        match format {
            Format::Html | Format::Json => true,
            Format::Table | Format::Markdown => self.sightings.is_empty(),
            Format::Ndjson | Format::Csv => false,
        }
    }

    fn write_all_clear(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "No sightings.")?;
        if !self.not_looked_for.is_empty() {
            writeln!(out, "\nNot looked for, as no file has a column that could show them:\n")?;
        }
        self.not_looked_for.iter().try_for_each(|it| writeln!(out, "- {}: {}", it.counted(), it.needs()))
    }

    /// Writes the report.
    ///
    /// # Errors
    /// The output cannot be written.
    pub fn write(&self, out: &mut dyn Write, format: Format, look: &Look) -> io::Result<()> {
        match format {
            Format::Html => html::write(out, self),
            Format::Json => {
                let mut out = BufWriter::new(escape::JsonText(out));
                serde_json::to_writer_pretty(&mut out, self)?;
                writeln!(out)?;
                out.flush()
            }
            Format::Ndjson => {
                let mut out = BufWriter::new(escape::JsonText(out));
                for sighting in &self.sightings {
                    serde_json::to_writer(&mut out, sighting)?;
                    writeln!(out)?;
                }
                out.flush()
            }
            Format::Csv => write_tables(out, format, &[rows::sightings(self).into()], look),
            Format::Table | Format::Markdown if self.sightings.is_empty() => self.write_all_clear(out),
            Format::Table if look.width.is_some() => terminal::write(out, self, look),
            Format::Table | Format::Markdown => {
                write_tables(out, format, &[rows::hunts(self).into(), rows::sightings(self).into()], look)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn written(format: Format) -> String {
        let mut out = Vec::new();
        sample::report().write(&mut out, format, &Look::default()).expect("a vector takes all bytes");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn tables_say_what_was_found_and_where() {
        expect![[r#"
             Family       Indicators   Sightings   Explained   Hosts   First                  Last
            ───────────────────────────────────────────────────────────────────────────────────────────────────────
             Covert RAT            3           1           1       1   2026-05-20T09:30:44Z   2026-05-20T09:30:44Z
             Remus                 3           7           0       2   2026-05-20T09:00:44Z   2026-05-20T12:45:44Z

             Time                   Family       Host                        Indicator           Observed            MatchedBy   Table       Evidence              ExcludedBy     Confidence
            ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
             2026-05-20T09:00:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:40                          100
             2026-05-20T09:45:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:85                          100
             2026-05-20T10:30:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:130                         100
             2026-05-20T11:15:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:175                         100
             2026-05-20T12:00:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:220                         100
             2026-05-20T12:45:44Z   Remus        WS-FIN-014                  famwili.shop        Gate.famwili.shop   subdomain   DnsEvents   logs/dns.ndjson:265                         100
             2026-05-20T12:20:44Z   Remus        <script>alert(1)</script>   genusaqe.biz        genusaqe.biz        exact       DnsEvents   logs/dns.ndjson:240                         100
             2026-05-20T09:30:44Z   Covert RAT   SRV-BKP-01                  192.88.99.45:4782   192.88.99.45        subdomain   DnsEvents   logs/dns.ndjson:70    Veeam backup          100
        "#]].assert_eq(&written(Format::Table));
    }

    #[test]
    fn json_has_the_promised_keys() {
        let report: serde_json::Value = serde_json::from_str(&written(Format::Json)).expect("JSON");
        let keys: Vec<&str> = report.as_object().expect("an object").keys().map(String::as_str).collect();
        for key in ["tallyho", "intel", "searched", "not_searched", "not_looked_for", "hunts", "sightings"] {
            assert!(keys.contains(&key), "{key}");
        }
        expect![[r#"{"id":"covert-SRV-BKP-01-30","hunt":"covert","indicator":{"type":"domain","value":"192.88.99.45:4782","threat_type":"botnet_cc","confidence":100,"first_seen":"2026-05-20T13:36:27.0000000Z","last_seen":null,"valid_until":null,"source":"threatfox.json","reference":null},"table":"DnsEvents","observed":"192.88.99.45","matched_by":"subdomain","time":"2026-05-20T09:30:44.0000000Z","host":"SRV-BKP-01","row":{},"evidence":{"path":"logs/dns.ndjson","line":70,"raw":"{\"TimeGenerated\":\"2026-05-20T09:30:44.0000000Z\",\"Computer\":\"SRV-BKP-01\",\"Name\":\"192.88.99.45\"}"},"excluded_by":{"scenario":"Veeam backup","why":"process.name contains `Veeam`; host.name is in backup_servers"},"count":1}"#]].assert_eq(&report["sightings"][7].to_string());
        assert_eq!(written(Format::Ndjson).lines().count(), 8);
    }

    #[test]
    fn the_page_runs_nothing_and_fetches_nothing() {
        let page = written(Format::Html);
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("url("));
        assert!(page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(page.contains("<mark>Gate.famwili.shop</mark>"));
    }

    #[test]
    fn the_page_tells_the_finding_in_a_sentence() {
        let page = written(Format::Html);
        let lead = page.lines().find(|line| line.contains("class=\"lead\"")).expect("a lead");
        expect![[r#"<p class="lead"><b class="hot">7 sightings</b> of 1 malware family on 2 hosts; 1 more that exclusions explain.</p>"#]].assert_eq(lead);
    }
}
