# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_docker_credential_ecr_login_global_optspecs
    string join \n h/help
end

function __fish_docker_credential_ecr_login_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_docker_credential_ecr_login_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_docker_credential_ecr_login_using_subcommand
    set -l cmd (__fish_docker_credential_ecr_login_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "configure" -d 'Make registry clients use this helper'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "status" -d 'Show what is cached, and what a client would get'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "doctor" -d 'Find out what is wrong, and how to fix it'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "token" -d 'Write the password of a registry to stdout'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "completions" -d 'Write a completion script for a shell'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "get" -d 'For clients: read a server URL, write its credentials'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "store" -d 'For clients: accept credentials for ECR without storing them'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "erase" -d 'For clients: read a server URL, remove its cached tokens'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "list" -d 'For clients: write the registries that have a password'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "kubelet" -d 'For the kubelet: read a request, write credentials'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "version" -d 'Write the version'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand status" -l json -d 'Write JSON'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand status" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand token" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand completions" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand get" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand store" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand erase" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand list" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand kubelet" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand version" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "configure" -d 'Make registry clients use this helper'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "status" -d 'Show what is cached, and what a client would get'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "doctor" -d 'Find out what is wrong, and how to fix it'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "token" -d 'Write the password of a registry to stdout'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "completions" -d 'Write a completion script for a shell'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "get" -d 'For clients: read a server URL, write its credentials'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "store" -d 'For clients: accept credentials for ECR without storing them'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "erase" -d 'For clients: read a server URL, remove its cached tokens'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "list" -d 'For clients: write the registries that have a password'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "kubelet" -d 'For the kubelet: read a request, write credentials'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "version" -d 'Write the version'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and not __fish_seen_subcommand_from configure status doctor token completions get store erase list kubelet version help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
