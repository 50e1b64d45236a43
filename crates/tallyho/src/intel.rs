//! Indicators from files, and what is to be said of one value: paths in, [`hunt::Intel`] and verdicts out.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::thread;

use hunt::feed::FeedError;
use hunt::normalize::{Hint, normalize, parse_url};
use hunt::{Fact, Indicator, IndicatorType, Intel, Malware, Source, Unread};
use kql::{Column, Rows, Type, Value};

use crate::config::Config;
use crate::error::{Error, Exit};
use crate::words::counted;
use crate::{folder, messages};

/// What was read of feeds.
#[derive(Debug)]
pub struct Feeds {
    /// All their indicators.
    pub intel: Intel,
    /// How a command ends that does its work with them: a file of a folder may have been damaged.
    pub exit: Exit,
}

/// Reads all files into one set of indicators, stdin for `-`; those below a folder in order of their paths. What of a folder is no feed is passed
/// over, and what is a damaged one is not read, each with a warning.
///
/// # Errors
/// A file that was named cannot be read or is of no known format, or a folder holds none that is.
pub fn read(paths: &[PathBuf], config: &Config) -> Result<Feeds, Error> {
    let (mut intel, mut exit) = (Intel::new(), Exit::Ran);
    for path in paths {
        if !path.is_dir() {
            intel.merge(read_file(path).map_err(|unread| unread.error)?);
            continue;
        }
        let mut any = false;
        for file in folder::files_below(path, |_| true)? {
            match read_file(&file) {
                Ok(one) => {
                    intel.merge(one);
                    any = true;
                }
                Err(NoFeed { error, is_damaged: false }) => {
                    messages::warning(config, &format!("passed over: {}", error.message));
                }
                Err(NoFeed { error, .. }) => {
                    messages::warning(config, &format!("not read: {}", error.message));
                    exit = Exit::Unread;
                }
            }
        }
        if !any {
            return Err(Error::input(path, "no file of this folder holds indicators"));
        }
    }
    intel.sources.iter().filter_map(unread_facts).for_each(|text| messages::warning(config, &text));
    Ok(Feeds { intel, exit })
}

/// Says which date or confidence of a source could not be read first, how many more there are, and what would be.
fn unread_facts(source: &Source) -> Option<String> {
    let Unread { fact, text, at } = source.first_unread.as_ref()?;
    let (what, form) = match fact {
        Fact::Date => ("date", "dates are read as 2026-05-20 or 2026-05-20T13:36:27Z"),
        Fact::Confidence => ("confidence", "a confidence is a number from 0 to 100"),
    };
    let more = match source.unread_facts.saturating_sub(1) {
        0 => String::new(),
        n => format!(", and so with {n} more dates or confidences"),
    };
    Some(format!("{}: {at}: the {what} `{text}` is not read, and its value hunted without{more}; {form}", source.name))
}

/// A file that gives no indicators.
struct NoFeed {
    /// Why.
    error: Error,
    /// It was meant to give some.
    is_damaged: bool,
}

fn read_file(path: &Path) -> Result<Intel, NoFeed> {
    let (bytes, name) = match path.as_os_str() == "-" {
        true => (stdin(), "stdin".to_owned()),
        false => (bytes_of(path), path.display().to_string()),
    };
    let bytes = bytes.map_err(|error| NoFeed { error: Error::input(Path::new(&name), error), is_damaged: true })?;
    // The library's message names the file already.
    hunt::feed::read(bytes, &name).map_err(|error| {
        let told = Error::new(crate::error::Kind::Input, error.to_string());
        let is_damaged = matches!(error, FeedError::Packed { .. } | FeedError::Json { .. } | FeedError::Status { .. });
        let error = match error {
            FeedError::Columns { .. } => told.with_hint("`tallyho intel help table` tells what columns may be called"),
            FeedError::Unknown { .. } => told.with_hint("`tallyho intel help FEED` tells what each looks like"),
            _ => told,
        };
        NoFeed { error, is_damaged }
    })
}

