//! Where feeds put what they find. Comes in: records as read. Goes out: [`Intel`], every value of them either an indicator, a
//! repeat, held back or rejected with a reason.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use kql::time;

use super::Document;
use super::record::Record;
use crate::indicator::{Fact, IndicatorType, Malware, Rejected, Source, Unread};
use crate::intel::{About, Added, Facts, Intel, Judge, Judged, Value};
use crate::normalize::{Reason, is_international};

/// Rejected values are shown up to that many characters.
pub(super) const SHOWN: usize = 200;

/// Judges and collects values.
pub struct Sink {
    intel: Intel,
    source: Source,
    name: Arc<str>,
    /// The family of what has none.
    fallback: Malware,
    /// Numbers of families by what the source calls them.
    families: HashMap<String, u32, RandomState>,
    /// What a record says that says nothing but its value.
    silent: About,
}

impl Sink {
    /// A sink for the source called `name`, read by `feed`. What has no family belongs to one named after the source.
    #[must_use]
    pub fn new(name: &str, feed: &'static str) -> Sink {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = file.strip_suffix(".gz").unwrap_or(file);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let stem = if stem.is_empty() { "list" } else { stem };
        let mut intel = Intel::new();
        let silent = About { source: intel.shared().add_text(name), feed, ..About::default() };
        Sink {
            intel,
            source: Source { name: name.to_owned(), feed, ..Source::default() },
            name: Arc::from(name),
            fallback: Malware { id: format!("list.{stem}"), name: format!("the list {stem}"), aliases: vec![] },
            families: HashMap::default(),
            silent,
        }
    }

    /// Makes room for the values of a text that has one on each line.
    pub(crate) fn expect_lines(&mut self, text: &str) {
        self.intel.reserve(memchr::memchr_iter(b'\n', text.as_bytes()).count() + 1);
    }

    /// Keeps the text of the document: values that stand in it as they are need not be copied.
    pub(crate) fn keep(&mut self, document: &Document<'_>) {
        self.intel.keep(document.whole);
    }

    /// A record that cannot be read as one.
    pub fn reject(&mut self, value: &str, why: Reason, at: &dyn Fn() -> String) {
        self.source.values += 1;
        self.refuse(value, why, at);
    }

    fn refuse(&mut self, value: &str, why: Reason, at: &dyn Fn() -> String) {
        self.source.rejected += 1;
        let value = value.chars().take(SHOWN).collect();
        self.intel.rejected.push(Rejected { value, why, at: at(), source: Arc::clone(&self.name) });
    }

    /// Judges all values of a record that stands `at` some place of the source.
    pub(crate) fn push(&mut self, record: &Record<'_>, at: &dyn Fn() -> String) {
        if record.values.is_empty() {
            self.reject("", Reason::Empty, at);
            return;
        }
        let times = Times::of(record);
        let is_ever_valid = times.is_ever_valid();
        let kept = self.kept();
        for (hint, published) in &record.values {
            self.source.values += 1;
            let value = match record.hint(*hint) {
                Ok(_) if !is_ever_valid => Err(Reason::BadRecord("it ends before it begins to be valid".to_owned())),
                Ok(hint) => self.intel.value(&record.with_port(published, hint), hint),
                Err(why) => Err(why),
            };
            match value {
                Ok(value) => self.accept(value, published, record, &times),
                Err(why) => self.refuse(published, why, at),
            }
        }
        if self.kept() > kept {
            let strange = [(Fact::Confidence, &*record.strange_confidence)];
            let unread = times.unread.iter().map(|text| (Fact::Date, *text)).chain(strange);
            unread.filter(|(_, text)| !text.is_empty()).for_each(|(fact, text)| self.leave_unread(fact, text, at));
        }
    }

    /// Counts a fact that could not be read.
    fn leave_unread(&mut self, fact: Fact, text: &str, at: &dyn Fn() -> String) {
        self.source.unread_facts += 1;
        let unread = || Unread { fact, text: text.chars().take(SHOWN).collect(), at: at() };
        self.source.first_unread.get_or_insert_with(unread);
    }

    /// Who judges values for [`Sink::push_judged`].
    pub(crate) fn judge(&self) -> Judge {
        self.intel.judge()
    }

