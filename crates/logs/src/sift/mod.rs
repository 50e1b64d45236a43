//! Records that cannot pass a test, passed over where they stand in the buffer.
//!
//! In: lines, the keys of the columns that a test looks at, and the test. Out: the first line whose record may pass. No record is
//! decoded for it. If the test looks for a few literals, they are searched in the bytes of many lines at once, and of lines that
//! hold none no column is looked at. Else in JSON the keys are searched so, between delimiters the fields are counted, in syslog
//! the header is read, and the texts of the columns are tested. What is not plain (escapes, a key that stands there twice, values
//! of other types, quotes inside fields) is left to who decodes, so that a line which is passed over never holds a record that
//! would pass. What a decoder would find wrong inside such a line is not seen; a line that is no object, or has other fields than
//! the header, is.

mod borders;
mod fields;
mod json;
mod key;
mod literals;
mod passing;
#[cfg(test)]
mod random;
mod rows;
mod span;
mod stretch;
mod syslog;
mod texts;

use fearless_simd::{Level, dispatch};

use crate::column::Raw;
use crate::decode::Glance;
use crate::keep::Find;
use crate::row::cell_text;
use crate::table::{Fidelity, Path, Route, Source};

use fields::Fields;
use json::Json;
pub(crate) use literals::LITERALS_MAX;
use literals::Search;
use passing::{Lines, Passing};
use span::TimeSpan;
use syslog::Syslog;
use texts::{COLUMNS_MAX, Column, Texts};

/// What a test needs of a record, and the test.
pub(crate) struct Sift {
    columns: Vec<Column>,
    time: Vec<Path>,
    /// Without it, only lines of other tables are passed over.
    find: Option<Find>,
    /// In a file of several tables, which of them is meant: the last of the columns says where a record goes.
    route: Option<(Route, usize)>,
    view: View,
    span: TimeSpan,
    /// So many lines are tested together.
    together: usize,
    /// What instructions the processor has.
    level: Level,
}

/// How lines are looked at.
enum View {
    /// Not at all: all of them may pass.
    None,
    Json(Json),
    Fields(Fields),
    Syslog(Syslog),
}

/// What was seen of some lines.
#[derive(Debug, Default)]
pub(crate) struct Passed {
    /// The position after the last of them.
    pub(crate) at: usize,
    /// Those that fail the test.
    pub(crate) failed: u64,
    /// Those of other tables.
    pub(crate) elsewhere: u64,
    /// Those of no table.
    pub(crate) no_table: u64,
}

impl Passed {
    /// All of them.
    pub(crate) fn lines(&self) -> u64 {
        self.failed + self.elsewhere + self.no_table
    }
}

impl Sift {
    /// A test of the columns made of `sources` (`None`: the file has no such column), and of which table of several a record is;
    /// `None` if one of the columns needs a whole record, or nothing would be passed over.
    pub(crate) fn new(
        sources: &[Option<&Source>],
        time: Option<&Source>,
        find: Option<Find>,
        route: Option<(Route, usize)>,
    ) -> Option<Sift> {
        let column = |source: &Option<&Source>| match source {
            None | Some(Source::Absent) => Some(Column::Const(Vec::new())),
            Some(Source::Const(text)) => Some(Column::Const(text.clone().into_bytes())),
            Some(Source::First(paths)) => Some(Column::First(paths.clone())),
            Some(Source::Make { keys, fidelity: Fidelity::OneOf(count), .. }) => {
                Some(Column::OneOf(keys[..(*count).min(keys.len())].to_vec()))
            }
            Some(Source::Make { keys, make, .. }) => {
                let missing = vec![Raw::Missing; keys.len()];
                Some(Column::Made(keys.clone(), cell_text(make(&missing)).into_owned()))
            }
            Some(Source::Rest { .. }) => None,
        };
        let time = match time {
            Some(Source::First(paths)) => paths.clone(),
            // The times of lines that are passed over count.
            Some(Source::Make { .. } | Source::Rest { .. }) => return None,
            _ => Vec::new(),
        };
        // So do the fields that a table is made out by.
        if route.as_ref().is_some_and(|(route, _)| route.make().is_some()) {
            return None;
        }
        // Without a test, or one that needs whole records, lines of other tables can still be passed over.
        let columns = find.as_ref().and_then(|_| sources.iter().map(column).collect::<Option<Vec<_>>>());
        let find = find.filter(|_| columns.is_some());
        let mut columns = columns.unwrap_or_default();
        columns.extend(route.iter().map(|(route, _)| Column::Outer(route.keys().to_vec())));
        let fits = columns.len() <= COLUMNS_MAX && columns.iter().any(|column| !matches!(column, Column::Const(_)));
        fits.then(|| Sift {
            columns,
            time,
            find,
            route,
            view: View::None,
            span: TimeSpan::default(),
            together: 1,
            level: Level::new(),
        })
    }

