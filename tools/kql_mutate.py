#!/usr/bin/env python3
"""Queries with one word deleted, doubled or swapped with the next: what people mistype, for a comparison of two parsers.

    tools/kql_mutate.py queries.jsonl COUNT [SEED] > mutated.jsonl

In and out: JSON lines {"id", "query"}. The same arguments give the same queries.
"""
import json
import random
import re
import sys

if len(sys.argv) < 3:
    sys.exit(__doc__)
WORD = re.compile(r"//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|[A-Za-z_$][\w$]*|\d[\w.]*|[!<>=]=|=[~>]|!~|\.\.|\S")
with open(sys.argv[1], encoding="utf-8") as file:
    queries = [json.loads(line) for line in file]
chance = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
for number in range(int(sys.argv[2])):
    source = chance.choice(queries)
    words = list(WORD.finditer(source["query"]))
    if len(words) < 3:
        continue
    at = chance.randrange(len(words) - 1)
    one, two = words[at], words[at + 1]
    text, how = source["query"], chance.choice(["delete", "double", "swap"])
    if how == "delete":
        text = text[: one.start()] + text[one.end() :]
    elif how == "double":
        text = text[: one.end()] + " " + one.group() + text[one.end() :]
    else:
        text = text[: one.start()] + two.group() + text[one.end() : two.start()] + one.group() + text[two.end() :]
    print(json.dumps({"id": f"{number}-{how}-{source['id']}", "query": text}))
