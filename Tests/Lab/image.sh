#!/usr/bin/env bash
# Builds what a board boots from, and prints the folder that holds it: Debian's arm64 kernel (vmlinuz), a
# first root with the modules to reach the disk (initrd.img), the disk (disk.ext4) and a key to log in
# with (id). Kept beside the device's SDK under a name that is a hash of its inputs.
#
# The packages' own scripts are aarch64 programs. They run under qemu-user in a user namespace with a
# binfmt_misc of its own, so that the machine's stays as it is (Linux 6.7 and newer; before that a
# registration by binfmt-support is used).
set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
here=$(cd "$lab/../../toolchains" && pwd)
readonly lab here codename=bookworm arch=arm64
readonly emulator=/usr/bin/qemu-aarch64-static

# A small Debian with systemd, and the peers that the agent is measured beside.
readonly packages=(systemd systemd-sysv udev dbus openssh-server iproute2 kmod procps busybox-static
    collectd-core libyajl2 libcurl3-gnutls libsensors5 prometheus-node-exporter strace)
# To reach the disk; then the board: sensor, frequency, network, compressed swap.
readonly first_modules=(virtio_mmio virtio_blk ext4)
readonly modules=(virtio_net virtio_rng bcm2835_thermal cpufreq-dt cpufreq_ondemand cpufreq_powersave
    cpufreq_userspace zram)
readonly disk_size=1G

say() { printf 'lab: %s\n' "$*" >&2; }
fail() { # message, hint
    printf 'lab: error: %s\n' "$1" >&2
    printf 'lab: hint: %s\n' "$2" >&2
    exit 1
}

# shellcheck source=../../toolchains/private_apt.sh
. "$here/private_apt.sh"

# Runs a command that starts aarch64 programs.
with_foreign_programs() {
    if grep -qs '^enabled' /proc/sys/fs/binfmt_misc/qemu-aarch64; then
        "$@"
        return
    fi
    local go space status=0
    go=$(mktemp -u "$work/go.XXXXXX")
    mkfifo "$go"
    # The ELF header of an aarch64 program and its mask, as binfmt_misc wants them. Flags: O and C keep
    # descriptor and credentials, F opens the emulator now, so that it is found inside a chroot.
    # shellcheck disable=SC2016  # the inner shell expands
    unshare --user --mount --pid --fork --kill-child --propagation private bash -c '
        read -r _ <"$1"
        mount -t proc proc /proc
        mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc || exit 97
        header="\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
        mask="\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
        printf %s ":aarch64:M::$header:$mask:$2:OCF" >/proc/sys/fs/binfmt_misc/register
        shift 2
        exec "$@"' space "$go" "$emulator" "$@" &
    space=$!
    until [ "$(readlink "/proc/$space/ns/user")" != "$(readlink /proc/self/ns/user)" ]; do sleep 0.05; done
    echo "0 0 65536" >"/proc/$space/uid_map"
    echo "0 0 65536" >"/proc/$space/gid_map"
    echo >"$go"
    wait "$space" || status=$?
    [ $status != 97 ] || fail "this kernel has no binfmt_misc of a namespace's own" \
        "apt-get install binfmt-support, which registers qemu-user-static for the machine"
    return $status
}

unpack_debian() {
    say "2/4 unpacking and configuring Debian $codename for $arch (some two minutes)"
    # mmdebstrap takes the machine's archives, binary packages alone.
    sed 's/^Types: deb deb-src/Types: deb/' "$work/apt/sources.d/debian.sources" >"$work/debian.sources"
    local included
    included=$(IFS=,; echo "${packages[*]}")
    with_foreign_programs mmdebstrap --quiet --mode=root --arch="$arch" --variant=minbase \
        --skip=chroot/mount/sys,check/qemu \
        --aptopt='Acquire::Languages "none"' --aptopt='APT::Install-Recommends "false"' \
        --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
        --dpkgopt='path-exclude=/usr/share/locale/*' \
        --include="$included" "$codename" "$work/root" "$work/debian.sources" >"$work/log" 2>&1 || {
        tail -15 "$work/log" >&2
        fail "Debian can't be unpacked" "see the lines above; $work/log is gone with this run"
    }
}

