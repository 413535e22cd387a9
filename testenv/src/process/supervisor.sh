# Runs the components of one control plane and ends with whoever holds the other end of its standard
# input: a pipe is closed by the kernel however its owner ends, even by SIGKILL.
#
# Arguments: the folder. Commands on standard input, one per line: "start NAME", "kill NAME".
# NAME.sh in the folder starts a component; NAME.pid exists while it runs, NAME.exit once it ended.
dir=$1

start() {
    rm -f "$dir/$1.exit"
    # A shell of its own waits for the component, so that a dead one is noticed and leaves no zombie
    # while the main loop is reading.
    (
        sh "$dir/$1.sh" </dev/null >>"$dir/$1.log" 2>&1 &
        pid=$!
        echo "$pid" >"$dir/$1.pid.new" && mv "$dir/$1.pid.new" "$dir/$1.pid"
        wait "$pid"
        code=$?
        rm -f "$dir/$1.pid"
        echo "$code" >"$dir/$1.exit.new" && mv "$dir/$1.exit.new" "$dir/$1.exit"
    ) &
    # Whoever kills goes by the pid file: until it is there, nothing else may happen.
    until [ -e "$dir/$1.pid" ] || [ -e "$dir/$1.exit" ] || ! kill -0 $! 2>/dev/null; do sleep 0.01; done
}

kill_component() {
    [ ! -e "$dir/$1.pid" ] || kill -KILL "$(cat "$dir/$1.pid")" 2>/dev/null
}

finish() {
    trap '' HUP INT TERM
    # Nothing here is worth a graceful end: all of it is about to be deleted.
    for name in kube-controller-manager kube-apiserver etcd; do kill_component "$name"; done
    wait
    rm -rf "$dir"
    exit 0
}
trap finish HUP INT TERM

while read -r command name; do
    case $command in
    start) start "$name" ;;
    kill) kill_component "$name" ;;
    esac
done
finish
