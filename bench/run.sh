#!/bin/sh
# Runs the benchmarks and prints their figures beside the reference's; builds first if necessary.
#   bench/run.sh            everything, about 12 minutes
#   bench/run.sh --quick    rough figures, two to three minutes
#   bench/run.sh WORD...    benchmarks with one of these words in their names, such as OpenBenchmark.memory
#   bench/run.sh --directory  what a durable commit to a directory costs beside files written one by one
#   bench/run.sh --scale    thousands of tailnets, and a very long one, in SQLite under 1 GiB of heap
#   bench/run.sh --load [URL]  what 'tka serve' bears, with thousands of nodes; URL is a PostgreSQL database
#   bench/run.sh --replicas URL  three 'tka serve' on one database beside one, and while one is killed every 5 s
#   bench/run.sh --agents   2,000 nodes' agents in one process on one 'tka serve': memory, and how fast all follow
#   bench/run.sh --places URL...  what a commit, a read and hearing of the other's commit cost at each place
#   bench/run.sh --hostile [URL]  what a stranger's requests cost control; URL is a PostgreSQL database
#   bench/run.sh --page     how the page draws a chain of 10,000 updates with 200 forks in Chromium
set -eu

root=$(CDPATH= cd -P -- "$(dirname -- "$0")/.." && pwd)
jar=$root/bench/target/benchmarks.jar

if [ "${1:-}" = --page ]; then
  cd "$root"
  exec ./mvnw -q -pl control-http -am test -Dtest=PageBench -Dsurefire.failIfNoSpecifiedTests=false -Dwarnings.relaxed
fi

if [ -n "${JAVA_HOME:-}" ] && [ -x "$JAVA_HOME/bin/java" ]; then
  java=$JAVA_HOME/bin/java
else
  java=java
fi

changed=$([ ! -f "$jar" ] || find "$root" -path '*/src/*' -name '*.java' -newer "$jar" | head -n 1)
if [ ! -f "$jar" ] || [ -n "$changed" ]; then
  echo "building ..." >&2
  (cd "$root" && ./mvnw -q -DskipTests -Dwarnings.relaxed package < /dev/null >&2)
fi

if [ "${1:-}" = --directory ]; then
  exec "$java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Directories
fi
if [ "${1:-}" = --scale ]; then
  exec "$java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Scale
fi
if [ "${1:-}" = --load ]; then
  shift
  exec "$java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Load "$@"
fi
if [ "${1:-}" = --replicas ]; then
  shift
  exec "$java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Replicas "$@"
fi
if [ "${1:-}" = --agents ]; then
  exec "$java" -Xmx1g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Agents
fi
if [ "${1:-}" = --places ]; then
  shift
  exec "$java" -Xmx4g --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Places "$@"
fi
if [ "${1:-}" = --hostile ]; then
  shift
  exec "$java" --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Hostile "$@"
fi
exec "$java" --enable-native-access=ALL-UNNAMED -cp "$jar" dev.tka.bench.Report "$@"
