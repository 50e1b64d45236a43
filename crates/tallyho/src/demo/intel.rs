//! The demo's indicators, in the shape of ThreatFox's JSON export.
//!
//! The three domains of Remus are ThreatFox's own. Everything else is made up, and no real host stands here as a bad one: the name
//! `example` is withheld under every newer top-level domain (ICANN's registry agreement, specification 5), and 192.88.99.0/24 was
//! the anycast prefix of 6to4 relays, deprecated and given to nobody (RFC 7526). What RFC 2606 and 5737 reserve would not do: no
//! hunt is built of it.

use serde_json::{Map, Value, json};

/// Remus, as ThreatFox listed it on 2026-05-20.
pub(super) const REMUS: [&str; 3] = ["famwili.shop", "genusaqe.biz", "mandtar.shop"];
/// Where Covert RAT is controlled from.
pub(super) const C2_IP: &str = "192.88.99.45";
/// The port of that.
pub(super) const C2_PORT: u16 = 4782;
/// Where Vixen Stealer is downloaded from.
pub(super) const DROP_URL: &str = "http://update.vixen-drop.example.click/dl/setup.zip";
/// SHA-256 of the program that is downloaded there.
pub(super) const DROP_SHA256: &str = "5d41402abc4b2a76b9719d911017c5921c3f0a9be6d7842ef05a1c93d27b6e48";

/// The export, as text.
pub(super) fn threatfox() -> String {
    let mut export = Map::new();
    let mut id = 1_612_400;
    let mut add = |record: Value| {
        id += 1;
        export.insert(id.to_string(), json!([record]));
    };
    for (domain, seen) in REMUS.iter().zip(["13:36:27", "13:36:28", "13:36:31"]) {
        add(record("domain", domain, "botnet_cc", "win.remus", "Remus", 100, seen));
    }
    let c2 = format!("{C2_IP}:{C2_PORT}");
    add(record("ip:port", &c2, "botnet_cc", "win.covert_rat", "Covert RAT", 90, "08:02:11"));
    add(record("url", DROP_URL, "payload_delivery", "win.vixen_stealer", "Vixen Stealer", 100, "09:41:05"));
    add(record("sha256_hash", DROP_SHA256, "payload", "win.vixen_stealer", "Vixen Stealer", 100, "09:41:06"));
    // What a feed also holds: values that no hunt should be made of.
    add(record("ip:port", "127.0.0.1:8080", "botnet_cc", "win.covert_rat", "Covert RAT", 50, "08:02:12"));
    add(record("domain", "not a domain", "botnet_cc", "win.covert_rat", "Covert RAT", 50, "08:02:13"));
    add(record("domain", "duckdns.org", "botnet_cc", "win.covert_rat", "Covert RAT", 50, "08:02:14"));
    let mut text = serde_json::to_string_pretty(&Value::Object(export)).expect("a JSON value is written");
    text.push('\n');
    text
}

/// One record of the export, as ThreatFox writes it since 2026.
fn record(kind: &str, value: &str, threat: &str, malware: &str, printable: &str, confidence: u8, seen: &str) -> Value {
    json!({
        "ioc_value": value,
        "ioc_type": kind,
        "threat_type": threat,
        "malware": malware,
        "malware_alias": null,
        "malware_printable": printable,
        "first_seen_utc": format!("2026-05-20 {seen}"),
        "last_seen_utc": null,
        "confidence_level": confidence,
        "is_compromised": false,
        "reference": null,
        "tags": printable,
        "anonymous": 0,
        "reporter": "tallyho-demo",
    })
}