/// A file's bytes; those of a large one come by two threads, which share the work of giving memory to them.
fn bytes_of(path: &Path) -> io::Result<Vec<u8>> {
    const LARGE: u64 = 4 << 20;
    let about = fs::metadata(path)?;
    let size = usize::try_from(about.len()).unwrap_or(0);
    if !about.is_file() || about.len() < LARGE {
        return fs::read(path);
    }
    let from = |start: usize| {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(start as u64)).map(|_| file)
    };
    let mut bytes = vec![0; size];
    let middle = size / 2;
    let (first, second) = bytes.split_at_mut(middle);
    thread::scope(|scope| {
        let second = scope.spawn(|| from(middle)?.read_exact(second));
        from(0)?.read_exact(first)?;
        second.join().unwrap_or_else(|_| Err(io::Error::other("reading it ended in the middle")))
    })?;
    // It may have grown.
    from(size)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn stdin() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The family is the one asked for: by its name or its key in the feed, case aside.
#[must_use]
pub fn is_family(malware: &Malware, asked: &str) -> bool {
    [&malware.name, &malware.id].iter().any(|name| name.eq_ignore_ascii_case(asked))
}

/// Each family asked for has an indicator.
///
/// # Errors
/// One has none; those of nearly its name are told.
pub fn know_families(intel: &Intel, asked: &[String]) -> Result<(), Error> {
    for family in asked {
        if intel.indicators().any(|indicator| is_family(indicator.malware(), family)) {
            continue;
        }
        let names: BTreeSet<&str> = intel.indicators().map(|it| it.malware().name.as_str()).collect();
        let near = kql::catalog::nearest(family, names);
        let error = Error::user(format!("no indicator is of the family `{family}`"));
        return Err(match near.is_empty() {
            true => error.with_hint("`tallyho hunts list` tells which families there are"),
            false => error.with_hint(format!("there is {}", near.join(", "))),
        });
    }
    Ok(())
}

/// `3 indicators of 1 family from 1 file, 1 of them expired; 2 values rejected, 0 held back`.
#[must_use]
pub fn summary(intel: &Intel, now: i64) -> String {
    let expired = match intel.expired(now) {
        0 => String::new(),
        n => format!(", {n} of them expired"),
    };
    let unread: usize = intel.sources.iter().map(|source| source.unread_facts).sum();
    let unread = match unread {
        0 => String::new(),
        n => format!(", {} not readable", counted(n, "date or confidence", "dates or confidences")),
    };
    format!(
        "{} of {} from {}{expired}; {} rejected, {} held back{unread}",
        counted(intel.len(), "indicator", "indicators"),
        counted(intel.families(), "family", "families"),
        counted(intel.sources.len(), "file", "files"),
        counted(intel.rejected.len(), "value", "values"),
        intel.held_back().len()
    )
}

fn text(text: impl Into<String>) -> Value {
    Value::String(text.into())
}

/// The columns of a table of indicators.
#[must_use]
pub fn indicator_columns() -> Vec<Column> {
    let mut columns = ["Type", "Value", "Malware", "ThreatType"].map(|name| Column::new(name, Type::String)).to_vec();
    columns.push(Column::new("Confidence", Type::Int));
    columns.extend(["FirstSeen", "LastSeen", "ValidUntil"].map(|name| Column::new(name, Type::DateTime)));
    columns.push(Column::new("Source", Type::String));
    columns
}

/// An indicator as a row of that table.
#[must_use]
pub fn indicator_row(indicator: Indicator<'_>) -> Vec<Value> {
    let moment = |ticks: Option<i64>| ticks.map_or(Value::Null, Value::DateTime);
    vec![
        text(indicator.ty().name()),
        text(indicator.value()),
        text(indicator.malware().name.as_str()),
        text(indicator.threat_type()),
        indicator.confidence().map_or(Value::Null, |confidence| Value::Int(i32::from(confidence))),
        moment(indicator.first_seen()),
        moment(indicator.last_seen()),
        moment(indicator.valid_until()),
        text(indicator.source()),
    ]
}

