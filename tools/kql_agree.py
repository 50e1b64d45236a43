#!/usr/bin/env python3
"""How far our checker agrees with Microsoft's analyser on the same queries, and where it does not.

    node tools/kql_analyze.cjs SCHEMA.json < queries.jsonl > theirs.jsonl
    cargo run --release -p tallyho-kql --example check_queries -- SCHEMA.json < queries.jsonl > ours.jsonl
    tools/kql_agree.py queries.jsonl theirs.jsonl ours.jsonl [--show syntax|ok|place|columns] [--limit N]

Prints four figures: accepted or refused alike by the grammar (syntax), and with names and types (ok); the first error of a text
that both grammars refuse within 3 characters (place); result columns alike, names and types, where both accept (columns).
Management commands are left out: ours are recognized, and not read any further.
--show lists the queries behind a figure, grouped by what Microsoft or we say first.
"""
import argparse
import collections
import json
import re

COMMAND = re.compile(r"(?:\s+|//[^\n]*(?:\n|$))*+\.")

parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
parser.add_argument("queries")
parser.add_argument("theirs")
parser.add_argument("ours")
parser.add_argument("--show", choices=["syntax", "ok", "place", "columns"])
parser.add_argument("--limit", type=int, default=5, help="queries shown of each group")
args = parser.parse_args()


def lines(path):
    with open(path, encoding="utf-8") as file:
        return {answer["id"]: answer for answer in map(json.loads, file)}


def errors(answer):
    return [d for d in answer["diagnostics"] if d["severity"].lower() == "error"]


def first(answer):
    return min(errors(answer), key=lambda d: d["start"], default=None)


def shape(answer):
    return [(column["name"], column["type"]) for column in answer["columns"] or []]


def said(who, answer):
    found = first(answer)
    return f"{who} {found['code']} {found['message']}" if found else f"{who} nothing"


queries, theirs, ours = lines(args.queries), lines(args.theirs), lines(args.ours)
compared = [key for key in queries if key in ours and key in theirs and not COMMAND.match(queries[key]["query"])]
both = [key for key in compared if "crash" not in theirs[key]]
misses = collections.defaultdict(lambda: collections.defaultdict(list))
totals = collections.Counter()


def count(figure, key, agrees, why):
    totals[figure] += 1
    if not agrees:
        misses[figure][why].append(key)


for key in both:
    their, our = theirs[key], ours[key]
    refuser = ("theirs", their) if not their["ok"] and our["ok"] else ("ours", our)
    count("syntax", key, their["syntax_ok"] == our["syntax_ok"], said(*(("theirs", their) if our["syntax_ok"] else ("ours", our))))
    count("ok", key, their["ok"] == our["ok"], said(*refuser))
    if not their["syntax_ok"] and not our["syntax_ok"]:
        distance = abs(first(their)["start"] - first(our)["start"])
        count("place", key, distance <= 3, said("theirs", their))
    if their["ok"] and our["ok"] and their["columns"] is not None and not their.get("open") and not our.get("open"):
        wrong = next((f"theirs {a}, ours {b}" for a, b in zip(shape(their), shape(our)) if a != b), None)
        if wrong is None and len(shape(their)) != len(shape(our)):
            wrong = f"theirs {len(shape(their))} columns, ours {len(shape(our))}"
        count("columns", key, wrong is None, wrong)

commands = sum(bool(COMMAND.match(query["query"])) for query in queries.values())
print(f"{len(both)} queries; {len(compared) - len(both)} on which the analyser fails and {commands} management commands left out")
for figure in ["syntax", "ok", "place", "columns"]:
    missed = sum(map(len, misses[figure].values()))
    rate = 100 * (totals[figure] - missed) / max(totals[figure], 1)
    print(f"{figure:8} {totals[figure] - missed:6}/{totals[figure]:<6} {rate:6.2f} %")
for why, keys in sorted(misses[args.show].items(), key=lambda item: -len(item[1])) if args.show else []:
    print(f"\n{len(keys):4}  {why[:200]}")
    for key in keys[: args.limit]:
        their, our = theirs[key], ours[key]
        at = (first(their) or first(our) or {"start": 0})["start"]
        text = queries[key]["query"].encode("utf-16-le")
        around = text[2 * max(at - 60, 0) : 2 * (at + 60)].decode("utf-16-le", "replace").replace("\n", " ")
        print(f"      {key}\n        {said('theirs', their)} at {(first(their) or {}).get('start')}")
        print(f"        {said('ours', our)} at {(first(our) or {}).get('start')}\n        …{around}…")
