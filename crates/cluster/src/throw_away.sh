# Makes a cluster, serves it for as long as standard input is open, and leaves nothing behind.
# Standard input is a pipe whose other end our owner holds: however it dies, the kernel closes it.
#
# Arguments: directory initdb postgres, then the arguments of postgres.

directory=$1 initdb=$2 postgres=$3
shift 3
umask 077
trap '' HUP INT TERM # the end comes through the pipe, and with it the cleaning up
exec 3<&0 </dev/null

mkdir "$directory" || exit 1
if "$initdb" $INITDB --no-sync -D "$directory/data" 3<&-; then
    "$postgres" "$@" 3<&- &
    server=$!
    {
        read -r _
        # Again until it is gone: a server that has only just begun does not listen to signals yet.
        tries=0
        while kill -QUIT "$server" && [ "$tries" -lt 100 ]; do
            sleep 0.1
            tries=$((tries + 1))
        done
        kill -KILL "$server"
    } <&3 2>/dev/null &
    owner=$!
    wait "$server"
    kill -KILL "$owner" 2>/dev/null
fi
rm -rf "$directory"
exit 1