/// What is not hunted, as a table: the values and the reasons.
#[must_use]
pub fn left_out_rows(intel: &Intel) -> Rows {
    let columns = ["Value", "Verdict", "Why", "At", "Source"].map(|name| Column::new(name, Type::String)).to_vec();
    let rejected = intel.rejected.iter().map(|rejected| {
        let why = rejected.why.to_string();
        vec![text(rejected.value.as_str()), text("rejected"), text(why), text(rejected.at.as_str()), text(&*rejected.source)]
    });
    let held_back = intel.held_back().map(|held| {
        let it = held.indicator;
        vec![text(it.as_published()), text("held back"), text(held.why), text(it.id()), text(it.source())]
    });
    Rows { columns, rows: rejected.chain(held_back).collect() }
}

/// Why the value is hunted, held back or neither: one row for each indicator that has to do with it.
#[must_use]
pub fn explain(intel: &Intel, value: &str, now: i64) -> Rows {
    let columns = ["Value", "Verdict", "Why", "Malware", "Source"].map(|name| Column::new(name, Type::String)).to_vec();
    let mut rows = Vec::new();
    let mut say = |verdict: &str, why: String, malware: &str, source: &str| {
        rows.push(vec![text(value), text(verdict), text(why), text(malware), text(source)]);
    };
    match normalize(value, Hint::Any) {
        Err(why) => say("cannot be hunted", why.to_string(), "", ""),
        Ok((ty, normal)) => {
            for indicator in intel.indicators() {
                if let Some(why) = covers(indicator, ty, &normal) {
                    say("hunted", why + &validity(indicator, now), &indicator.malware().name, indicator.source());
                }
            }
            for held in intel.held_back() {
                if covers(held.indicator, ty, &normal).is_some() {
                    say("held back", held.why.to_owned(), &held.indicator.malware().name, held.indicator.source());
                }
            }
        }
    }
    for rejected in intel.rejected.iter().filter(|rejected| rejected.value == value) {
        say("rejected", format!("{} ({})", rejected.why, rejected.at), "", &rejected.source);
    }
    if rows.is_empty() {
        let why = "no indicator of these files says anything of it".to_owned();
        rows.push(vec![text(value), text("not known"), text(why), text(""), text("")]);
    }
    Rows { columns, rows }
}

/// ` (last seen 2026-05-20, valid until 2026-06-01: expired)`, as far as the feed says it.
fn validity(indicator: Indicator<'_>, now: i64) -> String {
    let date = |ticks: i64| kql::time::format_datetime(ticks)[..10].to_owned();
    let until = |ticks: i64| {
        let over = if indicator.is_expired(now) { ": expired, and hunted for logs of before" } else { "" };
        format!("valid until {}{over}", date(ticks))
    };
    let seen = indicator.last_seen().map(|ticks| format!("last seen {}", date(ticks)));
    let facts: Vec<String> = seen.into_iter().chain(indicator.valid_until().map(until)).collect();
    if facts.is_empty() { String::new() } else { format!(" ({})", facts.join(", ")) }
}

