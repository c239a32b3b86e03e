# Template; `packaging/manifests` fills it in. For a tap: it installs the released program.
class DockerCredentialEcrLogin < Formula
  desc "Docker credential helper for Amazon ECR and ECR Public"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license "Apache-2.0"

  on_macos do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/docker-credential-ecr-login-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256_aarch64-apple-darwin@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/docker-credential-ecr-login-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256_x86_64-apple-darwin@"
    end
  end

  on_linux do
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/docker-credential-ecr-login-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_aarch64-unknown-linux-musl@"
    end
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/docker-credential-ecr-login-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_x86_64-unknown-linux-musl@"
    end
  end

  conflicts_with "docker-credential-helper-ecr", because: "both install a `docker-credential-ecr-login` program"

  def install
    bin.install "docker-credential-ecr-login"
    man1.install Dir["man/*.1"]
    bash_completion.install "completions/docker-credential-ecr-login.bash" => "docker-credential-ecr-login"
    fish_completion.install "completions/docker-credential-ecr-login.fish"
    zsh_completion.install "completions/_docker-credential-ecr-login"
    doc.install "docs", "SECURITY.md"
    prefix.install "LICENSE", "THIRD-PARTY-LICENSES"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/docker-credential-ecr-login version")
    answer = pipe_output("#{bin}/docker-credential-ecr-login get", "registry.example", 1)
    assert_match "credentials not found in native keychain", answer
  end
end
