//! `tallyho kql lsp`, spoken to as an editor does: messages of the protocol over stdin and stdout.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::World;

const URI: &str = "file:///queries/q.kql";

/// An editor with one server.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last_id: u64,
}

impl Editor {
    /// Starts a server and shakes hands with it.
    fn start(world: &World, args: &[&str]) -> (Editor, Value) {
        let mut command = world.command(&[&["kql", "lsp", "--now", "2026-05-20"], args].concat());
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("started");
        let (input, output) = (server.stdin.take().expect("a pipe"), server.stdout.take().expect("a pipe"));
        let mut editor = Editor { server, input, output: BufReader::new(output), last_id: 0 };
        let capabilities = editor.ask("initialize", json!({"processId": null, "rootUri": null, "capabilities": {}}));
        editor.tell("initialized", json!({}));
        (editor, capabilities)
    }

    fn write(&mut self, message: Value) {
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len()).expect("written");
        self.input.flush().expect("written");
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.output.read_line(&mut line).expect("a header");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse().expect("a length"),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).expect("a message");
        serde_json::from_slice(&body).expect("JSON")
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Asks, and reads on to the answer: the whole of it if it is an error.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last_id += 1;
        let id = self.last_id;
        self.write(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        let answer = self.read();
        assert_eq!(answer["id"], json!(id), "{answer}");
        if answer.get("error").is_some() { answer["error"].clone() } else { answer["result"].clone() }
    }

    /// Asks about a place in the text.
    fn at(&mut self, method: &str, line: u32, character: u32) -> Value {
        self.ask(method, json!({"textDocument": {"uri": URI}, "position": {"line": line, "character": character}}))
    }

    /// Opens a text: what is wrong with it.
    fn open(&mut self, text: &str) -> Vec<String> {
        self.tell("textDocument/didOpen", json!({"textDocument": {"uri": URI, "languageId": "kql", "version": 1, "text": text}}));
        self.diagnostics()
    }

    fn diagnostics(&mut self) -> Vec<String> {
        let message = self.read();
        assert_eq!(message["method"], "textDocument/publishDiagnostics", "{message}");
        assert_eq!(message["params"]["uri"], URI);
        let found = message["params"]["diagnostics"].as_array().expect("a list").iter();
        found
            .map(|it| format!("{} {} {}", range(&it["range"]), it["code"].as_str().unwrap_or_default(), it["severity"]))
            .collect()
    }

    fn end(mut self, with_shutdown: bool) -> Option<i32> {
        if with_shutdown {
            assert_eq!(self.ask("shutdown", Value::Null), Value::Null);
        }
        self.tell("exit", Value::Null);
        self.server.wait().expect("ended").code()
    }
}

/// `line:unit-line:unit`, from 0.
fn range(range: &Value) -> String {
    let place = |end: &str| format!("{}:{}", range[end]["line"], range[end]["character"]);
    format!("{}-{}", place("start"), place("end"))
}

#[test]
fn mistakes_are_told_when_a_text_opens_and_changes() {
    let world = World::new();
    let (mut editor, started) = Editor::start(&world, &[]);
    assert_eq!(started["serverInfo"]["name"], "tallyho");
    // The smiley is two UTF-16 units, four bytes.
    assert_eq!(
        editor.open("DnsEvents // 😀\n| where Nam == '😀' and nope(1)"),
        ["0:0-0:9 K0901 2", "1:8-1:11 K0918 2", "1:24-1:28 K0103 1"]
    );
    let change = json!({
        "textDocument": {"uri": URI, "version": 2},
        "contentChanges": [
            {"range": {"start": {"line": 1, "character": 24}, "end": {"line": 1, "character": 31}}, "text": "TimeGenerated > ago(1h)"},
            {"range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 11}}, "text": "e"},
        ],
    });
    editor.tell("textDocument/didChange", change);
    assert_eq!(editor.diagnostics(), Vec::<String>::new());
    editor.tell(
        "textDocument/didChange",
        json!({"textDocument": {"uri": URI, "version": 3}, "contentChanges": [{"text": "T | wher"}]}),
    );
    assert_eq!(editor.diagnostics(), ["0:4-0:8 K0006 1"]);
    editor.tell("textDocument/didClose", json!({"textDocument": {"uri": URI}}));
    assert_eq!(editor.diagnostics(), Vec::<String>::new());
    assert_eq!(editor.end(true), Some(0));
}

#[test]
fn places_are_completed_explained_and_followed() {
    let world = World::new();
    world.write("functions/servers.kql", "(least: long) { print n = least }");
    let (mut editor, _) = Editor::start(&world, &["--functions", "functions", "--no-lint"]);
    assert!(
        editor
            .open("let recent = DnsEvents | where TimeGenerated > ago(1h);\nrecent | where ClientIP == '' and strlen(Name) > 1; servers(3)")
            .is_empty()
    );
    let offered = editor.at("textDocument/completion", 1, 18);
    let first = &offered["items"][0];
    assert_eq!((&first["label"], &first["textEdit"]["newText"]), (&json!("ClientIP"), &json!("ClientIP")));
    assert_eq!(range(&first["textEdit"]["range"]), "1:15-1:18");
    let hover = editor.at("textDocument/hover", 1, 36);
    assert!(hover["contents"]["value"].as_str().expect("text").contains("strlen("), "{hover}");
    assert_eq!(range(&hover["range"]), "1:34-1:40");
    let hover = editor.at("textDocument/hover", 1, 54);
    assert!(hover["contents"]["value"].as_str().expect("text").contains("servers(least: long)"), "{hover}");
    let declared = editor.at("textDocument/definition", 1, 2);
    assert_eq!((&declared["uri"], range(&declared["range"])), (&json!(URI), "0:4-0:10".to_owned()));
    assert_eq!(editor.at("textDocument/definition", 0, 15), Value::Null);
    assert_eq!(editor.at("textDocument/rename", 0, 0)["code"], -32601);
    assert_eq!(editor.ask("textDocument/hover", json!({"uri": 1}))["code"], -32602);
    assert_eq!(editor.end(true), Some(0));
}

#[test]
fn a_text_is_formatted_unless_it_is_broken() {
    let world = World::new();
    let (mut editor, _) = Editor::start(&world, &["--no-lint"]);
    let format = |editor: &mut Editor| {
        editor.ask(
            "textDocument/formatting",
            json!({"textDocument": {"uri": URI}, "options": {"tabSize": 4, "insertSpaces": true}}),
        )
    };
    editor.open("print a=1|where a==1 // é\n");
    let edits = format(&mut editor);
    assert_eq!(edits[0]["newText"], "print a = 1 | where a == 1 // é\n");
    assert_eq!(range(&edits[0]["range"]), "0:0-1:0");
    editor.open("print a = 1\n");
    assert_eq!(format(&mut editor), json!([]));
    editor.open("print (");
    assert_eq!(format(&mut editor), Value::Null);
    assert_eq!(editor.end(false), Some(1), "an exit without a shutdown");
}
