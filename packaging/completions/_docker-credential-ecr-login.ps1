
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'docker-credential-ecr-login' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'docker-credential-ecr-login'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'docker-credential-ecr-login' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('configure', 'configure', [CompletionResultType]::ParameterValue, 'Make registry clients use this helper')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is cached, and what a client would get')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out what is wrong, and how to fix it')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Write the password of a registry to stdout')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write a completion script for a shell')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'For clients: read a server URL, write its credentials')
            [CompletionResult]::new('store', 'store', [CompletionResultType]::ParameterValue, 'For clients: accept credentials for ECR without storing them')
            [CompletionResult]::new('erase', 'erase', [CompletionResultType]::ParameterValue, 'For clients: read a server URL, remove its cached tokens')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'For clients: write the registries that have a password')
            [CompletionResult]::new('kubelet', 'kubelet', [CompletionResultType]::ParameterValue, 'For the kubelet: read a request, write credentials')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Write the version')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'docker-credential-ecr-login;configure' {
            [CompletionResult]::new('--account', '--account', [CompletionResultType]::ParameterName, 'Add the registries of accounts, in each --region')
            [CompletionResult]::new('--region', '--region', [CompletionResultType]::ParameterName, 'The regions of each --account')
            [CompletionResult]::new('--client', '--client', [CompletionResultType]::ParameterName, 'Configure these clients instead of Docker')
            [CompletionResult]::new('--public', '--public', [CompletionResultType]::ParameterName, 'Add ECR Public: public.ecr.aws')
            [CompletionResult]::new('--from-aws-config', '--from-aws-config', [CompletionResultType]::ParameterName, 'Choose among the registries of your AWS profiles')
            [CompletionResult]::new('--all-hosts', '--all-hosts', [CompletionResultType]::ParameterName, 'Add the hosts that the configuration file names')
            [CompletionResult]::new('--store', '--store', [CompletionResultType]::ParameterName, 'Serve all registries, as the client''s credsStore')
            [CompletionResult]::new('--system-wide', '--system-wide', [CompletionResultType]::ParameterName, 'Serve all registries, for Podman of all users')
            [CompletionResult]::new('--replace', '--replace', [CompletionResultType]::ParameterName, 'Take the place of other helpers')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the change, and don''t make it')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Don''t ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Don''t ask')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Undo it, for these registries or for all')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('kubelet', 'kubelet', [CompletionResultType]::ParameterValue, 'Make the kubelet of this node use this program')
            break
        }
        'docker-credential-ecr-login;configure;kubelet' {
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The kubelet''s configuration of providers: a directory, or a file')
            [CompletionResult]::new('--bin-dir', '--bin-dir', [CompletionResultType]::ParameterName, 'The directory of the providers')
            [CompletionResult]::new('--service-accounts', '--service-accounts', [CompletionResultType]::ParameterName, 'Add an entry for the roles of service accounts')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Show the change, and don''t make it')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Don''t ask')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Don''t ask')
            [CompletionResult]::new('--undo', '--undo', [CompletionResultType]::ParameterName, 'Remove the entries')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;status' {
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write JSON')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;doctor' {
            [CompletionResult]::new('--registry', '--registry', [CompletionResultType]::ParameterName, 'Ask the registry itself too, with the token')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'Write JSON')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a text for a public issue, with all names masked')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;token' {
            [CompletionResult]::new('--format', '--format', [CompletionResultType]::ParameterName, 'What to write')
            [CompletionResult]::new('--refresh', '--refresh', [CompletionResultType]::ParameterName, 'Get a new password from AWS, whatever is cached')
            [CompletionResult]::new('--force', '--force', [CompletionResultType]::ParameterName, 'Write to a terminal, too')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            break
        }
        'docker-credential-ecr-login;completions' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;get' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;store' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;erase' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;list' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;kubelet' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;version' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;help' {
            [CompletionResult]::new('configure', 'configure', [CompletionResultType]::ParameterValue, 'Make registry clients use this helper')
            [CompletionResult]::new('status', 'status', [CompletionResultType]::ParameterValue, 'Show what is cached, and what a client would get')
            [CompletionResult]::new('doctor', 'doctor', [CompletionResultType]::ParameterValue, 'Find out what is wrong, and how to fix it')
            [CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue, 'Write the password of a registry to stdout')
            [CompletionResult]::new('completions', 'completions', [CompletionResultType]::ParameterValue, 'Write a completion script for a shell')
            [CompletionResult]::new('get', 'get', [CompletionResultType]::ParameterValue, 'For clients: read a server URL, write its credentials')
            [CompletionResult]::new('store', 'store', [CompletionResultType]::ParameterValue, 'For clients: accept credentials for ECR without storing them')
            [CompletionResult]::new('erase', 'erase', [CompletionResultType]::ParameterValue, 'For clients: read a server URL, remove its cached tokens')
            [CompletionResult]::new('list', 'list', [CompletionResultType]::ParameterValue, 'For clients: write the registries that have a password')
            [CompletionResult]::new('kubelet', 'kubelet', [CompletionResultType]::ParameterValue, 'For the kubelet: read a request, write credentials')
            [CompletionResult]::new('version', 'version', [CompletionResultType]::ParameterValue, 'Write the version')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'docker-credential-ecr-login;help;configure' {
            [CompletionResult]::new('kubelet', 'kubelet', [CompletionResultType]::ParameterValue, 'Make the kubelet of this node use this program')
            break
        }
        'docker-credential-ecr-login;help;configure;kubelet' {
            break
        }
        'docker-credential-ecr-login;help;status' {
            break
        }
        'docker-credential-ecr-login;help;doctor' {
            break
        }
        'docker-credential-ecr-login;help;token' {
            break
        }
        'docker-credential-ecr-login;help;completions' {
            break
        }
        'docker-credential-ecr-login;help;get' {
            break
        }
        'docker-credential-ecr-login;help;store' {
            break
        }
        'docker-credential-ecr-login;help;erase' {
            break
        }
        'docker-credential-ecr-login;help;list' {
            break
        }
        'docker-credential-ecr-login;help;kubelet' {
            break
        }
        'docker-credential-ecr-login;help;version' {
            break
        }
        'docker-credential-ecr-login;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
