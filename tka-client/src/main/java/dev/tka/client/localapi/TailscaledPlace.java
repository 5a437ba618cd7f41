package dev.tka.client.localapi;

import dev.tka.core.store.AumSnapshot;
import dev.tka.core.store.AumStore;
import dev.tka.core.store.Commit;
import dev.tka.core.store.StoreException;
import dev.tka.store.StorePlace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * A running tailscaled as a store. What is read is its active chain, verified; what is written goes
 * through {@link LocalApi}, as changes that the daemon makes itself, and never through the store.
 *
 * @param given the socket; empty for the one where tailscaled listens if nobody says otherwise
 */
public record TailscaledPlace(Optional<Path> given) implements StorePlace.OfOne {
  /** The scheme of its URLs. */
  public static final String SCHEME = "tailscaled";

  private static final Path USUAL = Path.of("/var/run/tailscale/tailscaled.sock");
  private static final Path MACOS = Path.of("/var/run/tailscaled.socket");

  /** Where appliances have it (docs/localapi.md). */
  private static final List<Path> ELSEWHERE =
      List.of(
          Path.of("/var/packages/Tailscale/var/tailscaled.sock"),
          Path.of("/var/packages/Tailscale/etc/tailscaled.sock"),
          Path.of("/perm/tailscaled/tailscaled.sock"),
          Path.of("/srv/tailscaled.sock"));

  /** The socket. */
  public Path socket() {
    return given.orElseGet(() -> usual(System.getProperty("os.name", ""), Files::exists));
  }

  /** Names it at the beginning of a message. */
  public String title() {
    return given.map(path -> SCHEME + ":" + path).orElse(SCHEME);
  }

  /** Where tailscaled listens on a system if nobody says otherwise. */
  static Path usual(String system, Predicate<Path> exists) {
    if (system.toLowerCase(Locale.ROOT).startsWith("mac")) {
      return MACOS;
    }
    return exists.test(USUAL) ? USUAL : ELSEWHERE.stream().filter(exists).findFirst().orElse(USUAL);
  }

  @Override
  public String url() {
    return SCHEME + ":" + given.map(Path::toString).orElse("");
  }

  /** Made by hand, as the one of a record takes some milliseconds of a short command. */
  @Override
  public String toString() {
    return url();
  }

  @Override
  public String noun() {
    return "running tailscaled";
  }

  @Override
  public AumStore open(Clock clock) {
    return new Store();
  }

  @Override
  public AumStore create(Clock clock) {
    return open(clock);
  }

  @Override
  public Optional<String> readOnly() {
    return Optional.of(
        "a running tailscaled keeps its store to itself; what it can change is done by 'tka init',"
            + " 'add', 'remove', 'sign', 'revoke-keys', 'disable' and 'authkey wrap'. For anything"
            + " else, stop tailscaled and name its folder, such as"
            + " /var/lib/tailscale/tka-profiles/2601");
  }

  @Override
  public Backup backup() {
    return new Backup.Elsewhere("'tka export' copies its active chain");
  }

  @Override
  public Restore restore() {
    return new Restore.ByHand("a node fetches what it lacks from control by itself");
  }

  /** Each reading asks the daemon. */
  private final class Store implements AumStore {
    @Override
    public AumSnapshot read() throws StoreException {
      try (LocalApi api = LocalApi.open(socket())) {
        return api.chain();
      } catch (LocalApiException.BadAnswer e) {
        throw new StoreException.Damaged(title() + ": " + e.getMessage());
      } catch (LocalApiException e) {
        throw new StoreException.Unavailable(title(), e);
      }
    }

    @Override
    public AumSnapshot commit(Commit commit) {
      throw new UnsupportedOperationException(this + " is only read");
    }

    @Override
    public void wipe() {
      throw new UnsupportedOperationException(this + " is only read");
    }

    @Override
    public String toString() {
      return url();
    }
  }
}
