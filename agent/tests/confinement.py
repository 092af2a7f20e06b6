"""Tries what a confined process must not be able to do; says each error."""

import ctypes
import json
import os
import socket
import sys

at, numbers = sys.argv[1], json.loads(sys.argv[2])
libc = ctypes.CDLL(None, use_errno=True)
errno = {}


def attempt(what, do):
    try:
        do()
        errno[what] = 0
    except OSError as error:
        errno[what] = error.errno


def call(name, *arguments):
    def do():
        ctypes.set_errno(0)
        if getattr(libc, name)(*arguments) == -1:
            raise OSError(ctypes.get_errno(), name)

    return do


def number(value, *arguments):
    return call("syscall", ctypes.c_long(value), *arguments)


def path(name):
    return os.path.join(at, name)


def opened(name, flags):
    return lambda: os.close(os.open(name, flags, 0o600))


# With the status first: what follows may change it.
with open("/proc/self/status", encoding="utf-8") as file:
    status = file.read()

attempt("read an allowlist", opened(path("allowlists/file"), os.O_RDONLY))
attempt("write in the store", opened(path("store/file"), os.O_WRONLY | os.O_TRUNC))
attempt("make a file in the store", opened(path("store/new"), os.O_WRONLY | os.O_CREAT))
attempt("rename out of the store", lambda: os.rename(path("store/new"), path("other/new")))
attempt("remove a file in the store", lambda: os.unlink(path("store/new")))
attempt("read its own status", opened("/proc/self/status", os.O_RDONLY))
attempt("local socket", lambda: socket.socket(socket.AF_UNIX).close())
attempt("netlink socket", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0).close())

attempt("read /etc/shadow", opened("/etc/shadow", os.O_RDONLY))
attempt("write /etc/shadow", opened("/etc/shadow", os.O_WRONLY))
attempt("read another directory", opened(path("other/file"), os.O_RDONLY))
attempt("write an allowlist", opened(path("allowlists/file"), os.O_WRONLY))
attempt("make a file outside", opened(path("allowlists/new"), os.O_WRONLY | os.O_CREAT))
attempt("remove a file outside", lambda: os.unlink(path("allowlists/file")))
attempt("make a device in the store", lambda: os.mknod(path("store/null"), 0o020666, os.makedev(1, 3)))
attempt("make a link in the store", lambda: os.symlink("/etc/shadow", path("store/link")))
attempt("execute /bin/sh", lambda: os.execv("/bin/sh", ["/bin/sh", "-c", "exit 0"]))
attempt("execute from the store", lambda: os.execv(path("store/file"), ["file"]))
attempt("open the memory of another process", opened("/proc/1/mem", os.O_RDONLY))
attempt("signal another process", lambda: os.kill(1, 0))

attempt("chmod", lambda: os.chmod("/etc/passwd", 0o644))
attempt("chown", lambda: os.chown("/etc/passwd", 0, 0))
attempt("setxattr", lambda: os.setxattr(path("store/file"), "user.weir", b"x"))
attempt("setuid", lambda: os.setuid(0))
attempt("setgroups", lambda: os.setgroups([]))
attempt("capset", call("capset", ctypes.create_string_buffer(8), ctypes.create_string_buffer(24)))
attempt("chroot", lambda: os.chroot("/"))
attempt("mount", call("mount", b"none", path("store").encode(), b"tmpfs", 0, None))
attempt("umount", call("umount2", path("store").encode(), 0))
attempt("unshare", call("unshare", 0x40000000))
attempt("ptrace", call("ptrace", 16, 1, None, None))
attempt("personality", call("personality", 0))
attempt("set the clock", call("clock_settime", 0, ctypes.create_string_buffer(16)))
attempt("sethostname", call("sethostname", b"x", 1))

BPF_MAP_CREATE, BPF_MAP_LOOKUP_ELEM, BPF_PROG_LOAD, BPF_PROG_GET_FD_BY_ID = 0, 1, 5, 13
attribute = ctypes.create_string_buffer(b"\xff" * 4 + b"\0" * 124, 128)
for what, command in [
    ("look at a map that is none", BPF_MAP_LOOKUP_ELEM),
    ("load a BPF program", BPF_PROG_LOAD),
    ("make a BPF map", BPF_MAP_CREATE),
    ("open a BPF program by number", BPF_PROG_GET_FD_BY_ID),
]:
    attempt(what, number(numbers["bpf"], command, attribute, 32))
del numbers["bpf"]

AF_ALG, AF_VSOCK, AF_XDP, AF_BLUETOOTH = 38, 40, 44, 31
for what, family, kind in [
    ("internet socket", socket.AF_INET, socket.SOCK_STREAM),
    ("packet socket", socket.AF_PACKET, socket.SOCK_RAW),
    ("raw socket", socket.AF_INET6, socket.SOCK_RAW),
    ("vsock socket", AF_VSOCK, socket.SOCK_STREAM),
    ("AF_ALG socket", AF_ALG, 5),
    ("AF_XDP socket", AF_XDP, socket.SOCK_RAW),
    ("Bluetooth socket", AF_BLUETOOTH, socket.SOCK_RAW),
]:
    attempt(what, call("socket", int(family), int(kind), 0))

PR_SET_DUMPABLE = 4
attempt("dumpable", call("prctl", PR_SET_DUMPABLE, 1, 0, 0, 0))
for name, value in numbers.items():
    attempt(name, number(value, 0, 0, 0, 0, 0, 0))

print(json.dumps({"errno": errno, "status": status}))
