//! An exclusion means the same whether a row is judged or its KQL is run.

use hunt::Exclusions;
use kql::types::Value;

use super::World;

const EXCLUSIONS: &str = "
lists:
  ours: [SRV-1, 10.20.0.0/16, 2a02:cf40:1::/48, 10.30.0.7]
exclusions:
  - { scenario: a list, enabled: true, when: { source.address: { in_list: ours } } }
  - { scenario: a network of IPv6, enabled: true, when: { source.address: { cidr: '2a02:cf40::/32' } } }
  - { scenario: networks, enabled: true, when: { source.address: { cidr: ['10.0.0.0/8', '::/0'] } } }
  - { scenario: not a network, enabled: true, when: { not: { source.address: { cidr: '10.20.0.0/16' } } } }
  - scenario: one part cannot be judged
    enabled: true
    when: { any: [{ process.parent.name: { equals: a.exe } }, { source.address: { equals: 10.20.4.14 } }] }
  - scenario: not both
    enabled: true
    when: { not: { all: [{ process.parent.name: { equals: a.exe } }, { source.address: { equals: 10.20.4.14 } }] } }
  - scenario: neither
    enabled: true
    when: { not: { any: [{ process.parent.name: { equals: a.exe } }, { source.address: { equals: 10.20.4.14 } }] } }
";

const ADDRESSES: [&str; 9] = [
    "10.20.4.14",
    "::ffff:10.20.4.14",
    "::FFFF:10.20.4.14",
    "10.30.0.7",
    "192.0.2.1",
    "2a02:cf40:1::9",
    "2a02:cf40:0002:0000:0000:0000:0000:0009",
    "srv-1",
    "",
];

/// How many rows each scenario fits.
#[test]
fn as_judged_so_in_kql() {
    let world = World::new();
    let exclusions = Exclusions::parse(EXCLUSIONS).expect("exclusions");
    let mut counts = Vec::new();
    for exclusion in &exclusions.scenarios {
        let one = Exclusions { scenarios: vec![exclusion.clone()] };
        let judged: Vec<bool> = ADDRESSES
            .iter()
            .map(|address| {
                let address = Value::String((*address).to_owned());
                one.evaluate("DnsEvents", &|column| (column == "ClientIP").then_some(&address)).excluded_by.is_some()
            })
            .collect();
        let rows: Vec<String> = ADDRESSES.iter().map(|address| format!("'{address}'")).collect();
        let predicate = exclusion.kql("DnsEvents").unwrap_or_else(|| "false".to_owned());
        let query = format!("datatable(ClientIP:string)[{}] | project Left = not({predicate})", rows.join(", "));
        let left: String = judged.iter().map(|judged| format!("{}\n", !judged)).collect();
        let answer = world.run(&["kql", "run", "-e", &query, "--format", "csv"]);
        assert_eq!(answer, format!("Left\n{left}= 0\n"), "{}: {predicate}", exclusion.scenario);
        counts.push(judged.iter().filter(|judged| **judged).count());
    }
    assert_eq!(counts, [6, 2, 7, 6, 1, 8, 0]);
}
