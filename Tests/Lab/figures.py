#!/usr/bin/env python3
"""make lab-figures: the device build's memory in an emulated board of 512 MB, over HTTP and HTTPS, beside peers.

The board's kernel is the one that Debian's packages for the Pi have; memory is read from smaps_rollup. The
aggregator runs on this machine and the agent looks its name up in the board's /etc/hosts.
"""

import argparse
import json
import pathlib
import tempfile
import time

from board import Board, LabError, fresh_board, run_main
from device import AGENT, start
from fleet import Fleet
from peers import COLLECTD_LEAN, MINIMAL, collectd_settings
from processes import ROOT, Memory, wait_for
from results import Results

MIB = 1 << 20
NAME = "fleet.lab"
PRIVATE_MIB = {False: 1.2, True: 1.6}
RESIDENT_MIB = 5.0
# The interval is 1 s of the agent's own, so ten cycles a second where time passes ten times as fast.
QUICKEN = 10


class Lab:
    def __init__(self, board: Board, seconds: float, results: Results):
        self.board = board
        self.seconds = seconds
        self.results = results
        helped = board.run("/root/phi-agent run --help", check=False).stdout
        self.pace = f"--interval 1s --time-scale {QUICKEN}" if "--time-scale" in helped else "--interval 100ms"

    def memory(self, unit: str) -> Memory:
        return Memory.parse(self.board.run(
            f"cat /proc/$(systemctl show -p MainPID --value {unit})/smaps_rollup").stdout)

    def peers(self) -> dict[str, Memory]:
        settings = collectd_settings(COLLECTD_LEAN, 1000, "/run/collectd-lab", "127.0.0.1", 25826)
        with tempfile.NamedTemporaryFile() as file:
            pathlib.Path(file.name).write_text(settings)
            self.board.run("mkdir -p /run/collectd-lab")
            self.board.put(pathlib.Path(file.name), "/run/collectd-lab/conf", "644")
        only = " ".join(["--collector.disable-defaults", *(f"--collector.{name}" for name in MINIMAL)])
        commands = {"collectd": "/usr/sbin/collectd -f -C /run/collectd-lab/conf",
                    "node_exporter, minimal": f"/usr/bin/prometheus-node-exporter {only}",
                    "node_exporter, default": "/usr/bin/prometheus-node-exporter"}
        found = {}
        scrape = ("exec 3<>/dev/tcp/127.0.0.1/9100 && printf 'GET /metrics HTTP/1.0\\r\\n\\r\\n' >&3 "
                  "&& cat <&3 >/dev/null")
        for name, command in commands.items():
            start(self.board, "peer", command)
            time.sleep(15)
            if name.startswith("node"):
                for _ in range(30):
                    self.board.run(f'bash -c "{scrape}"')
            try:
                found[name] = self.memory("peer")
            except LabError:
                print(f"{name} doesn't run here: " + self.board.run("tail -n 2 /run/peer.log").stdout, flush=True)
            self.board.run("systemctl stop peer", check=False)
        return found

    def agent(self, is_secure: bool, folder: pathlib.Path) -> Memory:
        with Fleet(folder / f"fleet-{is_secure}", is_secure, f"localhost,127.0.0.1,{NAME}") as fleet:
            self.board.run("rm -rf /run/lab /var/lib/lab && mkdir -p /run/lab /var/lib/lab")
            self.board.put(fleet.token, "/run/lab/token", "600")
            trust = "--insecure"
            if is_secure:
                self.board.put(fleet.authority, "/run/lab/ca.crt", "644")
                trust = "--ca-file /run/lab/ca.crt"
            scheme = fleet.url.partition(":")[0]
            start(self.board, "agent", f"/root/phi-agent run --server {scheme}://{NAME}:{fleet.port} {trust} "
                                       "--token-file /run/lab/token --state-dir /var/lib/lab/state "
                                       f"--run-dir /run/lab/run {self.pace}")
            try:
                wait_for(60, "a report from the board", lambda: fleet.accepted() > 0)
                time.sleep(self.seconds)
                decision = json.loads(self.board.run("cat /run/lab/run/decision.json").stdout)
                print(f"  {fleet.accepted()} reports; state {decision['state']}, "
                      f"temperature from the board's sensor", flush=True)
                return self.memory("agent")
            finally:
                print(self.board.run("systemctl stop agent; tail -n 3 /run/agent.log", check=False).stdout, flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="the device build's memory in an emulated board")
    parser.add_argument("--results", type=pathlib.Path, default=ROOT / "bench/results/lab.jsonl")
    parser.add_argument("--seconds", type=float, default=120, help="of reporting before memory is read")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    results = Results("lab", "make lab-figures")
    with fresh_board("figures", cores=2) as board:
        board.put(AGENT, "/root/phi-agent")
        board.run(f"echo '10.0.2.2 {NAME}' >> /etc/hosts")
        lab = Lab(board, options.seconds, results)
        peers = {} if options.no_peers else lab.peers()
        with tempfile.TemporaryDirectory() as folder:
            for is_secure in (False, True):
                words = "HTTPS" if is_secure else "HTTP"
                print(f"agent over {words}", flush=True)
                memory = lab.agent(is_secure, pathlib.Path(folder))
                results.add(f"board: agent over {words}: private", "MiB", [memory.private / MIB],
                            goal=PRIVATE_MIB[is_secure])
                results.add(f"board: agent over {words}: PSS", "MiB", [memory.proportional / MIB])
                results.add(f"board: agent over {words}: RSS", "MiB", [memory.resident / MIB], goal=RESIDENT_MIB)
                for name, peer in peers.items():
                    results.add(f"board: agent over {words}: RSS beside {name}", "MiB", [memory.resident / MIB],
                                peer=name, peer_values=[peer.resident / MIB],
                                ratio_goal=0.5 if name == "collectd" else 0.25)
        for name, peer in peers.items():
            results.add(f"board: {name}: private", "MiB", [peer.private / MIB])
            results.add(f"board: {name}: RSS", "MiB", [peer.resident / MIB])
    results.write(options.results)
    print(results.table())
    return 0


if __name__ == "__main__":
    run_main(main)
