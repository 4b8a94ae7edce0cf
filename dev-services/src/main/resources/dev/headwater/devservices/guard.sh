# Runs one server and outlives it by a moment. Started with a pipe as its input that only the parent
# holds open: when the pipe closes, because the parent said so or because it died, SIGKILL included,
# the server is stopped. The first line of output is the server's process id.
signal=$1; grace_seconds=$2; log=$3; doomed=$4
shift 4

exec 3<&0
"$@" </dev/null >>"$log" 2>&1 3<&- &
server=$!
echo "$server"
exec >/dev/null

(
  while read -r _ <&3; do :; done
  trap 'exit 0' TERM
  kill -s "$signal" "$server"
  # A suspended server takes no signal but KILL until it may go on.
  kill -s CONT "$server"
  tenths=$((grace_seconds * 10))
  while [ "$tenths" -gt 0 ] && kill -s 0 "$server" 2>/dev/null; do
    sleep 0.1
    tenths=$((tenths - 1))
  done
  kill -s KILL "$server"
  exit 0
) 2>/dev/null &
watcher=$!
exec 3<&-

wait "$server"
status=$?
kill -s TERM "$watcher" 2>/dev/null
wait "$watcher" 2>/dev/null
# The watcher leaves with 0 only when the pipe was closed: the data is nobody's any more.
if [ "$?" -eq 0 ] && [ -n "$doomed" ]; then
  rm -rf -- "$doomed"
fi
exit "$status"
