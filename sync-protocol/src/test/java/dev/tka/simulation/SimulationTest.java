package dev.tka.simulation;

import org.junit.jupiter.api.Test;

class SimulationTest {
  public static void main(String[] a) throws Exception { new SimulationTest().referenceStrandsNodes(); }
  @Test
  void referenceStrandsNodes() throws Exception {
    int apart = 0;
    int compacted = 0, longer = 0;
    java.util.Map<String, Integer> classes = new java.util.TreeMap<>();
    long start = System.nanoTime();
    int n = Integer.getInteger("tka.scenarios", 300);
    for (int seed = 0; seed < n; seed++) {
      Simulation.Result result = Simulation.run(ScenarioGenerator.honest(seed, Pairing.R));
      if (result.hasNodeApart()) apart++;
      if (result.compacted()) compacted++;
      if (result.longest() > 1000) longer++;
      for (NodeEnding e : result.endings()) { classes.merge(e.verdict().toString(), 1, Integer::sum);
       if (e.verdict()==NodeEnding.Verdict.DIVERGED|| e.verdict()==NodeEnding.Verdict.STUCK_OTHERWISE) classes.merge(seed+" "+e, 1, Integer::sum); }
    }
    System.out.println(n + " apart " + apart + " compacted " + compacted + " long " + longer + " " + classes + " ms each " + (System.nanoTime() - start) / 1e6 / n);
  }
}
