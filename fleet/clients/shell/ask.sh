#!/bin/sh
# One line to phi-agent's local API, one line of JSON back.
#
#   ask.sh signal entropy=0.4 value=0.9
#   ask.sh append queue.length "$(ls /var/spool/work | wc -l)"
#   ask.sh decision
#
# It uses what is there: socat, OpenBSD's nc, or phi-agent itself. Exit status: 0 an answer, 1 the
# agent refused, 3 no agent or none of the three programs.
set -eu
socket=${PHI_AGENT_SOCKET:-/run/phi-agent/agent.sock}
[ $# -gt 0 ] || { sed -n 's/^# \{0,1\}//; 2,8p' "$0" >&2; exit 2; }

if command -v socat >/dev/null 2>&1; then
    # -t: how long to wait for the answer once the question has been sent.
    answer=$(echo "$*" | socat -t 5 - "UNIX-CONNECT:$socket") || exit 3
elif command -v nc >/dev/null 2>&1 && nc -h 2>&1 | grep -q -- -U; then
    # -N: say that the question has ended; the agent answers, and ends the connection too.
    answer=$(echo "$*" | nc -N -U "$socket") || exit 3
elif command -v phi-agent >/dev/null 2>&1; then
    case $1 in
        signal | append | read | series) phi-agent "$@" --json --socket "$socket"; exit ;;
    esac
    echo "ask.sh: phi-agent has no command $1: install socat or netcat-openbsd" >&2
    exit 3
else
    echo "ask.sh: needs socat, netcat-openbsd or phi-agent" >&2
    exit 3
fi
[ -n "$answer" ] || exit 3
printf '%s\n' "$answer"
case $answer in '{"error"'*) exit 1 ;; esac
