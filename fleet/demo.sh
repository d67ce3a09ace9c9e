#!/usr/bin/env bash
# A fleet on this machine, to look at: an aggregator on SQLite in a throw-away folder, an agent on
# this machine's own sensors, eight more on simulated Pi 4 and Zero 2W boards whose temperature and
# memory move, one push of parameters through the golden rollout, then status and runtime.
#
#   DEMO_SECONDS=n   end n seconds after the fleet is ready; without it, Ctrl-C ends it
#   PHI_BIN=DIR      the programs (.build/release)
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$(realpath "${PHI_BIN:-.build/release}")
boards=8
devices=$((boards + 1))

if [ -n "${DEMO_SECONDS:-}" ] && ! [[ $DEMO_SECONDS =~ ^[0-9]+$ ]]; then
  echo "demo: DEMO_SECONDS=$DEMO_SECONDS is no number of seconds" >&2
  exit 2
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/phifleet-demo.XXXXXX")
pids=()

# Ends what was started, newest first, and waits for it: nothing is left running.
finish() {
  local status=$?
  trap - EXIT INT TERM
  for ((i = ${#pids[@]} - 1; i > 0; i--)); do kill -TERM "${pids[i]}" 2>/dev/null || true; done
  for ((i = ${#pids[@]} - 1; i > 0; i--)); do wait "${pids[i]}" 2>/dev/null || true; done
  # The aggregator last, so that the agents can say goodbye.
  if [ ${#pids[@]} -gt 0 ]; then
    kill -TERM "${pids[0]}" 2>/dev/null || true
    wait "${pids[0]}" 2>/dev/null || true
  fi
  if [ "$status" -ne 0 ]; then
    echo "demo: failed; the last lines of its logs:" >&2
    tail -n 3 "$folder"/*.log >&2 2>/dev/null || true
  fi
  rm -rf "$folder"
  exit "$status"
}
trap finish EXIT
trap 'exit 0' INT TERM

say() { printf '\n\033[1m── %s\033[0m\n' "$*"; }
step() { printf '   %s\n' "$*"; }

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
  local limit=$1 what=$2 end
  shift 2
  end=$((SECONDS + limit))
  until "$@"; do
    if [ $SECONDS -ge $end ]; then
      echo "demo: $what: not within $limit s" >&2
      return 1
    fi
    sleep 0.2
  done
}

say "An aggregator on loopback, its database in $folder"
"$bin/fleet" server init --plain --data "$folder/server" --operator "$folder/operator" > "$folder/init.log"
"$bin/phi-aggregator" --data "$folder/server" --listen 127.0.0.1:0 \
  > "$folder/aggregator.out" 2> "$folder/aggregator.log" &
pids+=($!)
wait_for 15 "the aggregator" grep -q '^listening on ' "$folder/aggregator.out"
server=$(sed -n 's/^listening on //p' "$folder/aggregator.out" | head -n 1)
step "$server"
fleet() { "$bin/fleet" "$@" --home "$folder/operator" --server "$server"; }
fleet enroll token --uses $devices --auto-accept --label demo > "$folder/token"

say "$boards simulated boards (fitted to single boards, ten times as fast as life)"
"$bin/phi-boards" --out "$folder/boards" --count $boards --speed 10 \
  > "$folder/boards.out" 2> "$folder/boards.log" &
pids+=($!)
wait_for 15 "the boards" grep -q '^ready' "$folder/boards.out"

say "$devices agents: one on this machine's own sensors, $boards on the boards"
step "intervals are shortened to 1 s (as shipped: 10 s), so that there is something to see"
agent() {
  local name=$1
  shift
  "$bin/phi-agent" run --server "$server" --token-file "$folder/token" --interval 1s \
    --state-dir "$folder/$name/state" --run-dir "$folder/$name/run" "$@" \
    2> "$folder/$name.log" &
  pids+=($!)
}
agent this-machine --label board=host
for ((k = 0; k < boards; k++)); do
  agent "board-$k" --label "board=simulated" --group workload.slice \
    --sysfs-root "$folder/boards/board-$k/sys" --procfs-root "$folder/boards/board-$k/proc" \
    --cgroup-root "$folder/boards/board-$k/cgroup"
done
# A workload on each simulated board says what its period is worth, and how uncertain it is.
workload() {
  trap 'exit 0' TERM
  while :; do
    for ((k = 0; k < boards; k++)); do
      run=$folder/board-$k/run
      [ -d "$run" ] || continue
      echo "entropy=0.$((RANDOM % 90 + 10)) value=0.$((RANDOM % 90 + 10))" > "$run/signals.new"
      mv "$run/signals.new" "$run/signals"
    done
    sleep 1
  done
}
workload 2> "$folder/workload.log" &
pids+=($!)
live() { fleet status -o json | grep -Eq "\"live\" *: *$devices\b"; }
wait_for 60 "$devices devices enrolled and reporting" live
ready=$SECONDS
fleet devices list

say "A decision is something that others can see: board 0's decision.json and its cgroup"
sleep 3
sed 's/,"votes".*/, …}/' "$folder/board-0/run/decision.json"
echo
(cd "$folder/boards/board-0/cgroup/workload.slice" && grep -H . memory.max cpu.max cpu.weight | sed 's/^/   /')

say "A push through the golden rollout: canary, then waves that grow by at most φ²"
step "soak and confirmation are shortened to 1 s a wave (as shipped: 10 min)"
"$bin/fleet" parameters default | sed 's/"softLimitC": *[0-9.]*/"softLimitC": 75/' > "$folder/summer.json"
fleet push -f "$folder/summer.json" --all --strategy golden --soak 1s --yes --wait \
  -m "summer: soft limit 75 °C"
fleet rollout list

say "fleet status"
fleet status

say "fleet runtime"
fleet runtime

if [ -n "${DEMO_SECONDS:-}" ]; then
  left=$((DEMO_SECONDS - (SECONDS - ready)))
  step "ends in $((left > 0 ? left : 0)) s"
  while [ $((SECONDS - ready)) -lt "$DEMO_SECONDS" ]; do sleep 0.5; done
  say "fleet runtime, at the end"
  fleet runtime
else
  say "The fleet runs on. Look at it from another terminal, and end it with Ctrl-C:"
  step "$bin/fleet status --home $folder/operator --server $server"
  while :; do sleep 1; done
fi
