package dev.tka.control.move;

import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A place where a process ends at its n-th write, to this place or to others that count with it.
 */
final class StoppingPlace {
  private static final Set<String> WRITES =
      Set.of(
          "commit",
          "wipe",
          "delete",
          "retire",
          "fence",
          "addToken",
          "removeToken",
          "noteSightings");

  /** What ends the process. */
  static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1;
  }

  private final AtomicInteger left;
  private final boolean after;
  private final AtomicInteger calls;

  private StoppingPlace(AtomicInteger left, boolean after, AtomicInteger calls) {
    this.left = left;
    this.after = after;
    this.calls = calls;
  }

  /** A place whose calls are counted; a look into what was read is no call. */
  static Tailnets counting(Tailnets place, AtomicInteger calls) {
    return new StoppingPlace(new AtomicInteger(Integer.MAX_VALUE), false, calls)
        .wrap(Tailnets.class, place);
  }

  /**
   * A place.
   *
   * @param left how many writes are still made; every later call fails as of a process that is gone
   * @param after whether the last write is made before the process ends, which does not hear of it
   */
  static Tailnets of(Tailnets place, AtomicInteger left, boolean after) {
    return new StoppingPlace(left, after, new AtomicInteger()).wrap(Tailnets.class, place);
  }

  private <T> T wrap(Class<T> type, T inner) {
    return type.cast(
        Proxy.newProxyInstance(
            StoppingPlace.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, given) -> {
              calls.incrementAndGet();
              Object[] arguments = given == null ? new Object[0] : given;
              // A fence is read with one argument, and written with three.
              boolean writes =
                  WRITES.contains(method.getName())
                      && !(method.getName().equals("fence") && arguments.length == 1);
              if (left.get() < 0) {
                throw new Stopped();
              }
              boolean ends = writes && left.decrementAndGet() < 0;
              if (ends && !after) {
                throw new Stopped();
              }
              Object result;
              try {
                result = method.invoke(inner, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (ends) {
                throw new Stopped();
              }
              return wrapResult(result);
            }));
  }

  private Object wrapResult(Object result) {
    if (result instanceof Tailnets place) {
      return wrap(Tailnets.class, place);
    }
    if (result instanceof AumStore store) {
      return wrap(AumStore.class, store);
    }
    if (result instanceof Optional<?> maybe && maybe.isPresent()) {
      return maybe.get() instanceof ControlRecords records
          ? Optional.of(wrap(ControlRecords.class, records))
          : result;
    }
    return result;
  }
}
