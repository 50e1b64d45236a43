#!/usr/bin/env python3
"""Run queries with known answers through tallyho and through duckdb-kql, and print a table: tools/kql_peers.py SHARED TALLYHO

SHARED holds data/kql and tools/kql_compare.py, TALLYHO is the program. duckdb-kql runs in the Python that runs this
(`pip install duckdb-kql`); without it only tallyho is measured, and a line says so. Both get the same queries in the same run.
"""
import datetime, decimal, importlib.metadata, importlib.util, json, math, re, subprocess, sys, tempfile, uuid

SETS = ["recorded", "docs-examples", "loco"]


def timespan(span):
    """A duration as `[-][d.]hh:mm:ss[.fffffff]`."""
    micros = span // datetime.timedelta(microseconds=1)
    seconds, micros = divmod(abs(micros), 1_000_000)
    days, seconds = divmod(seconds, 86_400)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    sign = "-" if span < datetime.timedelta(0) else ""
    return sign + (f"{days}." if days else "") + text + (f".{micros:06}0" if micros else "")


def cell(value):
    """A value of DuckDB as `tallyho kql run --jsonl` would write it."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, datetime.datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S.%f}0Z".zfill(28)
    if isinstance(value, datetime.timedelta):
        return timespan(value)
    if isinstance(value, (list, tuple)):
        return [cell(element) for element in value]
    if isinstance(value, dict):
        return {name: cell(member) for name, member in value.items()}
    return float(value) if isinstance(value, decimal.Decimal) else str(value) if isinstance(value, (uuid.UUID, datetime.date)) else value


def duckdb_answers():
    """Cases as JSON lines come in, answers go out, until there are no more."""
    import duckdb_kql

    connection = duckdb_kql.connect()
    for line in sys.stdin:
        case = json.loads(line)
        answer = {"id": case["id"]}
        try:
            result = duckdb_kql.query(connection, case["query"])
            answer.update(columns=list(result.columns), rows=[[cell(value) for value in row] for row in result.fetchall()])
        except Exception as error:
            answer["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(answer, default=str), flush=True)


def answers(command, cases):
    """One answer a case; the program is started anew after a case that ends it."""
    found = {}
    while cases:
        lines = "".join(json.dumps({"id": case["id"], "query": case["query"]}) + "\n" for case in cases)
        done = subprocess.run(command, input=lines, text=True, capture_output=True)
        got = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
        found.update({answer["id"]: answer for answer in got})
        cases = cases[len(got) + 1 :]
    return found


def score(shared, name, found):
    """`right of all`, the share, and how the others fail."""
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
        file.writelines(json.dumps(answer) + "\n" for answer in found.values())
        file.flush()
        command = [sys.executable, f"{shared}/tools/kql_compare.py", f"{shared}/data/kql/{name}.jsonl", file.name]
        line = subprocess.run(command, text=True, capture_output=True, check=True).stdout.splitlines()[0]
    right, total = map(int, re.match(r"pass (\d+)/(\d+)", line).groups())
    refused = sum(int(count) for count in re.findall(r"(?:error|missing) (\d+)", line))
    share = 100 * right / max(total, 1)
    return f"{right} of {total} | {share:.1f} % | {refused} | {total - right - refused}"


def main():
    shared, tallyho = sys.argv[1:3]
    version = subprocess.run([tallyho, "--version"], text=True, capture_output=True).stdout.strip()
    peers = {version: [tallyho, "kql", "run", "--jsonl", "--now", "2026-01-01"]}
    if importlib.util.find_spec("duckdb_kql"):
        versions = [importlib.metadata.version(package) for package in ("duckdb-kql", "duckdb")]
        peers["duckdb-kql {} on DuckDB {}".format(*versions)] = [sys.executable, __file__, "--duckdb"]
    else:
        print("duckdb-kql is not installed in this Python: only tallyho is measured\n")
    print("| cases | engine | right | share | refused | wrong |\n|---|---|---:|---:|---:|---:|")
    for name in SETS:
        cases = [json.loads(line) for line in open(f"{shared}/data/kql/{name}.jsonl")]
        for peer, command in peers.items():
            print(f"| {name} | {peer} | {score(shared, name, answers(command, cases))} |", flush=True)


if __name__ == "__main__":
    duckdb_answers() if sys.argv[1:] == ["--duckdb"] else main()
