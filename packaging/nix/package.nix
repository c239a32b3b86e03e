# Template; `packaging/manifests` fills it in. It installs the released program, which is static on Linux.
{
  lib,
  stdenvNoCC,
  fetchurl,
}:

let
  version = "@VERSION@";
  system = stdenvNoCC.hostPlatform.system;
  releases = {
    x86_64-linux = {
      triple = "x86_64-unknown-linux-musl";
      sha256 = "@SHA256_x86_64-unknown-linux-musl@";
    };
    aarch64-linux = {
      triple = "aarch64-unknown-linux-musl";
      sha256 = "@SHA256_aarch64-unknown-linux-musl@";
    };
    x86_64-darwin = {
      triple = "x86_64-apple-darwin";
      sha256 = "@SHA256_x86_64-apple-darwin@";
    };
    aarch64-darwin = {
      triple = "aarch64-apple-darwin";
      sha256 = "@SHA256_aarch64-apple-darwin@";
    };
  };
  release = releases.${system} or (throw "docker-credential-ecr-login has no release for ${system}");
in
stdenvNoCC.mkDerivation {
  pname = "docker-credential-ecr-login";
  inherit version;

  src = fetchurl {
    url = "@REPOSITORY@/releases/download/v${version}/docker-credential-ecr-login-${release.triple}.tar.gz";
    inherit (release) sha256;
  };
  sourceRoot = ".";

  dontConfigure = true;
  dontBuild = true;
  # The program stays the one that the release's checksums name.
  dontStrip = true;
  dontPatchELF = true;

  installPhase = ''
    runHook preInstall
    name=docker-credential-ecr-login
    install -D -m 755 $name $out/bin/$name
    install -D -m 644 -t $out/share/man/man1 man/*.1
    install -D -m 644 completions/$name.bash $out/share/bash-completion/completions/$name
    install -D -m 644 completions/$name.fish $out/share/fish/vendor_completions.d/$name.fish
    install -D -m 644 completions/_$name $out/share/zsh/site-functions/_$name
    install -D -m 644 -t $out/share/licenses/$name LICENSE THIRD-PARTY-LICENSES
    install -D -m 644 -t $out/share/doc/$name README.md SECURITY.md CHANGELOG.md
    install -D -m 644 -t $out/share/doc/$name/docs docs/*.md
    runHook postInstall
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    runHook preInstallCheck
    $out/bin/docker-credential-ecr-login version | grep -F " ${version}"
    runHook postInstallCheck
  '';

  meta = {
    description = "Docker credential helper for Amazon ECR and ECR Public";
    homepage = "@REPOSITORY@";
    license = lib.licenses.asl20;
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    mainProgram = "docker-credential-ecr-login";
    platforms = builtins.attrNames releases;
    # In a profile that has `amazon-ecr-credential-helper` too, this program is the one on the PATH. The default is 5.
    priority = 4;
  };
}
