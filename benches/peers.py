"""What users would take instead: each peer's own best way to the same rows. `peers.py PEER FOLDER FILE CASE` prints them.

A hunt answers with the rows whose name is an indicator or lies below one, as time, host, name, addresses and type, latest first. For a
handful of indicators each peer tests every row; for lists it looks up the endings of the different names, and joins back.
"""
import json
import os
import sys

COLUMNS = ["TimeGenerated", "Computer", "Name", "IPAddresses", "QueryType"]
TYPES = dict.fromkeys(COLUMNS + ["ClientIP"], "VARCHAR") | {"TimeGenerated": "TIMESTAMP"}
FEW = 10


def show(rows):
    sys.stdout.writelines("\t".join(map(str, row)) + "\n" for row in rows)


def listed(folder, case):
    with open(os.path.join(folder, case + ".txt")) as lines:
        return lines.read().split()


def python(folder, file, case):
    wanted, found = set(listed(folder, case)), []
    with open(file, "rb") as lines:
        for line in lines:
            row = json.loads(line)
            name = row["Name"].lower().rstrip(".")
            while name and name not in wanted:
                name = name.partition(".")[2]
            if name:
                found.append([row[column] for column in COLUMNS])
    show(sorted(found, reverse=True))


def duckdb(folder, file, case):
    import duckdb as engine

    db = engine.connect()
    db.execute("SET TimeZone = 'UTC'")

    def source(columns):
        if file.endswith(".parquet"):
            return f"read_parquet('{file}')"
        if file.endswith(".csv"):
            return f"read_csv('{file}')"
        return f"read_json('{file}', format='newline_delimited', columns={ {name: TYPES[name] for name in columns} })"

    if case in DUCKDB:
        columns, query = DUCKDB[case]
        return show(db.execute(query.format(source(columns), assets=f"read_csv('{folder}/assets.csv')")).fetchall())
    names, wanted, table = ", ".join(COLUMNS), listed(folder, case), source(COLUMNS)
    if len(wanted) <= FEW:
        pattern = "|".join(name.replace(".", "\\.") for name in wanted)
        test = f"regexp_matches(Name, '(^|\\.)({pattern})\\.?$', 'i')"
        return show(db.execute(f"SELECT {names} FROM {table} WHERE {test} ORDER BY 1 DESC").fetchall())
    db.execute(f"CREATE TABLE wanted AS SELECT * FROM read_csv('{folder}/{case}.txt', header=false, columns={{'ending': 'VARCHAR'}})")
    if not file.endswith(".parquet"):
        db.execute(f"CREATE TEMP TABLE rows AS SELECT {names} FROM {table}")
        table = "rows"
    show(
        db.execute(
            f"""WITH names AS (SELECT Name, string_split(lower(rtrim(Name, '.')), '.') AS labels FROM (SELECT DISTINCT Name FROM {table})),
            endings AS (SELECT Name, unnest(list_transform(range(1, len(labels)), lambda place: array_to_string(labels[place:], '.'))) AS ending FROM names),
            hit AS (SELECT DISTINCT Name FROM endings SEMI JOIN wanted USING (ending))
            SELECT {names} FROM {table} SEMI JOIN hit USING (Name) ORDER BY TimeGenerated DESC"""
        ).fetchall()
    )


