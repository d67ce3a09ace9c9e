# bash completion for fleet; load it with: source <(fleet completion bash)
_fleet() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}
    local path='' part index
    for ((index = 1; index < COMP_CWORD; index++)); do
        part=${COMP_WORDS[index]}
        case "$path $part" in
            ' completion') path=' completion' ;;
            ' completion bash') path=' completion bash' ;;
            ' devices') path=' devices' ;;
            ' devices accept') path=' devices accept' ;;
            ' devices list') path=' devices list' ;;
            ' devices reject') path=' devices reject' ;;
            ' devices show') path=' devices show' ;;
            ' enroll') path=' enroll' ;;
            ' enroll list') path=' enroll list' ;;
            ' enroll revoke') path=' enroll revoke' ;;
            ' enroll token') path=' enroll token' ;;
            ' help') path=' help' ;;
            ' key') path=' key' ;;
            ' key generate') path=' key generate' ;;
            ' key list') path=' key list' ;;
            ' parameters') path=' parameters' ;;
            ' parameters default') path=' parameters default' ;;
            ' parameters diff') path=' parameters diff' ;;
            ' parameters lint') path=' parameters lint' ;;
            ' parameters list') path=' parameters list' ;;
            ' parameters show') path=' parameters show' ;;
            ' push') path=' push' ;;
            ' rollout') path=' rollout' ;;
            ' rollout abort') path=' rollout abort' ;;
            ' rollout list') path=' rollout list' ;;
            ' rollout pause') path=' rollout pause' ;;
            ' rollout promote') path=' rollout promote' ;;
            ' rollout resume') path=' rollout resume' ;;
            ' rollout show') path=' rollout show' ;;
            ' runtime') path=' runtime' ;;
            ' server') path=' server' ;;
            ' server init') path=' server init' ;;
            ' server renew') path=' server renew' ;;
            ' status') path=' status' ;;
            ' version') path=' version' ;;
        esac
    done
    case "$before" in
        --ca-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --data) COMPREPLY=($(compgen -d -- "$word")); return ;;
        --file|-f) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --home) COMPREPLY=($(compgen -d -- "$word")); return ;;
        --operator) COMPREPLY=($(compgen -d -- "$word")); return ;;
        --output|-o) COMPREPLY=($(compgen -W 'table json' -- "$word")); return ;;
        --root-key) COMPREPLY=($(compgen -f -- "$word")); return ;;
        --status) COMPREPLY=($(compgen -W 'pending accepted rejected' -- "$word")); return ;;
        --strategy) COMPREPLY=($(compgen -W 'golden all' -- "$word")); return ;;
        --token-file) COMPREPLY=($(compgen -f -- "$word")); return ;;
    esac
    case "$path" in
        '') COMPREPLY=($(compgen -W 'completion devices enroll help key parameters push rollout runtime server status version' -- "$word")) ;;
        ' completion') COMPREPLY=($(compgen -W 'bash' -- "$word")) ;;
        ' devices') COMPREPLY=($(compgen -W 'accept list reject show' -- "$word")) ;;
        ' enroll') COMPREPLY=($(compgen -W 'list revoke token' -- "$word")) ;;
        ' key') COMPREPLY=($(compgen -W 'generate list' -- "$word")) ;;
        ' parameters') COMPREPLY=($(compgen -W 'default diff lint list show' -- "$word")) ;;
        ' rollout') COMPREPLY=($(compgen -W 'abort list pause promote resume show' -- "$word")) ;;
        ' server') COMPREPLY=($(compgen -W 'init renew' -- "$word")) ;;
        ' server init') COMPREPLY=($(compgen -W '--data --operator --host --port --name --plain --force --output --home --help' -- "$word")) ;;
        ' server renew') COMPREPLY=($(compgen -W '--data --operator --host --output --home --help' -- "$word")) ;;
        ' key generate') COMPREPLY=($(compgen -W '--root-key --revoke-others --output --home --help' -- "$word")) ;;
        ' key list') COMPREPLY=($(compgen -W '--output --home --help' -- "$word")) ;;
        ' enroll token') COMPREPLY=($(compgen -W '--label --uses --expires --auto-accept --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' enroll list') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' enroll revoke') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' devices list') COMPREPLY=($(compgen -W '--status --label --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' devices show') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' devices accept') COMPREPLY=($(compgen -W '--all-pending --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' devices reject') COMPREPLY=($(compgen -W '--all-pending --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' status') COMPREPLY=($(compgen -W '--check --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' runtime') COMPREPLY=($(compgen -W '--label --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' parameters show') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' parameters list') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' parameters diff') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' parameters lint') COMPREPLY=($(compgen -W '--output --help' -- "$word")) ;;
        ' parameters default') COMPREPLY=($(compgen -W '--help' -- "$word")) ;;
        ' push') COMPREPLY=($(compgen -W '--file --all --label --device --strategy --canary --soak --message --yes --force --dry-run --wait --timeout --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout list') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout show') COMPREPLY=($(compgen -W '--watch --timeout --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout pause') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout resume') COMPREPLY=($(compgen -W '--output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout promote') COMPREPLY=($(compgen -W '--yes --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' rollout abort') COMPREPLY=($(compgen -W '--yes --output --home --server --token-file --ca-file --help' -- "$word")) ;;
        ' version') COMPREPLY=($(compgen -W '--output --help' -- "$word")) ;;
        ' completion bash') COMPREPLY=($(compgen -W '--help' -- "$word")) ;;
        ' help') COMPREPLY=($(compgen -W '--help' -- "$word")) ;;
    esac
}
complete -o default -F _fleet fleet
