//! A small report for tests of what is written of one.

use super::{
    Evidence, ExcludedBy, Exclusion, Hunt, Indicator, Intel, LeftOut, NotLookedFor, NotSearched, Reason, Report, Searched,
    Sighting, Source, Unread,
};

fn sighting(hunt: &str, host: &str, value: &str, observed: &str, minute: usize) -> Sighting {
    let time = format!("2026-05-20T{:02}:{:02}:44.0000000Z", 9 + minute / 60, minute % 60);
    let raw = format!("{{\"TimeGenerated\":\"{time}\",\"Computer\":\"{host}\",\"Name\":\"{observed}\"}}");
    Sighting {
        id: format!("{hunt}-{host}-{minute}"),
        hunt: hunt.to_owned(),
        indicator: Indicator {
            ty: "domain".to_owned(),
            value: value.to_owned(),
            threat_type: "botnet_cc".to_owned(),
            confidence: Some(100),
            first_seen: Some("2026-05-20T13:36:27.0000000Z".to_owned()),
            last_seen: None,
            valid_until: (host == "WS-FIN-014").then(|| "2026-05-20T12:00:00.0000000Z".to_owned()),
            source: "threatfox.json".to_owned(),
            reference: None,
        },
        table: "DnsEvents".to_owned(),
        observed: observed.to_owned(),
        matched_by: if value == observed { "exact" } else { "subdomain" }.to_owned(),
        time: Some(time),
        host: Some(host.to_owned()),
        row: Vec::new(),
        evidence: Some(Evidence { path: "logs/dns.ndjson".to_owned(), line: Some(40 + minute as u64), offset: None, raw }),
        excluded_by: None,
        count: 1,
    }
}

fn searched(path: &str, unparsed: u64) -> Searched {
    Searched {
        path: path.to_owned(),
        format: "ndjson".to_owned(),
        table: "DnsEvents".to_owned(),
        rows: 9_032,
        bytes: 2_140_000,
        left_out: 0,
        unparsed,
        from: Some("2026-05-20T00:01:12.0000000Z".to_owned()),
        until: Some("2026-05-21T23:58:40.0000000Z".to_owned()),
    }
}

/// Two families, one of them with a sighting that an exclusion explains, and hostile text throughout.
pub(crate) fn report() -> Report {
    let mut sightings: Vec<Sighting> =
        (0..6).map(|at| sighting("remus", "WS-FIN-014", "famwili.shop", "Gate.famwili.shop", at * 45)).collect();
    sightings.push(sighting("remus", "<script>alert(1)</script>", "genusaqe.biz", "genusaqe.biz", 200));
    let mut explained = sighting("covert", "SRV-BKP-01", "192.88.99.45:4782", "192.88.99.45", 30);
    let why = "process.name contains `Veeam`; host.name is in backup_servers".to_owned();
    explained.excluded_by = Some(ExcludedBy { scenario: "Veeam backup".to_owned(), why });
    sightings.push(explained);
    let hunt = |id: &str, family: &str, malware: &str, sightings| Hunt {
        id: id.to_owned(),
        family: family.to_owned(),
        malware: malware.to_owned(),
        indicators: 3,
        sightings,
    };
    Report {
        tallyho: "0.1.0".to_owned(),
        now: "2026-05-22T08:00:00.0000000Z".to_owned(),
        template: "exact".to_owned(),
        since: Some("2026-05-20T00:00:00.0000000Z".to_owned()),
        until: None,
        intel: Intel {
            indicators: 9,
            rejected: 2,
            held_back: 0,
            sources: vec![Source {
                name: "threatfox.json".to_owned(),
                feed: "threatfox".to_owned(),
                indicators: 9,
                rejected: 2,
                held_back: 0,
            }],
            left_out: vec![LeftOut { value: "not a <domain>".to_owned(), why: "it holds a blank".to_owned() }],
        },
        searched: vec![searched("logs/dns.ndjson", 0), searched("logs/dns.log", 1)],
        unread: vec![Unread { path: "logs/odd.bin".to_owned(), why: "no log format that is known".to_owned() }],
        not_searched: vec![NotSearched {
            hunt: "remus".to_owned(),
            table: "UrlClickEvents".to_owned(),
            why: "no file fills it".to_owned(),
            reason: Reason::NoFile,
        }],
        not_looked_for: vec![NotLookedFor {
            ty: "sha256".to_owned(),
            indicators: 1,
            of: 1,
            columns: ["CommonSecurityLog.FileHash", "DeviceFileEvents.SHA256"].map(str::to_owned).to_vec(),
        }],
        exclusions: vec![Exclusion {
            scenario: "Veeam backup".to_owned(),
            enabled: true,
            applied: 1,
            not_evaluable: vec!["DnsEvents".to_owned()],
        }],
        hunts: vec![
            hunt("covert", "Covert RAT", "win.covert_rat", 1),
            hunt("remus", "Remus", "win.remus", 7),
            hunt("clean", "Clean", "win.clean", 0),
        ],
        sightings,
    }
}
