//! What one component of a cgroup path can be.

use super::super::workload::Runtime;

/// Undoes the escaping of systemd.unit(5): `\x2d` is `-`. Escapes of bytes that
/// do not make UTF-8 come out as U+FFFD; what only looks like an escape stays.
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        if let [b'\\', b'x', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            bytes.push(high << 4 | low);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

/// Whether `segment` is the name of a systemd unit with processes of its own.
pub(super) fn is_unit(segment: &str) -> bool {
    [".service", ".scope", ".socket", ".mount", ".swap"]
        .iter()
        .any(|suffix| is_unit_name(segment, suffix))
}

/// Whether `segment` is the name of a slice.
pub(super) fn is_slice(segment: &str) -> bool {
    is_unit_name(segment, ".slice")
}

fn is_unit_name(segment: &str, suffix: &str) -> bool {
    segment.len() < 256
        && segment.strip_suffix(suffix).is_some_and(|stem| {
            !stem.is_empty()
                && !stem.starts_with('@')
                && stem
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || ":-_.\\@".contains(c))
        })
}

/// The uid of `user@<uid>.service`.
pub(super) fn user_manager(segment: &str) -> Option<u32> {
    segment
        .strip_prefix("user@")?
        .strip_suffix(".service")?
        .parse()
        .ok()
}

/// The uid of `user-<uid>.slice`.
pub(super) fn user_slice(segment: &str) -> Option<u32> {
    segment
        .strip_prefix("user-")?
        .strip_suffix(".slice")?
        .parse()
        .ok()
}

/// 64 lower-case hexadecimal digits: what Docker, Podman, containerd and CRI-O
/// make for an id.
pub(super) fn is_full_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// An id that the caller of a low-level runtime chose.
fn is_chosen_id(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// Prefixes with which runtimes mark a container's cgroup; the longer of two
/// that begin alike stands first.
const PREFIXES: [(&str, Runtime); 8] = [
    ("docker-", Runtime::Docker),
    ("libpod-conmon-", Runtime::Podman),
    ("libpod-payload-", Runtime::Podman),
    ("libpod-", Runtime::Podman),
    ("cri-containerd-", Runtime::Containerd),
    ("nerdctl-", Runtime::Containerd),
    ("crio-conmon-", Runtime::Crio),
    ("crio-", Runtime::Crio),
];

/// The id and the runtime of a component that is a container by itself:
/// `docker-<id>.scope`, `libpod-<id>`, `<slice>:cri-containerd:<id>`, ….
pub(super) fn container(segment: &str) -> Option<(&str, Runtime)> {
    // What runc makes of `slice:prefix:name` when it is not told that the
    // driver is systemd: the text itself as a directory.
    if let Some((_, rest)) = segment.split_once(':')
        && let Some((prefix, id)) = rest.split_once(':')
    {
        return is_full_id(id).then(|| (id, runtime_of(prefix)));
    }
    let stem = segment.strip_suffix(".scope").unwrap_or(segment);
    for (prefix, runtime) in PREFIXES {
        if let Some(id) = stem.strip_prefix(prefix) {
            return is_full_id(id).then_some((id, runtime));
        }
    }
    // runc and crun by themselves take any id, and only as scopes.
    let scope = segment.strip_suffix(".scope")?;
    let id = scope
        .strip_prefix("runc-")
        .or_else(|| scope.strip_prefix("crun-"))?;
    is_chosen_id(id).then_some((id, Runtime::Unknown))
}

fn runtime_of(prefix: &str) -> Runtime {
    let found = PREFIXES
        .iter()
        .find(|(known, _)| known.trim_end_matches('-') == prefix);
    found.map_or(Runtime::Unknown, |(_, runtime)| *runtime)
}

/// The id and the runtime of a component that is a container only because of
/// the directory it is in: `docker/<id>`, `k8s.io/<id>`, `default/<name>`.
pub(super) fn container_in<'p>(
    before: &str,
    parent: &str,
    segment: &'p str,
) -> Option<(&'p str, Runtime)> {
    match parent {
        // A podman pod's directory; its containers are `libpod-<id>` below it.
        "libpod_parent" => None,
        // containerd's own namespaces; `ctr run` lets its caller choose the id.
        "default" | "k8s.io" if before.is_empty() && is_chosen_id(segment) => {
            (!is_slice(segment) && !is_unit(segment)).then_some((segment, Runtime::Containerd))
        }
        "docker" | "moby" if is_full_id(segment) => Some((segment, Runtime::Docker)),
        _ => is_full_id(segment).then_some((segment, Runtime::Unknown)),
    }
}

