# shellcheck shell=bash
# The main classes of etcd-discovery-benchmarks.

build_benchmarks() {
	say "Building (the first time Maven downloads the libraries, which takes a while)."
	maven -q -DskipTests -pl etcd-discovery-benchmarks -am package >"$WORK/build.log" 2>&1 || {
		cat "$WORK/build.log" >&2
		die "The build failed, see above."
	}
}

# benchmarks CLASS ARGUMENT...: runs a main class of the benchmarks.
benchmarks() {
	local module=$ROOT/etcd-discovery-benchmarks
	attended "$JAVA_HOME/bin/java" -Djava.io.tmpdir="$WORK" \
		-cp "$module/target/classes:$(cat "$module/target/classpath")" "$@"
}
