# shellcheck shell=bash
# The executables etcd and etcdctl, of any version or of a certain one.

ETCD_VERSIONS='3.7 3.6 3.5 3.4'   # those that we support
ETCD_BIN=                         # what find_etcd found

# Provides the etcd and etcdctl that the tests start themselves, on the PATH or as ETCD_EXECUTABLE and
# ETCDCTL_EXECUTABLE.
need_etcd_executables() {
	etcd_executables || etcd_out_of_docker || { install_etcd && etcd_executables; } ||
		die "The tests start etcd themselves: install etcd and etcdctl so that both are on the PATH (https://etcd.io/docs/latest/install/), or let ETCD_EXECUTABLE and ETCDCTL_EXECUTABLE point to them."
}

etcd_executables() {
	have "${ETCD_EXECUTABLE:-etcd}" && have "${ETCDCTL_EXECUTABLE:-etcdctl}"
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

# On ARM, etcd before 3.5 starts only when this names it, as a sign that it is meant.
etcd_architecture() {
	uname -m | sed 's/aarch64/arm64/'
}

# use_etcd VERSION: puts etcd and etcdctl of that version, such as 3.7, on the PATH and into ETCD_EXECUTABLE and
# ETCDCTL_EXECUTABLE. With "newest" it is the newest to be had.
use_etcd() {
	local version
	if [ "$1" = newest ]; then
		find_newest_etcd
	else
		find_etcd "$1" || die "There is no etcd $1: $(etcd_wanted "$1")."
	fi
	export PATH=$ETCD_BIN:$PATH ETCD_EXECUTABLE=$ETCD_BIN/etcd ETCDCTL_EXECUTABLE=$ETCD_BIN/etcdctl
	say "Using $(etcd_version "$ETCD_BIN") in $ETCD_BIN."
}

find_newest_etcd() {
	local version
	for version in $ETCD_VERSIONS; do
		if find_etcd "$version"; then
			return
		fi
		not_tested "etcd $version" "$(etcd_wanted "$version")"
	done
	need_etcd_executables
	ETCD_BIN=$(dirname "$(command -v "${ETCD_EXECUTABLE:-etcd}")")
}

etcd_wanted() {
	printf '%s\n' "no etcd $1 on the PATH or in ETCD_HOME_${1/./_}, no Go to build it with, no package of Debian"
}

# find_etcd VERSION: sets ETCD_BIN to a directory with etcd and etcdctl of that version: ETCD_HOME_3_7 and the like,
# that of the etcd that the tests would take anyway, or else what Go builds or Debian has.
find_etcd() {
	local given=ETCD_HOME_${1/./_}
	ETCD_BIN=${!given:-}
	if [ -n "$ETCD_BIN" ]; then
		has_etcd "$ETCD_BIN" "$1" || die "There is no etcd $1 in $ETCD_BIN, to which $given points."
		return
	fi
	if etcd_executables; then
		ETCD_BIN=$(dirname "$(command -v "${ETCD_EXECUTABLE:-etcd}")")
		! has_etcd "$ETCD_BIN" "$1" || return 0
	fi
	build_etcd "$1" || unpack_etcd "$1"
}

# has_etcd DIRECTORY VERSION
has_etcd() {
	[ -x "$1/etcdctl" ] && case $(etcd_version "$1") in *" $2."*) ;; *) return 1 ;; esac
}

# etcd_version DIRECTORY: prints what the etcd there is, such as "etcd 3.7.3".
etcd_version() {
	ETCD_UNSUPPORTED_ARCH=$(etcd_architecture) "$1/etcd" --version 2>/dev/null | sed -n 's/^etcd Version: /etcd /p'
}

# Builds the version that the go.mod in script/etcd names, once for each user.
build_etcd() {
	local module=$ROOT/script/etcd/$1 build=$WORK/etcd-$1 version executable
	[ -d "$module" ] && have go || return 1
	version=$(sed -n 's/.*go\.etcd\.io\/etcd\/server\/v3 v//p' "$module/go.mod")
	ETCD_BIN=${XDG_CACHE_HOME:-$HOME/.cache}/etcd-discovery/etcd/$version
	! has_etcd "$ETCD_BIN" "$1" || return 0
	say "Building etcd $version with Go, which takes a minute or two, once."
	mkdir "$build"
	bounded 900 go_build "$module" "$build" >"$WORK/go.log" 2>&1 </dev/null || {
		warn "Go could not build etcd $version: $(tail -n 1 "$WORK/go.log")"
		return 1
	}
	# Renamed in one step, because others may look for it or build it at the same time.
	for executable in etcdctl etcd; do
		{
			mkdir -p "$ETCD_BIN" && cp "$build/$executable" "$ETCD_BIN/.$executable.$$" &&
				mv -f "$ETCD_BIN/.$executable.$$" "$ETCD_BIN/$executable"
		} 2>"$WORK/go.log" || {
			warn "etcd $version is built for this run only: $(tail -n 1 "$WORK/go.log")"
			ETCD_BIN=$build
			break
		}
	done
	has_etcd "$ETCD_BIN" "$1"
}

# go_build MODULE DIRECTORY
go_build() {
	cd "$1" && GOWORK=off CGO_ENABLED=0 exec go build -buildvcs=false -trimpath -ldflags=-w -o "$2/" ./...
}

# Unpacks the etcd of a release of Debian, for this run.
unpack_etcd() {
	local suite suites='testing unstable trixie'
	[ "$1" != 3.4 ] || suites=bookworm
	for suite in $suites; do
		ETCD_BIN=$WORK/debian-$suite/usr/bin
		if [ ! -d "$WORK/debian-$suite" ]; then
			say "Looking for etcd in Debian's $suite."
			debian_package "$suite" etcd-server "$WORK/debian-$suite" &&
				debian_package "$suite" etcd-client "$WORK/debian-$suite" || continue
		fi
		! has_etcd "$ETCD_BIN" "$1" || return 0
	done
	return 1
}
