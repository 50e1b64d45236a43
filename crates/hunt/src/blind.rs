//! Blind spots. Comes in: hunts, and which columns the logs at hand have. Goes out: how many indicators none of them could show.

use std::collections::{BTreeMap, BTreeSet};

use crate::hunt::{Hunt, List};
use crate::in_turn::in_turn;
use crate::indicator::IndicatorType;

/// Indicators of one type that no log at hand could show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlindSpot {
    /// Their type.
    pub ty: IndicatorType,
    /// How many they are.
    pub indicators: usize,
    /// How many of that type are hunted.
    pub of: usize,
    /// Tables and columns that would show some of them; none if no query asks for them.
    pub columns: Vec<(&'static str, &'static str)>,
}

/// How many indicators of each type no log could show, and how many there are.
type Counts = [(usize, usize); IndicatorType::ALL.len()];

/// So many indicators are worth a thread.
const PART: usize = 1 << 16;

/// The blind spots of hunts over logs that `show` those columns of those tables.
#[must_use]
pub fn blind_spots(hunts: &[Hunt], show: &dyn Fn(&str, &str) -> bool) -> Vec<BlindSpot> {
    let mut shown = [false; List::COUNT];
    let mut columns: BTreeMap<IndicatorType, BTreeSet<(&'static str, &'static str)>> = BTreeMap::new();
    // Hunts ask the same of the same columns.
    let mut known: BTreeMap<(&'static str, &'static str), bool> = BTreeMap::new();
    for query in hunts.iter().flat_map(|hunt| &hunt.queries) {
        for column in query.shown_in.iter().copied() {
            let place = (query.table, column);
            if *known.entry(place).or_insert_with(|| show(query.table, column)) {
                shown[query.list as usize] = true;
            }
            for ty in &query.types {
                columns.entry(*ty).or_default().insert(place);
            }
        }
    }
    // There may be a million indicators.
    let mut counts = Counts::default();
    for hunt in hunts {
        in_turn(
            hunt.positions().chunks(PART),
            |positions| {
                let mut counts = Counts::default();
                for indicator in positions.iter().map(|at| hunt.intel().at(*at)) {
                    let (unseen, all) = &mut counts[indicator.ty() as usize];
                    *all += 1;
                    *unseen += usize::from(List::all_of(indicator, hunt.template).all(|list| !shown[list as usize]));
                }
                counts
            },
            |part| {
                for ((unseen, all), (more_unseen, more)) in counts.iter_mut().zip(part) {
                    *unseen += more_unseen;
                    *all += more;
                }
            },
        );
    }
    let spots = IndicatorType::ALL.into_iter().map(|ty| (ty, counts[ty as usize])).filter(|(_, (unseen, _))| *unseen > 0);
    let spot = |(ty, (indicators, of))| BlindSpot {
        ty,
        indicators,
        of,
        columns: columns.remove(&ty).unwrap_or_default().into_iter().collect(),
    };
    spots.map(spot).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::hunt::build;
    use crate::template::Template;

    fn check(template: Template, shown: &[(&str, &str)], expected: &[&str]) {
        let list = "evil.shop\nhttps://github.com/x/y\nhttps://cdn.bad.biz/a\nhttp://93.184.216.34/a\n93.184.216.35:80\n\
                    185.220.101.0/24\nabcdef0123456789abcdef0123456789\n";
        let hunts = build(&Arc::new(crate::feed::read(list.as_bytes(), "x.txt").unwrap()), template);
        let spots = blind_spots(&hunts, &|table, column| shown.contains(&(table, column)));
        let said: Vec<String> = spots.iter().map(|it| format!("{} of {} {}", it.indicators, it.of, it.ty)).collect();
        assert_eq!(said, expected, "{shown:?}");
        assert!(
            spots.iter().all(|it| it.columns.is_empty() == (template == Template::Classic && it.ty == IndicatorType::Network))
        );
    }

    #[test]
    fn what_no_column_could_show_is_counted() {
        let none = ["1 of 1 domain", "3 of 3 url", "1 of 1 ip:port", "1 of 1 network", "1 of 1 md5"];
        check(Template::Exact, &[], &none);
        check(Template::Classic, &[], &none);
        // The host of one URL is shared, that of another an address.
        let dns = ["2 of 3 url", "1 of 1 ip:port", "1 of 1 network", "1 of 1 md5"];
        check(Template::Exact, &[("DnsEvents", "Name")], &dns);
        check(Template::Exact, &[("UrlClickEvents", "Url")], &["1 of 1 md5"]);
        check(Template::Exact, &[("CommonSecurityLog", "FileHash")], &none[..4]);
        check(Template::Exact, &[("CommonSecurityLog", "DestinationIP")], &["1 of 1 domain", "2 of 3 url", "1 of 1 md5"]);
        check(
            Template::Classic,
            &[("DnsEvents", "Name"), ("CommonSecurityLog", "SourceIP"), ("UrlClickEvents", "Url"), ("DeviceFileEvents", "MD5")],
            &["1 of 1 network"],
        );
    }
}
