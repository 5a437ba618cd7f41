package dev.tka.store.etcd;

import dev.tka.store.Tailnets;
import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.ControlRecordsProperties;
import java.util.List;
import net.jqwik.api.PropertyDefaults;
import net.jqwik.api.lifecycle.AddLifecycleHook;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.lifecycle.LifecycleContext;
import net.jqwik.api.lifecycle.SkipExecutionHook;
import org.opentest4j.TestAbortedException;

/** Random changes of records in etcd. */
@AddLifecycleHook(EtcdRecordsProperties.NeedsEtcd.class)
@PropertyDefaults(tries = 60)
class EtcdRecordsProperties extends ControlRecordsProperties {
  private static List<EtcdTailnets> handles = List.of();

  /** Leaves them out where there is none. */
  static final class NeedsEtcd implements SkipExecutionHook {
    @Override
    public SkipResult shouldBeSkipped(LifecycleContext context) {
      try {
        EtcdServer.shared();
        return SkipResult.doNotSkip();
      } catch (TestAbortedException e) {
        return SkipResult.skip(e.getMessage());
      }
    }
  }

  @BeforeContainer
  static void open() throws Exception {
    EtcdSettings settings = EtcdServer.shared().settings();
    handles = List.of(EtcdTailnets.create(settings), EtcdTailnets.create(settings));
  }

  @AfterContainer
  static void close() {
    handles.forEach(EtcdTailnets::close);
  }

  @Override
  protected List<Tailnets> handles() {
    return List.copyOf(handles);
  }
}
