"""Rendered objects on standard input become two files that `podman kube play` takes on one machine's network.

    playable.py POSTGRES-PORT IMAGE DIRECTORY
"""

import base64
import sys
from pathlib import Path

import yaml

port, image, directory = sys.argv[1], sys.argv[2], Path(sys.argv[3])
ADMIN = {"access": 9471, "customer": 9472, "kyc": 9473, "ledger": 9474, "gateway": 9475}


def here(text):
    """Names of Services become this machine."""
    for name in ADMIN:
        text = text.replace(f"//{name}-headless:", "//127.0.0.1:")
    return text.replace("@postgres:5432/", f"@127.0.0.1:{port}/").replace("0.0.0.0:", "127.0.0.1:")


def playable(spec):
    spec["hostNetwork"] = True
    # Who breaks them starts them again.
    spec["restartPolicy"] = "Never"
    spec.pop("topologySpreadConstraints", None)
    for volume in spec.get("volumes", []):
        if claim := volume.pop("persistentVolumeClaim", None):
            path = directory / "volumes" / claim["claimName"]
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(0o777)
        else:
            # podman 4 cannot mount a Secret's items as the kubelet does.
            path = directory / "secrets" / volume.pop("secret")["secretName"]
        volume["hostPath"] = {"path": str(path), "type": "Directory"}
    for container in spec["containers"]:
        container["image"] = image
        container["ports"] = []
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            container.pop(probe, None)
    return spec


given, jobs, deployments = [], [], []
for item in yaml.safe_load_all(sys.stdin):
    kind, name = item["kind"], item["metadata"]["name"]
    item["metadata"].pop("namespace", None)
    if kind == "ConfigMap" and "LISTEN" in item["data"]:
        service = name.split("-config")[0]
        item["data"] = {key: here(value) for key, value in item["data"].items()}
        item["data"]["ADMIN_LISTEN"] = f"127.0.0.1:{ADMIN[service]}"
        given.append(item)
    elif kind == "Secret" and (name.endswith(("-db-app", "-db-service")) or name.startswith(("kyc-keys", "customer-keys"))):
        path = directory / "secrets" / name
        path.mkdir(parents=True)
        for key, value in item["data"].items():
            (path / key).write_text(here(base64.b64decode(value).decode()))
            (path / key).chmod(0o444)
    elif kind == "Job":
        spec = playable(item["spec"]["template"]["spec"])
        jobs.append({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec})
    elif kind == "Deployment":
        playable(item["spec"]["template"]["spec"])
        deployments.append(item)

(directory / "jobs.yaml").write_text(yaml.safe_dump_all(jobs, width=10000))
(directory / "pods.yaml").write_text(yaml.safe_dump_all(given + deployments, width=10000))
