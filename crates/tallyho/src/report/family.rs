//! One family's pages of the HTML report: its activity, and its sightings grouped by host and indicator, with raw records.

use std::io::{self, Write};

use super::chart::{self, Series};
use super::evidence::marked;
use super::group::{Group, groups};
use super::html::{distinct, second};
use super::{Hunt, Report, Sighting};
use crate::escape::html as text;
use crate::words::{counted, grouped};

/// How many records of a group are in sight on the screen; the others unfold (and are printed).
const RECORDS_SHOWN: usize = 3;

/// Writes the section of one hunt.
pub(super) fn write(out: &mut dyn Write, report: &Report, hunt: &Hunt, at: usize) -> io::Result<()> {
    let of: Vec<&Sighting> = report.sightings.iter().filter(|sighting| sighting.hunt == hunt.id).collect();
    let threats = distinct(of.iter().map(|sighting| sighting.indicator.threat_type.as_str()).filter(|threat| !threat.is_empty()));
    writeln!(out, "<section class=\"family\" id=\"hunt-{at}\">\n<h2>{}</h2>", text(&hunt.family))?;
    writeln!(
        out,
        "<p class=\"sub\"><code>{}</code>, {}{}</p>",
        text(&hunt.malware),
        counted(hunt.indicators, "indicator", "indicators"),
        if threats.is_empty() { String::new() } else { format!(", seen as {}", text(&threats.join(", "))) }
    )?;
    let moments: Vec<i64> = of.iter().filter_map(|sighting| sighting.ticks()).collect();
    // One bar by itself says no more than the time beside the record.
    if moments.iter().min() != moments.iter().max()
        && let Some(chart) = chart::activity(&[Series { name: hunt.family.clone(), moments, color: at }], 150.0)
    {
        out.write_all(chart.as_bytes())?;
    }
    let (explained, open): (Vec<Group<'_>>, Vec<Group<'_>>) =
        groups(&of).into_iter().partition(|group| group.first.excluded_by.is_some());
    open.iter().try_for_each(|group| write_group(out, group))?;
    if !explained.is_empty() {
        writeln!(out, "<h3>Explained by an exclusion</h3>")?;
        explained.iter().try_for_each(|group| write_group(out, group))?;
    }
    writeln!(out, "</section>")
}

fn write_group(out: &mut dyn Write, group: &Group<'_>) -> io::Result<()> {
    let first = group.first;
    let class = if first.excluded_by.is_some() { "group explained" } else { "group" };
    let host = first.host.as_deref().unwrap_or("a host that the log does not name");
    writeln!(
        out,
        "<div class=\"{class}\">\n<h4>{} <span class=\"by\">{}</span> {}</h4>",
        text(host),
        if first.excluded_by.is_some() { "·" } else { "→" },
        text(&first.indicator.value)
    )?;
    writeln!(out, "<p class=\"facts\">{}</p>", facts(group).join(" · "))?;
    if let Some(by) = &first.excluded_by {
        writeln!(out, "<p class=\"facts\">Explained by <b>{}</b>: {}</p>", text(&by.scenario), text(&by.why))?;
    }
    let (shown, folded) = group.sightings.split_at(group.sightings.len().min(RECORDS_SHOWN));
    shown.iter().try_for_each(|sighting| write_record(out, sighting))?;
    if !folded.is_empty() {
        writeln!(out, "<details><summary>{}</summary>", counted(folded.len(), "more record", "more records"))?;
        folded.iter().try_for_each(|sighting| write_record(out, sighting))?;
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</div>")
}

/// What there is to say of a group in one line, as HTML.
fn facts(group: &Group<'_>) -> Vec<String> {
    let first = group.first;
    let rows = group.rows();
    let mut facts =
        vec![format!("<b>{}</b> {} in {}", grouped(rows), if rows == 1 { "row" } else { "rows" }, text(&first.table))];
    match group.times().as_slice() {
        [] => {}
        [one] => facts.push(text(&second(one)).into_owned()),
        [from, .., to] => facts.push(format!("{} – {}", text(&second(from)), text(&second(to)))),
    }
    let ways = distinct(group.sightings.iter().map(|sighting| sighting.matched_by.as_str()));
    facts.push(format!("{}, matched by {}", text(&first.indicator.ty), text(&ways.join(", "))));
    let indicator = &first.indicator;
    if !indicator.threat_type.is_empty() {
        facts.push(text(&indicator.threat_type).into_owned());
    }
    if let Some(confidence) = indicator.confidence {
        facts.push(format!("confidence {confidence} %"));
    }
    if let Some(seen) = &indicator.first_seen {
        facts.push(format!("known since {}", text(seen.get(..10).unwrap_or(seen))));
    }
    facts.extend(group.validity().map(|validity| text(&validity).into_owned()));
    // A reference comes from a feed: shown as text, never as a link to click.
    if let Some(reference) = &indicator.reference {
        facts.push(format!("reference <code>{}</code>", text(reference)));
    }
    facts
}

fn write_record(out: &mut dyn Write, sighting: &Sighting) -> io::Result<()> {
    let time = sighting.time.as_deref().map(second).unwrap_or_default();
    let place = sighting.place();
    writeln!(
        out,
        "<div class=\"where\">{}{}<code>{}</code></div>",
        text(&time),
        if time.is_empty() || place.is_empty() { "" } else { " · " },
        text(&place)
    )?;
    let raw = match &sighting.evidence {
        Some(evidence) => evidence.raw.clone(),
        None => sighting.row_text(),
    };
    writeln!(out, "<code class=\"raw\">{}</code>", marked(raw.trim_end(), &[&sighting.observed, &sighting.indicator.value]))
}
