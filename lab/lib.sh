# shellcheck shell=bash
# What the lab's commands share. Source it; it runs nothing.

# A command that fails within $(...) ends the script as well.
shopt -s inherit_errexit

vmmig_cache=${VMMIG_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/vmmig}

note() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
    note "$*"
    exit 1
}

# need COMMAND...: fails with the remedy unless all of them are there.
need() {
    local command
    for command in "$@"; do
        command -v "$command" >/dev/null || die "the command $command is missing; run lab/prerequisites"
    done
}

# need_root WHAT: namespaces and chroots need it.
need_root() { ((EUID == 0)) || die "$1 needs root; run it with sudo"; }

# await SECONDS COMMAND...: runs COMMAND until it succeeds; fails when the time is over.
await() {
    local deadline=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))
    shift
    until "$@"; do
        ((${EPOCHREALTIME/[.,]/} < deadline)) || return 1
        sleep 0.02
    done
}

# stamp_of FILE-OR-DIRECTORY...: a short hash of their content. It is part of an artefact's name, so a changed script
# leads to a new artefact, while those who still use the old one keep it.
stamp_of() {
    find "$@" -type f -print0 | sort -z | xargs -0 sha256sum | sed 's, .*/, ,' | sha256sum | cut -c1-12
}

# build_once NAME STAMP FUNCTION [ARGUMENT...]: prints the artefact's directory in the cache. If it is not there yet,
# FUNCTION DIRECTORY ARGUMENT... fills a directory beside it, which is moved into place when it is whole.
build_once() {
    local target=$vmmig_cache/$1-$2 building=$vmmig_cache/$1.building build_lock
    local name=$1 function=$3
    shift 3
    if [[ ! -d $target ]]; then
        mkdir -p "${target%/*}"
        exec {build_lock}>"$vmmig_cache/$name.lock"
        flock "$build_lock"
    fi
    if [[ ! -d $target ]]; then
        # We hold the lock, so whatever stands here was left by a build that died.
        rm -rf "$building"
        mkdir "$building"
        note "building $name in $target"
        local start=$SECONDS
        "$function" "$building" "$@" {build_lock}>&- >&2
        sync -f "$building"
        mv -T "$building" "$target"
        note "built $name in $((SECONDS - start)) s"
    fi
    [[ -z ${build_lock:-} ]] || exec {build_lock}>&-
    printf '%s\n' "$target"
}

# foreign_apt DIRECTORY ARCHITECTURE: sets the array apt_options so that apt works with the machine's own sources and
# keys, but for another architecture and with all of its state in DIRECTORY. Nothing gets installed on this machine.
foreign_apt() {
    mkdir -p "$1/lists/partial" "$1/archives/partial"
    : >"$1/status"
    # shellcheck disable=SC2034 # for those who call this
    apt_options=(
        -qq
        -o "APT::Architecture=$2" -o "APT::Architectures=$2"
        -o "Dir::State::Lists=$1/lists" -o "Dir::State::status=$1/status" -o "Dir::Cache=$1"
        -o "APT::Sandbox::User=root" -o "Debug::NoLocking=1"
    )
}

# apt_mirror: the mirror that this machine's own apt uses for Debian's main archive; nothing when there is none.
apt_mirror() {
    # shellcheck disable=SC2016 # apt expands these
    apt-get indextargets --format '$(CREATED_BY) $(COMPONENT) $(REPO_URI)' 2>/dev/null |
        awk '$1 == "Packages" && $2 == "main" && $3 !~ /security/ { print $3; exit }'
}

# debian_tree DIRECTORY CODENAME PACKAGE...: a minimal Debian with these packages.
debian_tree() {
    local directory=$1 codename=$2 mirror packages proxy=
    shift 2
    mirror=$(apt_mirror)
    packages=$(IFS=, && echo "$*")
    # debootstrap does not read apt's settings. Without a mirror it takes its own default.
    eval "$(apt-config shell proxy Acquire::http::Proxy)"
    [[ -z $proxy ]] || export http_proxy=$proxy
    debootstrap --variant=minbase ${packages:+"--include=$packages"} "$codename" "$directory" ${mirror:+"$mirror"} \
        >"$directory.log" || die "debootstrap $codename failed: $(tail -1 "$directory.log"); see $directory.log"
    rm -rf "$directory.log" "$directory"/var/cache/apt/archives/*.deb "$directory"/var/lib/apt/lists/*_*
}

# ---- libvirt

# qemu_conf: the qemu.conf that suits hosts without systemd, which libvirt's defaults do not: with another user or a
# security driver libvirt probes every QEMU again before each operation, which takes seconds.
qemu_conf() {
    cat <<'END'
user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
END
}

# capabilities_stamp ROOT: libvirt believes what it once found out about a QEMU as long as none of these changed: itself
# and its drivers, the QEMUs and their modules, the kernel, the processor's microcode.
capabilities_stamp() {
    {
        find "$1"/usr/sbin/libvirtd "$1"/usr/lib/*/libvirt/connection-driver "$1"/usr/lib/*/qemu \
            "$1"/usr/bin/qemu-system-* -printf '%p %C@ %T@\n' | sort
        uname -rv
        grep -m1 microcode /proc/cpuinfo || true
    } | sha256sum | cut -c1-12
}

# probe_emulators URI: makes the libvirt behind URI find out all about every QEMU that is installed.
probe_emulators() { LIBVIRT_LOG_OUTPUTS=4:file:/dev/null virsh -q -c "$1" capabilities >/dev/null; }