/// How the indicator stands for the value, if it does.
fn covers(indicator: Indicator<'_>, ty: IndicatorType, value: &str) -> Option<String> {
    if indicator.ty() == ty && indicator.value() == value {
        return Some(format!("it is the {} of an indicator", ty.name()));
    }
    let place = Place::of(ty, value)?;
    let it = indicator.value();
    match indicator.ty() {
        IndicatorType::Domain => place.is_at_or_below(it).then(|| match ty {
            IndicatorType::Domain => format!("it is a name below {it}"),
            _ => format!("its host is hunted: {it} and the names below"),
        }),
        IndicatorType::Network => {
            let address = place.host.parse().ok().filter(|address| indicator.is_network_of(*address));
            address.map(|_| format!("it is in the network {it}"))
        }
        IndicatorType::Ip => (place.host == it).then(|| format!("{it} is hunted: the address on any port")),
        IndicatorType::IpPort => {
            let (address, port) = indicator.address()?;
            (place.host == address && place.may_have(port)).then(|| format!("{it} is hunted: the address on that port"))
        }
        IndicatorType::Url => {
            let own = Place::of(IndicatorType::Url, it)?;
            let is_own = place.host == own.host && (own.host.parse::<IpAddr>().is_err() || place.may_have(own.port));
            let is_hunted = !indicator.compromised() && !hunt::shared_host::is_shared(&own.host);
            let is_below = own.host.parse::<IpAddr>().is_err() && place.is_at_or_below(&own.host);
            (is_hunted && (is_own || is_below)).then(|| format!("the host of {it} is hunted"))
        }
        _ => None,
    }
}

/// What a value says of where it leads.
struct Place {
    /// A name, or an address without brackets.
    host: String,
    port: Option<u16>,
}

impl Place {
    /// Of a value in its one form; hashes have none.
    fn of(ty: IndicatorType, value: &str) -> Option<Place> {
        let (host, port) = match ty {
            IndicatorType::Domain | IndicatorType::Ip => (value, None),
            IndicatorType::IpPort => value.rsplit_once(':').map(|(host, port)| (host, port.parse().ok()))?,
            IndicatorType::Url => {
                let url = parse_url(value).ok()?;
                return Some(Place { host: url.host.trim_matches(['[', ']']).to_owned(), port: url.effective_port() });
            }
            _ => return None,
        };
        Some(Place { host: host.trim_matches(['[', ']']).to_owned(), port })
    }

    fn is_at_or_below(&self, name: &str) -> bool {
        self.host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }

    /// It leads to that port, as far as it is said.
    fn may_have(&self, port: Option<u16>) -> bool {
        self.port.is_none() || port.is_none() || self.port == port
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Look, text_table};
    use expect_test::expect;

    fn intel() -> Intel {
        let export =
            crate::demo::files().into_iter().find(|file| file.path == "intel/threatfox.json").expect("the demo has intel");
        hunt::feed::read(export.bytes, "threatfox.json").expect("the demo's intel is read")
    }

    #[test]
    fn an_address_is_known_by_its_network() {
        let intel = hunt::feed::read(b"185.220.101.0/24\n2a02:cf40:1::/48\n64.0.0.0/7\n", "tor.txt").expect("a list");
        let why = |value: &str| explain(&intel, value, 0).rows[0][2].to_text();
        assert_eq!(why("185.220.101.7"), "it is in the network 185.220.101.0/24");
        assert_eq!(why("2a02:cf40:0001:0:0:0:0:9"), "it is in the network 2a02:cf40:1::/48");
        assert_eq!(why("185.220.102.7"), "no indicator of these files says anything of it");
        assert_eq!(why("65.1.2.3"), "a network so wide that it belongs to many parties");
    }

