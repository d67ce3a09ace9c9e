#!/usr/bin/env bash
# Builds the device's Swift SDK and prints the folder that holds it, for
#   swift build --swift-sdks-path "$(toolchains/sdk.sh arm64)" --swift-sdk pi-aarch64 ...
#   swift build --swift-sdks-path "$(toolchains/sdk.sh amd64)" --swift-sdk static-x86_64 ...
#
# The SDK is an artifact bundle: Debian's packages for that architecture unpacked as a sysroot, a static libcurl
# built from Debian's source package, and the flags in toolchains/sdk/ARCH. It is kept outside the
# build folder under a name that is a hash of its inputs, so it is built once. toolchains/README.md
# tells the rest.
#
# Usage: toolchains/sdk.sh [arm64|amd64]                 build if need be, print the folder
#        toolchains/sdk.sh [arm64|amd64] --update-lock   build afresh, write the versions used to
#                                                        packages-ARCH.lock
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here codename=bookworm
# What the agent links (libssl-dev and below), and what any static C program needs (above it).
# gcc-12-base holds libgcc's licence.
readonly packages=(libc6-dev linux-libc-dev gcc-12-base libgcc-12-dev
    libssl-dev libc-ares-dev libsensors-dev)

# What differs by architecture.
#
# The baseline of arm64: runs on Cortex-A53 and A72, the boards' cores, neither of which has AES or SHA
# instructions (clang's -mcpu=cortex-a53 would assume them). Same flags as in sdk/ARCH/toolset.json.
choose_architecture() {
    case "$arch" in
    arm64)
        sdk=pi-aarch64 triple=aarch64-linux-gnu processor=aarch64 embedded=aarch64-none-none-elf
        device_flags="-march=armv8-a -mtune=cortex-a53 -mno-outline-atomics"
        ;;
    amd64)
        sdk=static-x86_64 triple=x86_64-linux-gnu processor=x86_64 embedded=x86_64-unknown-none-elf
        device_flags="-march=x86-64"
        ;;
    esac
    device_flags="--target=$triple $device_flags -Os -ffunction-sections -fdata-sections \
-fno-unwind-tables -fno-asynchronous-unwind-tables"
    lock="$here/packages-$arch.lock"
}

say() { printf 'sdk: %s\n' "$*" >&2; }
fail() { # message, hint
    printf 'sdk: error: %s\n' "$1" >&2
    printf 'sdk: hint: %s\n' "$2" >&2
    exit 1
}

# shellcheck source=private_apt.sh
. "$here/private_apt.sh"

need() { # program, Debian package
    command -v "$1" >/dev/null ||
        fail "$1 is missing" "run 'make setup', which installs the package $2"
}

find_tools() {
    command -v swift >/dev/null || fail "swift is not on PATH" \
        "install the Swift 6.3 toolchain and put its usr/bin on PATH"
    toolchain=$(dirname "$(readlink -f "$(command -v swift)")")
    local tool
    for tool in clang ld.lld llvm-ar llvm-ranlib llvm-objcopy; do
        [ -x "$toolchain/$tool" ] || fail "the Swift toolchain has no $tool" \
            "install the complete toolchain from swift.org, not a distribution's subset"
    done
    unicode_tables="$toolchain/../lib/swift/embedded/$embedded/libswiftUnicodeDataTables.a"
    [ -e "$unicode_tables" ] || fail "the Swift toolchain has no Embedded Swift for $processor" \
        "install Swift 6.3 from swift.org"
}

find_debian_tools() {
    need apt-get apt
    need dpkg-deb dpkg
    need dpkg-source dpkg-dev
    need patch patch
    need xz xz-utils
    need python3 python3
    need cmake cmake
    need ninja ninja-build
    # A subshell, since the file sets many names; it is absent on other systems.
    local found
    # shellcheck source=/dev/null
    found=$( (. /etc/os-release && echo "${VERSION_CODENAME:-unknown}") 2>/dev/null || echo unknown)
    [ "$found" = "$codename" ] || fail "this is '$found', and the SDK is made from Debian $codename" \
        "build on Debian 12 ($codename), or in a chroot or container of it"
}

