package dev.tka.simulation;

import org.junit.jupiter.api.Test;

class SimulationTest {
  @Test
  void referenceStrandsNodes() throws Exception {
    long start = System.nanoTime();
    int n = Integer.getInteger("tka.scenarios", 300);
    SimulationRunner.Summary s = new SimulationRunner(seed -> ScenarioGenerator.draw(seed, Pairing.valueOf(System.getProperty("tka.pairing", "R")), Attack.valueOf(System.getProperty("tka.attack", "NONE")))).run(Integer.getInteger("tka.seed", 0), n);
    System.out.println(s.tally());
    s.failures().forEach(System.out::println);
    System.out.println((System.nanoTime() - start) / 1e6 / n);
  }
  public static void main(String[] a) throws Exception { new SimulationTest().referenceStrandsNodes(); }
}
