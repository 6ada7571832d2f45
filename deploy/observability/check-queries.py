"""Is every metric that an alert or a panel asks for one that there is, and has every alert its section?

    check-queries.py MONITORING-DIRECTORY OPERATIONS.md [--metrics SCRAPE]

A scrape is what `/metrics` of a running `lombard dev` says. Without one, names are held against the sources.
"""

import argparse
import json
import re
import sys
from pathlib import Path

import yaml

# Of others, as their documentation names them.
OTHERS = {
    "up", "certmanager_certificate_expiration_timestamp_seconds",
    "cnpg_pg_replication_lag", "cnpg_pg_replication_streaming_replicas", "cnpg_pg_replication_in_recovery",
    "cnpg_pg_replication_is_wal_receiver_up", "cnpg_collector_pg_wal_archive_status",
    "cnpg_pg_stat_archiver_last_failed_time", "cnpg_pg_stat_archiver_last_archived_time",
    "barman_cloud_cloudnative_pg_io_last_available_backup_timestamp",
    "kube_job_status_failed", "kube_cronjob_status_last_successful_time",
    "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes",
}
PROCESS = re.compile(r"process_(cpu_seconds_total|resident_memory_bytes|open_fds|max_fds|threads)$")
WORDS = {"sum", "max", "min", "rate", "by", "on", "or", "and", "vector", "absent", "time", "histogram_quantile", "increase", "le"}

parser = argparse.ArgumentParser()
parser.add_argument("directory", type=Path)
parser.add_argument("operations", type=Path)
parser.add_argument("--metrics", type=Path)
arguments = parser.parse_args()

rules = yaml.safe_load((arguments.directory / "alerts.yaml").read_text())
rules = [rule for group in rules["spec"]["groups"] for rule in group["rules"]]
board = json.loads((arguments.directory / "lombard.json").read_text())
queries = [rule["expr"] for rule in rules]
queries += [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]

if arguments.metrics:
    scrape = arguments.metrics.read_text()
    known = set(re.findall(r"^([a-z_]+)(?:\{| )", scrape, re.M)) | set(re.findall(r"^# TYPE ([a-z_]+)", scrape, re.M))
else:
    root = Path(__file__).resolve().parents[2]
    sources = [p.read_text() for top in ("crates", "services") for p in (root / top).rglob("src/**/*.rs")]
    known = {name for source in sources for name in re.findall(r'"(lombard_[a-z_]+)"', source)}
recorded = {rule["record"] for rule in rules if "record" in rule}

problems = []
for query in queries:
    bare = re.sub(r'"[^"]*"', "", query)
    # Labels: in braces, and after by and on.
    bare = re.sub(r"\boffset \w+|\{[^}]*\}|\[[^\]]*\]|\b(by|on)\s*\([^)]*\)", "", bare)
    for name in set(re.findall(r"[a-z][a-z0-9_:]*", bare)) - WORDS - OTHERS - recorded:
        plain = re.sub(r"_(bucket|count|sum)$", "", name)
        if not (name in known or plain in known or PROCESS.match(name)):
            problems.append(f"nothing is called {name}: {query.strip()}")
sections = set(re.findall(r"^#+ (Lombard\w+)$", arguments.operations.read_text(), re.M))
for rule in rules:
    if "alert" in rule:
        if rule["alert"] not in sections:
            problems.append(f"{rule['alert']} has no section in {arguments.operations.name}")
        if rule["annotations"]["runbook"] != f"docs/operations.md#{rule['alert'].lower()}":
            problems.append(f"{rule['alert']} links {rule['annotations']['runbook']}")
for name in sorted(sections - {rule.get("alert") for rule in rules}):
    problems.append(f"{arguments.operations.name} has a section {name}, which is no alert")
# What is counted says so by its name, and what is told is in the table.
table = arguments.operations.read_text()
tops = [Path(__file__).resolve().parents[2] / top for top in ("crates", "services")]
sources = [path.read_text() for top in tops for path in top.rglob("src/**/*.rs")]
constant = re.compile(r'const (\w+): &str = "(lombard_[a-z_]+)"')
elsewhere = {name: metric for source in sources for name, metric in constant.findall(source)}
for source in sources:
    constants = elsewhere | dict(constant.findall(source))
    for kind, name in re.findall(r'metrics::(counter|gauge|histogram)!\(\s*("lombard_[a-z_]+"|[A-Z_]+)', source):
        name = constants.get(name, name.strip('"'))
        if kind == "counter" and not name.endswith("_total"):
            problems.append(f"the counter {name} does not end with _total")
        if name.startswith("lombard_") and f"`{name}`" not in table:
            problems.append(f"{name} is not in the table of {arguments.operations.name}")
for found in problems:
    print(f"deploy: {found}")
if not problems:
    print(f"deploy: the metrics of {len(queries)} queries are there, and the sections of the alerts")
sys.exit(1 if problems else 0)