/// The pod's uid and quality of service where `segment` is a pod of the systemd
/// driver: `kubepods-burstable-pod<uid>.slice`.
pub(super) fn pod_slice(segment: &str) -> Option<(String, &'static str)> {
    // Also `<pod slice>:cri-containerd:<id>`.
    let slice = segment.split(':').next()?.strip_suffix(".slice")?;
    let below = match slice.split_once("kubepods-") {
        // `kubelet-kubepods-…` is what kind and others make.
        Some((before, below)) if before.is_empty() || before.ends_with('-') => below,
        _ => return None,
    };
    let (qos, pod) = if let Some(pod) = below.strip_prefix("burstable-") {
        ("burstable", pod)
    } else if let Some(pod) = below.strip_prefix("besteffort-") {
        ("besteffort", pod)
    } else {
        ("guaranteed", below)
    };
    let uid = pod.strip_prefix("pod").filter(|uid| is_pod_uid(uid))?;
    Some((uid.replace('_', "-"), qos))
}

/// As [`pod_slice`], for the cgroupfs driver: `kubepods/besteffort/pod<uid>`,
/// with the two components before `segment`.
pub(super) fn pod_directory(
    before: &str,
    parent: &str,
    segment: &str,
) -> Option<(String, &'static str)> {
    let uid = segment.strip_prefix("pod").filter(|uid| is_pod_uid(uid))?;
    let qos = match (before, parent) {
        (_, "kubepods") => "guaranteed",
        ("kubepods", "burstable") => "burstable",
        ("kubepods", "besteffort") => "besteffort",
        _ => return None,
    };
    Some((uid.replace('_', "-"), qos))
}

/// A UUID, with `-` or systemd's `_` between its parts, or the 32 digits that
/// the kubelet gives to static pods.
fn is_pod_uid(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let marks = text.bytes().filter(|b| matches!(b, b'-' | b'_')).count();
    digits == 32 && (marks == 0 || marks == 4) && text.len() == digits + marks
}

/// What a machine's component names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Machine {
    /// A virtual machine.
    Virtual(String),
    /// An nspawn machine.
    Nspawn(String),
    /// An LXC container.
    Lxc(String),
}

/// The machine of `machine-….scope`, `systemd-nspawn@….service`,
/// `lxc.payload.…` and their like.
pub(super) fn machine(parent: &str, segment: &str) -> Option<Machine> {
    if let Some(escaped) = segment
        .strip_prefix("machine-")
        .and_then(|rest| rest.strip_suffix(".scope"))
    {
        return (!escaped.is_empty()).then(|| registered(&unescape(escaped)));
    }
    if let Some(escaped) = segment
        .strip_prefix("systemd-nspawn@")
        .and_then(|rest| rest.strip_suffix(".service"))
    {
        return (!escaped.is_empty()).then(|| Machine::Nspawn(unescape(escaped)));
    }
    for prefix in ["lxc.payload.", "lxc.monitor."] {
        if let Some(name) = segment.strip_prefix(prefix).filter(|name| !name.is_empty()) {
            return Some(Machine::Lxc(name.to_owned()));
        }
    }
    match parent {
        "lxc" | "lxc.payload" | "lxc.monitor" => Some(Machine::Lxc(segment.to_owned())),
        // libvirt without systemd.
        "machine" => libvirt(&unescape(segment)).or_else(|| {
            let name = segment
                .strip_suffix(".libvirt-qemu")
                .filter(|name| !name.is_empty())?;
            Some(Machine::Virtual(unescape(name)))
        }),
        _ => None,
    }
}

fn registered(name: &str) -> Machine {
    libvirt(name).unwrap_or_else(|| Machine::Nspawn(name.to_owned()))
}

/// libvirt registers `<driver>-<number>-<name>`, and `<driver>-<user>-<number>-<name>`
/// for the machines of a user's session.
fn libvirt(name: &str) -> Option<Machine> {
    let name = name.strip_suffix(".libvirt-qemu").unwrap_or(name);
    let (driver, rest) = name.split_once('-')?;
    let numbered = |text: &str| {
        let (number, domain) = text.split_once('-')?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        (digits && !domain.is_empty()).then(|| domain.to_owned())
    };
    let domain = numbered(rest).or_else(|| numbered(rest.split_once('-')?.1))?;
    match driver {
        "qemu" | "xen" | "ch" | "bhyve" => Some(Machine::Virtual(domain)),
        "lxc" => Some(Machine::Lxc(domain)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_undone_and_lookalikes_kept() {
        assert_eq!(unescape(r"qemu\x2d1\x2dweb"), "qemu-1-web");
        assert_eq!(unescape(r"caf\xc3\xa9"), "café");
        assert_eq!(unescape(r"\xff"), "\u{fffd}");
        assert_eq!(unescape(r"a\x2"), r"a\x2");
        assert_eq!(unescape(r"a\xzz\"), r"a\xzz\");
        assert_eq!(unescape(""), "");
    }

    #[test]
    fn unit_names_follow_systemd() {
        assert!(is_unit("nginx.service"));
        assert!(is_unit(r"systemd-fsck@dev-disk-by\x2duuid-1.service"));
        assert!(!is_unit(".service"));
        assert!(!is_unit("@a.service"));
        assert!(!is_unit("two words.service"));
        assert!(!is_unit("nginx.target"));
        assert!(!is_unit(&format!("{}.service", "a".repeat(250))));
        assert!(is_slice("-.slice"));
    }
}
