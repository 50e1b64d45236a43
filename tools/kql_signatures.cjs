#!/usr/bin/env node
/* Asks Microsoft's analyser (npm @kusto/language-service-next) what every operator, function and aggregation function takes and gives.
 *
 * Install once:  mkdir -p ~/.cache/kql-oracle && cd ~/.cache/kql-oracle && npm init -y && npm install @kusto/language-service-next@12.4.1
 * Other place:   KQL_ORACLE_DIR=/path/with/node_modules
 *
 *   node tools/kql_signatures.cjs | cargo run -p tallyho-kql --example compare_signatures
 *
 * stdout: one call a line, tab-separated: kind (operator, function, aggregate), name, one letter for each argument's type, 1 for each
 * argument that is a constant and 0 for each column, the result's types, the codes of the errors.
 */
'use strict';
process.stdout.on('error', (e) => process.exit(e.code === 'EPIPE' ? 0 : 1));
const path = require('path');
const dir = path.join(process.env.KQL_ORACLE_DIR || path.join(require('os').homedir(), '.cache/kql-oracle'), 'node_modules/@kusto/language-service-next');
global.Bridge = require(path.join(dir, 'bridge.js'));
require(path.join(dir, 'Kusto.Language.Bridge.js'));
const { Language } = global.Kusto, { Symbols } = Language;

const TYPES = { b: 'bool', d: 'datetime', c: 'decimal', y: 'dynamic', g: 'guid', i: 'int', l: 'long', r: 'real', s: 'string', t: 'timespan' };
const CONSTANTS = { b: 'true', d: 'datetime(2020-01-01)', c: 'decimal(1)', y: 'dynamic([1])', g: 'guid(74be27de-1e4e-49d9-b579-fe0b331d3642)', i: 'int(1)', l: '1', r: '1.5', s: "'a'", t: '1h' };
const LETTERS = Object.keys(TYPES);
const array = (list) => Array.isArray(list) ? list : Array.from({ length: list ? System.Array.getCount(list) : 0 }, (_, i) => System.Array.getItem(list, i));
const table = Symbols.TableSymbol.From(`(${LETTERS.map((l) => `${l}: ${TYPES[l]}`).join(', ')})`).WithName('T');
const globals = Language.GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor3('db', null, [table], false));

function ask(kind, name, letters, constants, query) {
  let code;
  try { code = Language.KustoCode.ParseAndAnalyze(query, globals); } catch { return; } // The analyser itself fails on some constants.
  const errors = array(code.GetDiagnostics()).filter((d) => d.Severity === 'Error').map((d) => d.Code);
  const type = code.ResultType, columns = type && Bridge.is(type, Symbols.TableSymbol) ? array(type.Columns).map((c) => c.Type.Name) : [];
  process.stdout.write([kind, name, letters, constants, columns.join(','), errors.join('+')].join('\t') + '\n');
}

const LISTS = ['in', '!in', 'in~', '!in~', 'has_any', 'has_all'];
const OPERATORS = ['+', '-', '*', '/', '%', '==', '!=', '<', '<=', '>', '>=', '=~', '!~', 'and', 'or', 'has', '!has', 'has_cs', 'hasprefix', 'hassuffix', 'contains', 'contains_cs', 'startswith', 'endswith', 'matches regex', 'like', ...LISTS];
for (const op of OPERATORS) {
  for (const a of LETTERS) for (const b of LETTERS) ask('operator', op, a + b, '00', `T | project ${a} ${op} ${LISTS.includes(op) ? `(${b})` : b}`);
}

function* combinations(n) {
  if (n === 0) yield '';
  else for (const rest of combinations(n - 1)) for (const letter of LETTERS) yield rest + letter;
}
/** All types for up to two arguments; for more, all types for each argument while the others keep what they are declared as. */
function* choices(parameters, n) {
  if (n <= 2) { yield* combinations(n); return; }
  const base = parameters.slice(0, n).map((p) => LETTERS.find((l) => array(p.DeclaredTypes).some((t) => t.Name === TYPES[l])) || (/Dynamic/.test(System.Enum.toString(Symbols.ParameterTypeKind, p.TypeKind)) ? 'y' : 'l'));
  for (let i = 0; i < n; i++) for (const letter of LETTERS) yield base.map((b, j) => (i === j ? letter : b)).join('');
}
for (const [kind, functions, operator] of [['function', Language.Functions.All, 'project'], ['aggregate', Language.Aggregates.All, 'summarize']]) {
  for (const f of array(functions)) {
    const seen = new Set();
    for (const signature of array(f.Signatures)) {
      const declared = array(signature.Parameters), sum = (key) => declared.reduce((total, p) => total + p[key], 0);
      for (let n = sum('MinOccurring'); n <= Math.min(sum('MaxOccurring'), Math.max(sum('MinOccurring'), 4)); n++) {
        const parameters = Array.from({ length: n }, (_, i) => declared[Math.min(i, declared.length - 1)]);
        const argument = (p) => System.Enum.toString(Symbols.ArgumentKind, p.ArgumentKind), isType = (p) => array(p.DeclaredTypes).some((t) => t.Name === 'type');
        const constant = (p) => isType(p) || /Constant|Literal/.test(argument(p)) ? '1' : '0', constants = parameters.map(constant).join('');
        const how = parameters.map((p, i) => (isType(p) ? 't' : constants[i])).join('');
        if (seen.has(how)) continue;
        seen.add(how);
        for (const letters of choices(parameters, n)) {
          const text = parameters.map((p, i) => (isType(p) ? `typeof(${TYPES[letters[i]]})` : constants[i] === '0' ? letters[i] : letters[i] === 's' && array(p.Values).length ? `'${array(p.Values)[0]}'` : CONSTANTS[letters[i]]));
          ask(kind, f.Name, letters, how, `T | ${operator} ${f.Name}(${text.join(', ')})`);
        }
      }
    }
  }
}
