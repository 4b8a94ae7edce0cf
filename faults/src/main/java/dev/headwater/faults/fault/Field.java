package dev.headwater.faults.fault;

import dev.headwater.faults.topology.Deployment;
import dev.headwater.faults.topology.Servers;
import dev.headwater.faults.workload.Workload;
import java.util.Random;
import java.util.function.Consumer;

/**
 * What a fault may touch, and the dice it draws its details from.
 *
 * @param servers the servers and the links to them
 * @param deployment Headwater's processes
 * @param workload who writes
 * @param random drawn from the run's seed
 * @param tell takes what a fault has drawn, for the story
 */
public record Field(
    Servers servers,
    Deployment deployment,
    Workload workload,
    Random random,
    Consumer<String> tell) {
  /** Sleeps for a drawn time. */
  void linger(int leastMillis, int mostMillis) throws InterruptedException {
    Thread.sleep(leastMillis + random.nextInt(Math.max(1, mostMillis - leastMillis)));
  }

  /** One of several. */
  <T> T one(java.util.List<T> several) {
    return several.get(random.nextInt(several.size()));
  }
}
