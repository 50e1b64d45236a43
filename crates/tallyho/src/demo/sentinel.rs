//! The demo's logs as Sentinel tables: DnsEvents as NDJSON and as the portal exports it, and four tables of Defender.

use kql::time::{self, DAY, MINUTE, SECOND};
use serde_json::{Value, json};

use super::intel::{C2_IP, C2_PORT, DROP_SHA256, DROP_URL};
use super::world::{Chance, Host, OFFICE, address_of, machine};

/// Lines with the moment that sorts them.
type Timed<T> = Vec<(i64, T)>;

/// Sorts rows by time and drops it.
pub(super) fn in_order<T>(mut rows: Timed<T>) -> impl Iterator<Item = (i64, T)> {
    rows.sort_by_key(|(at, _)| *at);
    rows.into_iter()
}

/// Rows as NDJSON, in order of time.
fn ndjson(rows: Timed<Value>) -> Vec<u8> {
    let mut out = String::new();
    for (_, row) in in_order(rows) {
        out.push_str(&row.to_string());
        out.push('\n');
    }
    out.into_bytes()
}

/// What a machine asked the DNS server.
struct Question {
    host: Host,
    name: String,
    kind: &'static str,
    answer: String,
}

/// Ordinary questions of two days.
fn ordinary(chance: &mut Chance, day: i64, count: u64) -> Timed<Question> {
    (0..count)
        .map(|_| {
            let at = chance.moment_of_two(day);
            let name = chance.name();
            let kind = if chance.below(5) == 0 { "AAAA" } else { "A" };
            let answer = if kind == "A" { address_of(name) } else { String::new() };
            (at, Question { host: *chance.pick(OFFICE), name: name.to_owned(), kind, answer })
        })
        .collect()
}

fn question(host: &str, name: &str) -> Question {
    Question { host: machine(host), name: name.to_owned(), kind: "A", answer: "198.51.100.23".to_owned() }
}

/// DnsEvents of the office: an implant of Remus that calls every quarter of an hour, one careless click, and names that only look
/// like the bad ones.
pub(super) fn dns_events(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(20);
    let mut rows = ordinary(&mut chance, day, 9_000);
    let first = day + 9 * time::HOUR + 12 * MINUTE + 44 * SECOND;
    rows.push((first, question("WS-FIN-014", "famwili.shop")));
    for beat in 1..=24 {
        let jitter = i64::try_from(chance.below(40)).unwrap_or(0) * SECOND;
        rows.push((first + beat * 15 * MINUTE + jitter, question("WS-FIN-014", "Gate.famwili.shop")));
    }
    rows.push((day + DAY + 14 * time::HOUR + 3 * MINUTE, question("LT-SALES-031", "GENUSAQE.biz.")));
    rows.push((day + DAY + 2 * time::HOUR + 30 * MINUTE, question("SRV-BKP-01", "repo.genusaqe.biz")));
    for (at, name) in DECOYS.iter().enumerate() {
        let hours = i64::try_from(at).unwrap_or(0) + 8;
        rows.push((day + hours * time::HOUR + 17 * MINUTE, question("LT-HR-022", name)));
    }
    ndjson(rows.into_iter().map(|(at, q)| (at, dns_event(at, &q))).collect())
}

/// Names that hold a bad one as text and are not it.
const DECOYS: [&str; 6] = [
    "notfamwili.shop",
    "famwili.shop.cdn-cache.example",
    "famwili-shop.example",
    "mandtar.shopping.example",
    "genusaqe.biz.example",
    "blog.mandtar-shop.example",
];

fn dns_event(at: i64, q: &Question) -> Value {
    json!({
        "TimeGenerated": time::format_datetime(at),
        "Computer": "SRV-DC-01.corp.example",
        "SubType": "LookupQuery",
        "ClientIP": q.host.ip,
        "Name": q.name,
        "QueryType": q.kind,
        "IPAddresses": q.answer,
        "ResultCode": 0,
        "Type": "DnsEvents",
    })
}

/// A week-old result of a query, saved from the portal: a byte order mark, `[UTC]` in the header, US dates.
pub(super) fn portal_export(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(21);
    let mut rows = ordinary(&mut chance, day - 7 * DAY, 400);
    rows.push((day - 6 * DAY + 11 * time::HOUR, question("WS-ENG-108", "cdn.mandtar.shop")));
    let mut out = "\u{feff}\"TimeGenerated [UTC]\",Computer,ClientIP,Name,QueryType,IPAddresses\r\n".to_owned();
    for (at, q) in in_order(rows) {
        let cells = [&us_time(at), "SRV-DC-01.corp.example", q.host.ip, &q.name, q.kind, &q.answer].join("\",\"");
        out.push_str(&format!("\"{cells}\"\r\n"));
    }
    out.into_bytes()
}

/// `5/14/2026, 9:07:33.125 AM`.
fn us_time(at: i64) -> String {
    let c = time::civil(at);
    let (hour, minute, second) = (c.ticks / time::HOUR, c.ticks / MINUTE % 60, c.ticks / SECOND % 60);
    let milli = c.ticks % SECOND / time::MILLISECOND;
    let half = if hour < 12 { "AM" } else { "PM" };
    let hour = if hour % 12 == 0 { 12 } else { hour % 12 };
    format!("{}/{}/{}, {hour}:{minute:02}:{second:02}.{milli:03} {half}", c.month, c.day, c.year)
}

