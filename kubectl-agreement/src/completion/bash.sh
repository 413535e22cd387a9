# For kubectl-agreement, by bash.
_kubectl_agreement() {
    local words line typed=${COMP_LINE:0:COMP_POINT}
    # Not COMP_WORDS: bash splits these at `@`, `=` and `:`.
    read -ra words <<< "$typed"
    [[ $typed == *[[:space:]] ]] && words+=("")
    COMPREPLY=()
    while IFS= read -r line; do
        case $line in
            :0) compopt -o default 2> /dev/null ;;
            :*) ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <(kubectl-agreement __complete "${words[@]:1}" 2> /dev/null)
}
complete -F _kubectl_agreement kubectl-agreement
