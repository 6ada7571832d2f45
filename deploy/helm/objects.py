"""Rendered objects in, the chart's objects out: what a release decides becomes a mark that the template fills in."""

import sys

import yaml


def marked(items):
    """The namespace is the release's, as the image; a Job of each revision has a name of its own."""
    namespace = next(item["metadata"]["name"] for item in items if item["kind"] == "Namespace")
    for item in items:
        if item["kind"] == "Namespace":
            continue
        if item["metadata"].get("namespace") == namespace:
            item["metadata"]["namespace"] = "@NAMESPACE@"
        if item["kind"] == "Job":
            item["metadata"]["name"] += "-@REVISION@"
        spec = item.get("spec", {})
        spec = spec.get("jobTemplate", {}).get("spec", spec)
        for container in spec.get("template", {}).get("spec", {}).get("containers", []):
            if "lombard:" in container["image"]:
                container["image"] = "@IMAGE@"
        yield item


if __name__ == "__main__":
    objects = [item for item in yaml.safe_load_all(sys.stdin) if item]
    yaml.safe_dump_all(marked(objects), sys.stdout, width=10000, sort_keys=False)
