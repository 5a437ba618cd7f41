#!/bin/bash
# Checks the packages that build.sh made: that they are made the same twice, that the .deb installs in a bare Debian,
# what it leaves there, and that each service does its work as its user, with the limits of its unit.
#   packaging/check.sh
# Needs root, for a root folder of its own; says in a line what it leaves out.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$root/packaging/target
deb=$(ls "$out"/tka_*.deb)
tarball=$(ls "$out"/tka-*.tar.gz)

fail() {
  echo "check.sh: $*" >&2
  exit 1
}

leave_out() {
  echo "left out, as $1: $2"
}

# Built again, by somebody with other habits: another folder, umask, time zone and language.
(umask 077 && TZ=Asia/Tokyo LC_ALL=C "$root/packaging/build.sh" "$out/again" > /dev/null)
for file in "$deb" "$tarball"; do
  cmp "$file" "$out/again/${file##*/}" || fail "two builds of ${file##*/} differ"
done
rm -r "$out/again"
echo "two builds have the same bytes"

if command -v lintian > /dev/null; then
  # Nothing but hints is left unexplained.
  lintian --allow-root --fail-on error,warning "$deb" || fail "lintian"
  echo "lintian finds nothing"
else
  leave_out "lintian is not installed" "lintian"
fi

# Unpacked anywhere, the tarball is complete.
mkdir -p "$out/unpacked"
tar -xzf "$tarball" -C "$out/unpacked"
said=$(env -i PATH=/usr/bin:/bin "$out"/unpacked/tka-*/tka --version 2>&1)
[[ $said == tka\ * && $(wc -l <<< "$said") = 3 ]] || fail "the tarball's command says: $said"
rm -r "$out/unpacked"
echo "the tarball runs where it is unpacked"

if [ "$(id -u)" != 0 ] || ! command -v debootstrap > /dev/null; then
  leave_out "this needs root and debootstrap" "installing the .deb"
  exit
fi

