"""Runs commands from outside: wall time, processor time and peak memory of the whole process; and judges what they print."""
import collections
import contextlib
import csv
import io
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

csv.field_size_limit(1 << 27)


# A process shows at least the memory that the one had which started it: this one starts commands, and is small.
STARTER = """
import os, sys, time
start = time.monotonic()
child = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - start
told = os.fdopen(int(os.environ["TOLD"]), "w")
print(os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, file=told)
"""


class Run:
    """One run of a command; its output stays in a file until it is judged."""

    def __init__(self, command, limit_s):
        self.out = tempfile.TemporaryFile()
        errors, told = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        starter = subprocess.Popen(
            [sys.executable, "-S", "-I", "-c", STARTER, *command],
            stdin=subprocess.DEVNULL,
            stdout=self.out,
            stderr=errors,
            start_new_session=True,
            pass_fds=[told.fileno()],
            env={**os.environ, "TOLD": str(told.fileno())},
        )
        self.failure = None
        try:
            starter.wait(limit_s)
        except subprocess.TimeoutExpired:
            self.failure = f"stopped after {limit_s:.0f} s"
        finally:
            # However this ends, nothing goes on in the background.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(starter.pid, signal.SIGKILL)
            starter.wait()
        told.seek(0)
        code, self.wall, self.cpu, self.rss_mb = map(float, told.read().split() or (1, limit_s, limit_s, 0))
        errors.seek(0)
        said = errors.read().decode(errors="replace").strip()
        if code != 0 and not self.failure:
            self.failure = f"exit {code:.0f}: {said.splitlines()[-1] if said else ''}"[:160]

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
