# shellcheck shell=bash
# Packages of the system.

OWN_POLICY=      # whether /usr/sbin/policy-rc.d is of this run

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
