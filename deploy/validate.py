"""Holds objects against the schemas of Kubernetes. Those of operators have no schema here: they are named."""

import sys

import kubernetes_validate
import yaml

OPERATORS = {
    "postgresql.cnpg.io", "barmancloud.cnpg.io", "cert-manager.io", "gateway.networking.k8s.io",
    "monitoring.coreos.com", "external-secrets.io",
}

valid, foreign = 0, set()
for path in sys.argv[1:]:
    for item in yaml.safe_load_all(open(path)):
        group = item["apiVersion"].split("/")[0]
        if group in OPERATORS:
            foreign.add(item["kind"])
            continue
        try:
            kubernetes_validate.validate(item, "1.32", strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(map(str, error.path))
            sys.exit(f"deploy: {path}: {item['kind']} {item['metadata']['name']}: {where}: {error.message}")
        valid += 1
print(f"deploy: {valid} objects are valid for Kubernetes 1.32; not checked, of operators: {', '.join(sorted(foreign))}")