    /// Looks at lines as a decoder shows them.
    pub(crate) fn look(&mut self, glance: Glance<'_>) {
        self.view = match glance {
            Glance::No => View::None,
            // What is no UTF-8 in a key stands there as something else.
            Glance::Keys if self.columns.iter().flat_map(Column::paths).any(|path| path.has_replacement()) => View::None,
            Glance::Keys => View::Json(Json::new(&self.columns, &self.time, self.search())),
            Glance::Syslog { latest } => Syslog::new(&self.columns, &self.time, latest).map_or(View::None, View::Syslog),
            fields @ Glance::Fields { .. } => {
                Fields::new(&self.columns, &self.time, self.search(), fields).map_or(View::None, View::Fields)
            }
        };
    }

    /// A search for literals, if what is in no line is known to fail.
    fn search(&self) -> Option<Search> {
        // Which table a line is of, and what is made of fields, is told by other texts than those that stand there.
        if self.route.is_some() || self.columns.iter().any(|column| matches!(column, Column::Made(..))) {
            return None;
        }
        let constants = self.columns.iter().filter_map(|column| match column {
            Column::Const(text) => Some(text.as_slice()),
            _ => None,
        });
        Search::new(&self.find.as_ref()?.literals, constants)
    }

    /// The buffer has other bytes than before.
    pub(crate) fn renew(&mut self) {
        match &mut self.view {
            View::Json(json) => json.renew(),
            View::Fields(fields) => fields.renew(),
            View::None | View::Syslog(_) => {}
        }
    }

    /// Passes over lines that begin between `from` and `until`, up to the first that may pass or is not whole.
    pub(crate) fn pass_over(&mut self, buffer: &[u8], from: usize, until: usize) -> Passed {
        dispatch!(self.level, _ => self.pass_over_here(buffer, from, until))
    }

    /// Compiled for each level of instructions, as is what is inlined here: hence `inline(always)` in this folder.
    #[inline(always)]
    fn pass_over_here(&mut self, buffer: &[u8], from: usize, until: usize) -> Passed {
        let Sift { columns, find, route, view, span, together, .. } = self;
        let mut passing = Passing {
            buffer,
            until: until.min(buffer.len()),
            columns,
            find: find.as_ref(),
            route: route.as_ref(),
            span,
            together,
            passed: Passed { at: from, ..Passed::default() },
        };
        match view {
            View::None => {}
            View::Json(json) => passing.pass_over(json),
            View::Fields(fields) => passing.pass_over(fields),
            View::Syslog(syslog) => passing.pass_one_by_one(syslog),
        }
        passing.passed
    }