    /// Takes values that were judged already, and of which no more is said than their family.
    pub(crate) fn push_judged(&mut self, values: &[Judged<'_>], family: Family) {
        self.source.values += values.len();
        let facts = Facts { family: family.0, about: family.1, ..Facts::default() };
        let held_back = self.intel.add_judged(values, &facts);
        self.source.indicators += values.len() - held_back;
        self.source.held_back += held_back;
    }

    /// Counts repeats among the values that were judged already.
    fn settle(&mut self) {
        let repeats = self.intel.settle();
        self.source.indicators -= repeats;
        self.source.repeats += repeats;
    }

    fn accept(&mut self, value: Value, published: &str, record: &Record<'_>, times: &Times<'_>) {
        self.settle();
        let family = self.family(&record.malware_id, &record.malware_name, &record.aliases);
        let shared = self.intel.shared();
        let tags: Vec<u32> = record.tags.iter().map(|tag| shared.add_text(tag)).collect();
        let about = About {
            threat_type: shared.add_text(&record.threat_type),
            reporter: shared.add_text(&record.reporter),
            marking: shared.add_text(&record.marking),
            tags: shared.add_list(&tags),
            ..self.silent
        };
        let facts = Facts {
            family: family.0,
            about: shared.add_about(about),
            confidence: record.confidence,
            compromised: record.compromised,
            first_seen: times.first_seen,
            last_seen: times.last_seen,
            valid_until: times.valid_until,
            id: &record.id,
            reference: &record.reference,
        };
        let added = self.intel.add(value, published, &facts);
        self.count(added);
    }

    fn count(&mut self, added: Added) {
        match added {
            Added::New => self.source.indicators += 1,
            Added::Repeat => self.source.repeats += 1,
            Added::HeldBack => self.source.held_back += 1,
        }
    }

    /// The family that a record names by an id, a name or both; of those without a name, the source's own.
    pub(crate) fn family(&mut self, id: &str, name: &str, aliases: &[Cow<'_, str>]) -> Family {
        let named = if id.is_empty() { name } else { id };
        let about = self.intel.shared().add_about(self.silent);
        if let Some(known) = self.families.get(named) {
            return Family(*known, about);
        }
        let malware = if named.is_empty() {
            self.fallback.clone()
        } else {
            let name = if name.is_empty() { named } else { name };
            let aliases = aliases.iter().filter(|alias| **alias != name).map(|alias| alias.to_string()).collect();
            Malware { id: named.to_owned(), name: name.to_owned(), aliases }
        };
        let at = self.intel.shared().add_family(malware);
        self.families.insert(named.to_owned(), at);
        Family(at, about)
    }

    /// How many values were not refused so far.
    pub(crate) fn kept(&self) -> usize {
        self.source.values - self.source.rejected
    }

    /// All that was collected.
    #[must_use]
    pub fn finish(mut self) -> Intel {
        self.settle();
        self.intel.sources.push(self.source);
        self.intel
    }
}

/// The moments that a record names.
struct Times<'r> {
    first_seen: Option<i64>,
    last_seen: Option<i64>,
    valid_until: Option<i64>,
    /// Those that could not be read; the others are empty.
    unread: [&'r str; 3],
}

impl<'r> Times<'r> {
    fn of(record: &'r Record<'_>) -> Times<'r> {
        let texts = [&*record.first_seen, &*record.last_seen, &*record.valid_until];
        let [first_seen, last_seen, valid_until] = texts.map(|text| if text.is_empty() { None } else { time::parse_iso(text) });
        let moments = [first_seen, last_seen, valid_until];
        let mut unread = texts;
        unread.iter_mut().zip(moments).filter(|(_, moment)| moment.is_some()).for_each(|(text, _)| *text = "");
        Times { first_seen, last_seen, valid_until, unread }
    }

    fn is_ever_valid(&self) -> bool {
        self.valid_until.is_none_or(|until| self.first_seen.is_none_or(|first| first < until))
    }
}

/// A family of the source, for [`Sink::push_judged`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Family(u32, u32);

/// Values in their one form, until there are enough of them for [`Sink::push_judged`].
pub(crate) struct Batch<'a> {
    ty: IndicatorType,
    family: Family,
    judge: Judge,
    values: Vec<Judged<'a>>,
}

impl<'a> Batch<'a> {
    const FULL: usize = 32;

    pub(crate) fn new(ty: IndicatorType, family: Family, judge: Judge) -> Batch<'a> {
        Batch { ty, family, judge, values: Vec::with_capacity(Batch::FULL) }
    }

    pub(crate) fn push(&mut self, value: &'a str, sink: &mut Sink) {
        let is_international = self.ty == IndicatorType::Domain && is_international(value);
        self.values.push(self.judge.judged(self.ty, value, is_international));
        if self.values.len() == Batch::FULL {
            self.flush(sink);
        }
    }

    /// Hands over what is left. To be done before anything else is, for the order of indicators to be that of the source.
    pub(crate) fn flush(&mut self, sink: &mut Sink) {
        sink.push_judged(&self.values, self.family);
        self.values.clear();
    }
}
