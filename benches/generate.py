"""generate.py FOLDER ROWS SEED [INTEL]: made-up DNS events with planted contacts and near-misses, the indicators they are about, and the truth.

The same arguments give the same bytes. Rows are those of Microsoft Sentinel's DnsEvents over one day: names by Zipf's law, services
under popular names, one-off names of content networks, reverse lookups, names of the company's own. Every name is made of syllables;
none is taken from anywhere. A contact is an indicator, a name below it, either in odd case; a near-miss only looks like one.

Lists lie in one another: `few` (3) in `medium` (15,000) in `large` (720,000); `retro` has 1,000, of which 25 were contacted.
"""
import collections
import gzip
import hashlib
import itertools
import json
import os
import random
import sys
import time

START = 1_784_505_600  # 2026-07-20
DAY = 86_400
CHUNK = 50_000
SIZES = {"few": 3, "retro": 1_000, "medium": 15_000, "large": 720_000}
HITS = {"few": 100, "medium": 500, "large": 300}
DECOYS = 600
TYPES = [("A", 1, 0.70), ("AAAA", 28, 0.23), ("HTTPS", 65, 0.06), ("TXT", 16, 0.006), ("MX", 15, 0.004)]
SERVERS = [f"DC{n:02}.corp.example" for n in range(1, 5)]
SERVICES = "www api cdn static img login mail assets edge app m ads js media ocsp update telemetry s3 auth events".split()
NETWORKS = ["cloud-front.example", "edge-key.example", "fast-net.example", "blob-store.example", "video-cache.example"]
ONSETS = "b br c ch cl d dr f fl g gr h j k kl l m n p pl qu r s sh sl st t th tr v w z".split()
VOWELS = "a e i o u ai ea ou ia".split()
ENDINGS = "com net org io de fr co.uk com.br info dev".split()
BAD_ENDINGS = "shop biz top xyz click site icu live".split()
COLUMNS = "TimeGenerated Computer ClientIP Name QueryType SubType EventId Result ResultCode IPAddresses Type".split()
DEPARTMENTS = "Sales Research Finance Support Logistics Board".split()


def word(rng, syllables):
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) for _ in range(syllables))


def distinct(count, make, taken=()):
    """`count` different values of `make`, none of them taken, in the order in which they came."""
    seen, out = set(taken), []
    while len(out) < count:
        value = make()
        if value not in seen:
            seen.add(value)
            out.append(value)
    return out


def read_intel(path):
    """The domains of a list: one a line, or the last word of the line, as hosts files have it."""
    opened = gzip.open(path, "rt") if path.endswith(".gz") else open(path)
    with opened as lines:
        words = (line.split("#")[0].split() for line in lines)
        return list(dict.fromkeys(parts[-1].lower().rstrip(".") for parts in words if parts and "." in parts[-1]))


def indicators(rng, intel):
    """The list `large`, of which the others are beginnings."""
    own = read_intel(intel) if intel else []
    make = lambda: word(rng, rng.randint(2, 4)) + rng.choice(["", "-" + word(rng, 2)]) + "." + rng.choice(BAD_ENDINGS)
    return (own + distinct(max(0, SIZES["large"] - len(own)), make, own))[: SIZES["large"]]


def parent(name, bad):
    """The indicator that the name is a contact with."""
    name = name.lower().rstrip(".")
    while name not in bad:
        name = name.partition(".")[2]
        if not name:
            return None
    return name


