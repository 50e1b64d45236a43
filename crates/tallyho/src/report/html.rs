//! A report as one HTML file to hand to a colleague: no script, nothing fetched, made for the screen and for paper.
//!
//! All text of logs and feeds passes [`escape::html`]; a Content-Security-Policy keeps the page inert besides.

use std::io::{self, Write};

use super::chart::{self, Series};
use super::family;
use super::{Report, Searched, Sighting};
use crate::chart::STYLE as CHART_STYLE;
use crate::escape::html as text;
use crate::output::PAGE_POLICY;
use crate::words::{counted, grouped, listed};

const STYLE: &str = include_str!("style.css");

/// How many examples of left-out values are listed.
const LEFT_OUT_SHOWN: usize = 40;

/// Writes the page.
pub(super) fn write(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{PAGE_POLICY}\">\n\
         <title>Hunt report, {}</title>\n<style>\n{STYLE}{CHART_STYLE}</style>\n</head>\n<body>\n",
        text(day(&report.now))
    )?;
    head(out, report)?;
    families(out, report)?;
    for (at, hunt) in report.hunts.iter().filter(|hunt| hunt.sightings > 0).enumerate() {
        family::write(out, report, hunt, at)?;
    }
    searched(out, report)?;
    exclusions(out, report)?;
    intel(out, report)?;
    writeln!(
        out,
        "<p class=\"note\">Made by tallyho {}. Times are UTC. The hunts' queries are KQL; <code>tallyho hunts show</code> prints them.</p>\n\
         </body>\n</html>",
        text(&report.tallyho)
    )
}

/// `2026-05-20 09:12:44` of a full datetime.
pub(super) fn second(time: &str) -> String {
    time.get(..19).unwrap_or(time).replace('T', " ")
}

fn day(time: &str) -> &str {
    time.get(..10).unwrap_or(time)
}

/// Sorted, each once.
pub(super) fn distinct<'a>(values: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut out: Vec<&str> = values.collect();
    out.sort_unstable();
    out.dedup();
    out
}

/// Title, the finding in a sentence, the numbers, the chart.
fn head(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let open: Vec<&Sighting> = report.unexplained().collect();
    let explained = report.sightings.len() - open.len();
    let found: Vec<_> = report.hunts.iter().filter(|hunt| hunt.sightings > 0).collect();
    let hosts = distinct(open.iter().filter_map(|sighting| sighting.host.as_deref()));
    let blind: usize = report.not_looked_for.iter().map(|it| it.indicators).sum();
    writeln!(out, "<header>\n<h1>Hunt report</h1>\n<p class=\"sub\">{} UTC{}</p>", second(&report.now), text(&window(report)))?;
    if open.is_empty() {
        writeln!(
            out,
            "<p class=\"lead\"><b class=\"calm\">No sighting</b> of {} in what was searched{}{}.</p>",
            counted(report.intel.indicators.saturating_sub(blind), "indicator", "indicators"),
            if explained > 0 { format!(" beyond {} that exclusions explain", grouped(explained as u64)) } else { String::new() },
            if blind > 0 {
                format!(
                    "; {} could be shown by <a href=\"#blind\">no file</a>",
                    counted(blind, "further indicator", "further indicators")
                )
            } else {
                String::new()
            }
        )?;
    } else {
        let families = distinct(open.iter().map(|sighting| sighting.hunt.as_str())).len();
        writeln!(
            out,
            "<p class=\"lead\"><b class=\"hot\">{}</b> of {} on {}{}.</p>",
            counted(open.len(), "sighting", "sightings"),
            counted(families, "malware family", "malware families"),
            counted(hosts.len(), "host", "hosts"),
            if explained > 0 { format!("; {} more that exclusions explain", grouped(explained as u64)) } else { String::new() }
        )?;
    }
    tiles(out, report, open.len(), hosts.len())?;
    let series: Vec<Series> = found
        .iter()
        .enumerate()
        .map(|(at, hunt)| {
            let of = report.sightings.iter().filter(|sighting| sighting.hunt == hunt.id);
            Series { name: hunt.family.clone(), moments: of.filter_map(Sighting::ticks).collect(), color: at }
        })
        .collect();
    if let Some(chart) = chart::activity(&series, 220.0) {
        writeln!(out, "<h3>Sightings over time</h3>\n{chart}")?;
    }
    writeln!(out, "</header>")
}

fn window(report: &Report) -> String {
    let mut out = String::new();
    if let Some(since) = &report.since {
        out.push_str(&format!(", rows since {}", second(since)));
    }
    if let Some(until) = &report.until {
        out.push_str(&format!(", rows before {}", second(until)));
    }
    out
}

