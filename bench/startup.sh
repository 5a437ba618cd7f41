#!/bin/bash
# How long the installed command takes to start, beside 'java -version', in pairs.
#   bench/startup.sh [COMMAND] [ROUNDS]    COMMAND is /usr/bin/tka by default: install the package, or unpack the tarball
set -euo pipefail

tka=${1:-/usr/bin/tka}
rounds=${2:-30}
if [ -n "${JAVA_HOME:-}" ]; then
  PATH=$JAVA_HOME/bin:$PATH
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# A node's directory with a chain to look at.
"$tka" keygen "$folder/key" > "$folder/said"
key=$(grep -o 'tlpub:[0-9a-f]*' "$folder/said" | head -n 1)
"$tka" init "$folder/dir" "$key" --key-file "$folder/key" --confirm > /dev/null
for votes in 2 3 4 5; do
  "$tka" update "$folder/dir" "$key?$votes" --key-file "$folder/key" > /dev/null
done

# Adds the milliseconds that a command takes to a file.
time_of() {
  local from=${EPOCHREALTIME/./}
  "${@:2}" > /dev/null 2>&1
  echo $(((${EPOCHREALTIME/./} - from + 50) / 100)) >> "$folder/$1"
}

for ((i = 0; i < rounds; i++)); do
  time_of java java -version
  time_of version "$tka" --version
  time_of status "$tka" status "$folder/dir"
  time_of log "$tka" log "$folder/dir"
done

# In tenths of a millisecond.
median() {
  sort -n "$folder/$1" | sed -n "$((rounds / 2 + 1))p"
}

java=$(median java)
printf '| what, median of %s | ms | java -version = 1 |\n|---|--:|--:|\n' "$rounds"
for what in java version status log; do
  one=$(median "$what")
  case $what in
    java) name='java -version' ;;
    version) name='tka --version' ;;
    *) name="tka $what" ;;
  esac
  printf '| `%s` | %d.%d | %d.%02d |\n' "$name" $((one / 10)) $((one % 10)) $((one / java)) $((one % java * 100 / java))
done