DUCKDB = {
    "summarize": (["TimeGenerated", "QueryType"], "SELECT strftime(time_bucket(INTERVAL 1 HOUR, TimeGenerated), '%Y-%m-%dT%H:%M'), QueryType, count(*) FROM {} GROUP BY ALL"),
    "dcount": (["Computer", "Name"], "SELECT Computer, count(DISTINCT Name) n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 10"),
    "contains": (["ClientIP", "Name"], "SELECT ClientIP, count(*) n FROM {} WHERE contains(lower(Name), 'mail') GROUP BY ALL ORDER BY n DESC LIMIT 20"),
    "split": (["Name"], "SELECT split_part(Name, '.', -2) || '.' || split_part(Name, '.', -1) s, count(*) n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 20"),
    "parse": (["Name"], "SELECT CASE WHEN contains(Name, '.') THEN substr(Name, position('.' IN Name) + 1) ELSE '' END s, count(*) n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 20"),
    "join": (["ClientIP"], "SELECT Department, count(*) n FROM {} JOIN {assets} USING (ClientIP) GROUP BY ALL"),
    "series": (["TimeGenerated", "QueryType"], """SELECT QueryType, list(coalesce(n, 0) ORDER BY h) FROM (SELECT DISTINCT QueryType FROM {0})
        CROSS JOIN (SELECT unnest(generate_series(TIMESTAMP '2026-07-20', TIMESTAMP '2026-07-20 23:00', INTERVAL 1 HOUR)) h)
        LEFT JOIN (SELECT QueryType, time_bucket(INTERVAL 1 HOUR, TimeGenerated) h, count(*) n FROM {0} GROUP BY ALL) USING (QueryType, h) GROUP BY ALL"""),
}


def polars(folder, file, case):
    import polars as pl

    text = dict.fromkeys(COLUMNS + ["ClientIP"], pl.String)
    if file.endswith(".parquet"):
        frame = pl.scan_parquet(file)
    elif file.endswith(".csv"):
        frame = pl.scan_csv(file, schema_overrides=text)
    else:
        frame = pl.scan_ndjson(file, schema=text)
    name, run = pl.col("Name"), lambda lazy: lazy.collect(engine="streaming")
    in_text = not file.endswith(".parquet")
    hour = pl.col("TimeGenerated").str.slice(0, 13) + ":00" if in_text else pl.col("TimeGenerated").dt.truncate("1h").dt.strftime("%Y-%m-%dT%H:%M")
    labels, top = name.str.split("."), lambda lazy: lazy.sort("len", descending=True).head(20)
    analytics = {
        "summarize": lambda: frame.group_by(hour.alias("h"), "QueryType").len(),
        "dcount": lambda: frame.group_by("Computer").agg(name.n_unique()).sort("Name", descending=True).head(10),
        "contains": lambda: top(frame.filter(name.str.to_lowercase().str.contains("mail", literal=True)).group_by("ClientIP").len()),
        "split": lambda: top(frame.select(pl.concat_str(labels.list.get(-2, null_on_oob=True).fill_null(""), pl.lit("."), labels.list.get(-1)).alias("s")).group_by("s").len()),
        "parse": lambda: top(frame.select(name.str.splitn(".", 2).struct.field("field_1").fill_null("").alias("s")).group_by("s").len()),
        "join": lambda: frame.join(pl.scan_csv(f"{folder}/assets.csv"), on="ClientIP").group_by("Department").len(),
    }
    if case in analytics:
        return show(run(analytics[case]()).iter_rows())
    frame, wanted = frame.select(COLUMNS), listed(folder, case)
    lower = name.str.to_lowercase().str.strip_chars_end(".")
    if len(wanted) <= FEW:
        test = pl.any_horizontal([(lower == bad) | lower.str.ends_with("." + bad) for bad in wanted])
        return show(run(frame.filter(test).sort("TimeGenerated", descending=True)).iter_rows())
    if in_text:
        frame = run(frame).lazy()
    left, hits, bad = run(frame.select(name.unique())).with_columns(lower.alias("ending")), [], pl.DataFrame({"ending": wanted})
    while left.height:
        hits.append(left.join(bad, on="ending", how="semi")["Name"])
        left = left.filter(pl.col("ending").str.contains(".", literal=True)).with_columns(pl.col("ending").str.replace(r"^[^.]*\.", ""))
    hits = pl.LazyFrame({"Name": pl.concat(hits).unique()})
    show(run(frame.join(hits, on="Name", how="semi").sort("TimeGenerated", descending=True)).iter_rows())


