//! Which file each client reads for registries, and where it is.
//!
//! Docker: <https://docs.docker.com/reference/cli/docker/#configuration-files>. Podman, Buildah and Skopeo:
//! <https://github.com/containers/image/blob/main/docs/containers-auth.json.5.md>. Helm:
//! <https://helm.sh/docs/helm/helm/>.

use std::path::PathBuf;

use crate::env::{Env, names};
use crate::fs::user_id;
use crate::paths;

/// A registry client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Client {
    /// Docker, Compose and Buildx.
    Docker,
    /// Podman.
    Podman,
    /// Helm.
    Helm,
    /// Buildah.
    Buildah,
    /// Skopeo.
    Skopeo,
    /// nerdctl.
    Nerdctl,
}

/// A kind of file. Several clients share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientFile {
    /// `config.json` of Docker.
    Docker,
    /// `auth.json` of Podman and its relatives.
    Containers,
    /// `registry/config.json` of Helm.
    Helm,
}

impl Client {
    /// All clients.
    pub(crate) const ALL: [Self; 6] =
        [Self::Docker, Self::Podman, Self::Helm, Self::Buildah, Self::Skopeo, Self::Nerdctl];

    /// Its program, and its name on our command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Helm => "helm",
            Self::Buildah => "buildah",
            Self::Skopeo => "skopeo",
            Self::Nerdctl => "nerdctl",
        }
    }

    /// The file that it is configured by.
    pub(crate) fn file(self) -> ClientFile {
        match self {
            Self::Docker | Self::Nerdctl => ClientFile::Docker,
            Self::Podman | Self::Buildah | Self::Skopeo => ClientFile::Containers,
            Self::Helm => ClientFile::Helm,
        }
    }
}

impl ClientFile {
    /// All kinds.
    pub(crate) const ALL: [Self; 3] = [Self::Docker, Self::Containers, Self::Helm];

    /// Whether its clients know `credsStore`.
    pub(crate) fn has_store(self) -> bool {
        match self {
            Self::Docker | Self::Helm => true,
            Self::Containers => false,
        }
    }
}

/// The file to write for a kind; `None` if the home directory isn't known.
///
/// Of the files of Podman and its relatives it is the one that stays when the session ends.
pub(crate) fn file_of(env: &Env, kind: ClientFile) -> Option<PathBuf> {
    match kind {
        ClientFile::Docker => docker(env),
        ClientFile::Containers => named_auth_file(env).or_else(|| Some(paths::dot_config(env)?.join(AUTH_FILE))),
        ClientFile::Helm => env.path(names::HELM_REGISTRY_CONFIG).or_else(|| {
            let home = env.path(names::HELM_CONFIG_HOME).or_else(|| Some(paths::preferences(env)?.join("helm")));
            Some(home?.join("registry").join("config.json"))
        }),
    }
}

/// The files that the clients of a kind read, in the order in which they look for a registry.
pub(crate) fn files_read(env: &Env, kind: ClientFile) -> Vec<PathBuf> {
    let own = file_of(env, kind);
    let files = match kind {
        ClientFile::Docker => vec![own],
        ClientFile::Helm => vec![own, docker(env)],
        ClientFile::Containers if named_auth_file(env).is_some() => vec![own],
        ClientFile::Containers => vec![session_auth_file(env), own, docker(env)],
    };
    files.into_iter().flatten().collect()
}

/// Where the logins of Podman and its relatives are, in a directory for them.
const AUTH_FILE: &str = "containers/auth.json";

/// `DOCKER_CONFIG/config.json`, else `~/.docker/config.json`.
fn docker(env: &Env) -> Option<PathBuf> {
    let directory = env.path(names::DOCKER_CONFIG).or_else(|| Some(paths::home(env)?.join(".docker")));
    Some(directory?.join("config.json"))
}

/// The file that a variable names, which is the only one then: <https://github.com/containers/common/tree/main/pkg/auth>.
fn named_auth_file(env: &Env) -> Option<PathBuf> {
    let of_docker = || Some(env.path(names::DOCKER_CONFIG)?.join("config.json"));
    env.path(names::REGISTRY_AUTH_FILE).or_else(of_docker)
}

/// Where `podman login` writes: a directory that goes when the session ends.
fn session_auth_file(env: &Env) -> Option<PathBuf> {
    let of_user = || Some(PathBuf::from("/run/containers").join(user_id()?.to_string()).join("auth.json"));
    env.path(names::XDG_RUNTIME_DIR).map(|directory| directory.join(AUTH_FILE)).or_else(of_user)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn files(variables: &[(&str, &str)], kind: ClientFile) -> Vec<String> {
        let home = [("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1000")];
        let env = Env::fixed(home.into_iter().chain(variables.iter().copied()));
        let found = files_read(&env, kind);
        assert!(found.contains(&file_of(&env, kind).expect("a home")), "{found:?}");
        found.iter().map(|path| path.to_str().expect("UTF-8").replace('\\', "/")).collect()
    }

    #[test]
    fn each_client_has_its_files_where_it_looks_for_them() {
        use ClientFile::{Containers, Docker, Helm};
        let docker = "/home/me/.docker/config.json";
        for (variables, kind, expected) in [
            (&[][..], Docker, &[docker][..]),
            (&[("DOCKER_CONFIG", "/d")], Docker, &["/d/config.json"]),
            (
                &[],
                Containers,
                &["/run/user/1000/containers/auth.json", "/home/me/.config/containers/auth.json", docker],
            ),
            (
                &[("XDG_CONFIG_HOME", "/c")],
                Containers,
                &["/run/user/1000/containers/auth.json", "/c/containers/auth.json", docker],
            ),
            (&[("REGISTRY_AUTH_FILE", "/a.json"), ("DOCKER_CONFIG", "/d")], Containers, &["/a.json"]),
            (&[("DOCKER_CONFIG", "/d")], Containers, &["/d/config.json"]),
            (&[("XDG_CONFIG_HOME", "/c")], Helm, &["/c/helm/registry/config.json", docker]),
            (
                &[("HELM_CONFIG_HOME", "/h"), ("DOCKER_CONFIG", "/d")],
                Helm,
                &["/h/registry/config.json", "/d/config.json"],
            ),
            (&[("HELM_REGISTRY_CONFIG", "/r.json"), ("HELM_CONFIG_HOME", "/h")], Helm, &["/r.json", docker]),
        ] {
            assert_eq!(files(variables, kind), expected, "{variables:?} {kind:?}");
        }
    }

    #[test]
    fn the_file_that_is_written_for_podman_outlives_the_session() {
        let env = Env::fixed([("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
        let file = file_of(&env, ClientFile::Containers).expect("a home");
        assert_eq!(file, Path::new("/home/me/.config/containers/auth.json"));
    }
}
