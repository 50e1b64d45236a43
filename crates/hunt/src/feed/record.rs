//! Records with named fields. Comes in: pairs of a field's name, in whatever publisher's spelling, and its value. Goes out: the
//! same facts under our names, for the sink to judge.

use std::borrow::Cow;

use super::json::Json;
use super::sink::SHOWN;
use crate::normalize::{Hint, Reason};

/// What a field of a record holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A value to hunt, of a type that the field's name tells or that another field does.
    Value(Hint),
    /// The type of the value.
    Type,
    ThreatType,
    MalwareId,
    MalwareName,
    Aliases,
    Confidence,
    FirstSeen,
    LastSeen,
    ValidUntil,
    Reference,
    Reporter,
    Tags,
    Id,
    Port,
    Compromised,
    Marking,
}

/// What the field called `name` holds; none if it is of no interest.
pub(crate) fn role(name: &str) -> Option<Role> {
    let mut lower = [0; 24];
    let name = name.trim();
    let lower = lower.get_mut(..name.len())?;
    lower.copy_from_slice(name.as_bytes());
    lower.make_ascii_lowercase();
    // `First Seen` and `SHA-256` are the same names as `first_seen` and `sha_256`.
    lower.iter_mut().filter(|byte| matches!(byte, b' ' | b'-')).for_each(|byte| *byte = b'_');
    Some(match std::str::from_utf8(lower).ok()? {
        "ioc_value" | "ioc" | "indicator" | "value" | "observable" | "indicatorvalue" => Role::Value(Hint::Any),
        "domain" | "domain_name" | "hostname" | "host_name" | "fqdn" => Role::Value(Hint::Domain),
        "url" => Role::Value(Hint::Url),
        "ip" | "ip_address" | "ipaddress" | "dst_ip" => Role::Value(Hint::Address),
        "address" | "host" => Role::Value(Hint::Any),
        "md5" | "md5_hash" => Role::Value(Hint::Md5),
        "sha1" | "sha_1" | "sha1_hash" => Role::Value(Hint::Sha1),
        "sha256" | "sha_256" | "sha256_hash" => Role::Value(Hint::Sha256),
        "hash" | "filehash" | "file_hash" => Role::Value(Hint::Hash),
        "ioc_type" | "type" | "indicatortype" | "indicator_type" | "kind" => Role::Type,
        "threat_type" | "threattype" | "threat" => Role::ThreatType,
        "malware_id" | "fk_malware" => Role::MalwareId,
        "malware_printable" | "family" | "malware_family" | "malwarefamily" | "signature" => Role::MalwareName,
        // ThreatFox puts the id here, Feodo Tracker the name.
        "malware" => Role::MalwareId,
        "malware_alias" => Role::Aliases,
        "confidence_level" | "confidence" => Role::Confidence,
        "first_seen_utc" | "first_seen" | "firstseen" | "dateadded" | "date_added" | "valid_from" | "first_seen_at" => {
            Role::FirstSeen
        }
        "last_seen_utc" | "last_seen" | "lastseen" | "last_online" => Role::LastSeen,
        "valid_until" | "validuntil" | "expirationdatetime" => Role::ValidUntil,
        "reference" | "urlhaus_link" | "link" => Role::Reference,
        "reporter" => Role::Reporter,
        "tags" => Role::Tags,
        "ioc_id" | "id" => Role::Id,
        "port" | "dst_port" => Role::Port,
        "is_compromised" => Role::Compromised,
        "tlp" | "marking" => Role::Marking,
        _ => return None,
    })
}

/// A record's facts under our names; texts are empty where the record is silent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record<'a> {
    /// What to hunt, with what the field's name says it is.
    pub(crate) values: Vec<(Option<Hint>, Cow<'a, str>)>,
    pub(crate) ty: Cow<'a, str>,
    pub(crate) threat_type: Cow<'a, str>,
    pub(crate) malware_id: Cow<'a, str>,
    pub(crate) malware_name: Cow<'a, str>,
    pub(crate) aliases: Vec<Cow<'a, str>>,
    pub(crate) confidence: Option<u8>,
    /// A confidence that is no number from 0 to 100.
    pub(crate) strange_confidence: Cow<'a, str>,
    pub(crate) first_seen: Cow<'a, str>,
    pub(crate) last_seen: Cow<'a, str>,
    pub(crate) valid_until: Cow<'a, str>,
    pub(crate) reference: Cow<'a, str>,
    pub(crate) reporter: Cow<'a, str>,
    pub(crate) tags: Vec<Cow<'a, str>>,
    pub(crate) id: Cow<'a, str>,
    pub(crate) port: Cow<'a, str>,
    pub(crate) compromised: bool,
    pub(crate) marking: Cow<'a, str>,
}

