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
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l account -d 'Add the registries of accounts, in each --region' -r
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l region -d 'The regions of each --account' -r
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l client -d 'Configure these clients instead of Docker' -r -f -a "docker\t''
podman\t''
helm\t''
buildah\t''
skopeo\t''
nerdctl\t''
all\t''"
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l public -d 'Add ECR Public: public.ecr.aws'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l from-aws-config -d 'Choose among the registries of your AWS profiles'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l all-hosts -d 'Add the hosts that the configuration file names'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l store -d 'Serve all registries, as the client\'s credsStore'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l system-wide -d 'Serve all registries, for Podman of all users'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l replace -d 'Take the place of other helpers'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l dry-run -d 'Show the change, and don\'t make it'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -s y -l yes -d 'Don\'t ask'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -l undo -d 'Undo it, for these registries or for all'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and not __fish_seen_subcommand_from kubelet" -a "kubelet" -d 'Make the kubelet of this node use this program'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -l config -d 'The kubelet\'s configuration of providers: a directory, or a file' -r -F
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -l bin-dir -d 'The directory of the providers' -r -F
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -l service-accounts -d 'Add an entry for the roles of service accounts'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -l dry-run -d 'Show the change, and don\'t make it'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -s y -l yes -d 'Don\'t ask'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -l undo -d 'Remove the entries'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand configure; and __fish_seen_subcommand_from kubelet" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand status" -l json -d 'Write JSON'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand status" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand doctor" -l registry -d 'Ask the registry itself too, with the token'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand doctor" -l json -d 'Write JSON'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand doctor" -l report -d 'Write a text for a public issue, with all names masked'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand token" -l format -d 'What to write' -r -f -a "password\t'The password alone'
json\t'A JSON object: registry, username, password, expires'
env\t'Variables for a shell, a line each'
basic\t'USER:PASSWORD in base64, as in config.json'
authorization\t'The value of an Authorization header'"
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand token" -l refresh -d 'Get a new password from AWS, whatever is cached'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand token" -l force -d 'Write to a terminal, too'
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand token" -s h -l help -d 'Print help (see more with \'--help\')'
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
complete -c docker-credential-ecr-login -n "__fish_docker_credential_ecr_login_using_subcommand help; and __fish_seen_subcommand_from configure" -f -a "kubelet" -d 'Make the kubelet of this node use this program'