fn tiles(out: &mut dyn Write, report: &Report, sightings: usize, hosts: usize) -> io::Result<()> {
    let rows: u64 = report.searched.iter().map(|file| file.rows).sum();
    let files = distinct(report.searched.iter().map(|file| file.path.as_str())).len();
    let tile = |n: String, what: &str| format!("<li><b>{n}</b><span>{what}</span></li>");
    let tiles = [
        tile(grouped(sightings as u64), "sightings to look at"),
        tile(grouped((report.sightings.len() - sightings) as u64), "explained by exclusions"),
        tile(grouped(hosts as u64), "hosts involved"),
        tile(grouped(report.intel.indicators as u64), "indicators hunted"),
        tile(grouped(rows), &format!("rows in {}", counted(files, "file", "files"))),
    ];
    writeln!(out, "<ul class=\"tiles\">{}</ul>", tiles.concat())
}

/// The families that were found, and how many were not.
fn families(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let found: Vec<_> = report.hunts.iter().filter(|hunt| hunt.sightings > 0).collect();
    writeln!(out, "<h2>Families</h2>")?;
    if found.is_empty() {
        writeln!(out, "<p class=\"empty\">None was seen.</p>")?;
    } else {
        writeln!(
            out,
            "<table><thead><tr><th>Family</th><th class=\"n\">To look at</th><th class=\"n\">Explained</th><th>Hosts</th>\
             <th>First</th><th>Last</th><th class=\"n\">Indicators seen</th></tr></thead><tbody>"
        )?;
        for (at, hunt) in found.iter().enumerate() {
            let of: Vec<&Sighting> = report.sightings.iter().filter(|sighting| sighting.hunt == hunt.id).collect();
            let explained = of.iter().filter(|sighting| sighting.excluded_by.is_some()).count();
            let hosts = distinct(of.iter().filter_map(|sighting| sighting.host.as_deref()));
            let seen = distinct(of.iter().map(|sighting| sighting.indicator.value.as_str())).len();
            let time = |time: Option<&str>| time.map(second).unwrap_or_default();
            writeln!(
                out,
                "<tr><td class=\"f\">{}<a href=\"#hunt-{at}\">{}</a></td><td class=\"n\">{}</td>\
                 <td class=\"n\">{explained}</td><td class=\"h\">{}</td><td class=\"t\">{}</td><td class=\"t\">{}</td><td class=\"n\">{seen} of {}</td></tr>",
                chart::swatch(at),
                text(&hunt.family),
                of.len() - explained,
                listed_whole(&hosts, 4),
                text(&time(of.iter().filter_map(|sighting| sighting.time.as_deref()).min())),
                text(&time(of.iter().filter_map(|sighting| sighting.time.as_deref()).max())),
                hunt.indicators
            )?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    let clean = report.hunts.len() - found.len();
    if clean > 0 {
        writeln!(
            out,
            "<p class=\"note\">{} searched for without a sighting.</p>",
            counted(clean, "further family was", "further families were")
        )?;
    }
    Ok(())
}

/// The first ones and how many more, as HTML, no value of it broken across lines: a host's name is read as a whole.
fn listed_whole(values: &[&str], shown: usize) -> String {
    let whole: Vec<String> = values.iter().take(shown).map(|value| format!("<span class=\"v\">{}</span>", text(value))).collect();
    let more = values.len().saturating_sub(shown);
    whole.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// What was searched, and what could not be.
fn searched(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>What was searched</h2>")?;
    if report.searched.is_empty() {
        writeln!(out, "<p class=\"empty\">Nothing: no file that could be read fills a table.</p>")?;
    } else {
        writeln!(
            out,
            "<table class=\"files\"><thead><tr><th>File</th><th>Format</th><th>Table</th><th class=\"n\">Rows</th><th class=\"n\">Not readable</th>\
             <th>From</th><th>Until</th></tr></thead><tbody>"
        )?;
        report.searched.iter().try_for_each(|file| searched_row(out, file))?;
        writeln!(out, "</tbody></table>")?;
    }
    writeln!(out, "<h3>What could not be searched</h3>")?;
    if report.unread.is_empty() && report.not_searched.is_empty() {
        writeln!(out, "<p class=\"empty\">Every hunt found a table for each of its queries, and every file was read.</p>")?;
    }
    if !report.unread.is_empty() {
        writeln!(out, "<table><thead><tr><th>File</th><th>Why it was not read</th></tr></thead><tbody>")?;
        for file in &report.unread {
            writeln!(out, "<tr><td><code>{}</code></td><td>{}</td></tr>", text(&file.path), text(&file.why))?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    if !report.not_searched.is_empty() {
        writeln!(out, "<table><thead><tr><th>Table</th><th>Hunts</th><th>Why</th></tr></thead><tbody>")?;
        for (table, why) in distinct_reasons(report) {
            let hunts: Vec<&str> =
                report.not_searched.iter().filter(|it| it.table == table && it.why == why).map(|it| it.hunt.as_str()).collect();
            writeln!(out, "<tr><td>{}</td><td>{}</td><td>{}</td></tr>", text(table), text(&listed(&hunts, 6)), text(why))?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    blind_spots(out, report)?;
    writeln!(out, "</section>")
}

/// The indicators that no file could show.
fn blind_spots(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    if report.not_looked_for.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h3 id=\"blind\">Indicators that no file could show</h3>\n<table><thead><tr><th>Indicators</th>\
         <th>Columns that would show them</th></tr></thead><tbody>"
    )?;
    for it in &report.not_looked_for {
        writeln!(out, "<tr><td>{}</td><td>{}</td></tr>", text(&it.counted()), text(&it.needs()))?;
    }
    writeln!(out, "</tbody></table>")
}

/// Tables and reasons, in order of first appearance, each pair once.
fn distinct_reasons(report: &Report) -> Vec<(&str, &str)> {
    let mut out: Vec<(&str, &str)> = Vec::new();
    for it in &report.not_searched {
        if !out.contains(&(&it.table, &it.why)) {
            out.push((&it.table, &it.why));
        }
    }
    out
}

fn searched_row(out: &mut dyn Write, file: &Searched) -> io::Result<()> {
    let unparsed = match file.unparsed {
        0 => "0".to_owned(),
        n => format!("<span class=\"chip warn\">{}</span>", counted(n, "line", "lines")),
    };
    let left_out = match file.left_out {
        0 => String::new(),
        bytes => format!(" <span class=\"chip\">{:.0} % not read</span>", bytes as f64 * 100.0 / file.bytes.max(1) as f64),
    };
    let time = |time: &Option<String>| time.as_deref().map(second).unwrap_or_default();
    writeln!(
        out,
        "<tr><td><code>{}</code></td><td>{}</td><td>{}</td><td class=\"n\">{}{left_out}</td><td class=\"n\">{unparsed}</td>\
         <td class=\"t\">{}</td><td class=\"t\">{}</td></tr>",
        text(&file.path),
        text(&file.format),
        text(&file.table),
        grouped(file.rows),
        text(&time(&file.from)),
        text(&time(&file.until))
    )
}

/// The exclusions, what each did, and where it could not be judged.
fn exclusions(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    writeln!(out, "<section>\n<h2>Exclusions</h2>")?;
    writeln!(
        out,
        "<p class=\"note\">An exclusion never removes a sighting: it is kept, marked with the scenario and the reason. Scenarios are \
         switched off until their lists are filled, since a broad one would hide real attacks.</p>"
    )?;
    if report.exclusions.is_empty() {
        return writeln!(out, "<p class=\"empty\">No exclusion file was given.</p>\n</section>");
    }
    writeln!(
        out,
        "<table><thead><tr><th>Scenario</th><th>State</th><th class=\"n\">Sightings explained</th><th>Not evaluable in</th></tr></thead><tbody>"
    )?;
    for exclusion in &report.exclusions {
        let tables: Vec<&str> = exclusion.not_evaluable.iter().map(String::as_str).collect();
        writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td>{}</td></tr>",
            text(&exclusion.scenario),
            if exclusion.enabled { "on" } else { "off" },
            exclusion.applied,
            text(&listed(&tables, 12))
        )?;
    }
    writeln!(out, "</tbody></table>\n</section>")
}

/// Where the indicators came from, and which values are not hunted.
fn intel(out: &mut dyn Write, report: &Report) -> io::Result<()> {
    let intel = &report.intel;
    writeln!(
        out,
        "<section>\n<h2>Intelligence</h2>\n<table><thead><tr><th>Source</th><th>Feed</th><th class=\"n\">Indicators</th>\
         <th class=\"n\">Rejected</th><th class=\"n\">Held back</th></tr></thead><tbody>"
    )?;
    for source in &intel.sources {
        writeln!(
            out,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            text(&source.name),
            text(&source.feed),
            grouped(source.indicators as u64),
            grouped(source.rejected as u64),
            grouped(source.held_back as u64)
        )?;
    }
    writeln!(out, "</tbody></table>")?;
    if !intel.left_out.is_empty() {
        writeln!(out, "<h3>Values that are not hunted</h3>\n<table><thead><tr><th>Value</th><th>Why</th></tr></thead><tbody>")?;
        for left in intel.left_out.iter().take(LEFT_OUT_SHOWN) {
            writeln!(out, "<tr><td><code>{}</code></td><td>{}</td></tr>", text(&left.value), text(&left.why))?;
        }
        writeln!(out, "</tbody></table>")?;
        let all = intel.rejected + intel.held_back;
        let shown = intel.left_out.len().min(LEFT_OUT_SHOWN);
        if all > shown {
            writeln!(out, "<p class=\"note\">{shown} of {} are shown.</p>", grouped(all as u64))?;
        }
    }
    writeln!(out, "</section>")
}