impl<'a> Record<'a> {
    /// What its value is: as the field's name says, else as the field for types does.
    pub(crate) fn hint(&self, by_name: Option<Hint>) -> Result<Hint, Reason> {
        match by_name {
            Some(hint) => Ok(hint),
            None if self.ty.is_empty() => Ok(Hint::Any),
            None => Hint::from_name(&self.ty).ok_or_else(|| Reason::UnknownType(self.ty.chars().take(SHOWN).collect())),
        }
    }

    /// The value with the port that another field holds, if it is an address.
    pub(crate) fn with_port<'v>(&self, value: &'v str, hint: Hint) -> Cow<'v, str> {
        match (hint, self.port.as_ref()) {
            (Hint::Address, port) if !port.is_empty() => {
                Cow::Owned(if value.contains(':') { format!("[{value}]:{port}") } else { format!("{value}:{port}") })
            }
            _ => Cow::Borrowed(value),
        }
    }

    /// Sets what a field of that role says.
    pub(crate) fn set(&mut self, role: Role, text: Cow<'a, str>) {
        if is_null(&text) {
            return;
        }
        match role {
            Role::Value(Hint::Any) => self.values.push((None, text)),
            Role::Value(hint) => self.values.push((Some(hint), text)),
            Role::Type => self.ty = text,
            Role::ThreatType => self.threat_type = text,
            Role::MalwareId => self.malware_id = text,
            Role::MalwareName => self.malware_name = text,
            Role::Aliases => self.aliases = listed(text),
            Role::Confidence => {
                self.confidence = text.trim_end_matches('%').trim().parse::<u8>().ok().filter(|n| *n <= 100);
                self.strange_confidence = if self.confidence.is_none() { text } else { Cow::Borrowed("") };
            }
            Role::FirstSeen => self.first_seen = text,
            Role::LastSeen => self.last_seen = text,
            Role::ValidUntil => self.valid_until = text,
            Role::Reference => self.reference = text,
            Role::Reporter => self.reporter = text,
            Role::Tags => self.tags = listed(text),
            Role::Id => self.id = text,
            Role::Port => self.port = text,
            Role::Compromised => self.compromised = text.eq_ignore_ascii_case("true") || text == "1",
            Role::Marking => self.marking = text,
        }
    }

    /// Sets what a member of a JSON object says.
    pub(crate) fn set_json(&mut self, role: Role, value: Json<'a>) {
        match (role, value) {
            (Role::Tags, list @ Json::List(_)) => self.tags = list.into_texts(),
            (Role::Aliases, list @ Json::List(_)) => self.aliases = list.into_texts(),
            (role, value) => {
                if let Some(text) = value.into_scalar() {
                    self.set(role, text);
                }
            }
        }
    }

    /// The facts of a JSON object.
    pub(crate) fn from_json(json: &Json<'a>) -> Option<Record<'a>> {
        let Json::Object(members) = json else { return None };
        let mut record = Record::default();
        for (name, value) in members {
            if let Some(role) = role(name) {
                record.set_json(role, value.clone());
            }
        }
        Some(record)
    }
}

/// How feeds write that there is nothing.
fn is_null(text: &str) -> bool {
    text.is_empty() || text == "None" || text == "null" || text == "n/a" || text == "NULL"
}

/// The parts of a list in one text.
fn listed(text: Cow<'_, str>) -> Vec<Cow<'_, str>> {
    let parts =
        |text: &str| text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect::<Vec<_>>();
    match text {
        Cow::Borrowed(text) => text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(Cow::Borrowed).collect(),
        Cow::Owned(text) => parts(&text).into_iter().map(Cow::Owned).collect(),
    }
}
