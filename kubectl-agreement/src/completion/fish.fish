# For kubectl-agreement, by fish.
function __kubectl_agreement
    set -l words (commandline -opc)
    set -l begun (commandline -ct)
    for line in (kubectl-agreement __complete $words[2..-1] "$begun" 2> /dev/null)
        switch $line
            case ':0'
                __fish_complete_path "$begun"
            case ':*'
            case '*'
                echo $line
        end
    end
end
complete -c kubectl-agreement -f -a '(__kubectl_agreement)'
