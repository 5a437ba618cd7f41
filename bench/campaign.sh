#!/bin/sh
# Real servers and databases under faults, while others edit, sign and follow; bench/README.md says what is judged.
#   bench/campaign.sh [--minutes N] [--seed N] [--etcd]    5 minutes if nothing is said, 28 at most; the servers that
#                                                          share a database share PostgreSQL, or three members of etcd
set -eu

root=$(CDPATH= cd -P -- "$(dirname -- "$0")/.." && pwd)
minutes=5
seed=$(date +%s)
database=postgresql
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=${2:?} && shift ;;
    --seed) seed=${2:?} && shift ;;
    --etcd) database=etcd ;;
    *)
      echo "usage: bench/campaign.sh [--minutes N] [--seed N] [--etcd]" >&2
      exit 2
      ;;
  esac
  shift
done
if ! [ "$minutes" -ge 1 ] || ! [ "$minutes" -le 28 ]; then
  echo "bench/campaign.sh: from 1 to 28 minutes" >&2
  exit 2
fi

folder=$root/bench/target/campaign-$seed
mkdir -p "$folder"
cd "$root"
exec ./mvnw -q -pl tka-cli -am test -Dtest=CampaignTest -Dsurefire.failIfNoSpecifiedTests=false -Dspotless.check.skip \
  -Dtka.minutes="$minutes" -Dtka.seed="$seed" -Dtka.database=$database -Dtka.folder="$folder"
