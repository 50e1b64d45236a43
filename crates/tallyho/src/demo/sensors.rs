//! The demo's logs of network sensors: Zeek's dns.log and conn.log as TSV, and Suricata's EVE.

use kql::time::{self, DAY, MINUTE, SECOND};
use serde_json::{Value, json};

use super::intel::{C2_IP, C2_PORT, DROP_URL};
use super::sentinel::in_order;
use super::world::{BRANCH, Chance, Host, SHOP, address_of, machine};

/// Seconds since 1970 with six digits of a second, as Zeek writes times.
fn epoch(at: i64) -> String {
    let since = at - time::UNIX_EPOCH;
    format!("{}.{:06}", since / SECOND, since % SECOND / time::MICROSECOND)
}

/// A TSV log of Zeek with its header lines. The last line stops in the middle, as it does when a sensor's disk is full.
fn zeek(path: &str, fields: &[(&str, &str)], rows: Vec<(i64, Vec<String>)>, torn: bool) -> Vec<u8> {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let types: Vec<&str> = fields.iter().map(|(_, ty)| *ty).collect();
    let mut out = format!(
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\t{path}\n#open\t2026-05-20-00-00-00\n\
         #fields\t{}\n#types\t{}\n",
        names.join("\t"),
        types.join("\t")
    );
    for (_, row) in in_order(rows) {
        out.push_str(&row.join("\t"));
        out.push('\n');
    }
    if torn {
        out.push_str("1779400788.1\tCq");
    }
    out.into_bytes()
}

/// Zeek's dns.log of the branch: three contacts with a domain of Remus.
pub(super) fn zeek_dns(day: i64) -> Vec<u8> {
    let fields = [
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("proto", "enum"),
        ("trans_id", "count"),
        ("rtt", "interval"),
        ("query", "string"),
        ("qclass", "count"),
        ("qclass_name", "string"),
        ("qtype", "count"),
        ("qtype_name", "string"),
        ("rcode", "count"),
        ("rcode_name", "string"),
        ("AA", "bool"),
        ("TC", "bool"),
        ("RD", "bool"),
        ("RA", "bool"),
        ("Z", "count"),
        ("answers", "vector[string]"),
        ("TTLs", "vector[interval]"),
        ("rejected", "bool"),
    ];
    let mut chance = Chance::new(30);
    let mut rows = Vec::new();
    let mut ask = |chance: &mut Chance, at: i64, host: Host, name: &str, answer: &str| {
        let port = (49_152 + chance.below(16_000)).to_string();
        let id = chance.below(65_536).to_string();
        let head = [&epoch(at), &chance.uid(), host.ip, &port, "10.40.0.1", "53", "udp", &id, "0.021345", name];
        let tail = ["1", "C_INTERNET", "1", "A", "0", "NOERROR", "F", "F", "T", "T", "0", answer, "300.000000", "F"];
        rows.push((at, head.into_iter().chain(tail).map(str::to_owned).collect()));
    };
    for _ in 0..3_000 {
        let at = chance.moment_of_two(day);
        let (host, name) = (*chance.pick(BRANCH), chance.name());
        ask(&mut chance, at, host, name, &address_of(name));
    }
    for beat in 0..3 {
        let at = day + DAY + 10 * time::HOUR + (26 + beat * 30) * MINUTE;
        ask(&mut chance, at, machine("BR-WS-07"), "mandtar.shop", "198.51.100.77");
    }
    ask(&mut chance, day + 12 * time::HOUR, machine("BR-WS-03"), "mandtar.shop.example", "192.0.2.8");
    zeek("dns", &fields, rows, true)
}

