{
  description = "Docker credential helper for Amazon ECR and ECR Public";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { self, nixpkgs }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
    in
    {
      packages = nixpkgs.lib.genAttrs systems (system: {
        default = nixpkgs.legacyPackages.${system}.callPackage ./package.nix { };
      });

      # Provides the program under the name of the Go helper's package.
      overlays.default = final: prev: {
        amazon-ecr-credential-helper = final.callPackage ./package.nix { };
      };
    };
}
