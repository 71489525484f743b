# shellcheck shell=bash
# An etcd to run against.

ETCD_URL=        # the etcd of this run, and who may use it; no user when it runs without authentication
ETCD_AS=
ETCD_SECRET=
COMPOSE=()       # the command with which that etcd runs in Docker, if it does

# Provides an etcd to run against. Each way that does not work out leads to the next.
need_etcd() {
	etcd_of_caller || etcd_on_path || etcd_in_docker || { install_etcd && etcd_on_path; } ||
		die "There is no etcd: install etcd and etcdctl so that both are on the PATH (https://etcd.io/docs/latest/install/), or set ETCD_ENDPOINTS to an etcd that runs."
}

# Runs etcdctl against the etcd of this run. All options go through the environment: no password in the
# list of processes, and no clash with variables of the caller.
ctl() {
	if [ ${#COMPOSE[@]} -gt 0 ]; then
		"${COMPOSE[@]}" exec -T etcd etcdctl "$@"
	else
		ETCDCTL_API=3 ETCDCTL_ENDPOINTS=$ETCD_URL ETCDCTL_USER=${ETCD_AS:+$ETCD_AS:$ETCD_SECRET} \
			ETCDCTL_PASSWORD='' ETCDCTL_DIAL_TIMEOUT=3s ETCDCTL_COMMAND_TIMEOUT=5s etcdctl "$@"
	fi 2>"$WORK/etcdctl.log" </dev/null
}

etcd_answers() {
	ctl get --prefix services/ --limit 1 >/dev/null
}

# An etcd that the caller runs: ETCD_ENDPOINTS, and with authentication ETCD_USERNAME and ETCD_PASSWORD.
etcd_of_caller() {
	local endpoint
	[ -n "${ETCD_ENDPOINTS:-}" ] || return 1
	if ! have etcdctl; then
		{ have apt-get && apt_install etcd-client; } || { have brew && brew_install etcd; } || {
			warn "ETCD_ENDPOINTS is set, but there is no etcdctl on the PATH to look into that etcd."
			return 1
		}
	fi
	for endpoint in ${ETCD_ENDPOINTS//,/ }; do
		case $endpoint in
			*://*) ;;
			*) endpoint=http://$endpoint ;;
		esac
		ETCD_URL=${ETCD_URL:+$ETCD_URL,}$endpoint
	done
	# First without credentials, because without authentication etcd refuses them.
	if ! etcd_answers; then
		ETCD_AS=${ETCD_USERNAME:-root}
		ETCD_SECRET=${ETCD_PASSWORD:-root}
		if ! etcd_answers; then
			warn "The etcd at $ETCD_URL can't be used: $(sed -n 's/^Error: //p' "$WORK/etcdctl.log" | tail -n 1)"
			no_etcd
			return 1
		fi
	fi
	say "Using the etcd at $ETCD_URL."
}

# An etcd of our own: ports, data and authentication for this run only.
etcd_on_path() {
	local pid peer
	have etcd && have etcdctl || return 1
	free_port
	peer=http://127.0.0.1:$PORT
	free_port
	ETCD_URL=http://127.0.0.1:$PORT
	# Without the environment of the caller, because etcd does not start when a variable contradicts an
	# option. In a process group of its own, because a Ctrl-C of the terminal would end it before the
	# applications have deregistered.
	set -m
	env -i PATH="$PATH" HOME="$WORK" ETCD_UNSUPPORTED_ARCH="$(etcd_architecture)" \
		etcd --name demo --data-dir "$WORK/etcd" \
		--listen-client-urls "$ETCD_URL" --advertise-client-urls "$ETCD_URL" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "demo=$peer" \
		>"$WORK/etcd.log" 2>&1 </dev/null &
	set +m
	track
	pid=$!
	if within 30 unless_ended "$pid" etcd_answers && running "$pid" && enable_auth; then
		etcd_is_ready "Started an etcd"
		return 0
	fi
	warn "etcd could not be started: $(tail -n 1 "$WORK/etcd.log")"
	stop "$pid" KILL
	no_etcd
	return 1
}

enable_auth() {
	ETCDCTL_ENDPOINTS=$ETCD_URL ETCD_ROOT_PASSWORD=root sh "$ROOT/script/etcd-auth/enable-auth.sh" \
		>>"$WORK/etcd.log" 2>&1 </dev/null
}

etcd_is_ready() {
	ETCD_AS=root
	ETCD_SECRET=root
	say "$1 at $ETCD_URL, with user root and password root."
}

no_etcd() {
	ETCD_URL=
	ETCD_AS=
	ETCD_SECRET=
}

docker_runs() {
	have docker && bounded 20 docker info >/dev/null 2>&1
}

# The etcd of docker-compose.yml, with a port and a volume for this run only.
etcd_in_docker() {
	docker_runs || return 1
	if docker compose version >/dev/null 2>&1; then
		COMPOSE=(docker compose)
	elif have docker-compose; then
		COMPOSE=(docker-compose)
	else
		return 1
	fi
	COMPOSE+=(-p "etcd-discovery-demo-$$" -f "$ROOT/docker-compose.yml")
	free_port
	ETCD_URL=http://127.0.0.1:$PORT
	export ETCD_PORT=$PORT ETCD_ROOT_PASSWORD=root
	say "Starting etcd in Docker."
	if {
		bounded 300 "${COMPOSE[@]}" up -d etcd && within 30 etcd_answers && listening "$PORT" &&
			bounded 300 "${COMPOSE[@]}" run --rm -T etcd-auth
	} >"$WORK/docker.log" 2>&1 </dev/null; then
		etcd_is_ready "Started an etcd in Docker"
		return 0
	fi
	warn "Docker could not start etcd: $(tail -n 1 "$WORK/docker.log")"
	stop_etcd_in_docker
	no_etcd
	return 1
}

stop_etcd_in_docker() {
	if [ ${#COMPOSE[@]} -gt 0 ]; then
		bounded 60 "${COMPOSE[@]}" down --volumes --remove-orphans --rmi local >/dev/null 2>&1 </dev/null
		COMPOSE=()
	fi
}
