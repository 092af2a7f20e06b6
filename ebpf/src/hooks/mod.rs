//! One file per hook; each says why this hook.

mod cgroup_mkdir;
mod connect;
mod egress;
mod ingress;
mod sendmsg;
mod sock_create;
mod sock_release;
mod uplink;

/// Every `cgroup` hook's word for "go on": Weir never refuses.
const ALLOW: i32 = 1;
