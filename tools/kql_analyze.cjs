#!/usr/bin/env node
/* What Microsoft's parser and analyser (npm @kusto/language-service-next) says of queries: the other half of
 * crates/kql/examples/check_queries.rs. tools/kql_agree.py compares the two.
 *
 * Install once:  mkdir -p ~/.cache/kql-oracle && cd ~/.cache/kql-oracle && npm init -y && npm install @kusto/language-service-next@12.4.1
 * Other place:   KQL_ORACLE_DIR=/path/with/node_modules
 *
 *   node tools/kql_analyze.cjs [SCHEMA.json] < queries.jsonl > analyzed.jsonl
 *
 * stdin: JSON lines {"id", "query"}. SCHEMA.json: {"Table": {"column": "type"}}, and no other tables; without it any table may be
 * named. stdout: JSON lines {"id", "syntax_ok", "ok", "diagnostics": [{"code", "severity", "message", "start", "length"}], "columns"},
 * places in UTF-16 units; {"id", "crash"} where the analyser itself fails.
 */
'use strict';
process.stdout.on('error', (e) => process.exit(e.code === 'EPIPE' ? 0 : 1));
const fs = require('fs');
const path = require('path');
const readline = require('readline');
const dir = path.join(process.env.KQL_ORACLE_DIR || path.join(require('os').homedir(), '.cache/kql-oracle'), 'node_modules/@kusto/language-service-next');
global.Bridge = require(path.join(dir, 'bridge.js'));
require(path.join(dir, 'Kusto.Language.Bridge.js'));
const { Language } = global.Kusto, { Symbols } = Language;

const array = (list) => Array.isArray(list) ? list : Array.from({ length: list ? System.Array.getCount(list) : 0 }, (_, i) => System.Array.getItem(list, i));
const quoted = (name) => `['${name.replace(/\\/g, '\\\\').replace(/'/g, "\\'")}']`;
const table = ([name, columns]) => Symbols.TableSymbol.From(`(${Object.entries(columns).map(([column, type]) => `${quoted(column)}: ${type}`).join(', ')})`).WithName(name);
const schema = process.argv[2] && JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const tables = Object.entries(schema || {}).filter(([name]) => !name.startsWith('$')).map(table);
const globals = Language.GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor3('db', null, tables, !schema));

const plain = (list) => array(list).map((d) => ({ code: d.Code, severity: d.Severity, message: d.Message, start: d.Start, length: d.Length }));
const isError = (d) => d.severity === 'Error';

function analyze({ id, query }) {
  try {
    const code = Language.KustoCode.ParseAndAnalyze(query, globals);
    // KS204: an unknown table, which is none where any table may be named.
    const diagnostics = plain(code.GetDiagnostics()).filter((d) => schema || d.code !== 'KS204');
    const type = code.ResultType, isTable = type && Bridge.is(type, Symbols.TableSymbol);
    const columns = isTable ? array(type.Columns).map((c) => ({ name: c.Name, type: c.Type ? c.Type.Name : 'unknown' })) : null;
    return { id, syntax_ok: !plain(code.GetSyntaxDiagnostics()).some(isError), ok: !diagnostics.some(isError), diagnostics, columns, open: Boolean(isTable && type.IsOpen) };
  } catch (error) {
    return { id, crash: String(error && (error.Message || error.message || error)) };
  }
}

readline.createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on('line', (line) => { if (line.trim()) process.stdout.write(JSON.stringify(analyze(JSON.parse(line))) + '\n'); });
