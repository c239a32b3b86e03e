"""The network that the programs see: loopback, and the address of the container service on it."""

import os
import subprocess

from fake_aws import CONTAINER_HOST


def set_up():
    """Brings loopback up. Error: this isn't a namespace that has nothing else."""
    devices = os.listdir("/proc/self/net/dev_snmp6") if os.path.isdir("/proc/self/net/dev_snmp6") else []
    with open("/proc/self/net/dev", encoding="ascii") as file:
        devices += [line.split(":")[0].strip() for line in file if ":" in line]
    if set(devices) - {"lo"}:
        raise SystemExit(f"this namespace has more than a loopback device: {sorted(set(devices))}")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "replace", f"{CONTAINER_HOST}/32", "dev", "lo"], check=True)
