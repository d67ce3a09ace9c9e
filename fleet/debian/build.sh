#!/usr/bin/env bash
# Packs a built agent as a Debian package, and has lintian look at it.
#
# Usage: fleet/debian/build.sh ARCHITECTURE PROGRAM NATIVE-PROGRAM OUT-FOLDER
#   PROGRAM         the agent for ARCHITECTURE (amd64 or arm64)
#   NATIVE-PROGRAM  the agent that runs on this machine: it prints the manual and the completion
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

fail() { # message, hint
    printf 'deb: error: %s\n' "$1" >&2
    printf 'deb: hint: %s\n' "$2" >&2
    exit 1
}
[ $# = 4 ] || fail "four arguments are needed" "make deb"
architecture=$1 program=$2 native=$3 out=$4
[ -x "$program" ] || fail "there is no $program" "make build device"

mkdir -p "$out"
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
tree=$stage/phi-agent
mkdir -p "$tree/completion"
cp -r fleet/debian "$tree/debian"
rm "$tree/debian/build.sh" "$tree/debian/try.sh"
cp "$program" "$tree/phi-agent"
# The device's program comes stripped; the machine's own doesn't.
if ldd "$program" >/dev/null 2>&1; then strip --remove-section=.comment "$tree/phi-agent"; fi
"$native" manual >"$tree/phi-agent.8"
"$native" completion >"$tree/completion/phi-agent"
cp fleet/systemd/{agent.conf,govern.conf,helper.conf,socket.conf,workload.slice} "$tree"
cp -r fleet/clients "$tree/clients"
rm -rf "$tree/clients/python/__pycache__"
cp docs/{operations,glossary,workloads}.md "$tree"
# A package's program lies in /usr/bin, its documents where Debian has them.
for unit in phi-agent.service phi-helper.service workload.slice; do
    sed -e 's|/usr/local/bin/|/usr/bin/|g' \
        -e 's|file:/usr/local/share/doc/phifleet/operations.md|man:phi-agent(8)|' \
        "fleet/systemd/$unit" >"$tree/$unit"
done
mv "$tree/phi-agent.service" "$tree/debian/phi-agent.service"

version=$(dpkg-parsechangelog -l "$tree/debian/changelog" -S Version)
built=$("$native" version | sed -n 's/^phi-agent //p')
[ "$version" = "$built" ] ||
    fail "fleet/debian/changelog says $version, the program $built" "dch, or AgentCommand.version"

log=$out/build-$architecture.log
# -d: the compiler isn't a package, and packing for another architecture needs no cross-compiler.
(cd "$tree" && dpkg-buildpackage -b -d -us -uc "-a$architecture") >"$log" 2>&1 || {
    tail -20 "$log" >&2
    fail "dpkg-buildpackage failed" "the whole log is $log"
}
cp "$stage"/*.deb "$out/"
package=$out/phi-agent_${version}_$architecture.deb
echo "deb: $package: $(stat -c %s "$package") bytes, installed $(dpkg-deb -f "$package" Installed-Size) KiB"
lintian --fail-on error,warning --allow-root --suppress-tags bad-distribution-in-changes-file "$package"
