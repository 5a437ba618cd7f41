package dev.tka.control.move;

import dev.tka.core.store.AumStore;
import dev.tka.store.Tailnets;
import dev.tka.store.records.ControlRecords;
import dev.tka.store.records.Fence;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** A place where something happens, or fails, right before or after chosen calls. */
final class WatchedPlace {
  /** What happens; an exception is what the call ends with. */
  @FunctionalInterface
  interface Happening {
    void now() throws Exception;
  }

  /**
   * A call.
   *
   * @param method its name
   */
  record Call(String method, List<Object> arguments) {
    /** Whether this changes a fence to a standing. */
    static Predicate<Call> sets(Class<? extends Fence.Standing> standing) {
      return call ->
          call.method().equals("fence")
              && call.arguments().size() == 3
              && standing.isInstance(((Fence) call.arguments().get(2)).standing());
    }

    static Predicate<Call> to(String method) {
      return call -> call.method().equals(method);
    }
  }

  private final Predicate<Call> which;
  private final boolean after;
  private final Happening happening;
  private int left;

  private WatchedPlace(Predicate<Call> which, int times, boolean after, Happening happening) {
    this.which = which;
    this.left = times;
    this.after = after;
    this.happening = happening;
  }

  /** A place where something happens before each of the first such calls. */
  static MovePlace before(MovePlace place, Predicate<Call> which, int times, Happening happening) {
    return new MovePlace(
        new WatchedPlace(which, times, false, happening).wrap(Tailnets.class, place.tailnets()),
        place.name());
  }

  /** A place where something happens once, after the first such call. */
  static MovePlace after(MovePlace place, Predicate<Call> which, Happening happening) {
    return new MovePlace(
        new WatchedPlace(which, 1, true, happening).wrap(Tailnets.class, place.tailnets()),
        place.name());
  }

  private <T> T wrap(Class<T> type, T inner) {
    return type.cast(
        Proxy.newProxyInstance(
            WatchedPlace.class.getClassLoader(),
            new Class<?>[] {type},
            (proxy, method, given) -> {
              Object[] arguments = given == null ? new Object[0] : given;
              boolean happens =
                  left > 0 && which.test(new Call(method.getName(), List.of(arguments)));
              if (happens) {
                left--;
              }
              if (happens && !after) {
                happening.now();
              }
              Object result;
              try {
                result = method.invoke(inner, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
              if (happens && after) {
                happening.now();
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
    if (result instanceof Optional<?> maybe
        && maybe.isPresent()
        && maybe.get() instanceof ControlRecords records) {
      return Optional.of(wrap(ControlRecords.class, records));
    }
    return result;
  }
}
