# shellcheck shell=bash
# What the scripts beside this one share: processes that are stopped again, a JDK, Maven, Node and a real etcd.
# Bash 3.2 is enough (macOS), and so are the tools of the base system.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
WORK=            # the directory for everything that is left behind by nobody
PORT=            # what free_port found
ETCD_URL=        # the etcd of this run, and who may use it; no user when it runs without authentication
ETCD_AS=
ETCD_SECRET=
COMPOSE=()       # the command with which that etcd runs in Docker, if it does
OWN_POLICY=
PIDS=()
USED_PORTS=' '

# Every argument is a line.
say() {
	printf '%s\n' "$@"
}

warn() {
	printf '%s\n' "$@" >&2
}

die() {
	warn "$@"
	exit 1
}

have() {
	command -v "$1" >/dev/null 2>&1
}

not() {
	! "$@"
}

# --- Processes -------------------------------------------------------------------------------------

# Whatever ends the script ends what it started.
begin() {
	WORK=$(mktemp -d "${TMPDIR:-/tmp}/etcd-discovery.XXXXXX")
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
	rm -rf "$WORK"
	exit "$status"
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

# bounded SECONDS COMMAND...: runs the command, but not for longer than that. In the background, because a
# shell acts on a signal only after the command in the foreground has ended.
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

# --- Packages of the system ------------------------------------------------------------------------

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif have sudo; then
		sudo "$@"
	else
		warn "neither root nor sudo"
		return 1
	fi
}

# apt_install PACKAGE...: from the archive of Debian or Ubuntu.
apt_install() {
	say "Installing $* with apt."
	{
		# An update that fails in part is no reason to give up.
		as_root apt-get -q update || true
		as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=120 \
			install --no-install-recommends "$@"
	} >"$WORK/apt.log" 2>&1 </dev/null || {
		warn "apt could not install $*: $(tail -n 1 "$WORK/apt.log")"
		return 1
	}
}

brew_install() {
	say "Installing $1 with Homebrew."
	HOMEBREW_NO_AUTO_UPDATE=1 brew install -q "$1" >"$WORK/brew.log" 2>&1 </dev/null || {
		warn "Homebrew could not install $1: $(tail -n 1 "$WORK/brew.log")"
		return 1
	}
}

# --- JDK and Maven ---------------------------------------------------------------------------------

# Sets JAVA_HOME to a JDK of version 17 or newer.
need_jdk() {
	local version
	if [ -z "${JAVA_HOME:-}" ]; then
		# What the java on the PATH says of itself. (The one of macOS may only say that there is none.)
		JAVA_HOME=$(java -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java\.home = //p') || JAVA_HOME=
	fi
	[ -x "${JAVA_HOME:-/nowhere}/bin/javac" ] ||
		die "A JDK 17 or newer is needed: install one and put it on the PATH, or let JAVA_HOME point to it."
	version=$(javac_version "$JAVA_HOME")
	[ "${version:-0}" -ge 17 ] ||
		die "A JDK 17 or newer is needed, and the one in $JAVA_HOME is ${version:-unknown}: let JAVA_HOME point to another."
	export JAVA_HOME
}

# javac_version DIRECTORY: prints the feature release of the JDK there, such as 17.
javac_version() {
	"$1/bin/javac" -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p'
}

# Finds Maven on the PATH, or installs the package of the system.
need_maven() {
	local version
	if ! have mvn; then
		if have apt-get; then
			apt_install maven || true
		elif have brew; then
			brew_install maven || true
		fi
	fi
	have mvn || die "Maven 3.8 or newer is needed: install it from https://maven.apache.org and put mvn on the PATH."
	version=$(mvn --version 2>/dev/null | sed -n 's/.*Apache Maven \([0-9][0-9.]*\).*/\1/p') || version=
	case $version in
		'') die "The mvn on the PATH does not work: see what \"mvn --version\" says." ;;
		[0-2].* | 3.[0-7] | 3.[0-7].*)
			die "Maven 3.8 or newer is needed, and the mvn on the PATH is $version: install another from https://maven.apache.org."
			;;
	esac
}

# pom_property NAME: prints what the root pom.xml sets it to, a line for each profile that does.
pom_property() {
	sed -n "s/.*<$1>\(.*\)<\/$1>.*/\1/p" "$ROOT/pom.xml"
}

# maven ARGUMENT...: for the whole project. In the background for the reason that bounded gives.
maven() {
	local pid status=0
	(cd "$ROOT" && exec mvn -B -ntp "$@") &
	track
	pid=$!
	wait "$pid" || status=$?
	forget "$pid"
	return "$status"
}

# --- Node ------------------------------------------------------------------------------------------