/// Zeek's conn.log of the branch: the address of Covert RAT on its port, and on another.
pub(super) fn zeek_conn(day: i64) -> Vec<u8> {
    let fields = [
        ("ts", "time"),
        ("uid", "string"),
        ("id.orig_h", "addr"),
        ("id.orig_p", "port"),
        ("id.resp_h", "addr"),
        ("id.resp_p", "port"),
        ("proto", "enum"),
        ("service", "string"),
        ("duration", "interval"),
        ("orig_bytes", "count"),
        ("resp_bytes", "count"),
        ("conn_state", "string"),
    ];
    let mut chance = Chance::new(31);
    let mut rows = Vec::new();
    let mut connect = |chance: &mut Chance, at: i64, host: Host, ip: &str, port: u16| {
        let source = (49_152 + chance.below(16_000)).to_string();
        let (sent, got) = ((200 + chance.below(4_000)).to_string(), (500 + chance.below(90_000)).to_string());
        let (ts, uid, port) = (epoch(at), chance.uid(), port.to_string());
        let row = [&ts, &uid, host.ip, &source, ip, &port, "tcp", "ssl", "1.284013", &sent, &got, "SF"];
        rows.push((at, row.map(str::to_owned).to_vec()));
    };
    for _ in 0..2_000 {
        let at = chance.moment_of_two(day);
        let (host, name) = (*chance.pick(BRANCH), chance.name());
        connect(&mut chance, at, host, &address_of(name), 443);
    }
    for beat in 0..5 {
        let at = day + DAY + 11 * time::HOUR + beat * 12 * MINUTE;
        connect(&mut chance, at, machine("BR-WS-07"), C2_IP, C2_PORT);
    }
    connect(&mut chance, day + 13 * time::HOUR, machine("BR-CAM-01"), C2_IP, 443);
    zeek("conn", &fields, rows, false)
}

/// Suricata's EVE of the shop: DNS and HTTP, a build machine that fetches the stealer, and an alert.
pub(super) fn eve(day: i64) -> Vec<u8> {
    let mut chance = Chance::new(32);
    let mut rows: Vec<(i64, Value)> = Vec::new();
    for _ in 0..800 {
        let at = chance.moment_of_two(day);
        let (host, name) = (*chance.pick(SHOP), chance.name());
        rows.push((at, eve_dns(&mut chance, at, host, name)));
        if chance.below(3) == 0 {
            rows.push((at + SECOND, eve_http(&mut chance, at + SECOND, host, name, "/", "python-requests/2.32")));
        }
    }
    let build = machine("BUILD-01");
    let at = day + DAY + 3 * time::HOUR + 44 * MINUTE;
    let (drop_host, path) = DROP_URL.trim_start_matches("http://").split_once('/').expect("the URL has a path");
    rows.push((at, eve_dns(&mut chance, at, build, drop_host)));
    rows.push((at + SECOND, eve_http(&mut chance, at + SECOND, build, drop_host, &format!("/{path}"), "curl/8.5.0")));
    rows.push((at + MINUTE, eve_dns(&mut chance, at + MINUTE, build, "famwili.shop")));
    let mut out = String::new();
    for (_, row) in in_order(rows) {
        out.push_str(&row.to_string());
        out.push('\n');
    }
    out.into_bytes()
}

/// `2026-05-20T09:12:44.000000+0000`.
fn eve_time(at: i64) -> String {
    let iso = time::format_datetime(at);
    format!("{}+0000", &iso[..26])
}

fn eve_dns(chance: &mut Chance, at: i64, host: Host, name: &str) -> Value {
    json!({
        "timestamp": eve_time(at),
        "flow_id": chance.below(1 << 50),
        "in_iface": "eth1",
        "event_type": "dns",
        "src_ip": host.ip,
        "src_port": 40_000 + chance.below(20_000),
        "dest_ip": "10.60.0.1",
        "dest_port": 53,
        "proto": "UDP",
        "dns": {"type": "query", "id": chance.below(65_536), "rrname": name, "rrtype": "A", "tx_id": 0},
    })
}

fn eve_http(chance: &mut Chance, at: i64, host: Host, name: &str, path: &str, agent: &str) -> Value {
    json!({
        "timestamp": eve_time(at),
        "flow_id": chance.below(1 << 50),
        "in_iface": "eth1",
        "event_type": "http",
        "src_ip": host.ip,
        "src_port": 40_000 + chance.below(20_000),
        "dest_ip": address_of(name),
        "dest_port": 80,
        "proto": "TCP",
        "http": {"hostname": name, "url": path, "http_user_agent": agent, "http_method": "GET", "protocol": "HTTP/1.1",
                 "status": 200, "length": 1_024 + chance.below(90_000)},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_sensors_do() {
        let at = time::parse_iso("2026-05-20T09:12:44.5").expect("a date");
        assert_eq!(epoch(at), "1779268364.500000");
        assert_eq!(eve_time(at), "2026-05-20T09:12:44.500000+0000");
    }
}
