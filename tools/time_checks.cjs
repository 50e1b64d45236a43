#!/usr/bin/env node
/* How long Microsoft's parser and analyser (npm @kusto/language-service-next) takes to check queries: the other half of
 * crates/kql/examples/time_checks.rs.
 *
 * Install once:  mkdir -p ~/.cache/kql-oracle && cd ~/.cache/kql-oracle && npm init -y && npm install @kusto/language-service-next@12.4.1
 * Other place:   KQL_ORACLE_DIR=/path/with/node_modules
 *
 *   node tools/time_checks.cjs corpus.jsonl            the file holds JSON lines {"query": …}
 *
 * stdout: the time of each round, the first one cold; reading the file is not counted. Unknown tables are open, as in the other half.
 */
'use strict';
const fs = require('fs');
const path = require('path');
const dir = path.join(process.env.KQL_ORACLE_DIR || path.join(require('os').homedir(), '.cache/kql-oracle'), 'node_modules/@kusto/language-service-next');
global.Bridge = require(path.join(dir, 'bridge.js'));
require(path.join(dir, 'Kusto.Language.Bridge.js'));
const { Language } = global.Kusto;

const ROUNDS = 3;
const file = process.argv[2];
if (!file) { process.stderr.write('usage: time_checks.cjs FILE.jsonl\n'); process.exit(2); }
const queries = fs.readFileSync(file, 'utf8').split('\n').filter((line) => line.trim()).map((line) => JSON.parse(line).query);
const globals = Language.GlobalState.Default.WithDatabase(new Language.Symbols.DatabaseSymbol.$ctor3('db', null, [], true));
const count = (list) => (Array.isArray(list) ? list.length : list ? System.Array.getCount(list) : 0);

const parse = (query) => count(Language.KustoCode.Parse(query, globals).GetSyntaxDiagnostics());
const analyze = (query) => count(Language.KustoCode.ParseAndAnalyze(query, globals).GetDiagnostics());
process.stdout.write(`${queries.length} queries, ${queries.reduce((sum, query) => sum + Buffer.byteLength(query), 0)} bytes\n`);
for (const [what, check] of [['parse', parse], ['parse and analyze', analyze]]) {
  for (let round = 1; round <= ROUNDS; round += 1) {
    const start = process.hrtime.bigint();
    let found = 0, failed = 0;
    for (const query of queries) { try { if (check(query) > 0) found += 1; } catch { failed += 1; } }
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    process.stdout.write(`${what}, round ${round}: ${seconds.toFixed(3)} s, ${found} with diagnostics, ${failed} that it failed on\n`);
  }
}
