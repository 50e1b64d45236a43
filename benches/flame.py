"""Flame graphs: where a command's processor time goes, as an SVG without scripts.

`perf record` samples the stacks of all its threads; equal stacks are put together. A box is a function, as wide as its share of the
samples, on top of the one that called it; what is drawn from left to right has no meaning in time. Resting on a box shows its name
and share.
"""
import html
import os
import re
import shutil
import subprocess
import tempfile

WIDTH, ROW, FONT = 1200, 16, 11
LEAST = 0.005  # of all samples: narrower boxes are left out
HERTZ = 997


def available():
    return shutil.which("perf") is not None


def write(path, title, command):
    """Runs `command` under perf and draws the flame graph of it. Returns an error's text, or None."""
    with tempfile.TemporaryDirectory() as folder:
        data = os.path.join(folder, "perf.data")
        record = ["perf", "--buildid-dir", folder, "record", "-q", "-F", str(HERTZ), "--call-graph", "dwarf,16384", "-o", data, "--", *command]
        done = subprocess.run(record, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            return done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"perf ended with {done.returncode}"
        script = ["perf", "--buildid-dir", folder, "script", "--no-inline", "-F", "comm,ip,sym", "-i", data]
        text = subprocess.run(script, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace").stdout
    tree = folded(text)
    if not tree[0]:
        return "perf took no samples"
    with open(path, "w") as file:
        file.write(drawn(title, tree))
    return None


def folded(text):
    """The samples of `perf script` as a tree: [count, {name: tree}]."""
    root = [0, {}]
    for sample in text.split("\n\n"):
        lines = sample.strip("\n").split("\n")
        frames = [readable(line.strip().partition(" ")[2]) for line in lines[1:] if line.strip()]
        if not frames:
            continue
        node = root
        node[0] += 1
        for name in trimmed(list(reversed(frames))):
            node = node[1].setdefault(name, [0, {}])
            node[0] += 1
    return root


def readable(symbol):
    """A Rust symbol without its hash and generic arguments; `<Type as Trait>::method` as `Type::method`."""
    symbol = re.sub(r"::h[0-9a-f]{16}$", "", symbol.strip()).replace("->", "") or "?"
    if symbol.startswith("<"):
        depth = 0
        for at, c in enumerate(symbol):
            depth += (c == "<") - (c == ">")
            if depth == 0:
                symbol = bare(symbol[1:at].split(" as ")[0]) + symbol[at + 1 :]
                break
    return bare(symbol) or symbol


def bare(symbol):
    """What stands in no angle brackets."""
    kept, depth = [], 0
    for c in symbol:
        depth += c == "<"
        if depth == 0:
            kept.append(c)
        depth -= c == ">"
    return "".join(kept).replace("::::", "::").rstrip(":")


SKIPPED = re.compile(r"^(\?|\[unknown\]|_start|__libc_start|clone3?$|start_thread|std::(sys|rt|panicking|panic|thread)|core::ops::function|tokio::|<?alloc::boxed|__rust_|main$)")


def trimmed(frames):
    """Without what only starts threads and calls closures."""
    kept = [frame for frame in frames if not SKIPPED.match(frame)]
    return kept or frames[-1:]


def drawn(title, root):
    boxes, depth = [], 0

    def place(name, node, left, level):
        nonlocal depth
        share = node[0] / root[0]
        if share < LEAST:
            return
        depth = max(depth, level)
        boxes.append((name, share, left, level))
        for child, below in sorted(node[1].items()):
            place(child, below, left, level + 1)
            left += below[0] / root[0]

    place("all", root, 0.0, 0)
    height = (depth + 1) * ROW + 40
    head = f"{title}: {root[0]:,} samples, {HERTZ} a second of each busy core"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}" font-family="Verdana, sans-serif" font-size="{FONT}">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="6" y="20" font-size="14">{html.escape(head)}</text>',
    ]
    for name, share, left, level in boxes:
        x, width, y = left * WIDTH, share * WIDTH, height - (level + 1) * ROW - 6
        room = int((width - 4) / (FONT * 0.58))
        label = name if len(name) <= room else name[: max(0, room - 1)] + "…" if room > 3 else ""
        label = f'<text x="{x + 3:.1f}" y="{y + 12}">{html.escape(label)}</text>' if label else ""
        box = f'<rect x="{x:.1f}" y="{y}" width="{max(width - 0.5, 0.5):.1f}" height="{ROW - 1}" fill="{color(name)}"/>'
        out.append(f"<g><title>{html.escape(name)} {share:.1%}</title>{box}{label}</g>")
    out.append("</svg>\n")
    return "\n".join(out)


def color(name):
    """One hue for each crate, so that its parts are seen together; what is of none, the kernel and C, is gray."""
    if "::" not in name:
        return "#ddd"
    crate = re.split(r"::|\W", name.lstrip("<&"), maxsplit=1)[0]
    hue = sum(ord(c) * (at + 7) for at, c in enumerate(crate)) % 360
    return f"hsl({hue},65%,78%)"
