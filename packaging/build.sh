#!/bin/sh
# Makes the packages of the command: tka_VERSION_ARCH.deb and tka-VERSION-linux-ARCH.tar.gz, each with a runtime of its
# own. They hold what the JDK on the path and tka-cli/target/tka.jar make; two runs give the same bytes.
#   packaging/build.sh [FOLDER]    by default packaging/target
set -eu
umask 022

root=$(CDPATH= cd -P -- "$(dirname -- "$0")/.." && pwd)
jar=$root/tka-cli/target/tka.jar
out=${1:-$root/packaging/target}
if [ -n "${JAVA_HOME:-}" ]; then
  PATH=$JAVA_HOME/bin:$PATH
fi
if [ ! -f "$jar" ]; then
  echo "build.sh: $jar is missing: run ./mvnw -DskipTests package first" >&2
  exit 1
fi
mkdir -p "$out"
out=$(CDPATH= cd -P -- "$out" && pwd)

# All files bear the time of the last commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export SOURCE_DATE_EPOCH
day=$(date -u -d "@$SOURCE_DATE_EPOCH" +%F)
arch=$(dpkg --print-architecture)
triplet=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
version=$(java -jar "$jar" --version | sed -n 's/^tka //p')
# Debian sorts a tilde before the end: a snapshot comes before its release.
debian=$(printf %s "$version" | sed 's/-SNAPSHOT$/~snapshot/')

# The image, which is all of the tarball, and of the package's /usr/lib/tka.
name=tka-$version
rm -rf "$out/image" "$out/deb"
image=$out/image/$name
mkdir -p "$image"
# Without java.desktop, which only classes name that nothing here uses. Elliptic curves for TLS are found by their
# class alone, which jdeps cannot see.
modules=$(jdeps --ignore-missing-deps --print-module-deps "$jar" | sed 's/java\.desktop,//'),jdk.crypto.ec
# What generate-jli-classes makes differs each time; the archive of classes, where the command is installed, has the like.
jlink --disable-plugin generate-jli-classes --add-modules "$modules" --strip-java-debug-attributes --no-header-files --no-man-pages \
  --output "$image/runtime"
find "$image/runtime" -type f \( -name '*.so' -o -perm -u=x \) -exec strip --strip-unneeded {} +
cp "$root/tka" "$jar" "$root/LICENSE" "$image"
share=$image/share
mkdir -p "$share/bash-completion/completions" "$share/zsh/vendor-completions" "$share/man"
java -cp "$jar" dev.tka.cli.ManPages "$share/man/man1" "$day"
java -jar "$jar" completion | sed 1d > "$share/bash-completion/completions/tka"
cp "$root/packaging/etc/_tka" "$share/zsh/vendor-completions/_tka"

# Everybody may read everything, whatever the umask of those who built it, and nothing is newer than the last commit.
settle() {
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

settle "$out/image"
tar --sort=name --owner=0 --group=0 --numeric-owner --format=gnu -C "$out/image" -c "$name" |
  gzip -n > "$out/$name-linux-$arch.tar.gz"

# What the image for containers holds: this, the libraries that Java and the native parts of the jar are linked with,
# and a user. pom.xml says the rest.
oci=$out/oci
rm -rf "$oci"
# Jib also wants to see the folder of the classes of a project, of which there are none.
mkdir -p "$out/classes"
mkdir -p "$oci/usr/lib" "$oci/etc" "$oci/tmp" "$oci/var/lib/tka"
cp -a "$image" "$oci/usr/lib/tka"
rm -r "$oci/usr/lib/tka/share" "$oci/usr/lib/tka/tka"
for library in $(find "$image/runtime" -name '*.so' -exec ldd {} + | grep -o '[[:space:]]/[^ ]*' | grep -v "$image" | sort -u) \
  "/lib/$triplet/libdl.so.2" "/lib/$triplet/libpthread.so.0" "/lib/$triplet/librt.so.1"; do
  mkdir -p "$oci${library%/*}"
  cp -L "$library" "$oci$library"
done
echo 'tka:x:65532:65532::/var/lib/tka:/nonexistent' > "$oci/etc/passwd"
echo 'tka:x:65532:' > "$oci/etc/group"

# The package.
deb=$out/deb
mkdir -p "$deb/DEBIAN" "$deb/usr/bin" "$deb/usr/lib/systemd/system" "$deb/usr/share/doc/tka" "$deb/etc/tka/broker"
cp -a "$image" "$deb/usr/lib/tka"
mv "$deb/usr/lib/tka/share/"* "$deb/usr/share"
rm -r "$deb/usr/lib/tka/share" "$deb/usr/lib/tka/LICENSE"
gzip -9n "$deb/usr/share/man/man1/"*.1
ln -s ../lib/tka/tka "$deb/usr/bin/tka"
cp -r "$root/packaging/systemd/." "$deb/usr/lib/systemd/system"
cp "$root/packaging/etc/"*.conf "$root/packaging/etc/"*.env "$deb/etc/tka"
cp "$root/packaging/deb/copyright" "$deb/usr/share/doc/tka"
gzip -9nc "$root/CHANGELOG.md" > "$deb/usr/share/doc/tka/CHANGELOG.md.gz"
printf 'tka (%s) unstable; urgency=medium\n\n  * See CHANGELOG.md.\n\n -- %s  %s\n' "$debian" \
  "$(sed -n 's/^Maintainer: //p' "$root/packaging/deb/control")" "$(date -uRd "@$SOURCE_DATE_EPOCH")" |
  gzip -9n > "$deb/usr/share/doc/tka/changelog.gz"
mkdir -p "$deb/usr/share/lintian/overrides"
cp "$root/packaging/deb/lintian-overrides" "$deb/usr/share/lintian/overrides/tka"

# The libraries that the runtime is linked with, by the packages that have them.
mkdir -p "$out/shlibs/debian"
echo 'Source: tka' > "$out/shlibs/debian/control"
runtime=$deb/usr/lib/tka/runtime
libraries=$(cd "$out/shlibs" && find "$runtime" -name '*.so' -exec dpkg-shlibdeps -O \
  -l"$runtime/lib" -l"$runtime/lib/server" {} + 2> "$out/shlibs/warnings") || {
  cat "$out/shlibs/warnings" >&2
  exit 1
}
sed -e "s/@VERSION@/$debian/" -e "s/@ARCH@/$arch/" -e "s/@LIBRARIES@/${libraries#*=}/" \
  -e "s/@SIZE@/$(du -sk --apparent-size "$deb" | cut -f1)/" "$root/packaging/deb/control" > "$deb/DEBIAN/control"
(cd "$deb" && find etc -type f -printf '/%p\n' | LC_ALL=C sort) > "$deb/DEBIAN/conffiles"
(cd "$deb" && find usr -type f -print0 | LC_ALL=C sort -z | xargs -0 md5sum) > "$deb/DEBIAN/md5sums"
cp "$root/packaging/deb/postinst" "$root/packaging/deb/prerm" "$root/packaging/deb/postrm" "$deb/DEBIAN"
settle "$deb"
chmod 755 "$deb/DEBIAN/postinst" "$deb/DEBIAN/prerm" "$deb/DEBIAN/postrm"
chmod 700 "$deb/etc/tka/broker"
# Not by xz, which takes minutes for a tenth less.
dpkg-deb --root-owner-group -Zgzip -z6 --build "$deb" "$out/tka_${debian}_$arch.deb" > /dev/null
ls -l "$out/tka_${debian}_$arch.deb" "$out/$name-linux-$arch.tar.gz"