/// DeviceNetworkEvents: Covert RAT on a sales laptop, the backup server's own traffic to the same address, and the same address on
/// another port.
pub(super) fn device_network_events(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(22);
    let mut rows: Timed<Value> = (0..1_500)
        .map(|_| {
            let at = chance.moment_of_two(day);
            let name = chance.name();
            let (host, process) =
                (*chance.pick(OFFICE), *chance.pick(&["msedge.exe", "outlook.exe", "svchost.exe", "teams.exe"]));
            (at, connection(at, host, process, name, &address_of(name), 443))
        })
        .collect();
    let bad = machine("LT-SALES-031");
    for beat in 0..9 {
        let at = day + DAY + 14 * time::HOUR + (5 + beat * 20) * MINUTE + 7 * SECOND;
        rows.push((at, connection(at, bad, "svch0st.exe", "", C2_IP, C2_PORT)));
    }
    for night in 0..2 {
        let at = day + night * DAY + 2 * time::HOUR + 31 * MINUTE;
        rows.push((at, connection(at, machine("SRV-BKP-01"), "Veeam.Backup.Manager.exe", "", C2_IP, C2_PORT)));
    }
    let at = day + 10 * time::HOUR;
    rows.push((at, connection(at, machine("WS-ENG-101"), "msedge.exe", "", C2_IP, 443)));
    ndjson(rows)
}

fn connection(at: i64, host: Host, process: &str, url: &str, ip: &str, port: u16) -> Value {
    json!({
        "TimeGenerated": time::format_datetime(at),
        "DeviceName": format!("{}.corp.example", host.name.to_lowercase()),
        "ActionType": "ConnectionSuccess",
        "LocalIP": host.ip,
        "RemoteIP": ip,
        "RemotePort": port,
        "RemoteUrl": url,
        "Protocol": "Tcp",
        "InitiatingProcessFileName": process,
        "InitiatingProcessAccountName": host.user,
        "InitiatingProcessCommandLine": process,
        "Type": "DeviceNetworkEvents",
    })
}

/// DeviceFileEvents: ordinary downloads, and the stealer's file, its hash in upper case.
pub(super) fn device_file_events(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(23);
    let mut rows: Timed<Value> = (0..300)
        .map(|_| {
            let at = chance.moment(day);
            let hash: String = (0..4).map(|_| format!("{:016x}", chance.below(u64::MAX))).collect();
            let name = *chance.pick(&["report.docx", "invoice.pdf", "budget.xlsx", "slides.pptx", "notes.txt"]);
            (at, file(at, *chance.pick(OFFICE), name, &hash, ""))
        })
        .collect();
    let at = day + 15 * time::HOUR + 22 * MINUTE + 9 * SECOND;
    rows.push((at, file(at, machine("LT-EXEC-002"), "setup.exe", &DROP_SHA256.to_uppercase(), DROP_URL)));
    // One digit off: another file.
    let near = format!("{}9", &DROP_SHA256[..63]);
    rows.push((at + MINUTE, file(at + MINUTE, machine("WS-ENG-115"), "setup.exe", &near, "")));
    ndjson(rows)
}

fn file(at: i64, host: Host, name: &str, sha256: &str, origin: &str) -> Value {
    json!({
        "TimeGenerated": time::format_datetime(at),
        "DeviceName": format!("{}.corp.example", host.name.to_lowercase()),
        "ActionType": "FileCreated",
        "FileName": name,
        "FolderPath": format!("C:\\Users\\{}\\Downloads\\{name}", host.user),
        "SHA256": sha256,
        "FileOriginUrl": origin,
        "InitiatingProcessFileName": "msedge.exe",
        "InitiatingProcessAccountName": host.user,
        "Type": "DeviceFileEvents",
    })
}

/// UrlClickEvents: the click in a mail that started it, and a click on a name that is nearly the same.
pub(super) fn url_click_events(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(24);
    let mut rows: Timed<Value> = (0..120)
        .map(|_| {
            let at = chance.moment(day);
            let url = format!("https://{}/", chance.name());
            (at, click(at, chance.pick(OFFICE).user, &url))
        })
        .collect();
    let at = day + 15 * time::HOUR + 21 * MINUTE + 40 * SECOND;
    rows.push((at, click(at, "helen.brandt", "https://update.vixen-drop.example.click/dl/setup.zip")));
    rows.push((at + time::HOUR, click(at + time::HOUR, "kenji.sato", "https://update.vixen-dropbox.example.click/dl/setup.zip")));
    ndjson(rows)
}

fn click(at: i64, user: &str, url: &str) -> Value {
    json!({
        "TimeGenerated": time::format_datetime(at),
        "AccountUpn": format!("{user}@corp.example"),
        "ActionType": "ClickAllowed",
        "Workload": "Email",
        "Url": url,
        "IsClickedThrough": true,
        "Type": "UrlClickEvents",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_portal_writes_dates_as_americans_do() {
        let at = |text| us_time(time::parse_iso(text).expect("a date"));
        assert_eq!(at("2026-05-14T00:07:33.125"), "5/14/2026, 12:07:33.125 AM");
        assert_eq!(at("2026-05-14T13:00:00"), "5/14/2026, 1:00:00.000 PM");
    }
}
