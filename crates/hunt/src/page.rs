//! Pages: a hunt as a document that a hunter can follow without any tool. Comes in: a hunt and the exclusions. Goes out: Markdown.
//!
//! Addresses stand defanged in prose and live in queries. Text of feeds passes the one escaper of Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::exclusion::Exclusions;
use crate::hunt::{Hunt, HuntQuery, TimeBound, date};
use crate::indicator::IndicatorType;
use crate::intel::Indicator;
use crate::markdown::{block, code, link, text};
use crate::table::{Table, table};
use crate::template::Template;

/// The page of a hunt. Queries look back as exports do in the `exact` template; those of `classic` have no time bound.
#[must_use]
pub fn markdown(hunt: &Hunt, exclusions: &Exclusions) -> String {
    let sections = [
        head(hunt),
        summary(hunt),
        queries(hunt),
        tables(hunt),
        false_positives(hunt, exclusions),
        triage(hunt),
        references(hunt),
    ];
    sections.join("\n")
}

/// The bound that a page's and an export's queries have.
#[must_use]
pub fn bound(template: Template) -> TimeBound {
    match template {
        Template::Exact => TimeBound::export(),
        Template::Classic => TimeBound::Unbounded,
    }
}

/// A query as pages and files have it: bound as exports are, in the formatter's layout. One of `classic` stays as it is, to the byte.
#[must_use]
pub fn query(hunt: &Hunt, query: &HuntQuery) -> String {
    let text = query.text(&bound(hunt.template));
    match hunt.template {
        Template::Exact => kql::fmt::format(&text).unwrap_or(text),
        Template::Classic => text,
    }
}

/// Queries as one text that can be run as it is: one alone as it stands in its file; of several each is a function, since all
/// declare the same names, and called below.
#[must_use]
pub fn queries_text<'h>(asked: &[(&'h Hunt, &'h HuntQuery)]) -> String {
    if let [(hunt, one)] = asked {
        return query(hunt, one);
    }
    let (mut functions, mut calls) = (String::new(), String::new());
    for (hunt, one) in asked {
        let name = kql::fmt::name(&format!("{}_{}", hunt.id, one.id).replace('-', "_"));
        let _ = write!(functions, "let {name} = () {{\n{}}};\n\n", one.text(&bound(hunt.template)));
        let _ = writeln!(calls, "{name}();");
    }
    let text = functions + &calls;
    kql::fmt::format(&text).unwrap_or(text)
}

/// The value as it may stand in prose: nothing in it can be clicked.
#[must_use]
pub fn defang(indicator: Indicator<'_>) -> String {
    let value = indicator.value();
    match indicator.ty() {
        IndicatorType::Domain | IndicatorType::Ip | IndicatorType::IpPort | IndicatorType::Network => value.replace('.', "[.]"),
        IndicatorType::Url => {
            let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
            let (host, tail) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            format!("{}://{}{tail}", scheme.replacen("tt", "xx", 1), host.replace('.', "[.]"))
        }
        _ => value.to_owned(),
    }
}

fn head(hunt: &Hunt) -> String {
    let malware = hunt.malware();
    let mut out = format!("# Hunt: {}\n\n", text(&malware.name));
    let mut facts = vec![format!("Malware {}", code(&malware.id)), format!("hunt {}", code(&hunt.id))];
    if !malware.aliases.is_empty() {
        let aliases: Vec<String> = malware.aliases.iter().map(|alias| text(alias)).collect();
        facts.push(format!("also called {}", aliases.join(", ")));
    }
    let _ = writeln!(out, "{}; template `{}`.\n", facts.join("; "), hunt.template.name());
    let _ = writeln!(out, "## Hypothesis\n\n{}\n", text(&hunt.hypothesis()));
    for technique in hunt.techniques() {
        let _ = writeln!(out, "- ATT&CK {} {}: {}.", technique.id, technique.name, technique.why);
    }
    out
}

