//! Exclusions: false-positive scenarios that can be run. Comes in: a file that people write, and rows. Goes out: which scenario
//! explains a row and why, or that it cannot be told there; the same as KQL, for exports.
//!
//! An exclusion never removes a sighting: it is kept and marked.

mod condition;
mod kql_text;
mod parse;

use kql::types::Value;

use crate::sighting::ExcludedBy;

pub use condition::{Condition, Operand, Operator};
pub use parse::ParseError;

/// The file that people start from: the scenarios, disabled, with empty lists and how to fill them.
pub const DEFAULT: &str = include_str!("../exclusions.yaml");

/// Scenarios of one or more files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Exclusions {
    /// In the order in which they are tried.
    pub scenarios: Vec<Exclusion>,
}

/// One false-positive scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Exclusion {
    /// A short name.
    pub id: String,
    /// What people read.
    pub scenario: String,
    /// Why this happens.
    pub description: String,
    /// Disabled ones exclude nothing.
    pub enabled: bool,
    /// When it fits.
    pub when: Condition,
}

/// An enabled exclusion that cannot be judged on a table's rows.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluable {
    /// The scenario.
    pub scenario: String,
    /// The ECS field that is missed.
    pub field: String,
    /// The table that has no such column, or whose rows came without it.
    pub table: String,
}

/// What the exclusions say of a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgment {
    /// The first scenario that fits.
    pub excluded_by: Option<ExcludedBy>,
    /// Scenarios that could not be judged; empty if one fits.
    pub not_evaluable: Vec<NotEvaluable>,
}

impl Exclusions {
    /// Reads a file of exclusions.
    ///
    /// # Errors
    /// The line, what is wrong there and what to do.
    pub fn parse(text: &str) -> Result<Exclusions, ParseError> {
        parse::parse(text)
    }

    /// Adds those of another file; one with the same id takes the place of the earlier.
    pub fn merge(&mut self, other: Exclusions) {
        for exclusion in other.scenarios {
            match self.scenarios.iter_mut().find(|known| known.id == exclusion.id) {
                Some(known) => *known = exclusion,
                None => self.scenarios.push(exclusion),
            }
        }
    }

    /// Judges a row of `table`, whose columns `get` gives; none for a column that the row does not have.
    #[must_use]
    pub fn evaluate<'v>(&self, table: &str, get: &dyn Fn(&str) -> Option<&'v Value>) -> Judgment {
        let mut judgment = Judgment::default();
        for exclusion in self.scenarios.iter().filter(|exclusion| exclusion.enabled) {
            match exclusion.when.evaluate(table, get) {
                condition::Truth::True(why) => {
                    let excluded_by = ExcludedBy { scenario: exclusion.scenario.clone(), why: why.join("; ") };
                    return Judgment { excluded_by: Some(excluded_by), not_evaluable: vec![] };
                }
                condition::Truth::Unknown(field) => judgment.not_evaluable.push(NotEvaluable {
                    scenario: exclusion.scenario.clone(),
                    field,
                    table: table.to_owned(),
                }),
                condition::Truth::False => {}
            }
        }
        judgment
    }
}

impl Exclusion {
    /// The KQL predicate that is true for rows of `table` which the scenario fits; none if it fits none, as columns are missing.
    #[must_use]
    pub fn kql(&self, table: &str) -> Option<String> {
        kql_text::predicate(&self.when, table, true)
    }

    /// The ECS fields it asks for that `table` has no column for.
    #[must_use]
    pub fn missing_fields(&self, table: &str) -> Vec<&str> {
        let mut missing: Vec<&str> = self.when.fields();
        missing.retain(|field| crate::table::ecs_columns(table, field).is_empty());
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILLED: &str = "
lists:
  known_backup_servers: [SRV-BKP-01, 10.20.0.0/16]
exclusions:
  - scenario: Veeam backup
    enabled: true
    when:
      all:
        - process.name: { contains: [veeam] }
        - any:
            - host.name: { in_list: known_backup_servers }
            - source.address: { in_list: known_backup_servers }
";

    fn judge(text: &str, table: &str, row: &[(&str, Value)]) -> Judgment {
        let exclusions = Exclusions::parse(text).unwrap();
        exclusions.evaluate(table, &|column| row.iter().find(|(name, _)| *name == column).map(|(_, value)| value))
    }

    fn text(text: &str) -> Value {
        Value::String(text.to_owned())
    }

    #[test]
    fn a_scenario_that_fits_says_why() {
        let row = [
            ("InitiatingProcessFileName", text("Veeam.Backup.Manager.exe")),
            ("DeviceName", text("other")),
            ("LocalIP", text("10.20.3.4")),
        ];
        let excluded = judge(FILLED, "DeviceNetworkEvents", &row).excluded_by.unwrap();
        assert_eq!(excluded.scenario, "Veeam backup");
        assert_eq!(
            excluded.why,
            "process.name `Veeam.Backup.Manager.exe` contains `veeam`; source.address `10.20.3.4` is in known_backup_servers"
        );
    }

    #[test]
    fn another_host_is_not_excluded() {
        let row = [("InitiatingProcessFileName", text("veeam.exe")), ("DeviceName", text("WS-1")), ("LocalIP", text("10.9.3.4"))];
        assert_eq!(judge(FILLED, "DeviceNetworkEvents", &row), Judgment::default());
    }

    #[test]
    fn where_the_table_lacks_the_column_it_cannot_be_judged() {
        let row = [("ClientIP", text("10.20.3.4"))];
        let judgment = judge(FILLED, "DnsEvents", &row);
        assert_eq!(judgment.excluded_by, None);
        assert_eq!(judgment.not_evaluable[0].field, "process.name");
    }

    #[test]
    fn the_default_file_parses_and_excludes_nothing() {
        let exclusions = Exclusions::parse(DEFAULT).unwrap();
        assert_eq!(exclusions.scenarios.len(), 5);
        assert!(exclusions.scenarios.iter().all(|exclusion| !exclusion.enabled));
        let enabled = DEFAULT.replace("enabled: false", "enabled: true");
        let row = [
            ("InitiatingProcessFileName", text("powershell.exe")),
            ("InitiatingProcessAccountName", text("alice")),
            ("RemoteIP", text("93.184.216.34")),
            ("RemotePort", Value::Int(443)),
        ];
        assert_eq!(judge(&enabled, "DeviceNetworkEvents", &row).excluded_by, None);
    }

    #[test]
    fn as_kql() {
        let exclusions = Exclusions::parse(FILLED).unwrap();
        let expected = "(InitiatingProcessFileName contains \"veeam\") and ((DeviceName in~ (\"SRV-BKP-01\", \"10.20.0.0/16\") or \
             coalesce(ipv4_is_in_any_range(trim_start(\"::ffff:\", tolower(DeviceName)), dynamic([\"10.20.0.0/16\"])), false)) or \
             (LocalIP in~ (\"SRV-BKP-01\", \"10.20.0.0/16\") or \
             coalesce(ipv4_is_in_any_range(trim_start(\"::ffff:\", tolower(LocalIP)), dynamic([\"10.20.0.0/16\"])), false)))";
        assert_eq!(exclusions.scenarios[0].kql("DeviceNetworkEvents").unwrap(), expected);
        assert_eq!(exclusions.scenarios[0].kql("DnsEvents"), None);
        assert_eq!(exclusions.scenarios[0].missing_fields("DnsEvents"), ["process.name"]);
    }
}
