# shellcheck shell=bash
# Node and npm.

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