# Everything that decides what is in the bundle. The README is not among them.
inputs_hash() {
    {
        swift --version 2>/dev/null
        cd "$here"
        cat sdk.sh private_apt.sh debian_sources.py sdk/*.c "sdk/$arch"/*
        if [ -e "$lock" ]; then cat "$lock"; fi
    } | sha256sum | cut -c1-16
}

# One line a package, in the order of the list: name, version, SHA-256 (both from the signed index).
resolve_versions() {
    local package
    for package in "${packages[@]}"; do
        private_apt apt-cache show --no-all-versions "$package" 2>/dev/null |
            awk -v name="$package" '/^Version:/ {v=$2} /^SHA256:/ {s=$2}
                END {if (v == "" || s == "") exit 1; print name, v, s}' ||
            fail "Debian $codename has no $arch package $package" \
                "check that the archive in /etc/apt serves $arch (not every mirror does)"
    done
    # The highest version of the source, as `apt-get source` would choose, and its .dsc's hash.
    private_apt apt-cache showsrc --only-source curl 2>/dev/null |
        awk '/^Version:/ {v=$2} /^Checksums-Sha256:/ {on=1; next} /^[^ ]/ {on=0}
            on && $3 ~ /\.dsc$/ {print v, $1}' |
        while read -r version sum; do
            if [ -z "${best:-}" ] || dpkg --compare-versions "$version" gt "$best"; then
                best=$version
                echo "curl:source $version $sum"
            fi
        done | tail -1 | grep . ||
        fail "Debian $codename's source package curl can't be had" \
            "check that the archive in /etc/apt serves source packages (deb-src)"
}

compare_with_lock() { # versions
    if [ ! -e "$lock" ]; then
        say "note: there is no ${lock##*/}; 'toolchains/sdk.sh $arch --update-lock' writes one"
        return
    fi
    local name version rest locked moved=0
    while read -r name version rest; do
        locked=$(awk -v name="$name" '$1 == name {print $2}' "$lock")
        if [ "$locked" != "$version" ]; then
            say "note: $name moved: ${locked:-not locked} -> $version"
            moved=1
        fi
    done <"$1"
    if [ "$moved" = 1 ]; then
        say "note: the SDK is made of what the archive has now; 'make sdk-update' records it"
    fi
}

