#compdef kubectl-agreement
# For kubectl-agreement, by zsh.
_kubectl_agreement() {
    local line
    local -a found
    for line in "${(@f)$(kubectl-agreement __complete "${(@)words[2,CURRENT]}" 2> /dev/null)}"; do
        case $line in
            :0) _files ;;
            :*) ;;
            *$'\t'*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
            *) found+=("${line//:/\\:}") ;;
        esac
    done
    (( $#found )) && _describe -t agreements 'kubectl agreement' found
}
if [[ $funcstack[1] == _kubectl-agreement ]]; then
    _kubectl_agreement "$@"
else
    compdef _kubectl_agreement kubectl-agreement
fi
