# shellcheck shell=bash
# A JDK and Maven.

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

# maven ARGUMENT...: for the whole project.
maven() {
	attended in_root mvn -B -ntp "$@"
}

in_root() {
	cd "$ROOT" && exec "$@"
}