unpack_sysroot() {
    say "2/5 fetching ${#packages[@]} $arch packages"
    local name version sum deb
    mkdir -p "$work/debs" "$work/root"
    while read -r name version sum; do
        [ "$name" != curl:source ] || continue
        (cd "$work/debs" && download_package "$name=$version")
        deb=$(echo "$work/debs/${name}_"*.deb)
        # apt has checked it against the signed index; this ties it to the lock's line.
        echo "$sum  $deb" | sha256sum --check --quiet >&2
        dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --no-same-owner
    done <"$work/versions"

    # Of all that, what a static link reads, and the licences of what it takes in. Without the
    # shared objects a forgotten -static fails here and not on the device.
    say "3/5 laying out the sysroot"
    mkdir -p "$sysroot/usr/lib/gcc/$triple" "$bundle/$sdk/licences"
    mv "$work/root/usr/include" "$sysroot/usr/include"
    mv "$work/root/usr/lib/$triple" "$sysroot/usr/lib/$triple"
    mv "$work/root/usr/lib/gcc/$triple/12" "$sysroot/usr/lib/gcc/$triple/12"
    find "$sysroot" \( -name '*.so' -o -name '*.so.*' \) -delete
    rm -rf "$sysroot/usr/lib/$triple/pkgconfig" "$sysroot/usr/lib/gcc/$triple/12/plugin"
    # Debian compiles with unwind tables, for backtraces and C++ exceptions through C. The device
    # has neither, and the tables are 0.7 MB of a 5 MB program (measured: 5.17 MB with, 4.50 without).
    for name in "$sysroot/usr/lib/$triple"/*.a; do
        # libm.a and the like may be linker scripts; empty archives (libpthread.a) have no members.
        [ "$(head -c 7 "$name")" = '!<arch>' ] || continue
        "$toolchain/llvm-objcopy" --enable-deterministic-archives \
            --remove-section=.eh_frame --remove-section=.rela.eh_frame "$name"
    done
    for name in "${packages[@]}"; do
        cp "$work/root/usr/share/doc/$name/copyright" "$bundle/$sdk/licences/$name" 2>/dev/null ||
            say "note: $name carries no copyright file of its own"
    done
}

build_curl() {
    local version log="$work/curl.log" cpus
    version=$(awk '$1 == "curl:source" {print $2}' "$work/versions")
    # No engines, no stapled OCSP replies: libcurl leaves out what such an OpenSSL wouldn't have.
    local without="-DOPENSSL_NO_ENGINE -DOPENSSL_NO_OCSP"
    say "4/5 building libcurl $version: HTTP and HTTPS only, static (about half a minute)"
    mkdir -p "$work/curl"
    (
        cd "$work/curl"
        private_apt apt-get source --download-only "curl=$version" >"$work/apt/log" 2>&1 || {
            tail -5 "$work/apt/log" >&2
            exit 1
        }
        # apt has checked the signatures of the index that names these files.
        dpkg-source --no-check -x ./curl_*.dsc source >"$log" 2>&1
    ) || fail "Debian's curl source package can't be fetched or unpacked" \
        "check the network and the end of the log above; see $log"

    # Nothing of the host is looked at: programs are named, headers and libraries only in the
    # sysroot, pkg-config is a false friend. The build folder's own path stays out of the objects.
    cat >"$work/toolchain.cmake" <<CMAKE
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR $processor)
set(CMAKE_SYSROOT "$sysroot")
set(CMAKE_LIBRARY_ARCHITECTURE $triple)
set(CMAKE_C_COMPILER "$toolchain/clang")
set(CMAKE_AR "$toolchain/llvm-ar")
set(CMAKE_RANLIB "$toolchain/llvm-ranlib")
set(CMAKE_C_FLAGS_INIT "$device_flags -ffile-prefix-map=$work=. $without")
set(CMAKE_EXE_LINKER_FLAGS_INIT "-fuse-ld=lld -static")
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(PKG_CONFIG_EXECUTABLE /bin/false)
CMAKE
    # Without a resolver of its own: c-ares would cost each handle 74 KB, and a static glibc's getaddrinfo
    # wants the very glibc it was built with at run time. So the agent asks c-ares itself, when it has a
    # name to ask for. The certificates' place is Debian's (and Raspberry Pi OS's).
    cpus=$(nproc)
    # shellcheck disable=SC2016  # the inner shell expands its own arguments
    env -i PATH="$PATH" HOME="$work" SOURCE_DATE_EPOCH=0 bash -c '
        set -eu
        cmake -G Ninja -S "$1/curl/source" -B "$1/curl/build" \
            -DCMAKE_TOOLCHAIN_FILE="$1/toolchain.cmake" -DCMAKE_BUILD_TYPE=None \
            -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_INSTALL_LIBDIR="lib/$3" \
            -DBUILD_SHARED_LIBS=OFF -DBUILD_CURL_EXE=OFF -DBUILD_TESTING=OFF \
            -DHTTP_ONLY=ON -DENABLE_ARES=OFF -DENABLE_THREADED_RESOLVER=OFF \
            -DCURL_USE_OPENSSL=ON -DOPENSSL_USE_STATIC_LIBS=ON \
            -DCURL_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt -DCURL_CA_PATH=none \
            -DCURL_USE_LIBSSH2=OFF -DCURL_USE_LIBPSL=OFF -DUSE_LIBIDN2=OFF -DUSE_NGHTTP2=OFF \
            -DCURL_BROTLI=OFF -DCURL_ZSTD=OFF -DCURL_ZLIB=OFF \
            -DCURL_DISABLE_NETRC=ON -DCURL_DISABLE_ALTSVC=ON -DCURL_DISABLE_HSTS=ON \
            -DCURL_DISABLE_COOKIES=ON -DCURL_DISABLE_CRYPTO_AUTH=ON -DCURL_DISABLE_DOH=ON \
            -DCURL_DISABLE_MIME=ON -DCURL_DISABLE_NTLM=ON -DCURL_DISABLE_PROXY=ON \
            -DCURL_DISABLE_PROGRESS_METER=ON -DCURL_DISABLE_OPENSSL_AUTO_LOAD_CONFIG=ON \
            -DENABLE_MANUAL=OFF -DCURL_DISABLE_TESTS=ON
        cmake --build "$1/curl/build" --parallel "$2"
        DESTDIR="$1/curl/out" cmake --install "$1/curl/build"
    ' curl "$work" "$cpus" "$triple" >>"$log" 2>&1 || {
        tail -20 "$log" >&2
        fail "libcurl doesn't build" "the log's end is above; a change of Debian's curl is likely"
    }
    cp "$work/curl/out/usr/lib/$triple/libcurl.a" "$sysroot/usr/lib/$triple/"
    cp -r "$work/curl/out/usr/include/curl" "$sysroot/usr/include/"
    cp "$work/curl/source/debian/copyright" "$bundle/$sdk/licences/libcurl"
}

# OpenSSL without the algorithms that nobody here speaks, and the parts that no client gets to: crypto.c and
# absent.c tell how, and whose place they take.
slim_crypto() {
    local libraries="$sysroot/usr/lib/$triple" file
    for file in crypto absent; do compile "$file"; done
    leave_out libcrypto.a libcrypto-lib- defltprov provider_predefined c_allc c_alld err_all
    leave_out libcrypto.a libdefault-lib- capabilities dh_kmgmt dsa_kmgmt
    leave_out libcrypto.a libcrypto-lib- conf_mall p12_kiss store_lib http_client dso_lib \
        eng_dyn eng_openssl e_afalg e_padlock curve448 eddsa ec2_smpl ec2_oct bn_gf2m
    if [ "$arch" = amd64 ]; then
        leave_out libcrypto.a libcrypto-lib- ecp_nistp224 ecp_nistp256 ecp_nistp521
    fi
    leave_out libssl.a libssl-lib- statem_srvr extensions_srvr statem_dtls rec_layer_d1 d1_lib d1_srtp \
        d1_msg pqueue tls_srp ssl_mcnf ssl_rsa
    "$toolchain/llvm-ar" rsD "$libraries/libcrypto.a" "$work/crypto.o" "$work/absent.o"
    "$toolchain/llvm-ranlib" -D "$libraries/libssl.a"
}

compile() { # name of a file in sdk/
    # shellcheck disable=SC2086  # the flags are words
    "$toolchain/clang" $device_flags --sysroot "$sysroot" -Wall -Wextra -Werror \
        -ffile-prefix-map="$here=." -c "$here/sdk/$1.c" -o "$work/$1.o"
}

leave_out() { # archive, prefix of its members' names, the members
    local archive="$sysroot/usr/lib/$triple/$1" prefix=$2 members member
    members=$("$toolchain/llvm-ar" t "$archive")
    for member in "${@:3}"; do
        grep -qx -- "$prefix$member.o" <<<"$members" ||
            fail "Debian's $1 has no member $prefix$member.o" "OpenSSL changed: see toolchains/sdk/*.c"
        "$toolchain/llvm-ar" dD "$archive" "$prefix$member.o"
    done
}

# What Embedded Swift links besides: the hooks its runtime expects of a platform, what stands in for parts of
# glibc, and the Unicode tables of the toolchain (only what is used of them is taken).
build_runtime() {
    local libraries="$sysroot/usr/lib/$triple"
    say "5/5 building the Swift runtime's hooks, writing the bundle"
    compile hooks
    compile libc
    "$toolchain/llvm-ar" rcsD "$libraries/libphi-hooks.a" "$work/hooks.o" "$work/libc.o"
    cp "$unicode_tables" "$libraries/"
    chmod 644 "$libraries/libswiftUnicodeDataTables.a"
}

finish_bundle() {
    cp "$here/sdk/$arch/info.json" "$bundle/"
    cp "$here/sdk/$arch/swift-sdk.json" "$here/sdk/$arch/toolset.json" "$bundle/$sdk/"
    cp "$work/versions" "$bundle/$sdk/packages"
    # A path of this build inside the SDK would make two builds differ, or leak where it was made.
    if grep -rlF "$work" "$bundle" >&2; then
        fail "files of the SDK (above) name the folder they were built in" "this is a fault of sdk.sh"
    fi
    (cd "$bundle" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) \
        >"$work/contents"
    mv "$work/contents" "$work/sdks/contents.sha256"
}

write_lock() {
    {
        echo "# What the device SDK was last built from: name, version, SHA-256 of the .deb (of the"
        echo "# .dsc for the source package). Written by 'make sdk-update'; see README.md."
        cat "$1"
    } >"$lock.new"
    mv "$lock.new" "$lock"
    say "${lock##*/} written"
}