def background(rng, rows):
    """Names, and how often each is asked."""
    sites = [word(rng, rng.randint(2, 3)) + "." + rng.choice(ENDINGS) for _ in range(60_000)]
    popular = list(dict.fromkeys(site if rng.random() < 0.3 else rng.choice(SERVICES) + "." + site for site in sites))
    weights = [1 / (rank + 1) ** 0.95 for rank in range(len(popular))]
    scale = 0.90 / sum(weights)
    weighted = [(name, weight * scale) for name, weight in zip(popular, weights)]
    groups = [
        (["%013x.%s" % (rng.getrandbits(52), rng.choice(NETWORKS)) for _ in range(max(2_000, min(400_000, rows // 25)))], 0.04),
        (["srv%03d.corp.example" % n for n in range(400)] + ["_ldap._tcp.dc._msdcs.corp.example", "wpad.corp.example"], 0.03),
        (["%d.%d.%d.10.in-addr.arpa" % tuple(rng.randrange(256) for _ in range(3)) for _ in range(1_500)], 0.03),
    ]
    for names, share in groups:
        weighted += [(name, share / len(names)) for name in names]
    # Some software asks in capitals.
    weighted += [(name.title(), scale * weight * 0.01) for name, weight in zip(popular[:500], weights)]
    return weighted


def contact(rng, bad):
    below = lambda: word(rng, rng.randint(1, 4)) + "." + bad
    return rng.choice([bad, bad, bad, below(), word(rng, 2) + "." + below(), bad.upper(), bad.title()])


def near_miss(rng, bad):
    """A name that only looks like an indicator, and whether it holds it as whole terms, so that `has_any` finds it."""
    kinds = [("not" + bad, False), (bad + ".corp.example", True), (bad + "x", False), (bad.replace(".", "-") + ".example", False)]
    return rng.choice(kinds)


def department(client):
    return DEPARTMENTS[client % len(DEPARTMENTS)]


class World:
    """Everything that rows are made of."""

    def __init__(self, rows, seed, intel):
        rng = self.rng = random.Random(seed)
        self.rows = rows
        large = indicators(rng, intel)
        self.lists = {name: large[: SIZES[name]] for name in ("few", "medium", "large")}
        weighted = background(rng, rows)
        bad = set(large)
        weighted = [(name, weight) for name, weight in weighted if parent(name, bad) is None]
        self.names = [name for name, _ in weighted]
        self.cumulated = list(itertools.accumulate(weight for _, weight in weighted))
        self.plant(rng, bad)
        self.clients = ["10.%d.%d.%d" % (20 + n // 16_000, n // 250 % 64, n % 250 + 1) for n in range(3_000)]
        address = lambda: "%d.%d.%d.%d" % (rng.choice([13, 20, 23, 34, 52, 104, 142, 185]), rng.randrange(256), rng.randrange(256), rng.randrange(1, 255))
        self.answers = [address() + ("," + address() if rng.random() < 0.35 else "") for _ in self.names]

    def plant(self, rng, bad):
        """Contacts and near-misses at places of their own: names behind all others."""
        few, medium, large = (self.lists[name] for name in ("few", "medium", "large"))
        known = {"few": few, "medium": rng.sample(medium[len(few) :], 50), "large": rng.sample(large[len(medium) :], 50)}
        hits = [contact(rng, rng.choice(known[name])) for name, count in HITS.items() for _ in range(count)]
        contacted = sorted({parent(hit, bad) for hit in hits} & set(medium))[:25]
        others = [name for name in rng.sample(medium, 2_000) if name not in set(known["medium"]) | set(few)]
        self.lists["retro"] = contacted + others[: SIZES["retro"] - len(contacted)]
        misses = []
        while len(misses) < DECOYS:
            name, holds = near_miss(rng, rng.choice(known["few"] + known["medium"]))
            if parent(name, bad) is None:
                misses.append((name, holds))
        planted = hits + [name for name, _ in misses]
        places = rng.sample(range(self.rows), len(planted))
        self.planted = {place: len(self.names) + at for at, place in enumerate(places)}
        self.names += planted
        self.cumulated += [self.cumulated[-1]] * len(planted)
        self.hits, self.misses = hits, misses

    def truth(self):
        """For each list how often each name is a contact, and how often `has_any` finds it."""
        truth = {}
        for name, listed in self.lists.items():
            listed = set(listed)
            exact = collections.Counter(hit for hit in self.hits if parent(hit, listed))
            terms = collections.Counter(miss for miss, holds in self.misses if holds and parent(miss[: -len(".corp.example")], listed))
            truth[name] = {"indicators": len(listed), "exact": exact, "terms": exact + terms}
        return truth

    def chunks(self):
        """Rows, as columns of some thousands: time in milliseconds, client, name, type, failed."""
        rng, rows = self.rng, self.rows
        type_weights = [share for _, _, share in TYPES]
        clients = range(len(self.clients))
        client_weights = [1 / (rank + 30) for rank in clients]
        for low in range(0, rows, CHUNK):
            count = min(CHUNK, rows - low)
            names = rng.choices(range(len(self.names)), cum_weights=self.cumulated, k=count)
            types = rng.choices(range(len(TYPES)), weights=type_weights, k=count)
            who = rng.choices(clients, weights=client_weights, k=count)
            failed = [0 if value > 0.03 else 1 for value in (rng.random() for _ in range(count))]
            for at in range(count):
                planted = self.planted.get(low + at)
                if planted is not None:
                    names[at], types[at], failed[at] = planted, 0, 0
            step = DAY * 1000 / rows
            times = [int((low + at) * step) for at in range(count)]
            yield times, who, names, types, failed


ZEEK_FIELDS = (
    "ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto trans_id rtt query qclass qclass_name qtype qtype_name rcode rcode_name AA TC RD RA Z "
    "answers TTLs rejected"
).split()
ZEEK_TYPES = (
    "time string addr port addr port enum count interval string count string count string count string bool bool bool bool count "
    "vector[string] vector[interval] bool"
).split()
ZEEK_HEADER = (
    "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tdns\n#open\t2026-07-20-00-00-00\n"
    + "#fields\t" + "\t".join(ZEEK_FIELDS) + "\n#types\t" + "\t".join(ZEEK_TYPES) + "\n"
)


class Files:
    """The formats, all written in one pass over the rows."""

    def __init__(self, world, folder):
        self.world = world
        seconds = [time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + second)) for second in range(DAY)]
        self.stamp = lambda ms: "%s.%03dZ" % (seconds[ms // 1000], ms % 1000)
        self.json_names = [json.dumps(name) for name in world.names]
        quoted = lambda text: f'"{text}"' if "," in text else text
        self.csv_answers = [quoted(answer) for answer in world.answers]
        self.lists = [json.dumps(answer.split(","), separators=(",", ":")) for answer in world.answers]
        # What depends on nothing but the query's type and whether it failed, as it stands in each format.
        kinds = [(name, code, *result) for name, code, _ in TYPES for result in (("Success", 0, "NOERROR"), ("NXDOMAIN", 3, "NXDOMAIN"))]
        self.json_kind = [
            f'"QueryType":"{name}","SubType":"LookupQuery","EventId":257,"Result":"{result}","ResultCode":{rcode}'
            for name, _, result, rcode, _ in kinds
        ]
        self.csv_kind = [f"{name},LookupQuery,257,{result},{rcode}" for name, _, result, rcode, _ in kinds]
        self.zeek_json_kind = [
            f'"qclass":1,"qclass_name":"C_INTERNET","qtype":{code},"qtype_name":"{name}","rcode":{rcode},"rcode_name":"{word}",'
            '"AA":false,"TC":false,"RD":true,"RA":true,"Z":0'
            for name, code, _, rcode, word in kinds
        ]
        self.zeek_kind = [f"1\tC_INTERNET\t{code}\t{name}\t{rcode}\t{word}\tF\tF\tT\tT\t0" for name, code, _, rcode, word in kinds]
        self.uid = ["C" + hashlib.md5(client.encode()).hexdigest()[:17] for client in world.clients]
        self.lines = {"dns.ndjson": self.ndjson, "dns.csv": self.csv, "dns.zeek.ndjson": self.zeek_json, "dns.zeek.log": self.zeek}
        opened = lambda name: open(os.path.join(folder, name), "w", buffering=1 << 22, newline="")
        self.out = {name: opened(name + ".part") for name in self.lines}
        self.folder = folder
        self.out["dns.csv"].write(",".join(COLUMNS) + "\r\n")
        self.out["dns.zeek.log"].write(ZEEK_HEADER)

    def write(self, chunk):
        stamp, answers = self.stamp, self.world.answers
        rows = []
        for ms, who, name, kind, failed in zip(*chunk):
            # The place of the answer; a planted name is answered like some other.
            answer = None if failed else name % len(answers)
            rows.append((ms, stamp(ms), who, name, 2 * kind + failed, answer))
        for file, line in self.lines.items():
            self.out[file].write("".join([line(*row) for row in rows]))

    def ndjson(self, ms, at, who, name, kind, answer):
        answers = "" if answer is None else self.world.answers[answer]
        return (
            f'{{"TimeGenerated":"{at}","Computer":"{SERVERS[who & 3]}","ClientIP":"{self.world.clients[who]}","Name":{self.json_names[name]},'
            f'{self.json_kind[kind]},"IPAddresses":"{answers}","Type":"DnsEvents"}}\n'
        )

    def csv(self, ms, at, who, name, kind, answer):
        answers = "" if answer is None else self.csv_answers[answer]
        return f"{at},{SERVERS[who & 3]},{self.world.clients[who]},{self.world.names[name]},{self.csv_kind[kind]},{answers},DnsEvents\r\n"

    def zeek_json(self, ms, at, who, name, kind, answer):
        answers = "" if answer is None else f',"answers":{self.lists[answer]}'
        return (
            f'{{"_path":"dns","ts":"{at}","uid":"{self.uid[who]}","id.orig_h":"{self.world.clients[who]}","id.orig_p":{49152 + ms % 16384},'
            f'"id.resp_h":"10.1.0.{10 + (who & 3)}","id.resp_p":53,"proto":"udp","trans_id":{ms % 4096},"query":{self.json_names[name]},'
            f'{self.zeek_json_kind[kind]}{answers},"rejected":false}}\n'
        )

    def zeek(self, ms, at, who, name, kind, answer):
        answers = "-\t-" if answer is None else self.world.answers[answer] + "\t60.000000"
        return (
            f"{START + ms // 1000}.{ms % 1000:03}000\t{self.uid[who]}\t{self.world.clients[who]}\t{49152 + ms % 16384}\t10.1.0.{10 + (who & 3)}"
            f"\t53\tudp\t{ms % 4096}\t0.001000\t{self.world.names[name]}\t{self.zeek_kind[kind]}\t{answers}\tF\n"
        )

    def close(self):
        self.out["dns.zeek.log"].write("#close\t2026-07-21-00-00-00\n")
        for name, file in self.out.items():
            file.close()
            os.replace(file.name, os.path.join(self.folder, name))


class Answers:
    """What the analytics must answer, counted while the rows are made."""

    def __init__(self, world):
        self.world = world
        self.by_hour, self.by_client, self.by_site, self.by_rest = (collections.Counter() for _ in range(4))
        self.names = [set() for _ in SERVERS]
        self.holds_mail = ["mail" in name.lower() for name in world.names]
        self.asked, self.asking = collections.Counter(), collections.Counter()

    def count(self, chunk):
        times, who, names, types, _ = chunk
        self.by_hour.update((ms // 3_600_000, kind) for ms, kind in zip(times, types))
        self.asked.update(names)
        self.asking.update(who)
        self.by_client.update(client for client, name in zip(who, names) if self.holds_mail[name])
        for client, name in zip(who, names):
            self.names[client & 3].add(name)

    def result(self):
        for at, count in self.asked.items():
            labels = self.world.names[at].split(".")
            self.by_site[".".join(labels[-2:])] += count
            self.by_rest[self.world.names[at].partition(".")[2]] += count
        top = lambda counter, n: sorted(counter.items(), key=lambda item: (-item[1], item[0]))[:n]
        hour = lambda hour: time.strftime("%Y-%m-%dT%H:00", time.gmtime(START + hour * 3600))
        departments = collections.Counter()
        for client, count in self.asking.items():
            departments[department(client)] += count
        kinds = sorted({kind for _, kind in self.by_hour})
        return {
            "join": sorted([name, count] for name, count in departments.items()),
            "series": [[TYPES[kind][0], str([self.by_hour[at, kind] for at in range(24)]).replace(" ", "")] for kind in kinds],
            "summarize": [[hour(at), TYPES[kind][0], count] for (at, kind), count in sorted(self.by_hour.items())],
            "dcount": [[SERVERS[at], len({self.world.names[name] for name in names})] for at, names in enumerate(self.names)],
            "contains": [[self.world.clients[client], count] for client, count in top(self.by_client, 20)],
            "split": [[site, count] for site, count in top(self.by_site, 20)],
            "parse": [[rest, count] for rest, count in top(self.by_rest, 20)],
        }


def generate(folder, rows, seed, intel, tell):
    """Makes all files that are not there yet; the truth is written last."""
    path = os.path.join(folder, "truth.json")
    wanted = {"rows": rows, "seed": seed, "intel": os.path.abspath(intel) if intel else None, "version": 2}
    if os.path.exists(path):
        with open(path) as file:
            truth = json.load(file)
        if truth["made_of"] == wanted:
            return truth
    os.makedirs(folder, exist_ok=True)
    start = time.monotonic()
    world = World(rows, seed, intel)
    files, answers = Files(world, folder), Answers(world)
    for at, chunk in enumerate(world.chunks()):
        files.write(chunk)
        answers.count(chunk)
        if at % 20 == 0:
            tell(f"{at * CHUNK:,} of {rows:,} rows ({time.monotonic() - start:.0f} s)")
    files.close()
    for name, listed in world.lists.items():
        with open(os.path.join(folder, name + ".txt"), "w") as file:
            file.writelines(line + "\n" for line in listed)
    with open(os.path.join(folder, "assets.csv"), "w") as file:
        file.write("ClientIP,Department\n")
        file.writelines(f"{client},{department(at)}\n" for at, client in enumerate(world.clients))
    misses = [name for name, _ in world.misses]
    truth = {"made_of": wanted, "lists": world.truth(), "misses": misses, "answers": answers.result(), "distinct_names": len(answers.asked)}
    with open(path + ".part", "w") as file:
        json.dump(truth, file)
    os.replace(path + ".part", path)
    return truth


if __name__ == "__main__":
    folder, rows, seed, *intel = sys.argv[1:]
    generate(folder, int(rows), int(seed), intel[0] if intel else None, lambda text: print(text, file=sys.stderr))
