//! Plugins that cannot run here, and why: most need a service behind them.

/// The plugins, with what each would need.
const REFUSED: &[(&str, &str)] = &[
    ("ai_chat_completion", "asks a language model in the cloud"),
    ("ai_chat_completion_prompt", "asks a language model in the cloud"),
    ("ai_embed_text", "asks a language model in the cloud"),
    ("ai_embeddings", "asks a language model in the cloud"),
    ("azure_digital_twins_query_request", "queries a service in the cloud"),
    ("cosmosdb_sql_request", "queries another database"),
    ("csharp", "runs code of another language in the cluster's sandbox"),
    ("dax_request", "queries a service in the cloud"),
    ("execute_query", "queries another cluster"),
    ("execute_show_command", "sends a command to another cluster"),
    ("external_datatable", "is internal to Kusto and documented nowhere"),
    ("http_request", "sends a request over the network"),
    ("http_request_post", "sends a request over the network"),
    ("identity_v3", "is internal to Kusto and documented nowhere"),
    ("infer_storage_schema", "reads a storage account"),
    ("infer_storage_schema_with_suggestions", "reads a storage account"),
    ("mysql_request", "queries another database"),
    ("postgresql_request", "queries another database"),
    ("python", "runs code of another language in the cluster's sandbox"),
    ("r", "runs code of another language in the cluster's sandbox"),
    ("sql_request", "queries another database"),
];

/// The page that lists them.
pub(super) const PAGE: &str = include_str!("refused.md");

/// Why the plugin of that name is refused, if it is.
pub(super) fn reason(name: &str) -> Option<&'static str> {
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_them_all() {
        for (name, reason) in REFUSED {
            assert!(PAGE.contains(&format!("| `{name}` | {reason} |")), "{name} is not in refused.md as it is here");
        }
    }
}