    #[test]
    fn a_value_is_explained_by_what_it_leads_to() {
        let list = "arc.evil.shop\n93.184.216.34\n93.184.216.35:81\nhttp://cdn.bad.biz/a\nhttps://github.com/x/y\n\
            http://93.184.216.36:8080/a\n[2a02:cf40::9]:443\n185.220.101.0/24\n";
        let intel = hunt::feed::read(list.as_bytes(), "x.txt").expect("a list");
        let why = |value: &str| explain(&intel, value, 0).rows[0][2].to_text();
        let nothing = "no indicator of these files says anything of it";
        for (value, expected) in [
            ("93.184.216.34:80", "93.184.216.34 is hunted: the address on any port"),
            ("http://93.184.216.34/x", "93.184.216.34 is hunted: the address on any port"),
            ("http://93.184.216.35:81/x", "93.184.216.35:81 is hunted: the address on that port"),
            ("93.184.216.35:82", nothing),
            ("http://93.184.216.35/x", nothing),
            ("https://a.arc.evil.shop/x", "its host is hunted: arc.evil.shop and the names below"),
            ("evil.shop", nothing),
            ("cdn.bad.biz", "the host of http://cdn.bad.biz/a is hunted"),
            ("https://a.cdn.bad.biz/b", "the host of http://cdn.bad.biz/a is hunted"),
            ("https://github.com/x/z", nothing),
            ("https://github.com/x/y", "it is the url of an indicator"),
            ("93.184.216.36:8080", "the host of http://93.184.216.36:8080/a is hunted"),
            ("93.184.216.36:80", nothing),
            ("https://[2a02:cf40::9]/x", "[2a02:cf40::9]:443 is hunted: the address on that port"),
            ("http://185.220.101.7/x", "it is in the network 185.220.101.0/24"),
        ] {
            assert_eq!(why(value), expected, "{value}");
        }
    }

    #[test]
    fn validity_is_told_and_does_not_keep_from_hunting() {
        let record = r#"{"1": [{"ioc_value": "evil.shop", "ioc_type": "domain", "malware": "win.x", "valid_until": "2026-06-01",
            "last_seen_utc": "2026-05-20 10:00:00"}], "2": [{"ioc_value": "bad.biz", "ioc_type": "domain", "malware": "win.x"}]}"#;
        let intel = hunt::feed::read(record.as_bytes(), "x.json").expect("a feed");
        let at = |text: &str| kql::time::parse_iso(text).expect("a time");
        let why = |now: &str| explain(&intel, "evil.shop", at(now)).rows[0][2].to_text();
        assert_eq!(why("2026-05-31"), "it is the domain of an indicator (last seen 2026-05-20, valid until 2026-06-01)");
        let over = "(last seen 2026-05-20, valid until 2026-06-01: expired, and hunted for logs of before)";
        assert_eq!(why("2026-06-01"), format!("it is the domain of an indicator {over}"));
        assert_eq!(explain(&intel, "evil.shop", at("2030-01-01")).rows[0][1].to_text(), "hunted");
        let said = "2 indicators of 1 family from 1 file, 1 of them expired; 0 values rejected, 0 held back";
        assert_eq!(summary(&intel, at("2026-06-01")), said);
        assert!(!summary(&intel, at("2026-05-31")).contains("expired"));
    }

    #[test]
    fn each_value_gets_a_reason() {
        let intel = intel();
        let mut out = String::new();
        for value in ["Gate.famwili[.]shop", "notfamwili.shop", "192.88.99.45", "127.0.0.1:8080", "duckdns.org", "not a domain"] {
            let rows = explain(&intel, value, 0);
            for line in text_table(&rows, &Look::default()).lines().skip(2) {
                out.push_str(line.trim_start());
                out.push('\n');
            }
        }
        expect![[r#"
             Gate.famwili[.]shop   hunted    it is a name below famwili.shop   Remus     threatfox.json
             notfamwili.shop   not known   no indicator of these files says anything of it
             192.88.99.45   hunted    192.88.99.45:4782 is hunted: the address on that port   Covert RAT   threatfox.json
             127.0.0.1:8080   cannot be hunted   not a public address: loopback
             127.0.0.1:8080   rejected           not a public address: loopback (record 1612407)             threatfox.json
             duckdns.org   held back   a public suffix: the names below it belong to many parties   Covert RAT   threatfox.json
             not a domain   cannot be hunted   neither domain, URL, address nor hash
             not a domain   rejected           not a domain name: a character that names do not have (record 1612408)             threatfox.json
        "#]].assert_eq(&out);
    }
}
