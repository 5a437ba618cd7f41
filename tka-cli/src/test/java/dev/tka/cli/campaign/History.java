package dev.tka.cli.campaign;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Everything that was asked and answered, as lines of a file and in memory. */
final class History implements AutoCloseable {
  private final BufferedWriter file;
  private final List<Call> calls = new ArrayList<>();

  History(Path file) throws IOException {
    this.file = Files.newBufferedWriter(file);
  }

  synchronized void add(Call call) {
    calls.add(call);
    try {
      file.write(call.json());
      file.newLine();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  synchronized List<Call> calls() {
    return List.copyOf(calls);
  }

  @Override
  public synchronized void close() throws IOException {
    file.close();
  }
}
