package dev.tka.cli.campaign;

import dev.tka.store.etcd.testkit.EtcdServer;
import dev.tka.store.testkit.CuttingProxy;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;

/**
 * Three members of etcd. Each server of the campaign reaches all of them through connections of its
 * own, which can be cut or frozen.
 */
final class Etcd implements SharedDatabase {
  private static final int SERVERS = 3;

  private final EtcdServer members = EtcdServer.three();
  private final String prefix = EtcdServer.newPrefix();

  private CompletableFuture<Void> healing = CompletableFuture.completedFuture(null);

  /** A proxy for each member, by server. */
  private final List<List<CuttingProxy>> proxies = new ArrayList<>();

  @Override
  public String name() {
    return "etcd";
  }

  @Override
  public List<Way> ways() throws IOException {
    List<Way> ways = new ArrayList<>();
    for (int i = 1; i <= SERVERS; i++) {
      List<CuttingProxy> own = new ArrayList<>();
      for (int member : members.indexes()) {
        own.add(new CuttingProxy(members.port(member)));
      }
      proxies.add(own);
      String addresses =
          own.stream().map(each -> "127.0.0.1:" + each.port()).collect(Collectors.joining(","));
      ways.add(new Way(Integer.toString(i), "etcd://" + addresses + "/" + prefix, own));
    }
    return ways;
  }

  /** What is done to a member, or undone. */
  private interface Doing {
    void to(int member) throws Exception;
  }

  /**
   * Does something to a member, and undoes it after a while: the others serve meanwhile. The next
   * such fault waits for that, so that two of three members are well.
   */
  private long forAWhile(int member, Still still, Doing doing, Doing undoing) throws Exception {
    heal();
    long now = System.nanoTime();
    doing.to(member);
    long millis = still.millis();
    healing =
        CompletableFuture.runAsync(
            () -> {
              try {
                Thread.sleep(millis);
                undoing.to(member);
                members.awaitAll();
              } catch (Exception e) {
                throw new CompletionException(e);
              }
            });
    return now;
  }

  private void heal() {
    healing.join();
  }

  @Override
  public Map<String, Faults.Doing> faults(Random random, Still still) {
    Map<String, Faults.Doing> faults = new LinkedHashMap<>();
    faults.put(
        "kill -9 of etcd's leader",
        () -> forAWhile(leader(), still, members::kill, members::restart));
    faults.put(
        "a member of etcd that stands still",
        () -> forAWhile(random.nextInt(members.size()), still, members::pause, members::resume));
    faults.put(
        "etcd's leader out of the others' reach",
        () -> forAWhile(leader(), still, members::cutOff, member -> members.joinAll()));
    faults.put(
        "compaction and defragmentation of etcd",
        () -> {
          heal();
          members.compact();
          for (int member : members.indexes()) {
            members.defragment(member);
          }
          return System.nanoTime();
        });
    faults.put(
        "a member of etcd that is replaced",
        () -> {
          heal();
          int member = random.nextInt(members.size());
          members.replace(member);
          for (List<CuttingProxy> each : proxies) {
            each.get(member).leadTo(members.port(member));
            each.get(member).cutAll();
          }
          members.awaitAll();
          return System.nanoTime();
        });
    return faults;
  }

  private int leader() throws Exception {
    heal();
    return members.leader();
  }

  @Override
  public void close() throws IOException {
    healing.exceptionally(e -> null).join();
    for (List<CuttingProxy> each : proxies) {
      for (CuttingProxy proxy : each) {
        proxy.close();
      }
    }
    members.delete();
  }
}