unpack_kernel() {
    say "3/4 fetching the kernel"
    local package module
    package=$(private_apt apt-cache depends linux-image-arm64 | awk '/Depends:/ {print $2; exit}')
    (cd "$work" && download_package "$package")
    dpkg-deb --extract "$work/$package"_*.deb "$work/kernel"
    release=$(ls "$work/kernel/lib/modules")
    cp "$work/kernel/boot/vmlinuz-$release" "$work/image/vmlinuz"
    depmod --basedir "$work/kernel" "$release"
    modules_of "${modules[@]}" | while read -r module; do
        install -D -m 644 "$module" "$work/root/${module#"$work/kernel/"}"
    done
    cp "$work/kernel/lib/modules/$release"/modules.{order,builtin,builtin.modinfo} \
        "$work/root/lib/modules/$release/"
    depmod --basedir "$work/root" "$release"
}

# The files of modules and of what they need, in the order of loading.
modules_of() { # module...
    local module
    for module in "$@"; do
        modprobe --dirname "$work/kernel" --set-version "$release" --show-depends "$module"
    done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

# A root that loads the modules for the disk and goes on there.
make_first_root() {
    local first="$work/first" module
    mkdir -p "$first"/{bin,dev,modules,new,proc}
    cp "$work/root/bin/busybox" "$first/bin/"
    modules_of "${first_modules[@]}" | while read -r module; do
        cp "$module" "$first/modules/"
        echo "/modules/${module##*/}" >>"$first/modules/list"
    done
    cp "$lab/guest/init" "$first/init"
    chmod 755 "$first/init"
    (cd "$first" && find . | cpio --quiet --create --format=newc) >"$work/image/initrd.img"
}

configure_guest() {
    local root="$work/root" unit
    ssh-keygen -q -t ed25519 -N '' -C lab -f "$work/image/id"
    install -d -m 700 "$root/root/.ssh"
    install -m 600 "$work/image/id.pub" "$root/root/.ssh/authorized_keys"
    rm -f "$root"/etc/ssh/ssh_host_*
    ssh-keygen -q -t ed25519 -N '' -C board -f "$root/etc/ssh/ssh_host_ed25519_key"
    printf '%s\n' 'HostKey /etc/ssh/ssh_host_ed25519_key' 'UseDNS no' 'UsePAM no' \
        >"$root/etc/ssh/sshd_config.d/lab.conf"
    # A password that nobody has, and an account that is not locked: the key lets one in.
    sed -i 's/^root:[^:]*:/root:*:/' "$root/etc/shadow"
    cp "$lab/guest/network" "$root/etc/systemd/network/lab.network"
    printf '/dev/root / ext4 rw,noatime 0 0\n' >"$root/etc/fstab"
    echo board >"$root/etc/hostname"
    echo uninitialized >"$root/etc/machine-id"
    : >"$root/etc/resolv.conf"
    # As on a board: the journal is in memory. Jobs at odd hours would disturb what is measured.
    install -D -m 644 "$lab/guest/journald" "$root/etc/systemd/journald.conf.d/lab.conf"
    install -d "$root/etc/systemd/system/multi-user.target.wants"
    ln -sf /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
    for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
        e2scrub_reap.service fstrim.timer getty@tty1.service systemd-networkd-wait-online.service \
        systemd-pstore.service collectd.service prometheus-node-exporter.service; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
}

inputs_hash() {
    cat "$lab/image.sh" "$lab"/guest/* "$here/private_apt.sh" "$here/debian_sources.py" |
        sha256sum | cut -c1-16
}

main() {
    local cache home
    umask 022
    cache="${XDG_CACHE_HOME:-$HOME/.cache}/phifleet"
    home="$cache/lab-$(inputs_hash)"
    if [ -d "$home" ]; then
        echo "$home"
        return
    fi
    [ "$(id -u)" = 0 ] || fail "a disk with files of root's needs root to be made" \
        "run 'sudo make lab' once; boards are then booted by any user"
    mkdir -p "$cache"
    exec 9>"$cache/lab-lock"
    flock 9
    if [ -d "$home" ]; then
        echo "$home"
        return
    fi
    rm -rf "$cache"/lab-building.*
    work=$(mktemp -d "$cache/lab-building.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    mkdir "$work/image"

    say "1/4 reading the package lists of Debian $codename for $arch"
    read_archives
    unpack_debian
    unpack_kernel
    configure_guest
    make_first_root
    say "4/4 making the disk"
    truncate -s "$disk_size" "$work/image/disk.ext4"
    mke2fs -q -t ext4 -O ^has_journal -L board -d "$work/root" "$work/image/disk.ext4"
    chroot_versions >"$work/image/packages"
    mv -T "$work/image" "$home"
    say "done: $home"
    echo "$home"
}

chroot_versions() {
    dpkg-query --admindir "$work/root/var/lib/dpkg" -W -f '${Package} ${Version}\n'
    echo "kernel $release"
}

main "$@"