guest=$(mktemp -d)
running=()
clean_up() {
  [ ${#running[@]} = 0 ] || kill "${running[@]}" 2> /dev/null || :
  umount -l "$guest/proc" 2> /dev/null || :
  rm -rf --one-file-system "$guest"
}
trap clean_up EXIT

# The image for containers: what it says of itself, and its command as its user with its own files alone.
oci=$(ls "$out"/tka-*-oci.tar 2> /dev/null || :)
if [ -n "$oci" ]; then
  mkdir "$guest/oci" "$guest/rootfs"
  tar -C "$guest/oci" -xf "$oci"
  blob() {
    echo "$guest/oci/blobs/sha256/$1"
  }
  digest='sha256:\([0-9a-f]*\)'
  manifest=$(sed "s/.*\"digest\":\"$digest\".*/\1/" "$guest/oci/index.json")
  config=$(grep -o "\"config\":{[^}]*}" "$(blob "$manifest")" | sed "s/.*\"digest\":\"$digest\".*/\1/")
  for said in '"User":"65532:65532"' '"8443/tcp":{}' '"8444/tcp":{}' '"9443/tcp":{}' '"Cmd":["serve"]' \
    '"/var/lib/tka":{}' '"org.opencontainers.image.licenses":"Apache-2.0"'; do
    grep -qF "$said" "$(blob "$config")" || fail "the image does not say $said: $(cat "$(blob "$config")")"
  done
  layers=0
  for layer in $(grep -o '"layers":\[.*' "$(blob "$manifest")" | grep -o "sha256:[0-9a-f]*" | cut -d: -f2); do
    [ "$(sha256sum < "$(blob "$layer")" | cut -d' ' -f1)" = "$layer" ] || fail "layer $layer is damaged"
    tar --warning=no-unknown-keyword -C "$guest/rootfs" -xzf "$(blob "$layer")"
    layers=$((layers + 1))
  done
  [ "$layers" -gt 0 ] || fail "the image has no layer"
  entry=$(grep -o '"Entrypoint":\[[^]]*\]' "$(blob "$config")" | sed 's/.*\[//; s/[]",]/ /g')
  # shellcheck disable=SC2016,SC2086 # its own variables; several words
  said=$(unshare --mount --propagation private sh -ec '
    root=$1
    shift
    mkdir "$root/proc"
    mount --rbind "$root" "$root"
    mount -t proc proc "$root/proc"
    mount -t tmpfs tmpfs "$root/tmp"
    mount -o remount,bind,ro "$root"
    exec setpriv --no-new-privs env -i PATH=/usr/sbin:/usr/bin LANG=C.UTF-8 chroot --userspec=65532:65532 "$root" "$@"' \
    sh "$guest/rootfs" $entry --version 2>&1) || fail "the image's command: $said"
  [[ $said == tka\ * && $(wc -l <<< "$said") = 3 ]] || fail "the image's command says: $said"
  rm -r "$guest/oci" "$guest/rootfs"
  echo "the image for containers runs as its user, with a root that it cannot write"
else
  leave_out "-Ppackages did not build it" "the image for containers"
fi

# A bare Debian, kept between runs without the command.
bare=${TKA_BARE_ROOT:-/var/cache/tka/bookworm.tar.gz}
if [ ! -f "$bare" ]; then
  mkdir -p "${bare%/*}"
  rm -rf "$out/bare"
  debootstrap --variant=minbase --include=man-db,bash-completion bookworm "$out/bare" \
    http://deb.debian.org/debian > "$out/debootstrap.log" || fail "debootstrap; see $out/debootstrap.log"
  tar -C "$out/bare" --exclude='./var/cache/apt/archives/*.deb' -cf - . | gzip -1 > "$bare.$$"
  mv "$bare.$$" "$bare"
  rm -rf "$out/bare"
fi
tar -C "$guest" -xzf "$bare"
mount -t proc proc "$guest/proc"

# Runs a program in it, with nothing of this machine's environment.
inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/root TERM=dumb chroot "$guest" "$@"
}

cp "$deb" "$guest/root/tka.deb"
inside dpkg -i /root/tka.deb > "$out/dpkg.log" 2>&1 || fail "dpkg -i; see $out/dpkg.log"
[ "$(ls "$guest"/usr/lib/tka/*.jsa | wc -l)" = 1 ] || fail "no archive of classes was made"
for words in --version "--help" "status --help"; do
  # shellcheck disable=SC2086 # several words
  inside tka $words > "$out/said" 2> "$out/warned" || fail "tka $words"
  [ -s "$out/said" ] && [ ! -s "$out/warned" ] || fail "tka $words warns: $(cat "$out/warned")"
done
inside tka demo > "$out/demo.log" 2>&1 || fail "tka demo; see $out/demo.log"
# Not through a pipe: grep ends at the word, and whoever still writes would count as failed.
inside man tka-node > "$out/said" 2> /dev/null && grep -q 'SYNOPSIS' "$out/said" || fail "man tka-node"
inside bash -c '. /usr/share/bash-completion/bash_completion && _completion_loader tka; COMP_WORDS=(tka sta) COMP_CWORD=1 &&
  COMPREPLY=() && _complete_tka && echo "${COMPREPLY[*]}"' > "$out/completed" 2>&1 || :
[ "$(cat "$out/completed")" = status ] || fail "tka sta<TAB> completes to: $(cat "$out/completed")"
echo "installed in a bare Debian: the command, its manual and its completion work"

# Without the archive it works all the same, and says nothing about it.
mkdir "$guest/root/archive"
mv "$guest"/usr/lib/tka/*.jsa "$guest/root/archive"
inside setpriv --reuid=65534 --regid=65534 --clear-groups tka --version > "$out/said" 2> "$out/warned" ||
  fail "tka --version without an archive"
[ ! -s "$out/warned" ] || fail "without an archive, tka warns: $(cat "$out/warned")"
mv "$guest"/root/archive/*.jsa "$guest/usr/lib/tka"
echo "without an archive of classes it works without a warning"

# The units, by systemd's own eyes.
units=(tka-serve.service tka-node.service tka-broker.service tka-witness.service)
if command -v systemd-analyze > /dev/null; then
  cp -n /usr/lib/systemd/system/*.target "$guest/usr/lib/systemd/system/"
  systemd-analyze verify --man=no --root="$guest" "${units[@]}" || fail "systemd-analyze verify"
  for unit in "${units[@]}"; do
    systemd-analyze security --offline=true --threshold=15 --root="$guest" "$unit" > "$out/security.log" ||
      fail "$unit is exposed: $(tail -n 1 "$out/security.log")"
    tail -n 1 "$out/security.log"
  done
else
  leave_out "systemd is not installed" "systemd-analyze of the units"
fi

# Runs a unit's commands as its user: without privileges, and with a root that cannot be written but for what the unit
# names. It is what systemd does, as far as that can be done without it.
#   service UNIT [NAME=VALUE...]    what the unit's environment and credentials would be is there already
service() {
  local unit=$guest/usr/lib/systemd/system/$1 credentials=run/credentials/$1 state lines
  shift
  state=$(sed -n 's/^StateDirectory=//p' "$unit")
  mkdir -p "$guest/var/lib/$state" "$guest/run/$state" "$guest/$credentials"
  chown -R "$user:$user" "$guest/var/lib/$state" "$guest/run/$state" "$guest/$credentials"
  chmod 700 "$guest/var/lib/$state" "$guest/run/$state" "$guest/$credentials"
  lines=$(sed -n 's/^ExecStartPre=//p; s/^ExecStart=/exec /p' "$unit")
  # shellcheck disable=SC2016 # its own variables
  exec unshare --mount --propagation private sh -ec '
    root=$1 user=$2 state=$3 lines=$4
    shift 4
    mount --rbind "$root" "$root"
    for each in "var/lib/$state" "run/$state" tmp; do
      mount --bind "$root/$each" "$root/$each"
    done
    mount -o remount,bind,ro "$root"
    exec chroot "$root" setpriv --reuid="$user" --regid="$user" --clear-groups --no-new-privs --bounding-set=-all \
      --inh-caps=-all env -i PATH=/usr/bin:/bin "$@" sh -ec "
        umask 077
        if touch /etc/written /usr/written 2> /dev/null; then exit 99; fi
        $lines"' \
    sh "$guest" "$user" "$state" "$lines" STATE_DIRECTORY="/var/lib/$state" RUNTIME_DIRECTORY="/run/$state" \
    CREDENTIALS_DIRECTORY="/$credentials" "$@"
}

# Starts a unit, and waits until it says that it works.
#   started UNIT TEXT [NAME=VALUE...]
started() {
  local unit=$1 text=$2 log=$out/$1.log
  shift 2
  : > "$log"
  (service "$unit" "$@") >> "$log" 2>&1 &
  running+=($!)
  for ((i = 0; i < 600; i++)); do
    if grep -q "$text" "$log"; then
      return
    fi
    kill -0 $! 2> /dev/null || break
    sleep 0.1
  done
  fail "$unit did not say '$text': $(cat "$log")"
}

user=61200
port=18443
echo "node-listen = 127.0.0.1:$port" >> "$guest/etc/tka/serve.conf"
inside tka serve --check --config /etc/tka/serve.conf > "$out/said" 2>&1 || fail "serve.conf: $(cat "$out/said")"
started tka-serve.service 'SIGTERM stops the server'

nodekey=nodekey:$(printf 'ab%.0s' {1..32})
to_serve() {
  curl --silent --show-error --fail --max-time 30 --unix-socket "$guest/var/lib/tka/$1.sock" "http://localhost/v1/$2" "${@:3}"
}
to_serve operator tailnets/example.com -X PUT
to_serve forwarder tailnets/example.com/nodes/7/login -d "{\"nodeKey\":\"$nodekey\"}" > /dev/null
inside tka node token unix:/var/lib/tka/operator.sock --tailnet example.com --node 7 --out /etc/tka/node.token
install -D -m 400 "$guest/etc/tka/node.token" "$guest/run/credentials/tka-node.service/token"
started tka-node.service ' lock: ' "TKA_NODE_SERVER=http://127.0.0.1:$port" "TKA_NODE_OPTIONS=--node-key $nodekey"

# A credential may look as if others could read it: systemd gives it to the user by an access list.
inside tka keygen /root/broker.key > /dev/null
install -D -m 440 "$guest/root/broker.key" "$guest/run/credentials/tka-broker.service/broker.key"
cat > "$guest/run/credentials/tka-broker.service/policy.json" << 'EOT'
{"schemaVersion": 1, "rules": [{"name": "new", "tailnets": ["example.com"], "voucher": {"token": {}},
  "until": "2099-01-01T00:00:00Z", "perHour": 5, "sign": {"signer": "file:/run/tka-broker/broker.key"}}]}
EOT
started tka-broker.service 'asked at' TKA_BROKER_OPTIONS=

started tka-witness.service 'asked at http' "TKA_WITNESS_OPTIONS=--port $((port + 1))"

for pid in "${running[@]}"; do
  kill "$pid"
done
for pid in "${running[@]}"; do
  wait "$pid" || fail "a service ended with status $?"
done
echo "each service works as its user, with a root that it cannot write, and stops when told"

# What it brought is gone, and what the services kept is there.
inside dpkg --purge tka > "$out/dpkg.log" 2>&1 || fail "dpkg --purge; see $out/dpkg.log"
left=$(cd "$guest" && find usr/lib/tka usr/bin/tka usr/share/man/man1/tka* etc/tka/*.conf 2> /dev/null || :)
[ -z "$left" ] || fail "left behind: $left"
[ -f "$guest/var/lib/tka/control.db" ] || fail "the tailnets are gone"
echo "purged: nothing is left but what the services kept"
