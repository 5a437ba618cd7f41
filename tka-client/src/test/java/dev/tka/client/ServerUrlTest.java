package dev.tka.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tka.core.TextException;
import dev.tka.store.StoreKinds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The URLs of servers. */
class ServerUrlTest {
  @ParameterizedTest
  @CsvSource({
    "https://tka.example.com, https://tka.example.com:443, true",
    "HTTPS://tka.example.com:8443/, https://tka.example.com:8443, true",
    "http://127.0.0.1:8080, http://127.0.0.1:8080, true",
    "http://localhost, http://localhost:80, true",
    "http://[::1]:1, http://[::1]:1, true",
    "http://[::2]:1, http://[::2]:1, false",
    "http://128.0.0.1, http://128.0.0.1:80, false",
    "http://127.0.0.1.example.com, http://127.0.0.1.example.com:80, false",
    "http://localhost.example.com, http://localhost.example.com:80, false",
    "unix:/run/tka/operator.sock, unix:/run/tka/operator.sock, true",
    "unix:operator.sock, unix:operator.sock, true",
  })
  void aUrlIsReadAndIsThePlaceOfAServer(String text, String url, boolean keepsSecrets)
      throws Exception {
    ServerPlace place = (ServerPlace) StoreKinds.installed().parse(text);
    assertThat(place.url()).hasToString(url).isEqualTo(place.toString());
    assertThat(place.access().url().keepsSecrets()).isEqualTo(keepsSecrets);
    assertThat(StoreKinds.installed().parse(place.url())).isEqualTo(place);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https:",
        "https://",
        "https:/host",
        "https://host:0",
        "https://host:70000",
        "https://host:",
        "https://host/v1",
        "https://host?token=geheim",
        "https://host#geheim",
        "https://ann:geheim@host",
        "https://ho st",
        "unix:",
      })
  void whatNamesNoServerIsRefusedWithoutBeingQuoted(String text) {
    assertThatThrownBy(() -> StoreKinds.installed().parse(text))
        .isInstanceOf(TextException.BadUrl.class)
        .hasMessageStartingWith("expected ")
        .hasMessageNotContaining("geheim");
  }

  @Test
  void aServerIsOnlyRead() throws Exception {
    assertThat(StoreKinds.installed().parse("unix:x").readOnly()).isPresent();
    assertThat(StoreKinds.installed().parse("x").readOnly()).isEmpty();
  }
}
