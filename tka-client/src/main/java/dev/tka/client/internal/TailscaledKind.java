package dev.tka.client.internal;

import dev.tka.client.localapi.TailscaledPlace;
import dev.tka.core.TextException;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import java.util.List;
import java.util.Optional;

/** A running tailscaled: {@code tailscaled:} or {@code tailscaled:SOCKET}. */
public final class TailscaledKind implements StoreKind {
  private static final String FORM = TailscaledPlace.SCHEME + ":SOCKET";

  @Override
  public List<String> schemes() {
    return List.of(TailscaledPlace.SCHEME);
  }

  @Override
  public String form() {
    return TailscaledPlace.SCHEME + ":";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new TailscaledPlace(
        rest.isEmpty() ? Optional.empty() : Optional.of(StoreKind.path(FORM, rest)));
  }
}
