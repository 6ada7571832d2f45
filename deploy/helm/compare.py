"""Does the chart, rendered by Helm, hold the same objects as Kustomize renders?

    compare.py OVERLAY.yaml...
"""

import sys
from pathlib import Path

import helm_python
import yaml

from objects import marked

IMAGE, NAMESPACE = "registry.test/lombard:9.9.9", "elsewhere"


def by_name(items):
    return {(item["kind"], item["metadata"]["name"]): item for item in items if item}


def filled(text):
    return text.replace("@IMAGE@", IMAGE).replace("@NAMESPACE@", NAMESPACE).replace("@REVISION@", "1")


chart = helm_python.Chart.load(Path(__file__).parent / "lombard")
for path in map(Path, sys.argv[1:]):
    kustomized = list(marked([item for item in yaml.safe_load_all(path.read_text()) if item]))
    expected = by_name(yaml.safe_load_all(filled(yaml.safe_dump_all(kustomized, width=10000))))
    values = {"overlay": path.stem, "image": {"repository": "registry.test/lombard", "tag": "9.9.9"}}
    rendered = chart.render(values, name="lombard", namespace=NAMESPACE)
    got = by_name(item for text in rendered.values() for item in yaml.safe_load_all(text))
    if got != expected:
        differing = [key for key in got.keys() | expected.keys() if got.get(key) != expected.get(key)]
        sys.exit(f"deploy: the chart differs from {path.name} in {sorted(differing)}")
    print(f"deploy: the chart renders the {len(got)} objects of {path.stem}")
