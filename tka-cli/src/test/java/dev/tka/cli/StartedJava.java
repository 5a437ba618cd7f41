package dev.tka.cli;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipOutputStream;

/**
 * How tests start the command as a process of its own. As the launcher does, it keeps the classes
 * that a rehearsal loads in an archive, which more than halves a start. A JDK archives no classes
 * of folders and of signed jars, so those of the class path are packed anew first. What is made
 * stays in {@code target}, for the other test processes and later runs, until a class changes.
 */
final class StartedJava {
  private static final Path PLACE = Path.of("target", "started-java").toAbsolutePath();
  private static final List<String> OPTIONS =
      List.of(
          // As the launcher allows native code.
          "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private static List<String> made = List.of();

  private StartedJava() {}

  /** The words before the main class. */
  static synchronized List<String> words() {
    if (made.isEmpty()) {
      try {
        made = make();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
    return made;
  }

  private static List<String> make() throws IOException, InterruptedException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<Path> classPath =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .map(Path::of)
            .toList();
    Path folder = PLACE.resolve(nameOf(java, classPath));
    List<String> words = new ArrayList<>(List.of(java));
    words.addAll(OPTIONS);
    Path archive = folder.resolve("classes.jsa");
    String packed = packed(classPath, folder);
    Files.createDirectories(PLACE);
    try (FileChannel lock =
        FileChannel.open(
            PLACE.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      var unused = lock.lock();
      if (!Files.exists(archive)) {
        deleteOthers();
        Files.createDirectories(folder);
        for (int i = 0; i < classPath.size(); i++) {
          if (isPacked(classPath.get(i))) {
            pack(classPath.get(i), jar(folder, i));
          }
        }
        Path part = folder.resolve("classes.part");
        List<String> rehearsal = new ArrayList<>(words);
        rehearsal.addAll(
            List.of("-XX:ArchiveClassesAtExit=" + part, "-cp", packed, Rehearsal.class.getName()));
        Process process =
            new ProcessBuilder(rehearsal)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("said").toFile())
                .start();
        process.waitFor();
        if (!Files.exists(part)) {
          // This JDK keeps none.
          Files.createFile(part);
        }
        Files.move(part, archive);
      }
    }
    if (Files.size(archive) > 0) {
      // One that does not fit is left out; what a JDK says of that would be in the output.
      words.addAll(List.of("-XX:SharedArchiveFile=" + archive, "-Xlog:cds*=off"));
    }
    words.addAll(List.of("-cp", packed));
    return List.copyOf(words);
  }

  private static String packed(List<Path> classPath, Path folder) throws IOException {
    List<String> packed = new ArrayList<>();
    for (int i = 0; i < classPath.size(); i++) {
      packed.add((isPacked(classPath.get(i)) ? jar(folder, i) : classPath.get(i)).toString());
    }
    return String.join(File.pathSeparator, packed);
  }

  private static Path jar(Path folder, int number) {
    return folder.resolve(number + ".jar");
  }

  /** Changes with every file of the class path, and with the JDK. */
  private static String nameOf(String java, List<Path> classPath) throws IOException {
    StringBuilder all = new StringBuilder();
    describe(Path.of(java).toRealPath(), all);
    for (Path each : classPath) {
      if (Files.exists(each)) {
        try (Stream<Path> files = Files.walk(each)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            describe(file, all);
          }
        }
      }
    }
    return UUID.nameUUIDFromBytes(all.toString().getBytes(StandardCharsets.UTF_8)).toString();
  }

  private static void describe(Path file, StringBuilder all) throws IOException {
    all.append(file)
        .append(' ')
        .append(Files.size(file))
        .append(' ')
        .append(Files.getLastModifiedTime(file))
        .append('\n');
  }

  /** A folder, or a signed jar. */
  private static boolean isPacked(Path each) throws IOException {
    if (!Files.isRegularFile(each)) {
      return Files.isDirectory(each);
    }
    try (ZipFile jar = new ZipFile(each.toFile())) {
      return jar.stream().anyMatch(entry -> isSignature(entry.getName()));
    }
  }

  private static boolean isSignature(String name) {
    return name.matches("META-INF/[^/]*\\.(SF|DSA|RSA|EC)");
  }

  private static void pack(Path from, Path to) throws IOException {
    try (ZipOutputStream out = new ZipOutputStream(Files.newOutputStream(to))) {
      out.setLevel(Deflater.NO_COMPRESSION);
      if (Files.isDirectory(from)) {
        try (Stream<Path> files = Files.walk(from)) {
          for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
            String name = from.relativize(file).toString().replace(File.separatorChar, '/');
            add(name, Files.readAllBytes(file), out);
          }
        }
        return;
      }
      try (ZipFile jar = new ZipFile(from.toFile())) {
        for (ZipEntry entry : Collections.list(jar.entries())) {
          if (!isSignature(entry.getName())) {
            add(entry.getName(), jar.getInputStream(entry).readAllBytes(), out);
          }
        }
      }
    }
  }

  private static void add(String name, byte[] content, ZipOutputStream out) throws IOException {
    out.putNextEntry(new ZipEntry(name));
    out.write(content);
    out.closeEntry();
  }

  private static void deleteOthers() throws IOException {
    try (Stream<Path> all = Files.walk(PLACE)) {
      for (Path each : all.sorted((one, other) -> other.compareTo(one)).toList()) {
        if (!each.equals(PLACE) && !each.endsWith("lock")) {
          Files.delete(each);
        }
      }
    }
  }
}
