"""Runs commands from outside: wall time, processor time and peak memory of the whole process; and judges what they print."""
import collections
import csv
import io
import json
import os
import signal
import statistics
import subprocess
import tempfile
import threading
import time

csv.field_size_limit(1 << 27)


class Run:
    """One run of a command; its output stays in a file until it is judged."""

    def __init__(self, command, limit_s):
        self.out = tempfile.TemporaryFile()
        errors = tempfile.TemporaryFile()
        start = time.monotonic()
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.out, stderr=errors, start_new_session=True)
        late = threading.Event()

        def stop():
            late.set()
            os.killpg(process.pid, signal.SIGKILL)

        timer = threading.Timer(limit_s, stop)
        timer.start()
        _, status, usage = os.wait4(process.pid, 0)
        self.wall = time.monotonic() - start
        timer.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        self.cpu = usage.ru_utime + usage.ru_stime
        # The child cannot show less than what this process held when it was forked.
        self.rss_mb = usage.ru_maxrss / 1024
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
        self.failure = None
        if late.is_set():
            self.failure = f"stopped after {limit_s:.0f} s"
        elif process.returncode != 0:
            self.failure = f"exit {process.returncode}: {said.splitlines()[-1] if said else ''}"[:160]

    def text(self):
        self.out.seek(0)
        return io.TextIOWrapper(self.out, errors="replace", newline="")


class Contender:
    """A command, what its output must be, and its runs."""

    def __init__(self, name, command, judge):
        self.name, self.command, self.judge = name, command, judge
        self.runs, self.answer = [], ""

    def run(self, limit_s):
        run = Run(self.command, limit_s)
        self.runs.append(run)
        if len(self.runs) == 1:
            self.answer = run.failure or self.judge(run.text())
        run.out.close()
        return run

    def median(self, of):
        return statistics.median(getattr(run, of) for run in self.runs)


def interleave(contenders, runs, slow_s, limit_s, tell):
    """A B C, A B C …: what disturbs the machine disturbs all. One that is slow or fails is run once."""
    done = set()
    for turn in range(runs):
        for contender in contenders:
            if contender.name not in done:
                tell(f"{contender.name} ({turn + 1} of {runs})")
                run = contender.run(limit_s)
                if run.failure or run.wall > slow_s:
                    done.add(contender.name)


def verdict(found, expected, misses):
    """`exact`, or how the names that were found differ from those expected."""
    if found == expected:
        return "exact"
    hit = sum((found & expected).values())
    wrong = sum(count for name, count in (found - expected).items() if name in misses)
    other = sum((found - expected).values()) - wrong
    parts = [f"{hit} of {sum(expected.values())}"]
    parts += [f"{wrong} near-misses"] if wrong else []
    parts += [f"{other} others"] if other else []
    return ", ".join(parts)


def judged(names, truth, expected):
    """A judge of the names that `names` reads from an output."""
    expected, misses = collections.Counter(expected), set(truth["misses"])
    return lambda text: verdict(collections.Counter(names(text)), expected, misses)


def names_of_columns(text):
    """The third of some values between tabs."""
    return (line.rstrip("\n").split("\t")[2] for line in text)


def names_of_report(text):
    """What the sightings of a report were made of, each as often as it counts."""
    for sighting in json.load(text)["sightings"]:
        yield from [sighting["observed"]] * sighting["count"]


def names_of_csv(text):
    return (row["Name"] for row in csv.DictReader(text))


def names_of_lines(text):
    return (json.loads(line)["Name"] for line in text)


def rows_of(text, comma):
    """Rows as texts, however they are written; the first of those between commas has names."""
    rows = [row for row in csv.reader(text, delimiter="," if comma else "\t", quoting=csv.QUOTE_MINIMAL if comma else csv.QUOTE_NONE) if row]
    rows = rows[1:] if comma else rows
    return [[value.replace(":00.0000000Z", "").replace(" ", "") for value in row] for row in rows]


def same_rows(expected, comma):
    """A judge of rows that come in any order: the same, or how many."""
    wanted = sorted([str(value) for value in row] for row in expected)
    width = len(wanted[0])
    # Where several rows tie for the last place, any of them is right: their counts decide.
    counts = sorted(row[-1] for row in wanted)

    def judge(text):
        rows = sorted(row[:width] for row in rows_of(text, comma))
        if rows == wanted:
            return "exact"
        if sorted(row[-1] for row in rows) == counts:
            return "exact but for ties"
        return f"{len(rows)} rows, not those expected"

    return judge


def counted(text):
    return f"{sum(1 for _ in text)} rows"


def machine():
    model = "unknown processor"
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        with open("/proc/meminfo") as lines:
            memory = int(next(lines).split()[1]) / 1024 / 1024
    except (OSError, StopIteration):
        return f"{os.cpu_count()} x {model}"
    return f"{os.cpu_count()} x {model}, {memory:.0f} GiB"
