//! The demo's files: logs of a made-up company in several formats, indicators, and exclusions. Nothing in, the same bytes out.
//!
//! Planted in the logs are contacts with the indicators, near-misses that only look like them, a backup server whose traffic an
//! exclusion explains, and one torn line.

mod intel;
mod sensors;
mod sentinel;
mod world;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use kql::time;

/// One file of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Where it goes below the demo's folder.
    pub path: &'static str,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// All files of the demo.
#[must_use]
pub fn files() -> Vec<File> {
    let day = time::parse_iso("2026-05-20").expect("the demo's first day is a date");
    let file = |path, bytes| File { path, bytes };
    vec![
        file("intel/threatfox.json", intel::threatfox().into_bytes()),
        file("exclusions.yaml", exclusions().into_bytes()),
        file("logs/office/DnsEvents.ndjson", sentinel::dns_events(day)),
        file("logs/office/query_data.csv", sentinel::portal_export(day)),
        file("logs/defender/DeviceNetworkEvents.ndjson.gz", gzipped(&sentinel::device_network_events(day))),
        file("logs/defender/DeviceFileEvents.ndjson", sentinel::device_file_events(day)),
        file("logs/defender/UrlClickEvents.ndjson", sentinel::url_click_events(day)),
        file("logs/branch/dns.log", sensors::zeek_dns(day)),
        file("logs/branch/conn.log.gz", gzipped(&sensors::zeek_conn(day))),
        file("logs/shop/eve.json", sensors::eve(day)),
    ]
}

/// The exclusions that people start from, with one filled in as its comments say: the demo's backup server is known.
fn exclusions() -> String {
    let filled = hunt::exclusion::DEFAULT
        .replace("known_backup_servers: []", "known_backup_servers: [srv-bkp-01.corp.example, 10.20.0.40]");
    let veeam = filled.find("id: veeam-backup").unwrap_or(0);
    let (before, after) = filled.split_at(veeam);
    before.to_owned() + &after.replacen("enabled: false", "enabled: true", 1)
}

/// The bytes as a gzip file; no time in its header, so that it is the same every time.
fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).expect("a vector takes all bytes");
    encoder.finish().expect("a vector takes all bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_exclusion_is_filled_and_enabled() {
        let exclusions = hunt::Exclusions::parse(&exclusions()).expect("exclusions");
        let enabled: Vec<&str> = exclusions.scenarios.iter().filter(|it| it.enabled).map(|it| it.id.as_str()).collect();
        assert_eq!(enabled, ["veeam-backup"]);
        assert!(super::exclusions().contains("srv-bkp-01.corp.example"));
    }

    #[test]
    fn the_same_bytes_every_time() {
        let (one, other) = (files(), files());
        assert_eq!(one, other);
        assert!(one.iter().all(|file| !file.bytes.is_empty()));
    }
}
