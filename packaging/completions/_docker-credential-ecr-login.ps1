
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
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            break
        }
        'docker-credential-ecr-login;token' {
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
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
