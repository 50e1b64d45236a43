//! Where feeds put what they find. Comes in: records as read. Goes out: [`Intel`], every value of them either an indicator, a
//! repeat, held back or rejected with a reason.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kql::time;

use super::record::Record;
use crate::indicator::{HeldBack, Indicator, Intel, Malware, Rejected, Source};
use crate::normalize::{Hint, Reason, normalize};
use crate::shared_host;

/// Rejected values are shown up to that many characters.
const SHOWN: usize = 200;

/// Judges and collects values.
pub struct Sink {
    intel: Intel,
    source: Source,
    name: Arc<str>,
    texts: HashSet<Arc<str>>,
    families: HashMap<String, Arc<Malware>>,
    fallback: Arc<Malware>,
}

impl Sink {
    /// A sink for the source called `name`, read by `feed`. What has no family belongs to one named after the source.
    #[must_use]
    pub fn new(name: &str, feed: &'static str) -> Sink {
        let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
        let stem = file.strip_suffix(".gz").unwrap_or(file);
        let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
        let stem = if stem.is_empty() { "list" } else { stem };
        let fallback = Malware { id: format!("list.{stem}"), name: format!("the list {stem}"), aliases: vec![] };
        Sink {
            intel: Intel::new(),
            source: Source { name: name.to_owned(), feed, ..Source::default() },
            name: Arc::from(name),
            texts: HashSet::new(),
            families: HashMap::new(),
            fallback: Arc::new(fallback),
        }
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
        for (hint, value) in &record.values {
            self.source.values += 1;
            match judge(record, *hint, value) {
                Ok((ty, normal)) => self.accept(record, value, ty, normal),
                Err(why) => self.refuse(value, why, at),
            }
        }
    }

    fn accept(&mut self, record: &Record<'_>, published: &str, ty: crate::IndicatorType, value: String) {
        let optional = |text: &str| (!text.is_empty()).then(|| Box::from(text));
        let indicator = Indicator {
            ty,
            published: (published != value).then(|| Box::from(published)),
            value,
            malware: self.family(record),
            threat_type: self.text(&record.threat_type),
            confidence: record.confidence,
            first_seen: time::parse_iso(&record.first_seen),
            last_seen: time::parse_iso(&record.last_seen),
            source: Arc::clone(&self.name),
            feed: self.source.feed,
            id: optional(&record.id),
            reference: optional(&record.reference),
            reporter: self.text(&record.reporter),
            tags: record.tags.iter().map(|tag| self.text(tag)).collect(),
            compromised: record.compromised,
            marking: self.text(&record.marking),
        };
        if let Some(why) = shared_host::too_wide(&indicator) {
            self.source.held_back += 1;
            self.intel.held_back.push(HeldBack { indicator, why: why.to_owned() });
        } else if self.intel.add(indicator) {
            self.source.indicators += 1;
        } else {
            self.source.repeats += 1;
        }
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = Arc::from(text);
        self.texts.insert(Arc::clone(&text));
        text
    }

    fn family(&mut self, record: &Record<'_>) -> Arc<Malware> {
        let named = if record.malware_id.is_empty() { &record.malware_name } else { &record.malware_id };
        if named.is_empty() {
            return Arc::clone(&self.fallback);
        }
        if let Some(known) = self.families.get(named.as_ref()) {
            return Arc::clone(known);
        }
        let name = if record.malware_name.is_empty() { named } else { &record.malware_name };
        let aliases = record.aliases.iter().map(|alias| alias.to_string()).filter(|alias| *alias != **name).collect();
        let malware = Arc::new(Malware { id: named.to_string(), name: name.to_string(), aliases });
        self.families.insert(named.to_string(), Arc::clone(&malware));
        malware
    }

    /// All that was collected.
    #[must_use]
    pub fn finish(mut self) -> Intel {
        self.intel.sources.push(self.source);
        self.intel
    }
}

/// The type and the one form of a value, from what the record says it is.
fn judge(record: &Record<'_>, hint: Option<Hint>, value: &str) -> Result<(crate::IndicatorType, String), Reason> {
    let hint = match hint {
        Some(hint) => hint,
        None if record.ty.is_empty() => Hint::Any,
        None => Hint::from_name(&record.ty).ok_or_else(|| Reason::UnknownType(record.ty.chars().take(SHOWN).collect()))?,
    };
    let value = match (hint, record.port.as_ref()) {
        (Hint::Address, port) if !port.is_empty() => {
            Cow::Owned(if value.contains(':') { format!("[{value}]:{port}") } else { format!("{value}:{port}") })
        }
        _ => Cow::Borrowed(value),
    };
    normalize(&value, hint)
}
