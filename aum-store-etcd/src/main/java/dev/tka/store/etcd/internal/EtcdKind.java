package dev.tka.store.etcd.internal;

import dev.tka.core.TextException;
import dev.tka.core.store.StoreException;
import dev.tka.store.StoreKind;
import dev.tka.store.StorePlace;
import dev.tka.store.Tailnets;
import dev.tka.store.etcd.EtcdSettings;
import dev.tka.store.etcd.EtcdTailnets;
import java.time.Clock;
import java.util.List;
import java.util.Optional;

/** Keys of an etcd: {@code etcd://HOST:PORT}, or {@code etcds://} for TLS. */
public final class EtcdKind implements StoreKind {
  private static final String SCHEME = "etcd";

  private static final String SECURE = "etcds";

  @Override
  public List<String> schemes() {
    return List.of(SCHEME, SECURE);
  }

  @Override
  public String form() {
    return SCHEME + "://...";
  }

  @Override
  public StorePlace parse(String scheme, String rest) throws TextException.BadUrl {
    return new Place(EtcdSettings.parse(scheme + ":" + rest));
  }

  private record Place(EtcdSettings settings) implements StorePlace.OfMany {
    @Override
    public String url() {
      return settings.toString();
    }

    @Override
    public String noun() {
      return "etcd";
    }

    @Override
    public Tailnets open(Clock clock) throws StoreException {
      return EtcdTailnets.at(withPassword());
    }

    @Override
    public Tailnets create(Clock clock) throws StoreException {
      return EtcdTailnets.create(withPassword());
    }

    @Override
    public Optional<String> warning() {
      return EtcdTailnets.warning(withPassword());
    }

    /** As etcd's own program does. */
    private EtcdSettings withPassword() {
      String password = System.getenv("ETCDCTL_PASSWORD");
      return password == null ? settings : settings.withPassword(password);
    }

    @Override
    public Backup backup() {
      return new Backup.Elsewhere("copy an etcd with 'etcdctl snapshot save'");
    }

    @Override
    public Restore restore() {
      return new Restore.ByHand("put an etcd back with 'etcdctl snapshot restore'");
    }
  }
}
