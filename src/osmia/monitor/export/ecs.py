"""Events in the shape of the Elastic Common Schema 8.17, made from those in EVE's."""

from __future__ import annotations

import ipaddress

from osmia.monitor.json_values import as_object

__all__ = ["ecs_event"]

VERSION = "8.17.0"
CATEGORIES = {"alert": ["intrusion_detection", "network"], "drop": ["network"], "stats": ["network"]}
KINDS = {"alert": "alert", "drop": "event", "stats": "metric"}
TYPES = {"alert": ["info"], "drop": ["denied"], "stats": ["info"]}


def ecs_event(event: dict[str, object]) -> dict[str, object]:
    """The same event; what ECS has no field for is under `osmia`."""
    kind = str(event["event_type"])
    content = as_object(event.get(kind)) or {}
    about: dict[str, object] = {
        "kind": KINDS[kind],
        "category": CATEGORIES[kind],
        "type": TYPES[kind],
        "module": "osmia",
        "dataset": f"osmia.{kind}",
    }
    made: dict[str, object] = {"@timestamp": event["timestamp"], "ecs": {"version": VERSION}, "event": about}
    observer: dict[str, object] = {"product": "osmia", "type": "ids"}
    if "in_iface" in event:
        observer["ingress"] = {"interface": {"name": event["in_iface"]}}
    made["observer"] = observer
    if "src_ip" in event:
        made["source"] = _end(str(event["src_ip"]))
    if "dest_ip" in event:
        made["destination"] = _end(str(event["dest_ip"]))
    if kind == "alert":
        metadata = as_object(content.get("metadata")) or {}
        about["severity"] = content["severity"]
        made["message"] = content["signature"]
        made["rule"] = {"name": metadata.get("rule"), "category": content["category"]}
        made["threat"] = {"framework": "MITRE ATT&CK", "technique": {"id": [metadata.get("mitre")]}}
        content = metadata
    elif kind == "drop":
        about["reason"] = content["reason"]
    made["osmia"] = {"packets_from": event["packets_from"], kind: content.get("osmia", content)}
    return made


def _end(text: str) -> dict[str, object]:
    """An address; of a network, which ECS has no field for, its text alone."""
    network = ipaddress.ip_network(text)
    return {"address": text} if network.num_addresses > 1 else {"address": text, "ip": str(network[0])}
