package dev.headwater.faults;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** {@code faults/run}: the long run, from a command line. */
public final class Main {
  private static final Set<String> KNOWN =
      Set.of("--minutes", "--seed", "--faults", "--rate", "--brokers", "--limit");

  private Main() {}

  /** Ends with 0 if nothing was lost, doubled, stale or stalled, with 1 if something was. */
  public static void main(String[] args) throws Exception {
    Map<String, Long> given = new HashMap<>();
    String only = "";
    for (int i = 0; i < args.length; i += 2) {
      if (args[i].equals("--only") && i + 1 < args.length) {
        only = args[i + 1];
        continue;
      }
      if (!KNOWN.contains(args[i]) || i + 1 == args.length || !args[i + 1].matches("-?\\d+")) {
        System.err.println(
            "usage: faults/run --minutes N --seed S [--faults N] [--rate 2000] [--brokers 3]"
                + " [--limit SECONDS] [--only PART-OF-A-FAULTS-NAME]");
        System.exit(2);
      }
      given.put(args[i], Long.parseLong(args[i + 1]));
    }
    Settings settings =
        new Settings(
            given.getOrDefault("--seed", System.nanoTime()),
            Math.toIntExact(given.getOrDefault("--faults", (long) Integer.MAX_VALUE)),
            Duration.ofMinutes(given.getOrDefault("--minutes", 10L)),
            Math.toIntExact(given.getOrDefault("--rate", 2000L)),
            Math.toIntExact(given.getOrDefault("--brokers", 3L)),
            Duration.ofSeconds(given.getOrDefault("--limit", 90L)),
            only);
    boolean clean = new FaultRun(settings, System.out::println).run();
    System.exit(clean ? 0 : 1);
  }
}
