//! A language server for KQL over stdin and stdout.
//!
//! In: an editor's messages (Language Server Protocol 3.17). Out: diagnostics of each open text, answers about places in it, and
//! how the program ends. A file is one query. What is said about a query is the `kql` crate's; places are turned into lines and
//! UTF-16 units here ([`document`]).

mod document;
mod feature;

use std::collections::BTreeMap;

use kql::catalog::Workspace;
use lsp_server::{Connection, ErrorCode, Message, Notification, ProtocolError, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{Completion, Formatting, GotoDefinition, HoverRequest, Request as _};
use lsp_types::{
    CompletionOptions, HoverProviderCapability, InitializeResult, OneOf, PublishDiagnosticsParams, ServerCapabilities,
    ServerInfo, TextDocumentPositionParams, TextDocumentSyncCapability, TextDocumentSyncKind,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::{Error, Exit};
use document::Document;

/// What texts are checked against.
pub struct Checks {
    /// What queries may name.
    pub workspace: Workspace,
    /// The time that `now()` means, in ticks.
    pub now: i64,
    /// Warnings are wanted too.
    pub lint: bool,
}

/// Serves one editor on stdin and stdout, until it says `exit` or closes them.
///
/// # Errors
/// The editor does not keep to the protocol, or the output cannot be written.
pub fn serve(checks: &Checks) -> Result<Exit, Error> {
    let (connection, threads) = Connection::stdio();
    let ended = Server { checks, connection: &connection, documents: BTreeMap::new() }.run();
    // The threads end once nobody can send any more.
    drop(connection);
    let joined = threads.join();
    let exit = ended.map_err(|error| Error::user(format!("the editor does not keep to the protocol: {error}")))?;
    joined?;
    Ok(exit)
}

struct Server<'a> {
    checks: &'a Checks,
    connection: &'a Connection,
    /// The open texts by their URI.
    documents: BTreeMap<String, Document>,
}

impl Server<'_> {
    fn run(&mut self) -> Result<Exit, ProtocolError> {
        let (id, _) = self.connection.initialize_start()?;
        let result = InitializeResult {
            capabilities: capabilities(),
            server_info: Some(ServerInfo { name: "tallyho".to_owned(), version: Some(env!("CARGO_PKG_VERSION").to_owned()) }),
        };
        self.connection.initialize_finish(id, serde_json::to_value(result).unwrap_or_default())?;
        while let Ok(message) = self.connection.receiver.recv() {
            match message {
                Message::Request(request) => {
                    if self.connection.handle_shutdown(&request)? {
                        return Ok(Exit::Ran);
                    }
                    let response = self.answer(request);
                    self.send(response.into());
                }
                // The protocol asks for 1 where no `shutdown` came before.
                Message::Notification(notification) if notification.method == "exit" => return Ok(Exit::Found),
                Message::Notification(notification) => self.notice(notification),
                // Nothing is ever asked of the editor.
                Message::Response(_) => {}
            }
        }
        Ok(Exit::Found)
    }

    /// An editor that is gone closes stdin too, which ends the loop.
    fn send(&self, message: Message) {
        let _ = self.connection.sender.send(message);
    }

    fn answer(&self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let workspace = &self.checks.workspace;
        let result = match method.as_str() {
            Completion::METHOD => self.at(params, |document, at| feature::completion(document, at, workspace)),
            HoverRequest::METHOD => self.at(params, |document, at| feature::hover(document, at, workspace)),
            GotoDefinition::METHOD => self.at(params, |document, at| feature::definition(document, at, workspace)),
            Formatting::METHOD => read::<lsp_types::DocumentFormattingParams>(params)
                .map(|params| self.document(&params.text_document.uri).map_or(Value::Null, feature::formatting)),
            _ => return Response::new_err(id, ErrorCode::MethodNotFound as i32, format!("there is no method {method}")),
        };
        match result {
            Ok(value) => Response::new_ok(id, value),
            Err(why) => Response::new_err(id, ErrorCode::InvalidParams as i32, why),
        }
    }

    /// What `feature` says about a place in an open text; nothing about texts that are not open.
    fn at(&self, params: Value, feature: impl Fn(&Document, usize) -> Value) -> Result<Value, String> {
        let params: TextDocumentPositionParams = read(params)?;
        let Some(document) = self.document(&params.text_document.uri) else { return Ok(Value::Null) };
        Ok(feature(document, document.offset(params.position)))
    }

    fn document(&self, uri: &lsp_types::Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    /// A notification that cannot be read has no answer: it is passed over, as the protocol has it.
    fn notice(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidOpenTextDocumentParams>(params) else { return };
                let item = params.text_document;
                self.documents.insert(item.uri.as_str().to_owned(), Document::new(item.uri, item.version, item.text));
            }
            DidChangeTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidChangeTextDocumentParams>(params) else { return };
                let Some(document) = self.documents.get_mut(params.text_document.uri.as_str()) else { return };
                params.content_changes.iter().for_each(|change| document.change(change));
                document.version = params.text_document.version;
            }
            DidCloseTextDocument::METHOD => {
                let Ok(params) = read::<lsp_types::DidCloseTextDocumentParams>(params) else { return };
                self.documents.remove(params.text_document.uri.as_str());
                return self.publish(PublishDiagnosticsParams::new(params.text_document.uri, Vec::new(), None));
            }
            _ => return,
        }
        self.publish_all();
    }

    /// Tells what is wrong with the texts that changed.
    fn publish_all(&mut self) {
        let mut found = Vec::new();
        for document in self.documents.values_mut().filter(|document| document.is_changed) {
            document.is_changed = false;
            let diagnostics = feature::diagnostics(document, self.checks);
            found.push(PublishDiagnosticsParams::new(document.uri.clone(), diagnostics, Some(document.version)));
        }
        found.into_iter().for_each(|params| self.publish(params));
    }

    fn publish(&self, params: PublishDiagnosticsParams) {
        self.send(Notification::new(PublishDiagnostics::METHOD.to_owned(), params).into());
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, String> {
    serde_json::from_value(params).map_err(|error| error.to_string())
}

fn capabilities() -> ServerCapabilities {
    let triggers = ["|", " ", "(", ".", "'", "$"].map(str::to_owned).to_vec();
    ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::INCREMENTAL)),
        completion_provider: Some(CompletionOptions { trigger_characters: Some(triggers), ..CompletionOptions::default() }),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        ..ServerCapabilities::default()
    }
}
