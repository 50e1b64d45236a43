"""Drive `tallyho kql lsp` with a real client of the Language Server Protocol: pytest-lsp.

    python3 -m venv venv
    venv/bin/pip install pytest-lsp
    TALLYHO=target/debug/tallyho venv/bin/pytest -q tools/lsp_client.py

TALLYHO is the program to test; without it, the one on the PATH.
"""

import os

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

URI = "file:///queries/q.kql"
PROGRAM = os.path.abspath(os.environ["TALLYHO"]) if "TALLYHO" in os.environ else "tallyho"
pytestmark = pytest.mark.asyncio


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[PROGRAM, "kql", "lsp"]))
async def client(lsp_client: LanguageClient):
    params = types.InitializeParams(capabilities=client_capabilities("visual-studio-code"))
    result = await lsp_client.initialize_session(params)
    assert result.server_info.name == "tallyho"
    yield
    await lsp_client.shutdown_session()


async def opened(client, text):
    """Opens the text and waits for what is wrong with it: code and place of each mistake."""
    document = types.TextDocumentItem(uri=URI, language_id="kql", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=document))
    return await told(client)


async def told(client):
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return [(found.code, found.range.start.line, found.range.start.character) for found in client.diagnostics[URI]]


def place(line, character):
    return {"text_document": types.TextDocumentIdentifier(uri=URI), "position": types.Position(line=line, character=character)}


async def test_mistakes_are_told_on_open_and_change(client: LanguageClient):
    query = "DnsEvents\n| where TimeGenerated > ago(1h)\n| where Name == '😀' and nope(1)"
    assert await opened(client, query) == [("K0103", 2, 25)]
    whole = types.TextDocumentContentChangeWholeDocument(text="DnsEvents | wher Name")
    document = types.VersionedTextDocumentIdentifier(uri=URI, version=2)
    client.text_document_did_change(types.DidChangeTextDocumentParams(text_document=document, content_changes=[whole]))
    assert await told(client) == [("K0006", 0, 12)]
    start, end = types.Position(line=0, character=16), types.Position(line=0, character=21)
    part = types.TextDocumentContentChangePartial(range=types.Range(start=start, end=end), text="e TimeGenerated > ago(1h)")
    document = types.VersionedTextDocumentIdentifier(uri=URI, version=3)
    client.text_document_did_change(types.DidChangeTextDocumentParams(text_document=document, content_changes=[part]))
    assert await told(client) == []


async def test_completion_offers_the_columns_that_fit(client: LanguageClient):
    await opened(client, "DnsEvents | where Cli")
    result = await client.text_document_completion_async(types.CompletionParams(**place(0, 21)))
    first = min(result.items, key=lambda item: item.sort_text)
    assert (first.label, first.kind) == ("ClientIP", types.CompletionItemKind.Field)
    assert first.text_edit.range.start.character == 18


async def test_hover_tells_what_a_word_means(client: LanguageClient):
    await opened(client, "DnsEvents | where strlen(Name) > 1")
    hover = await client.text_document_hover_async(types.HoverParams(**place(0, 20)))
    assert hover.contents.kind == types.MarkupKind.Markdown and "strlen(" in hover.contents.value
    assert await client.text_document_hover_async(types.HoverParams(**place(0, 31))) is None


async def test_a_name_leads_to_its_let(client: LanguageClient):
    await opened(client, "let recent = DnsEvents | take 5;\nrecent | count")
    found = await client.text_document_definition_async(types.DefinitionParams(**place(1, 3)))
    assert (found.uri, found.range.start, found.range.end) == (
        URI, types.Position(line=0, character=4), types.Position(line=0, character=10),
    )


async def test_a_text_is_formatted(client: LanguageClient):
    await opened(client, "print a=1|where a==1")
    options = types.FormattingOptions(tab_size=4, insert_spaces=True)
    params = types.DocumentFormattingParams(text_document=types.TextDocumentIdentifier(uri=URI), options=options)
    (edit,) = await client.text_document_formatting_async(params)
    assert edit.new_text == "print a = 1 | where a == 1\n"
