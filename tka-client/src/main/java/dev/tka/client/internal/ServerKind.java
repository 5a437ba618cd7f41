package dev.tka.client.internal;

import dev.tka.client.ServerAccess;
import dev.tka.client.ServerPlace;
import dev.tka.client.ServerUrl;
import dev.tka.core.TextException;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import java.util.List;

/**
 * A running server: {@code https://HOST:PORT}, {@code http://127.0.0.1:PORT}, {@code unix:PATH}.
 */
public final class ServerKind implements StoreKind {
  @Override
  public List<String> schemes() {
    return ServerUrl.SCHEMES;
  }

  @Override
  public String form() {
    return "https://HOST:PORT, unix:PATH";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new ServerPlace(ServerAccess.of(ServerUrl.parse(scheme, rest)));
  }
}
