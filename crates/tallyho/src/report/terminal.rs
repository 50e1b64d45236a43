//! A report for a terminal: families, then who met what, when and where it is written; what there is no room for is counted.

use std::io::{self, Write};

use super::group::{Group, groups};
use super::html::{distinct, second};
use super::{Hunt, Report, Sighting};
use crate::escape::terminal as text;
use crate::output::{Format, Look, write_tables};
use crate::words::counted;

/// How many groups of a family are shown.
const GROUPS: usize = 40;

/// How many records of a group are shown.
const RECORDS: usize = 3;

/// Writes it.
pub(super) fn write(out: &mut dyn Write, report: &Report, look: &Look) -> io::Result<()> {
    write_tables(out, Format::Table, &[report.families().into()], look)?;
    let mut whole = true;
    for hunt in report.hunts.iter().filter(|hunt| hunt.sightings > 0) {
        whole &= family(out, report, hunt, look)?;
    }
    if !whole {
        writeln!(out, "\nEvery sighting: --format csv, or --out report.html")?;
    }
    Ok(())
}

/// Writes one family; whether all of it was shown.
fn family(out: &mut dyn Write, report: &Report, hunt: &Hunt, look: &Look) -> io::Result<bool> {
    let of: Vec<&Sighting> = report.sightings.iter().filter(|sighting| sighting.hunt == hunt.id).collect();
    let mut groups = groups(&of);
    // What an exclusion explains is read last.
    groups.sort_by_key(|group| group.first.excluded_by.is_some());
    writeln!(out, "\n{}", bold(look, &text(&hunt.family)))?;
    let (shown, left) = groups.split_at(groups.len().min(GROUPS));
    shown.iter().try_for_each(|group| write_group(out, group, look))?;
    if !left.is_empty() {
        let rows: u64 = left.iter().map(Group::rows).sum();
        let (pairs, rows) = (counted(left.len(), "pair", "pairs"), counted(rows, "row", "rows"));
        writeln!(out, "  … and {pairs} of a host and an indicator, {rows}")?;
    }
    Ok(left.is_empty() && shown.iter().all(|group| group.sightings.len() <= RECORDS))
}

fn write_group(out: &mut dyn Write, group: &Group<'_>, look: &Look) -> io::Result<()> {
    let first = group.first;
    let host = first.host.as_deref().unwrap_or("a host that the log does not name");
    let (arrow, indicator) = if first.excluded_by.is_some() { ("·", "") } else { ("→", "1;31") };
    let indicator = painted(look, indicator, &text(&first.indicator.value));
    writeln!(out, "  {} {arrow} {indicator}", bold(look, &text(host)))?;
    let ways = distinct(group.sightings.iter().map(|sighting| sighting.matched_by.as_str()));
    let rows = group.rows();
    let mut facts = vec![format!("{} in {}", counted(rows, "row", "rows"), text(&first.table))];
    if let [from, .., to] = group.times().as_slice() {
        facts.push(format!("{} – {}", text(&second(from)), text(&second(to))));
    }
    // An address and port, for one, is met in no other way than as that.
    let ways = ways.into_iter().filter(|way| *way != first.indicator.ty);
    let how: Vec<&str> = std::iter::once(first.indicator.ty.as_str()).chain(ways).collect();
    facts.push(text(&how.join(", ")).into_owned());
    facts.extend(first.indicator.confidence.map(|confidence| format!("confidence {confidence} %")));
    facts.extend(group.validity().map(|validity| text(&validity).into_owned()));
    writeln!(out, "    {}", facts.join(" · "))?;
    if let Some(by) = &first.excluded_by {
        writeln!(out, "    explained by {}: {}", text(&by.scenario), text(&by.why))?;
    }
    for sighting in group.sightings.iter().take(RECORDS) {
        let time = sighting.time.as_deref().map(second).unwrap_or_default();
        let seen = if sighting.observed.eq_ignore_ascii_case(&first.indicator.value) { "" } else { &sighting.observed };
        let line = format!("    {}  {}  {}", text(&time), text(&sighting.place()), text(seen));
        writeln!(out, "{}", line.trim_end())?;
    }
    match group.sightings.len().saturating_sub(RECORDS) {
        0 => Ok(()),
        more => writeln!(out, "    … {more} more"),
    }
}

fn bold(look: &Look, text: &str) -> String {
    painted(look, "1", text)
}

fn painted(look: &Look, code: &str, text: &str) -> String {
    if look.color && !code.is_empty() { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::sample;

    #[test]
    fn a_terminal_gets_groups() {
        let mut out = Vec::new();
        write(&mut out, &sample::report(), &Look { width: Some(80), color: false }).expect("a vector takes all bytes");
        expect![[r#"
            ── 1 of 2 ──────────────────────────────────────────────────
             Family      Covert RAT
             Indicators  3
             Sightings   1
             Explained   1
             Hosts       1
             First       2026-05-20T09:30:44Z
             Last        2026-05-20T09:30:44Z
            ── 2 of 2 ──────────────────────────────────────────────────
             Family      Remus
             Indicators  3
             Sightings   7
             Explained   0
             Hosts       2
             First       2026-05-20T09:00:44Z
             Last        2026-05-20T12:45:44Z

            Covert RAT
              SRV-BKP-01 · 192.88.99.45:4782
                1 row in DnsEvents · domain, subdomain · confidence 100 %
                explained by Veeam backup: process.name contains `Veeam`; host.name is in backup_servers
                2026-05-20 09:30:44  logs/dns.ndjson:70  192.88.99.45

            Remus
              WS-FIN-014 → famwili.shop
                6 rows in DnsEvents · 2026-05-20 09:00:44 – 2026-05-20 12:45:44 · domain, subdomain · confidence 100 % · valid until 2026-05-20, 2 rows are later
                2026-05-20 09:00:44  logs/dns.ndjson:40  Gate.famwili.shop
                2026-05-20 09:45:44  logs/dns.ndjson:85  Gate.famwili.shop
                2026-05-20 10:30:44  logs/dns.ndjson:130  Gate.famwili.shop
                … 3 more
              <script>alert(1)</script> → genusaqe.biz
                1 row in DnsEvents · domain, exact · confidence 100 %
                2026-05-20 12:20:44  logs/dns.ndjson:240

            Every sighting: --format csv, or --out report.html
        "#]]
        .assert_eq(&String::from_utf8(out).expect("text"));
    }
}