/// A moment of an indicator.
type Moment = fn(Indicator<'_>) -> Option<i64>;

fn summary(hunt: &Hunt) -> String {
    let mut types: Vec<&str> = Vec::new();
    for indicator in hunt.indicators() {
        let name = indicator.ty().threatfox_name();
        if !types.contains(&name) {
            types.push(name);
        }
    }
    // Elsewhere an indicator is called so; here the words are those of the pages that hunters have and search.
    let mut out = String::from("## IOC Summary\n\n");
    let _ = writeln!(
        out,
        "**Malware Family:** {} **Total IOCs:** {} **IOC Types:** {}\n",
        text(&hunt.malware().name),
        hunt.indicators().len(),
        types.join(", ")
    );
    out += "| Type | Value | Threat Type | First Seen | Confidence |";
    // What no indicator has gets no column.
    let others: [(&str, Moment); 2] = [("Last Seen", |it| it.last_seen()), ("Valid Until", |it| it.valid_until())];
    let others: Vec<_> = others.into_iter().filter(|(_, at)| hunt.indicators().any(|it| at(it).is_some())).collect();
    others.iter().for_each(|(name, _)| out += &format!(" {name} |"));
    out += &format!("\n|---|---|---|---|---|{}\n", "---|".repeat(others.len()));
    for indicator in hunt.indicators() {
        let _ = write!(
            out,
            "| {} | {} | {} | {} | {} |",
            indicator.ty().threatfox_name(),
            code(&defang(indicator)),
            text(indicator.threat_type()),
            indicator.first_seen().map(date).unwrap_or_default(),
            indicator.confidence().map(|confidence| format!("{confidence}%")).unwrap_or_default(),
        );
        others.iter().for_each(|(_, at)| out += &format!(" {} |", at(indicator).map(date).unwrap_or_default()));
        out.push('\n');
    }
    out
}

fn queries(hunt: &Hunt) -> String {
    let mut out = String::from("## Queries\n");
    if hunt.template == Template::Classic {
        out += "\n`has_any` also matches names that only contain the domain (`evil.shop.other.net`), and `in` ignores ports and \
                differs by case. The template `exact` does not have these faults.\n";
    }
    for query in &hunt.queries {
        let _ = write!(out, "\n### {}\n\n", heading(query));
        out += &block("kql", &self::query(hunt, query));
    }
    out
}

fn heading(query: &HuntQuery) -> String {
    let mut title = query.title.clone();
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    format!("{} ({})", text(&title), query.table)
}

/// The tables that a hunt asks, by name.
fn asked(hunt: &Hunt) -> BTreeMap<&'static str, &'static Table> {
    hunt.queries.iter().filter_map(|query| table(query.table)).map(|table| (table.name, table)).collect()
}

fn tables(hunt: &Hunt) -> String {
    let mut out = String::from("## Required tables\n\n");
    out += "Without a table the hunt is blind to what it shows. A count of zero means that nothing fills it.\n\n";
    out += "| Sentinel Table | Data connector | Shows | Check |\n|---|---|---|---|\n";
    for table in asked(hunt).values() {
        let connectors: Vec<String> = table.connectors.iter().map(|connector| code(connector)).collect();
        let check = format!("{} | where {} > ago(1d) | count", table.name, table.time);
        let _ = writeln!(out, "| {} | {} | {} | {} |", table.name, connectors.join(", "), table.shows, code(&check));
    }
    out
}

fn false_positives(hunt: &Hunt, exclusions: &Exclusions) -> String {
    let mut out = String::from("## False positives\n\n");
    out += "An exclusion marks a sighting and never removes it. It is switched on in the file of exclusions, once its lists are \
            filled: \"any `powershell.exe`\" would hide real attacks.\n";
    let tables = asked(hunt);
    for exclusion in &exclusions.scenarios {
        let _ = write!(out, "\n### {}\n\n", text(&exclusion.scenario));
        if !exclusion.description.is_empty() {
            let _ = writeln!(out, "{}\n", text(exclusion.description.trim()));
        }
        let state = if exclusion.enabled { "enabled" } else { "disabled" };
        let _ = writeln!(out, "**Filter/Exclusion** ({}, {state}): {}\n", code(&exclusion.id), code(&exclusion.when.to_string()));
        for name in tables.keys() {
            let missing = exclusion.missing_fields(name);
            let lack = format!("the table has no {}", code(&missing.join(", ")));
            let part = if missing.is_empty() { String::new() } else { format!(" in part, {lack}") };
            let _ = match exclusion.kql(name) {
                Some(kql) if exclusion.enabled && missing.is_empty() => {
                    writeln!(out, "- {name}: {}", code(&format!("| where not({kql})")))
                }
                Some(kql) if exclusion.enabled => {
                    writeln!(out, "- {name}, judged{part}: {}", code(&format!("| where not({kql})")))
                }
                Some(_) => writeln!(out, "- {name}: can be judged{part}"),
                None => writeln!(out, "- {name}: cannot be judged, {lack}"),
            };
        }
    }
    let has_network = hunt.indicators().any(|indicator| !indicator.ty().is_hash());
    if has_network {
        out += "\n### Others to think of\n\n\
                - A resolver, scanner or security product looks the name up itself: the asking host is one of yours that does so.\n\
                - The address was sinkholed or given to someone else since: compare the date of the contact with First Seen.\n\
                - The host is shared (a content network, a cloud address): port, name and URL together tell more than an address.\n";
    }
    out
}

fn triage(hunt: &Hunt) -> String {
    let has = |wanted: fn(IndicatorType) -> bool| hunt.indicators().any(|indicator| wanted(indicator.ty()));
    let mut steps = vec![
        "Read the row: which host, when, which indicator (`Indicator`), how it matched (`MatchedBy`), how far to believe it (`Confidence`).",
        "Compare the time with First Seen: a contact long before it may be another owner's.",
    ];
    if hunt.indicators().any(|indicator| indicator.valid_until().is_some()) {
        steps.push("Compare it with Valid Until, too: the publisher does not stand by the indicator any longer.");
    }
    if has(|ty| matches!(ty, IndicatorType::Domain | IndicatorType::Url)) {
        steps.push("DNS: was the name answered (`IPAddresses`), and did the asking host (`ClientIP`) connect to the answer?");
    }
    if has(|ty| !ty.is_hash()) {
        steps.push("Network: was the connection allowed or blocked (`DeviceAction`, `ActionType`), and how much was sent?");
        steps.push(
            "Endpoint: which process and which user made it (`InitiatingProcessFileName`, `InitiatingProcessAccountName`)?",
        );
    }
    if has(IndicatorType::is_hash) {
        steps.push("File: is it still there (`FolderPath`), was it started, and by what?");
    }
    steps.push("Scope: search the same indicator on all hosts, and all of this hunt's indicators on this host.");
    steps.push("Decide: benign with a reason, suspicious with an owner, or an incident. No row is a result, too: note what was searched.");
    let mut out = String::from("## Triage\n\n");
    for (at, step) in steps.iter().enumerate() {
        let _ = writeln!(out, "{}. {step}", at + 1);
    }
    out
}

fn references(hunt: &Hunt) -> String {
    let mut out = String::from("## References\n\n");
    for reference in &hunt.references() {
        let _ = writeln!(out, "- {}", link(reference));
    }
    let mut sources: Vec<&str> = hunt.indicators().map(Indicator::source).collect();
    sources.sort_unstable();
    sources.dedup();
    for source in sources {
        let _ = writeln!(out, "- Indicators from {}", code(source));
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::exclusion::DEFAULT;

    const INTEL: &str = r#"{"1": [{"ioc_value": "famwili.shop", "ioc_type": "domain", "threat_type": "botnet_cc", "malware": "win.remus",
        "malware_printable": "Remus <img src=x>", "first_seen_utc": "2026-05-20 13:36:27", "confidence_level": 100,
        "reference": "https://a.b/c"}], "2": [{"ioc_value": "https://famwili.shop/a.b|`c", "ioc_type": "url", "malware": "win.remus"}]}"#;

    fn page(template: Template) -> String {
        let hunts = crate::hunt::build(&Arc::new(crate::feed::read(INTEL.as_bytes(), "x.json").unwrap()), template);
        markdown(&hunts[0], &Exclusions::parse(DEFAULT).unwrap())
    }

    #[test]
    fn all_parts_are_there() {
        let page = page(Template::Classic);
        let headings: Vec<&str> = page.lines().filter(|line| line.starts_with("## ")).collect();
        assert_eq!(
            headings,
            [
                "## Hypothesis",
                "## IOC Summary",
                "## Queries",
                "## Required tables",
                "## False positives",
                "## Triage",
                "## References"
            ]
        );
        assert!(page.contains("| domain | `famwili[.]shop` | botnet\\_cc | 2026-05-20 | 100% |"), "{page}");
        assert!(page.contains("| url | ``hxxps://famwili[.]shop/a.b\\|`c`` |"), "{page}");
        assert!(page.contains("let malicious_domains = dynamic([\"famwili.shop\"]);\nDnsEvents\n| where Name has_any"));
        assert!(page.contains("- DnsEvents: cannot be judged, the table has no `process.name`"));
        assert!(page.contains("- <https://a.b/c>"));
        // A comment in a fenced block is all that shows it as it is.
        assert!(page.lines().all(|line| line.starts_with("// ") || !line.contains("<img")));
    }

    #[test]
    fn validity_has_columns_where_a_feed_says_it() {
        let of = |more: &str| {
            let record = format!(
                r#"{{"1": [{{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.x", "confidence_level": 75{more}}}]}}"#
            );
            let intel = Arc::new(crate::feed::read(record.as_bytes(), "x.json").unwrap());
            markdown(&crate::hunt::build(&intel, Template::Exact)[0], &Exclusions::default())
        };
        assert!(of("").contains("| First Seen | Confidence |\n|---|---|---|---|---|\n| domain | `evil[.]shop` |  |  | 75% |\n"));
        let page = of(r#", "valid_until": "2026-06-01""#);
        assert!(page.contains("| Confidence | Valid Until |\n|---|---|---|---|---|---|\n"), "{page}");
        assert!(page.contains("| 75% | 2026-06-01 |\n") && page.contains("3. Compare it with Valid Until"), "{page}");
    }

    #[test]
    fn queries_are_as_the_formatter_writes_them() {
        let intel = Arc::new(crate::feed::read(INTEL.as_bytes(), "x.json").unwrap());
        for template in [Template::Exact, Template::Classic] {
            let hunt = &crate::hunt::build(&intel, template)[0];
            let asked: Vec<(&Hunt, &HuntQuery)> = hunt.queries.iter().map(|query| (hunt, query)).collect();
            assert!(asked.len() > 1);
            for (hunt, one) in &asked {
                let text = query(hunt, one);
                assert_eq!(kql::fmt::format(&text).as_deref(), Ok(text.as_str()));
                assert_eq!(queries_text(&[(hunt, one)]), text);
            }
            let all = queries_text(&asked);
            assert_eq!(kql::fmt::format(&all).as_deref(), Ok(all.as_str()));
            let catalog = kql::catalog::Workspace { builtin: true, ..kql::catalog::Workspace::default() };
            let checked = kql::bind::check(&all, &catalog, 0);
            assert!(checked.ok, "{:?}\n{all}", checked.diagnostics);
            assert!(all.contains("let win_remus_url_click = () {\n    // "), "{all}");
            assert!(all.contains("};\n\nwin_remus_domain_dns();\nwin_remus_"), "{all}");
        }
    }

    #[test]
    fn exact_queries_look_back() {
        assert!(page(Template::Exact).contains("let lookback = 14d;\n"));
    }
}
