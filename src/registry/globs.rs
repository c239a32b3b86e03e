//! The hosts of ECR as the kubelet's configuration names them (`matchImages`): each `*` stands for one label.

use super::{PUBLIC_HOSTS, Partition};

/// Globs that match every host of ECR, private and public, and no other host.
pub fn image_globs() -> Vec<String> {
    let mut globs = Vec::new();
    let mut add = |name: &str, domain: &str| {
        let glob = format!("*.{name}.*.{domain}");
        if !globs.contains(&glob) {
            globs.push(glob);
        }
    };
    for partition in Partition::ALL {
        add("dkr.ecr", partition.domain());
        if partition.has_fips() {
            add("dkr.ecr-fips", partition.domain());
        }
        if let Some(domain) = partition.dual_stack_domain() {
            add("dkr-ecr", domain);
            if partition.has_fips() {
                add("dkr-ecr-fips", domain);
            }
        }
    }
    globs.extend(PUBLIC_HOSTS.map(|(host, _)| host.to_owned()));
    globs
}
