#!/bin/sh
# Becomes the first process of a machine of its own: systemd, on the host's files. `tests/src/machine.rs` starts it
# in namespaces of its own, so that all that is mounted here goes with it. What the machine writes is in memory.
#
#   boot.sh DIRECTORY    where the machine's root is put together
set -eu

directory=$1
root=$directory/root
mount --make-rprivate /
mount -t tmpfs -o mode=755 machine "$directory"
mkdir "$directory/upper" "$directory/work" "$root"
mount -t overlay -o "lowerdir=/,upperdir=$directory/upper,workdir=$directory/work" machine "$root"

mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
# The whole hierarchy: an agent of the machine covers what an agent of the host would.
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
# systemd does this at the start of a machine, and not at that of a container.
mount -t bpf -o mode=700 bpf "$root/sys/fs/bpf"

mount -t tmpfs -o mode=755 dev "$root/dev"
for node in null zero full random urandom tty; do
    : >"$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/pts" "$root/dev/shm"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=755 run "$root/run"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"

# Images for containers forbid that packages start services.
rm -f "$root/usr/sbin/policy-rc.d"
: >"$root/etc/machine-id"
# None of the services that the host has.
cat >"$root/etc/systemd/system/weir-machine.target" <<'UNIT'
[Unit]
Description=A machine of its own
Requires=sysinit.target
After=sysinit.target
AllowIsolate=yes
UNIT
exec chroot "$root" env --ignore-environment container=weir-tests \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=weir-machine.target --log-target=journal --show-status=no
