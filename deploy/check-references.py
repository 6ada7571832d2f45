"""Does what is rendered fit together? Services have pods, ports match, what is mounted is there or promised,
URLs lead to Services, and every setting is one that the program reads, and the other way round.

    check-references.py RENDERED.yaml [--binaries DIRECTORY]
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

# Settings of a program that no configuration here gives, and why.
LEFT_OUT = {
    "DATABASE_URL": "given by DATABASE_URL_FILE",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "given by components/otel-collector",
    "TLS_CERT_FILE": "given by components/mtls-cert-manager",
    "TLS_KEY_FILE": "given by components/mtls-cert-manager",
    "TLS_CA_FILE": "given by components/mtls-cert-manager",
    "TLS_DOMAIN": "the names are those of the default",
    "INTERNAL_CALLERS": "none but the platform's own",
    "HTTPS_CERT_FILE": "TLS for clients ends at what routes to the gateway",
    "HTTPS_KEY_FILE": "TLS for clients ends at what routes to the gateway",
    "KEYS": "given by KEYS_FILE",
    "GBG_ID3GLOBAL_URL": "where tenants have accounts there",
    "GBG_GO_URL": "where tenants have accounts there",
    "GBG_GO_TOKEN_URL": "where tenants have accounts there",
    "GBG_GO_WITHOUT_IMAGES": "where journeys have no place for images",
    "GBG_ID3GLOBAL_IMAGES_URL": "where tenants have accounts there",
    "TENANT_REQUESTS_PER_S": "a limit whose default stands: docs/access.md",
    "KEY_REQUESTS_PER_S": "a limit whose default stands: docs/access.md",
    "MAX_BODIES_MIB": "a limit whose default stands: docs/access.md",
    "MAX_CONNECTIONS": "a limit whose default stands: docs/access.md",
    "MAX_CONNECTIONS_PER_ADDRESS": "a limit whose default stands: docs/access.md",
    "MAX_REQUESTS": "a limit whose default stands: docs/access.md",
    "MAX_REQUESTS_PER_TENANT": "a limit whose default stands: docs/access.md",
    "MAX_REQUESTS_PER_ROUTE": "a limit whose default stands: docs/access.md",
    "TRUSTED_PROXIES": "depends on the ingress: docs/access.md",
    "FORWARDED_IN": "depends on the ingress: docs/access.md",
    "SANDBOX": "given by overlays/dev alone",
    "SANDBOX_ANYWHERE": "given by overlays/dev alone",
    "OCR_PROGRAM": "the image has no tesseract; zones are not read",
    "SANDBOX_PROVIDERS": "none but the names of the sandbox",
}
# Read by libraries, which `--help` does not show.
BY_LIBRARIES = re.compile(r"OTEL_(TRACES_SAMPLER(_ARG)?|BSP_[A-Z_]+|RESOURCE_ATTRIBUTES)$")
# Secrets that operators make, by the object that has them made.
PROMISED = {
    "Cluster": lambda item: item["metadata"]["name"] + "-app",
    "Certificate": lambda item: item["spec"]["secretName"],
    "ExternalSecret": lambda item: item["spec"]["target"]["name"],
}

problems = []


def problem(text):
    problems.append(text)


def pods(items):
    for item in items:
        if item["kind"] in ("Deployment", "StatefulSet", "Job"):
            yield item, item["spec"]["template"]


def matches(labels, selector):
    return all(labels.get(key) == value for key, value in selector.items())


def check_services(items):
    for service in (item for item in items if item["kind"] == "Service"):
        name, spec = service["metadata"]["name"], service["spec"]
        behind = [
            template for owner, template in pods(items)
            if owner["kind"] != "Job" and matches(template["metadata"]["labels"], spec["selector"])
        ]
        if not behind:
            problem(f"Service {name} has no pods")
        for template in behind:
            named = {p["name"] for c in template["spec"]["containers"] for p in c.get("ports", [])}
            for port in spec["ports"]:
                if port["targetPort"] not in named:
                    problem(f"Service {name}: no port is named {port['targetPort']}")


def check_selectors(items):
    for item in items:
        kind, name = item["kind"], item["metadata"]["name"]
        if kind == "PodDisruptionBudget":
            selector = item["spec"]["selector"]["matchLabels"]
            if not any(matches(t["metadata"]["labels"], selector) for _, t in pods(items)):
                problem(f"{kind} {name} covers no pod")
        if kind == "HorizontalPodAutoscaler":
            target = item["spec"]["scaleTargetRef"]
            if not any((o["kind"], o["metadata"]["name"]) == (target["kind"], target["name"]) for o in items):
                problem(f"{kind} {name} scales nothing")
        if kind == "HTTPRoute":
            services = {o["metadata"]["name"]: o for o in items if o["kind"] == "Service"}
            for rule in item["spec"]["rules"]:
                for ref in rule["backendRefs"]:
                    ports = [p["port"] for p in services.get(ref["name"], {"spec": {"ports": []}})["spec"]["ports"]]
                    if ref["port"] not in ports:
                        problem(f"{kind} {name}: {ref['name']}:{ref['port']} is no Service's port")


def check_mounts(items, whole):
    there = {(item["kind"], item["metadata"]["name"]) for item in items}
    for item in items:
        if item["kind"] in PROMISED:
            there.add(("Secret", PROMISED[item["kind"]](item)))
    for owner, template in pods(items):
        name, spec = owner["metadata"]["name"], template["spec"]
        if spec.get("serviceAccountName") and ("ServiceAccount", spec["serviceAccountName"]) not in there:
            problem(f"{name}: no ServiceAccount {spec['serviceAccountName']}")
        volumes = {volume["name"]: volume for volume in spec.get("volumes", [])}
        claims = {c["metadata"]["name"] for c in owner["spec"].get("volumeClaimTemplates", [])}
        for volume in volumes.values():
            secret, config = volume.get("secret"), volume.get("configMap")
            if secret and ("Secret", secret["secretName"]) not in there and whole:
                problem(f"{name}: nobody makes the Secret {secret['secretName']}")
            if config and ("ConfigMap", config["name"]) not in there:
                problem(f"{name}: no ConfigMap {config['name']}")
        for container in spec["containers"]:
            ports = {port["name"] for port in container.get("ports", [])}
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes and mount["name"] not in claims:
                    problem(f"{name}: no volume {mount['name']}")
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                port = container.get(probe, {}).get("httpGet", {}).get("port")
                if port and port not in ports:
                    problem(f"{name}: {probe} asks port {port}, which is not there")


def configuration(items, template):
    maps = {item["metadata"]["name"]: item["data"] for item in items if item["kind"] == "ConfigMap"}
    settings = {}
    for container in template["spec"]["containers"]:
        for source in container.get("envFrom", []):
            settings |= maps[source["configMapRef"]["name"]]
        settings |= {e["name"]: e.get("value", "") for e in container.get("env", [])}
    return settings


def check_settings(items, binaries):
    services = {item["metadata"]["name"]: item for item in items if item["kind"] == "Service"}
    for owner, template in pods(items):
        container = template["spec"]["containers"][0]
        if container["image"].split("/")[-1].split(":")[0] != "lombard":
            continue
        name, settings = owner["metadata"]["name"], configuration(items, template)
        mounted = [mount["mountPath"] for mount in container.get("volumeMounts", [])]
        ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
        for key, value in settings.items():
            if key.endswith("_URL") and "://" in value:
                url = urlsplit(value)
                known = [p["port"] for p in services.get(url.hostname, {"spec": {"ports": []}})["spec"]["ports"]]
                if url.port not in known:
                    problem(f"{name}: {key} is {value}, which is no Service's port")
            if key.endswith("_FILE") and not any(value.startswith(path + "/") for path in mounted):
                problem(f"{name}: {key} is {value}, where nothing is mounted")
        if owner["kind"] == "Deployment":
            for key, port in (("LISTEN", "grpc" if "grpc" in ports else "http"), ("ADMIN_LISTEN", "admin")):
                if int(settings[key].rsplit(":", 1)[1]) != ports[port]:
                    problem(f"{name}: {key} is {settings[key]}, and the port {port} is {ports[port]}")
            whole = template["spec"]["terminationGracePeriodSeconds"]
            if int(settings["SHUTDOWN_PAUSE_S"]) + int(settings["DRAIN_TIMEOUT_S"]) >= whole:
                problem(f"{name}: the pods are killed before they have drained")
        if binaries:
            check_program(binaries, name, container["command"], settings, owner["kind"])


def check_program(binaries, name, command, settings, kind):
    program = [str(binaries / command[0].lstrip("/")), *command[1:]]
    read = set()
    # Some settings belong to the program, some to what it is told to do.
    for arguments in (program, program[:1]):
        told = subprocess.run([*arguments, "--help"], capture_output=True, text=True, check=True).stdout
        read |= set(re.findall(r"\[env: ([A-Z0-9_]+)", told))
    for key in settings:
        if key not in read and not BY_LIBRARIES.match(key):
            problem(f"{name}: {command[0]} does not read {key}")
    if kind == "Deployment":
        for key in read - set(settings) - set(LEFT_OUT):
            problem(f"{name}: {command[0]} reads {key}, which is neither set nor left out with a reason")


def check_policies(items):
    """What a program calls, the policies let it, on both sides."""
    policies = [item for item in items if item["kind"] == "NetworkPolicy"]
    if not any(policy["metadata"]["name"] == "default-deny" for policy in policies):
        return
    templates = {o["metadata"]["name"]: t for o, t in pods(items) if o["kind"] == "Deployment"}
    for caller, template in templates.items():
        for key, value in configuration(items, template).items():
            if not key.endswith("_URL") or "://" not in value:
                continue
            url = urlsplit(value)
            callee = templates[url.hostname.removesuffix("-headless")]
            for way, here, there in (("egress", template, callee), ("ingress", callee, template)):
                if not allowed(policies, way, here["metadata"]["labels"], there["metadata"]["labels"], url.port):
                    problem(f"no NetworkPolicy allows the {way} of {caller} to {value}")


def allowed(policies, way, here, there, port):
    side = "to" if way == "egress" else "from"
    for policy in policies:
        if not matches(here, policy["spec"]["podSelector"].get("matchLabels", {})):
            continue
        for rule in policy["spec"].get(way) or []:
            peers = [p["podSelector"] for p in rule.get(side, []) if set(p) == {"podSelector"}]
            if any(matches(there, p.get("matchLabels", {})) for p in peers) and any(
                p["port"] == port for p in rule["ports"]
            ):
                return True
    return False


parser = argparse.ArgumentParser()
parser.add_argument("rendered", type=Path)
parser.add_argument("--binaries", type=Path)
arguments = parser.parse_args()
everything = list(yaml.safe_load_all(arguments.rendered.read_text()))
check_services(everything)
check_selectors(everything)
check_mounts(everything, whole="+" not in arguments.rendered.name)
check_settings(everything, arguments.binaries)
check_policies(everything)
for found in problems:
    print(f"deploy: {arguments.rendered.name}: {found}")
sys.exit(1 if problems else 0)
