# shellcheck shell=bash
# What the scripts beside this one share. Bash 3.2 is enough (macOS), and so are the tools of the base system.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

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

for part in processes packages java node browser etcd etcd-executables benchmarks; do
	# shellcheck disable=SC1090
	. "$ROOT/script/lib/$part.sh"
done
