# shellcheck shell=bash
# Processes that are stopped again, ports, and enough HTTP.

WORK=            # a directory for everything that a script must not leave behind
PORT=            # what free_port found
PIDS=()
USED_PORTS=' '

# Whatever ends the script ends what it started.
begin() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/etcd-discovery.XXXXXX")
	# A script that another one calls leaves it to that one to print this.
	export NOT_TESTED=${NOT_TESTED:-$WORK/not-tested}
	trap clean_up EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

clean_up() {
	local status=$? i
	trap '' HUP INT TERM
	set +e
	# The applications before their etcd, so that they can deregister.
	for ((i = ${#PIDS[@]} - 1; i >= 0; i--)); do
		stop "${PIDS[i]}" TERM
	done
	stop_etcd_in_docker
	remove_own_policy
	[ "$NOT_TESTED" != "$WORK/not-tested" ] || warn_of_not_tested
	rm -rf "$WORK"
	exit "$status"
}

# not_tested WHAT WHY: the outermost script says so at its very end, where nobody can miss it.
not_tested() {
	printf '# NOT TESTED: %s: %s\n' "$1" "$2" >>"$NOT_TESTED"
}

warn_of_not_tested() {
	local line='################################################################################'
	[ ! -s "$NOT_TESTED" ] || warn "" "$line" "$(sort -u "$NOT_TESTED")" "$line"
}

# Remembers the process that was started last. Its id is in $! too.
track() {
	PIDS+=("$!")
}

forget() {
	local pid kept=()
	for pid in ${PIDS[@]+"${PIDS[@]}"}; do
		[ "$pid" = "$1" ] || kept+=("$pid")
	done
	PIDS=(${kept[@]+"${kept[@]}"})
}

running() {
	kill -0 "$1" 2>/dev/null
}

# stop PID SIGNAL: sends the signal and sees to it that the process is gone within half a minute.
stop() {
	forget "$1"
	{
		kill "-$2" "$1"
		within 30 not running "$1" || kill -KILL "$1"
		wait "$1"
	} 2>/dev/null || true
}

# within SECONDS COMMAND...: repeats the command until it succeeds; fails when the time is over.
within() {
	local deadline=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$deadline" ] || return 1
		sleep 0.2
	done
}

# unless_ended PID COMMAND...: the command, or success when there is nothing to wait for any more.
unless_ended() {
	running "$1" || return 0
	shift
	"$@"
}

# attended COMMAND...: runs the command in the background, because a shell acts on a signal only after the
# command in the foreground has ended.
attended() {
	local pid status=0
	"$@" &
	track
	pid=$!
	wait "$pid" || status=$?
	forget "$pid"
	return "$status"
}

# bounded SECONDS COMMAND...: like attended, but not for longer than that.
bounded() {
	local seconds=$1 pid status=0
	shift
	"$@" &
	track
	pid=$!
	if ! within "$seconds" not running "$pid"; then
		warn "Not done after $seconds seconds: $*."
		stop "$pid" TERM
		return 124
	fi
	forget "$pid"
	wait "$pid" || status=$?
	return "$status"
}

# Sets PORT to a port of the loopback interface on which nobody listens, below the range from which
# systems take the ports of outgoing connections.
free_port() {
	while :; do
		PORT=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
		case $USED_PORTS in *" $PORT "*) continue ;; esac
		listening "$PORT" || break
	done
	USED_PORTS="$USED_PORTS$PORT "
}

listening() {
	(exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# http_get PORT PATH: prints the body of the answer and fails when its status is not 200. Bash speaks
# enough HTTP for that; curl is not everywhere. In a process of its own, which a broken connection may end.
http_get() (
	exec 2>/dev/null
	exec 3<>"/dev/tcp/127.0.0.1/$1" || exit
	printf 'GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n' "$2" >&3
	read -r -t 20 _ status _ <&3 || exit
	while read -r -t 20 line <&3 && [ "$line" != $'\r' ]; do :; done
	while read -r -t 20 line <&3 || [ -n "$line" ]; do
		printf '%s\n' "$line"
	done
	[ "$status" = 200 ]
)