# Finds Node and npm on the PATH, or installs the packages of the system.
need_node() {
	local packages=() version
	have node || packages+=(nodejs)
	have npm || packages+=(npm)
	if [ ${#packages[@]} -gt 0 ]; then
		if have apt-get; then
			apt_install "${packages[@]}" || true
		elif have brew; then
			brew_install node || true
		fi
	fi
	have node && have npm ||
		die "Node 18 or newer and npm are needed: install them from https://nodejs.org and put both on the PATH."
	version=$(node --version 2>/dev/null | sed -n 's/^v\([0-9]*\).*/\1/p') || version=
	[ "${version:-0}" -ge 18 ] ||
		die "Node 18 or newer is needed, and the one on the PATH is ${version:-unknown}: install another from https://nodejs.org."
}

# --- Benchmarks ------------------------------------------------------------------------------------

build_benchmarks() {
	say "Building (the first time Maven downloads the libraries, which takes a while)."
	maven -q -DskipTests -pl etcd-discovery-benchmarks -am package >"$WORK/build.log" 2>&1 || {
		cat "$WORK/build.log" >&2
		die "The build failed, see above."
	}
}

# benchmarks CLASS ARGUMENT...: runs a main class of the benchmarks. In the background for the reason that
# bounded gives.
benchmarks() {
	local pid status=0 module=$ROOT/etcd-discovery-benchmarks
	"$JAVA_HOME/bin/java" -Djava.io.tmpdir="$WORK" -cp "$module/target/classes:$(cat "$module/target/classpath")" "$@" &
	track
	pid=$!
	wait "$pid" || status=$?
	forget "$pid"
	return "$status"
}

# --- etcd ------------------------------------------------------------------------------------------

# Provides an etcd to run against. Each way that does not work out leads to the next.
need_etcd() {
	etcd_of_caller || etcd_on_path || etcd_in_docker || { install_etcd && etcd_on_path; } ||
		die "There is no etcd: install etcd and etcdctl so that both are on the PATH (https://etcd.io/docs/latest/install/), or set ETCD_ENDPOINTS to an etcd that runs."
}

# Provides the etcd and etcdctl that the tests start themselves, on the PATH or as ETCD_EXECUTABLE and
# ETCDCTL_EXECUTABLE.
need_etcd_executables() {
	etcd_executables || etcd_out_of_docker || { install_etcd && etcd_executables; } ||
		die "The tests start etcd themselves: install etcd and etcdctl so that both are on the PATH (https://etcd.io/docs/latest/install/), or let ETCD_EXECUTABLE and ETCDCTL_EXECUTABLE point to them."
}

etcd_executables() {
	have "${ETCD_EXECUTABLE:-etcd}" && have "${ETCDCTL_EXECUTABLE:-etcdctl}"
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

# On ARM, etcd before 3.5 starts only when this names it, as a sign that it is meant.
etcd_architecture() {
	uname -m | sed 's/aarch64/arm64/'
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

# Takes the executables out of the image, which are of use when this system is a Linux too.
etcd_out_of_docker() {
	local image container
	[ "$(uname -s)" = Linux ] && docker_runs || return 1
	image=$(sed -n 's/^x-etcd-image: &etcd-image //p' "$ROOT/docker-compose.yml")
	say "Taking etcd out of $image."
	if ! bounded 300 docker create "$image" >"$WORK/container" 2>"$WORK/docker.log"; then
		warn "Docker has no etcd for the tests: $(tail -n 1 "$WORK/docker.log")"
		return 1
	fi
	container=$(tail -n 1 "$WORK/container")
	mkdir "$WORK/bin"
	docker cp "$container:/usr/local/bin/etcd" "$WORK/bin/etcd" >/dev/null 2>&1
	docker cp "$container:/usr/local/bin/etcdctl" "$WORK/bin/etcdctl" >/dev/null 2>&1
	docker rm "$container" >/dev/null
	PATH=$WORK/bin:$PATH
	etcd_executables
}

install_etcd() {
	if have apt-get; then
		install_etcd_with_apt
	elif have brew; then
		brew_install etcd
	else
		return 1
	fi
}

# The package of Debian starts an etcd for the whole system, on the default port, now and at every boot.
# Nobody asked for that one.
install_etcd_with_apt() {
	local packages=() status=0
	have etcd || packages+=(etcd-server)
	have etcdctl || packages+=(etcd-client)
	[ ${#packages[@]} -gt 0 ] || return 1
	forbid_services
	apt_install "${packages[@]}" || status=$?
	remove_own_policy
	case " ${packages[*]} " in
		*" etcd-server "*) as_root systemctl disable --now etcd >/dev/null 2>&1 || true ;;
	esac
	return "$status"
}

# debian_package SUITE PACKAGE DIRECTORY: unpacks a package of another release of Debian into a directory,
# without installing it, from the archive that this system has its own packages from.
debian_package() {
	local apt=$WORK/apt-$1 archive options
	have apt-get && have dpkg-deb || return 1
	# shellcheck disable=SC2016
	archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Label: Debian' |
		head -n 1)
	[ -n "$archive" ] || return 1
	mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/$2" "$3"
	printf 'deb %s %s main\n' "$archive" "$1" >"$apt/sources"
	options=(-q -o "Dir::Etc::SourceList=$apt/sources" -o Dir::Etc::SourceParts=- -o "Dir::State::Lists=$apt/lists"
		-o "Dir::Cache=$apt/cache" -o "APT::Sandbox::User=")
	(
		cd "$apt/$2"
		apt-get "${options[@]}" update && apt-get "${options[@]}" download "$2" && dpkg-deb -x "$2"_*.deb "$3"
	) >"$WORK/apt.log" 2>&1 </dev/null || {
		warn "There is no package $2 of Debian's $1: $(tail -n 1 "$WORK/apt.log")"
		return 1
	}
}

# What is installed is not to start by itself: nobody asked for that.
forbid_services() {
	if [ ! -e /usr/sbin/policy-rc.d ]; then
		OWN_POLICY=yes
		printf '#!/bin/sh\nexit 101\n' | as_root tee /usr/sbin/policy-rc.d >/dev/null 2>&1 &&
			as_root chmod 755 /usr/sbin/policy-rc.d
	fi
}

remove_own_policy() {
	if [ -n "$OWN_POLICY" ]; then
		as_root rm -f /usr/sbin/policy-rc.d >/dev/null 2>&1
		OWN_POLICY=
	fi
}