    /// The least and the greatest time of the lines that were passed over since it was asked last, in ticks.
    pub(crate) fn take_span(&mut self) -> Option<(i64, i64)> {
        self.span.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::convert::Clock;
    use crate::table::{constant, keys, make, paths};

    /// Whether each line is passed over by a search for `fox` in `a` or `b` or, if `inner`, in `x/a`; and the span of their times.
    fn sifted(glance: Glance<'_>, sources: &[Option<&Source>], lines: &[&str]) -> (Vec<bool>, Option<(i64, i64)>) {
        let find = Find::of_each(|texts| texts.iter().any(|text| text.text() == b"fox"));
        let time = keys(&["t"]);
        let mut sift = Sift::new(sources, Some(&time), Some(find), None).unwrap();
        sift.look(glance);
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let (mut at, mut passed) = (0, Vec::new());
        for line in lines {
            let end = at + line.len() + 1;
            passed.push(sift.pass_over(text.as_bytes(), at, end).at == end);
            at = end;
        }
        (passed, sift.take_span())
    }

    #[test]
    fn json_is_passed_over_only_where_it_is_plain() {
        let (a, b) = (keys(&["a"]), keys(&["b", "c"]));
        let check = |lines: &[(&str, bool)]| {
            let texts: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
            for (sifted, line) in sifted(Glance::Keys, &[Some(&a), Some(&b), None], &texts).0.iter().zip(lines) {
                assert_eq!((*sifted, line.0), (line.1, line.0));
            }
        };
        check(&[
            (r#"{"a":"hen","b":"cow"}"#, true),
            (r#"{"a":"fox"}"#, false),
            (r#"{"b":"fox"}"#, false),
            (r#"{"b":"","c":"fox"}"#, false),
            (r#"{"b":"hen","c":"fox"}"#, true),
            (r#"{"c":"hen"}"#, true),
            (r#"{ "a" : "fox" }"#, false),
            (r#"{ "a" : "hen" }"#, true),
            (r#"{"a":null}"#, true),
            (r#"{"a":12}"#, true),
            (r#"{"a": -1.5 }"#, true),
            (r#"{"a":1e3}"#, false),
            (r#"{"a":12"b"}"#, false),
            (r#"{"a":true}"#, false),
            (r#"{"a":["fox"]}"#, false),
            (r#"{"a":"f\u006fx"}"#, false),
            (r#"{"a":"hen\n"}"#, false),
            (r#"{"\u0061":"fox"}"#, false),
            (r#"{"\a":"fox"}"#, false),
            (r#"{"x":"\u00e9 \"a\": \\","a":"hen"}"#, true),
            (r#"{"x":["\n"],"\a" :"fox"}"#, false),
            ("{\"a\"\r:\"fox\"}", false),
            (r#"{"path":"C:\\hen"}"#, true),
            (r#"{"a":"hen","a":"fox"}"#, false),
            (r#"{"x":{"a":"hen"}}"#, true),
            (r#"{"x":{"a":"hen"},"a":"fox"}"#, false),
            (r#"{"x":"a","y":"\"a"}"#, false),
            (r#"{"x":"a"}"#, true),
            (r#"{"a":"hen""#, false),
            (r#"  {"a":"hen"}"#, false),
            ("", false),
            ("a line", false),
            (r#"{"a":"a text of more than sixteen bytes, and of more than thirty-two"}"#, true),
        ]);
    }

    #[test]
    fn members_of_members_are_found_by_their_own_key() {
        let a = paths(&["x/a"]);
        let lines = [r#"{"x":{"a":"fox"}}"#, r#"{"x":{"a":"hen"}}"#, r#"{"a":"hen","x":{"a":"fox"}}"#, r#"{"x":[{"a":"fox"}]}"#];
        assert_eq!(sifted(Glance::Keys, &[Some(&a)], &lines).0, [false, true, false, false]);
    }

    #[test]
    fn members_of_several_members_may_have_one_name() {
        let a = paths(&["x/a", "y/a"]);
        let lines = [r#"{"x":{"a":"hen"}}"#, r#"{"y":{"a":"fox"}}"#, r#"{"x":{"a":"hen"},"y":{"a":"hen"}}"#, r#"{"z":1}"#];
        assert_eq!(sifted(Glance::Keys, &[Some(&a)], &lines).0, [true, false, false, true]);
    }

    #[test]
    fn of_several_members_the_first_must_be_known() {
        let (outer, inner) = (keys(&["a", "b"]), paths(&["x/a", "b"]));
        let lines = [
            (r#"{"a":"hen","b":"fox"}"#, true, false),
            (r#"{"a":"","b":"hen"}"#, true, true),
            (r#"{"x":{"a":"hen"},"b":"fox"}"#, false, false),
            (r#"{"x":{"a":"hen"},"b":"cow"}"#, true, true),
            (r#"{"y":{"a":"hen"},"b":"fox"}"#, false, false),
            (r#"{"y":{"a":"hen"},"b":""}"#, true, true),
            (r#"{"a":"hen","y":{"b":"fox"}}"#, true, false),
            (r#"{"y":[{"a":"hen"}],"b":"fox","z":{}}"#, false, false),
            (r#"{"y":{"a":"fox"},"b":"hen"}"#, false, false),
        ];
        let texts = lines.map(|(line, ..)| line);
        assert_eq!(sifted(Glance::Keys, &[Some(&outer)], &texts).0, lines.map(|(_, passed, _)| passed));
        assert_eq!(sifted(Glance::Keys, &[Some(&inner)], &texts).0, lines.map(|(.., passed)| passed));
    }

    #[test]
    fn one_of_some_fields_may_be_what_is_looked_for() {
        let one = make(&["a", "b", "c"], Fidelity::OneOf(2), |_| None);
        let lines = [
            (r#"{"a":"hen","b":"cow","c":"fox"}"#, true),
            (r#"{"a":"hen","b":"fox"}"#, false),
            (r#"{"a":"fox","b":"hen"}"#, false),
            (r#"{"a":["fox"],"b":"hen"}"#, false),
            (r#"{"c":"fox"}"#, true),
        ];
        assert_eq!(sifted(Glance::Keys, &[Some(&one)], &lines.map(|(line, _)| line)).0, lines.map(|(_, passed)| passed));
        // Where two columns are unsure, nobody tries all their texts.
        let (both, lines) = (&[Some(&one), Some(&one)], [r#"{"a":"hen","b":"cow"}"#, r#"{"a":"hen"}"#]);
        assert_eq!(sifted(Glance::Keys, both, &lines).0, [false, true]);
        let names = ["a", "b", "c"].map(str::to_owned);
        let look =
            Glance::Fields { names: &names, delimiter: b'\t', special: b'\\', empty: [b"-", b"(empty)"], header: b"", added: "" };
        let lines = ["hen\tcow\tfox", "hen\tfox\t", "fox\then\t", "-\tcow\t", "hen,fox\tcow\t"];
        assert_eq!(sifted(look, &[Some(&one)], &lines).0, [true, false, false, true, false]);
    }

    #[test]
    fn what_is_made_of_fields_is_known_where_none_is_there() {
        let nothing = make(&["p", "q"], Fidelity::Derived, |_| None);
        let fox = make(&["p"], Fidelity::Derived, |_| Some(crate::column::Cell::Text("fox".into())));
        let lines = [r#"{"a":"hen"}"#, r#"{"a":"hen","q":"x"}"#, r#"{"p":null}"#];
        assert_eq!(sifted(Glance::Keys, &[Some(&nothing)], &lines).0, [true, false, false]);
        assert_eq!(sifted(Glance::Keys, &[Some(&fox)], &lines).0, [false, false, false]);
    }

    #[test]
    fn lines_of_other_tables_are_told_by_their_outer_field() {
        let route = Route::Field {
            keys: vec![Path { key: "Type".to_owned(), inner: Vec::new() }],
            make: None,
            exact: vec![("This".to_owned(), vec![0]), ("That".to_owned(), vec![1]), ("None".to_owned(), vec![])],
            other: None,
            missing: Some(0),
            why: "unseen",
        };
        let mut sift = Sift::new(&[], None, None, Some((route, 0))).unwrap();
        sift.look(Glance::Keys);
        let mut elsewhere = |line: &str| {
            sift.renew();
            let passed = sift.pass_over(format!("{line}\n").as_bytes(), 0, 1);
            assert_eq!(passed.no_table == 1, line.contains("None"));
            passed.lines() == 1
        };
        for (line, passed) in [
            (r#"{"Type":"That","x":{"y":1}}"#, true),
            (r#"{"x":{"y":1},"Type":"That"}"#, true),
            (r#"{"x":{"y":1},"Type":"That","z":[1]}"#, false),
            (r#"{"Type":"This"}"#, false),
            (r#"{"Type":"Other"}"#, false),
            (r#"{"Type":"None"}"#, true),
            (r#"{"x":{"Type":"That"}}"#, false),
            (r#"{"x":{"Type":"That"},"Type":"This"}"#, false),
            (r#"{"x":1}"#, false),
        ] {
            assert_eq!(elsewhere(line), passed, "{line}");
        }
    }

    #[test]
    fn fields_are_counted() {
        let (a, b, c) = (keys(&["a"]), keys(&["b"]), constant("fox"));
        let names = ["a", "x", "b", "t"].map(str::to_owned);
        let look = Glance::Fields {
            names: &names,
            delimiter: b',',
            special: b'"',
            empty: [b"-", b"(empty)"],
            header: b"a,x,b,t",
            added: "",
        };
        let lines = [
            "hen,fox,-,1",
            "fox,,,",
            "hen,,,",
            "hen,,fox,",
            "hen,,cow",
            "hen,,cow,,",
            "a,x,b,t",
            "a,x,b,t\r",
            "#,,,",
            "\"fox\",,,",
            ",,,",
            "",
        ];
        let passed = [true, false, true, false, false, false, false, false, false, false, true, false];
        assert_eq!(sifted(look, &[Some(&a), Some(&b)], &lines).0, passed);
        assert_eq!(sifted(look, &[Some(&a), Some(&c)], &["hen,,,"]).0, [false]);
    }

    #[test]
    fn what_a_decoder_tells_otherwise_is_left_to_it() {
        let a = keys(&["a"]);
        let look = |names| Glance::Fields { names, delimiter: b'\t', special: b'\\', empty: [b"-"; 2], header: b"", added: "" };
        let (twice, once) = (["a", "x", "a"].map(str::to_owned), ["a", "x", "b"].map(str::to_owned));
        let lines = ["hen\tx\tfox", "hen\tx\t", "\t\t", "\tx\t"];
        assert_eq!(sifted(look(&twice), &[Some(&a)], &lines).0, [false; 4]);
        assert_eq!(sifted(look(&once), &[Some(&a)], &lines).0, [true, true, false, true]);
        let key = keys(&["a\u{fffd}"]);
        assert_eq!(sifted(Glance::Keys, &[Some(&key)], &[r#"{"b":"hen"}"#]).0, [false]);
    }

    #[test]
    fn what_is_in_quotes_is_known_anew_behind_a_stray_one() {
        let a = keys(&["a"]);
        let names = ["t", "a", "x"].map(str::to_owned);
        let look = Glance::Fields { names: &names, delimiter: b',', special: b'"', empty: [b""; 2], header: b"", added: "" };
        let find = Find::of_each(|texts| texts.iter().any(|text| text.text() == b"fox"));
        let mut sift = Sift::new(&[Some(&a)], None, Some(find), None).unwrap();
        sift.look(look);
        let text = b"1,hen,\nx\",,\n\"p,r,\",fox,x\"\n\"p,r\",hen,\n";
        // The second line is not asked about, as where a search rests.
        let passed = [0, 12, 26].map(|start| sift.pass_over(text, start, start + 1).lines());
        assert_eq!((passed, &text[12..16], &text[26..30]), ([1, 0, 1], &b"\"p,r"[..], &b"\"p,r"[..]));
    }

    #[test]
    fn fields_may_be_quoted() {
        let a = keys(&["a"]);
        let names = ["t", "a", "x", "y"].map(str::to_owned);
        let glance =
            |special| Glance::Fields { names: &names, delimiter: b',', special, empty: [b""; 2], header: b"", added: "" };
        let check = |lines: &[(&str, bool)]| {
            let texts: Vec<&str> = lines.iter().map(|(line, _)| *line).collect();
            for (sifted, line) in sifted(glance(b'"'), &[Some(&a)], &texts).0.iter().zip(lines) {
                assert_eq!((*sifted, line.0), (line.1, line.0));
            }
        };
        check(&[
            ("1,hen,\"p,q\",", true),
            ("1,hen,,\"p \"\"q\"\"\"", true),
            ("1,hen,\"p", false),
            ("q\",", false),
            ("\"1\",hen,,", true),
            ("\"1,2\",\"hen\",\"\",\"\"", true),
            ("\"1,2\",\"fox\",\"\",\"\"", false),
            ("1,\"f\"\"x\",,", false),
            ("1,\"fox\"x,,", false),
            ("1,hen\",\",", false),
            ("1,fox,\"p,q\",", false),
            ("1,hen,\"p,q\"", false),
        ]);
        assert_eq!(sifted(glance(b'\\'), &[Some(&a)], &[r"1,hen,\x41,", r"1,h\x41,,"]).0, [true, false]);
    }

    #[test]
    fn the_span_of_times_is_that_of_converted_times() {
        let a = keys(&["a"]);
        let times = [
            "2026-01-02T00:00:00Z",
            "2026-01-01T23:59:59Z",
            "2026-01-03T00:00:00.5Z",
            "2026-01-01T00:00:00+02:00",
            "1767225600.25",
            "nonsense",
            "2026-01-05T00:00:00Z",
            "0000-00-00T00:00:00Z",
            "2026-99-01T00:00:00Z",
            "2026-01-04 00:00:00Z",
        ];
        for count in 1..=times.len() {
            let lines: Vec<String> = times[..count].iter().map(|time| format!(r#"{{"t":"{time}","a":"hen"}}"#)).collect();
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let ticks: Vec<i64> = times[..count].iter().filter_map(|time| Clock::default().ticks(time.as_bytes())).collect();
            let span = ticks.iter().min().copied().zip(ticks.iter().max().copied());
            assert_eq!(sifted(Glance::Keys, &[Some(&a)], &lines).1, span, "{count}");
        }
    }
}
