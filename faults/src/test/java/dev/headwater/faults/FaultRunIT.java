package dev.headwater.faults;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A short run with every oracle on: source, log, cache, search and replica are equal row for row
 * after each fault, and the log has each committed change once.
 *
 * <p>{@code -Dfaults.seed=S -Dfaults.count=N} repeat a run or make it longer.
 */
class FaultRunIT {
  @Test
  @Timeout(1_500)
  void nothingIsLostDoubledOrStaleWhateverFails() throws Exception {
    Settings settings =
        new Settings(
            Long.getLong("faults.seed", System.nanoTime()),
            Integer.getInteger("faults.count", 100),
            Duration.ofSeconds(Integer.getInteger("faults.seconds", 90)),
            Integer.getInteger("faults.rate", 300),
            Integer.getInteger("faults.brokers", 1),
            // A shared machine: what is bounded here is that it ends, not how fast.
            Duration.ofSeconds(180),
            System.getProperty("faults.only", ""));
    List<String> story = new ArrayList<>();
    boolean clean =
        new FaultRun(
                settings,
                line -> {
                  story.add(line);
                  System.out.println(line);
                })
            .run();
    assertThat(clean).as(String.join("\n", story)).isTrue();
    assertThat(story.get(story.size() - 1))
        .matches("faults [1-9]\\d* lost 0 doubled 0 stale 0 stalls 0");
  }
}
