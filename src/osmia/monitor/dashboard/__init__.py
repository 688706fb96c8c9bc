"""The monitor on a terminal (Textual). It reads snapshots and asks the service for rules, nothing else."""

from osmia.monitor.dashboard.app import MonitorApp, run_dashboard

__all__ = ["MonitorApp", "run_dashboard"]
