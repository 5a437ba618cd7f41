package dev.tka.store.json;

import dev.tka.store.Tailnets;
import dev.tka.store.testkit.ControlRecordsProperties;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;

/** Random changes of records in a JSON file, which all of them write anew. */
@PropertyDefaults(tries = 30)
class JsonRecordsProperties extends ControlRecordsProperties {
  private static Path folder = Path.of("");
  private static List<Tailnets> handles = List.of();

  @BeforeContainer
  static void open() throws Exception {
    folder = Files.createTempDirectory("tka-records");
    Path file = folder.resolve("store.json");
    handles = List.of(JsonFile.create(file), JsonFile.create(file));
  }

  @AfterContainer
  static void close() throws Exception {
    handles.forEach(Tailnets::close);
    Files.delete(folder.resolve("store.json"));
    Files.delete(folder.resolve("store.json.lock"));
    Files.delete(folder);
  }

  @Override
  protected List<Tailnets> handles() {
    return handles;
  }
}
