//! Why something that Kusto knows is not run here. What plugins would need stands beside them, in the engine.

use super::Kind;

/// Reasons, as what it does, and the functions and operators left out for them.
const LEFT_OUT: &[(&str, &[&str])] = &[
    (
        "asks who runs a query, or where in a cluster it runs",
        &["current_cluster_endpoint", "current_database", "current_node_id", "current_principal", "current_principal_details"],
    ),
    (
        "asks in which order a cluster took rows in",
        &["current_cursor", "cursor_after", "cursor_before_or_at", "cursor_current", "row_id", "rowstore_ordinal_range"],
    ),
    (
        "names something that a cluster's database stores",
        &["entity_group", "external_table", "graph", "materialized_view", "stored_query_result"],
    ),
    ("mixes hashes in a way that is published nowhere", &["hash_combine", "hash_many"]),
    ("needs a list of all browsers, which is out of date in months", &["parse_user_agent"]),
];

/// Why it is left out.
pub(super) fn why(kind: Kind, name: &str) -> Option<&'static str> {
    match kind {
        Kind::Plugin => engine::plugin::refusal(name),
        Kind::Operator | Kind::Function | Kind::Aggregate => {
            LEFT_OUT.iter().find(|(_, names)| names.contains(&name)).map(|(why, _)| *why)
        }
    }
}
