#!/usr/bin/env bash
# Installs, upgrades, removes and purges the package in a fresh Debian root of its own, and looks at
# what each step leaves. It needs root, and the packages of toolchains/setup.sh deb.
#
# Usage: fleet/debian/try.sh PACKAGE.deb
set -euo pipefail

fail() { printf 'deb-test: error: %s\n' "$*" >&2; exit 1; }
[ $# = 1 ] && [ -f "$1" ] || fail "usage: fleet/debian/try.sh PACKAGE.deb"
[ "$(id -u)" = 0 ] || fail "a Debian root can only be made as root"

set -- "$(realpath "$1")"
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
echo "deb-test: a Debian root with what the package depends on (a minute)"
# The first of each alternative, without its version.
needs=$(dpkg-deb -f "$1" Depends | tr ',' '\n' | sed -E 's/^ *([^ |]+).*/\1/' | paste -sd,)
python3 toolchains/debian_sources.py bookworm | sed 's/^Types: .*/Types: deb/' >"$work/debian.sources"
mmdebstrap --quiet --variant=minbase "--include=$needs" bookworm "$root" "$work/debian.sources" \
    2>"$work/log" || { tail -5 "$work/log" >&2; fail "mmdebstrap failed"; }
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

in_root() { chroot "$root" env DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
package() { in_root dpkg "$@" >"$work/log" 2>&1 || { tail -8 "$work/log" >&2; fail "$step: dpkg $*"; }; }
# A link counts, wherever it leads: inside, the root is another one.
there() { [ -e "$root/$1" ] || [ -L "$root/$1" ] || fail "$step: $1 is missing"; }
gone() { [ ! -e "$root/$1" ] && [ ! -L "$root/$1" ] || fail "$step: $1 is left"; }

step=install
cp "$1" "$root/tmp/first.deb"
package -i /tmp/first.deb
there usr/bin/phi-agent; there etc/phi-agent/agent.conf; there usr/share/man/man8/phi-agent.8.gz
there usr/share/bash-completion/completions/phi-agent
there etc/systemd/system/multi-user.target.wants/phi-agent.service
# The helper is there for those who want it, and starts for nobody else.
there usr/lib/systemd/system/phi-helper.service; there usr/lib/systemd/system/workload.slice
gone etc/systemd/system/multi-user.target.wants/phi-helper.service
for unit in phi-agent phi-helper; do
    program=$(sed -n 's/^ExecStart=\([^ ]*\).*/\1/p' "$root/usr/lib/systemd/system/$unit.service")
    in_root test -x "$program" || fail "$step: $unit.service starts $program, which isn't there"
done
in_root getent passwd phi-agent >/dev/null || fail "$step: no user phi-agent"
in_root phi-agent version >/dev/null || fail "$step: the program doesn't run"
echo "deb-test: install: well"

# What a running agent and an operator leave behind.
step=upgrade
install -d -m 700 "$root/var/lib/phi-agent"
echo kept >"$root/var/lib/phi-agent/state"
echo secret >"$root/etc/phi-agent/token"
echo '# edited' >>"$root/etc/phi-agent/agent.conf"
mkdir "$work/next"
dpkg-deb -R "$1" "$work/next"
sed -i 's/^Version: .*/&+next/' "$work/next/DEBIAN/control"
dpkg-deb --root-owner-group -b "$work/next" "$root/tmp/next.deb" >/dev/null
package -i /tmp/next.deb
in_root dpkg-query -W -f '${Version}' phi-agent | grep -q '+next$' || fail "$step: not the new version"
grep -q '# edited' "$root/etc/phi-agent/agent.conf" || fail "$step: agent.conf was overwritten"
[ "$(cat "$root/var/lib/phi-agent/state")" = kept ] || fail "$step: the state is lost"
echo "deb-test: upgrade: settings and state kept"

step=remove
package -r phi-agent
gone usr/bin/phi-agent; there etc/phi-agent/agent.conf; there var/lib/phi-agent/state
echo "deb-test: remove: the program is gone, settings and state stay"

step=purge
package -P phi-agent
gone etc/phi-agent; gone var/lib/phi-agent
gone etc/systemd/system/multi-user.target.wants/phi-agent.service
echo "deb-test: purge: nothing is left but the user"