main() {
    local update=0 home argument
    arch=arm64
    for argument in "$@"; do
        case "$argument" in
        arm64 | amd64) arch=$argument ;;
        --update-lock) update=1 ;;
        *) fail "unknown option '$argument'" "usage: toolchains/sdk.sh [arm64|amd64] [--update-lock]" ;;
        esac
    done
    umask 022
    choose_architecture
    find_tools
    cache="${XDG_CACHE_HOME:-$HOME/.cache}/phifleet"
    home="$cache/sdk-$(inputs_hash)"
    if [ "$update" = 0 ] && [ -d "$home" ]; then
        compare_with_lock "$home/$sdk.artifactbundle/$sdk/packages"
        say "have it: $home"
        echo "$home"
        return
    fi

    find_debian_tools
    mkdir -p "$cache"
    # One builder at a time; the second finds the first's work.
    exec 9>"$cache/lock"
    flock 9
    if [ "$update" = 0 ] && [ -d "$home" ]; then
        echo "$home"
        return
    fi
    # What a killed run left: nobody else builds while this one holds the lock.
    rm -rf "$cache"/building.*
    work=$(mktemp -d "$cache/building.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP
    bundle="$work/sdks/$sdk.artifactbundle"
    sysroot="$bundle/$sdk/sysroot"
    mkdir -p "$sysroot"

    say "1/5 reading the package lists of Debian $codename for $arch"
    read_archives
    resolve_versions >"$work/versions"
    if [ "$update" = 0 ]; then compare_with_lock "$work/versions"; fi
    unpack_sysroot
    build_curl
    slim_crypto
    build_runtime
    finish_bundle
    if [ "$update" = 1 ]; then
        write_lock "$work/versions"
        home="$cache/sdk-$(inputs_hash)"
        rm -rf "$home"
    fi
    # The rename is the last thing: an interrupted run leaves no half of an SDK.
    mv -T "$work/sdks" "$home"
    say "done: $home"
    echo "$home"
}

main "$@"
