#!/bin/bash
# Tries a release to Maven Central without it: deploys all artifacts to a folder, lists what one of them lacks, and has
# a fresh project use them. It signs with a key that it makes and forgets.
#   packaging/release.sh [FOLDER]    by default packaging/target/central
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:-$root/packaging/target/central}
rm -rf "$folder"
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
work=$(mktemp -d)
export GNUPGHOME=$work/gnupg
trap 'gpgconf --kill all 2> /dev/null || :; rm -rf "$work"' EXIT

mkdir -m 700 "$GNUPGHOME"
gpg --batch --quiet --passphrase '' --quick-gen-key 'A release that is tried <nobody@localhost>' rsa3072 sign never
MAVEN_GPG_KEY=$(gpg --batch --armor --export-secret-keys)
export MAVEN_GPG_KEY
(cd "$root" && ./mvnw --batch-mode -q -Prelease -DskipTests deploy \
  -pl '!bench,!packaging,!examples/control,!examples/node,!examples/custom-store' \
  "-DaltDeploymentRepository=folder::file:$folder")

# What Central asks of each.
missing=0
lacks() {
  echo "${1#"$folder"/} lacks $2"
  missing=$((missing + 1))
}
artifacts=0
while read -r pom; do
  artifacts=$((artifacts + 1))
  base=${pom%.pom}
  # What stands in a parent counts, which is where Central looks.
  parent=$(ls "$folder"/dev/tka/tka-parent/*/*.pom)
  [[ ${pom##*/} = tka-bom-* ]] && parent=$pom
  for element in name description; do
    grep -q "^  <$element>" "$pom" || lacks "$pom" "<$element>"
  done
  for element in url licenses developers scm; do
    grep -q "^  <$element\b" "$parent" || lacks "$pom" "<$element>"
  done
  files=("$pom")
  if ! grep -q '<packaging>pom</packaging>' "$pom"; then
    files+=("$base.jar" "$base-sources.jar" "$base-javadoc.jar" "$base-cyclonedx.json")
    # The artifacts of the test kit are published, too.
    module=$(basename "$(dirname "$(dirname "$pom")")")
    grep -q test-jar "$root/$([ "$module" = tka-picocli ] && echo picocli || echo "$module")/pom.xml" &&
      grep -A4 "<artifactId>$module</artifactId>" "$root/tka-bom/pom.xml" | grep -q test-jar &&
      files+=("$base-tests.jar")
  fi
  for file in "${files[@]}"; do
    if [ ! -s "$file" ]; then
      lacks "$pom" "${file##*/}"
      continue
    fi
    for sum in md5 sha1; do
      [ "$("${sum}sum" < "$file" | cut -d ' ' -f 1)" = "$(cat "$file.$sum" 2> /dev/null)" ] || lacks "$file" "its $sum"
    done
    gpg --batch --quiet --verify "$file.asc" "$file" 2> /dev/null || lacks "$file" "a good signature"
  done
done < <(find "$folder" -name '*.pom' | sort)

# The BOM names them all.
while read -r module; do
  [ -d "$folder/dev/tka/$module" ] || lacks "$folder/dev/tka/tka-bom" "$module, which it names,"
done < <(sed -n '/<dependencyManagement>/,$s/.*<artifactId>\(.*\)<.*/\1/p' "$root/tka-bom/pom.xml" | grep -v plugin | sort -u)
for module in "$folder"/dev/tka/*/; do
  module=$(basename "$module")
  grep -q "<artifactId>$module</artifactId>" "$root/tka-bom/pom.xml" || [ "$module" = tka-parent ] ||
    lacks "$folder/dev/tka/tka-bom" "$module"
done
[ "$missing" = 0 ] || exit 1
echo "$artifacts artifacts have all that Maven Central asks"

# A project that knows nothing but the BOM embeds control, with the example's few lines.
version=$(sed -n 's:^  <version>\(.*\)</version>:\1:p' "$root/tka-bom/pom.xml")
fresh=$work/fresh
mkdir "$fresh"
cp -r "$root/examples/control/src" "$fresh"
rm -r "$fresh/src/test"
sed "s/@VERSION@/$version/; s|@FOLDER@|$folder|" "$root/packaging/fresh-pom.xml" > "$fresh/pom.xml"
# With a local repository of its own, so that nothing that was installed here is found.
(cd "$root" && ./mvnw --batch-mode -q -f "$fresh/pom.xml" compile dependency:build-classpath \
  -Dmdep.outputFile="$work/classpath" -Dmaven.repo.local="$work/m2")
said=$(java -cp "$fresh/target/classes:$(cat "$work/classpath")" example.control.Control "$work/control.db" \
  "nodekey:$(printf 'ab%.0s' {1..32})")
[ "$said" = '{}' ] || { echo "the fresh project says: $said"; exit 1; }
echo "a fresh project with the BOM embeds control"
