package dev.tka.store.sql;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tka.store.StorePlace;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Drivers with faults that matter here are named, and this build brings none of them. */
class DriversTest {
  @Test
  void thisBuildBringsNoDriverWithAKnownFault() {
    assertThat(Drivers.sqlite()).isEmpty();
    assertThat(Drivers.postgresql()).isEmpty();
  }

  @Test
  void anOlderSqliteIsNamedWithWhatToDo() {
    for (String old : List.of("3.50.3", "3.51.2", "3.9.10", "3.51")) {
      assertThat(Drivers.sqlite(old).map(StorePlace.Outdated::fault).orElse(""))
          .contains("SQLite " + old + " may lose commits");
      assertThat(Drivers.sqlite(old).map(StorePlace.Outdated::remedy).orElse(""))
          .contains("3.51.3.0 or later");
    }
    for (String fixed : List.of("3.51.3", "3.53.4", "3.100.0", "4.0.0")) {
      assertThat(Drivers.sqlite(fixed)).as(fixed).isEmpty();
    }
  }

  @Test
  void anOlderPostgresqlDriverIsNamedWithWhatToDo() {
    Optional<StorePlace.Outdated> old = Drivers.postgresql("PostgreSQL JDBC Driver 42.7.8");
    assertThat(old.map(StorePlace.Outdated::fault).orElse("")).contains("driver 42.7.8 has");
    assertThat(old.map(StorePlace.Outdated::remedy).orElse("")).contains("42.7.12 or later");
    assertThat(Drivers.postgresql("PostgreSQL JDBC Driver 42.2.29")).isPresent();
    assertThat(Drivers.postgresql("PostgreSQL JDBC Driver 42.7.12")).isEmpty();
    assertThat(Drivers.postgresql("PostgreSQL JDBC Driver 42.10.0")).isEmpty();
    assertThat(Drivers.postgresql("PostgreSQL JDBC Driver 43.0.0-rc1")).isEmpty();
  }
}