def chdb(folder, file, case):
    from chdb import session

    db = session.Session()
    columns = "TimeGenerated DateTime64(3,'UTC'), Computer LowCardinality(String), ClientIP LowCardinality(String), Name String, QueryType LowCardinality(String), IPAddresses String"
    db.query("SET date_time_input_format = 'best_effort'")
    db.query("SET input_format_skip_unknown_fields = 1")
    kind = "Parquet" if file.endswith(".parquet") else "CSVWithNames" if file.endswith(".csv") else "JSONEachRow"
    table = "file('%s', '%s', '%s')" % (file, kind, columns.replace("'", "\\'"))
    out = lambda query: sys.stdout.write(db.query(query, "TSV").data())
    if case in CHDB:
        return out(CHDB[case].format(table, assets=f"file('{folder}/assets.csv', 'CSVWithNames')"))
    names, wanted = ", ".join(COLUMNS), listed(folder, case)
    if len(wanted) <= FEW:
        quoted = ",".join(f"'{name}'" for name in wanted)
        test = " OR ".join(f"n = '{name}' OR endsWith(n, '.{name}')" for name in wanted)
        return out(f"WITH lower(trimRight(Name, '.')) AS n SELECT {names} FROM {table} WHERE multiSearchAnyCaseInsensitive(Name, [{quoted}]) AND ({test}) ORDER BY TimeGenerated DESC")
    db.query("CREATE TABLE wanted (ending String) ENGINE = Set")
    db.query(f"INSERT INTO wanted SELECT * FROM file('{folder}/{case}.txt', 'TSV', 'ending String')")
    if kind != "Parquet":
        db.query(f"CREATE TABLE rows ({columns}) ENGINE = Memory")
        db.query(f"INSERT INTO rows SELECT TimeGenerated, Computer, ClientIP, Name, QueryType, IPAddresses FROM {table}")
        table = "rows"
    out(
        f"""SELECT {names} FROM {table} WHERE Name IN (SELECT Name FROM (SELECT Name, arrayJoin(arrayMap(at -> arrayStringConcat(arraySlice(labels, at), '.'), range(1, length(labels)))) AS ending
        FROM (SELECT Name, splitByChar('.', lower(trimRight(Name, '.'))) AS labels FROM (SELECT DISTINCT Name FROM {table}))) WHERE ending IN wanted) ORDER BY TimeGenerated DESC"""
    )


CHDB = {
    "summarize": "SELECT formatDateTime(toStartOfHour(TimeGenerated), '%Y-%m-%dT%H:%i') h, QueryType, count() FROM {} GROUP BY ALL",
    "dcount": "SELECT Computer, uniqExact(Name) n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 10",
    "contains": "SELECT ClientIP, count() n FROM {} WHERE Name ILIKE '%mail%' GROUP BY ALL ORDER BY n DESC LIMIT 20",
    "split": "SELECT concat(splitByChar('.', Name)[-2], '.', splitByChar('.', Name)[-1]) s, count() n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 20",
    "parse": "SELECT if(position(Name, '.') > 0, substring(Name, position(Name, '.') + 1), '') s, count() n FROM {} GROUP BY ALL ORDER BY n DESC LIMIT 20",
    "join": "SELECT Department, count() FROM {} t JOIN {assets} a USING (ClientIP) GROUP BY ALL",
    "series": "SELECT QueryType, arrayMap(x -> x.2, arraySort(groupArray((h, n)))) FROM (SELECT QueryType, toStartOfHour(TimeGenerated) h, count() n FROM {} GROUP BY ALL ORDER BY QueryType, h WITH FILL) GROUP BY ALL",
}


def duckdb_kql(folder, file, case):
    import duckdb_kql as engine

    db = engine.connect()
    db.execute("SET TimeZone = 'UTC'")
    columns = {name: TYPES[name] for name in COLUMNS + ["ClientIP"]}
    source = f"read_parquet('{file}')" if file.endswith(".parquet") else f"read_json('{file}', format='newline_delimited', columns={columns})"
    db.execute(f"CREATE VIEW DnsEvents AS SELECT * FROM {source}")
    with open(os.path.join(folder, case + ".kql")) as text:
        show(engine.query(db, text.read()).fetchall())


if __name__ == "__main__":
    globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
