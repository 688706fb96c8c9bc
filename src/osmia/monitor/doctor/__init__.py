"""What this machine and this user can do, what is missing, and how to give it."""

from osmia.monitor.doctor.examination import examine
from osmia.monitor.doctor.finding import Finding, can_run, findings_json, findings_text

__all__ = ["Finding", "can_run", "examine", "findings_json", "findings_text"]
