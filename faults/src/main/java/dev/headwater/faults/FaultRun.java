package dev.headwater.faults;

import dev.headwater.faults.fault.Fault;
import dev.headwater.faults.fault.FaultDeck;
import dev.headwater.faults.fault.Field;
import dev.headwater.faults.oracle.AtRest;
import dev.headwater.faults.oracle.CacheView;
import dev.headwater.faults.oracle.DatabaseView;
import dev.headwater.faults.oracle.LogOracle;
import dev.headwater.faults.oracle.LogReader;
import dev.headwater.faults.oracle.SearchView;
import dev.headwater.faults.oracle.Verdict;
import dev.headwater.faults.oracle.Verdict.Kind;
import dev.headwater.faults.topology.Deployment;
import dev.headwater.faults.topology.Servers;
import dev.headwater.faults.workload.Tables;
import dev.headwater.faults.workload.Workload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/**
 * One run: servers, Headwater, workload; then fault after fault, with a check at rest behind each.
 * The first fault that leaves something wrong ends the run, with what the processes said.
 */
public final class FaultRun {
  private static final Duration LOAD_LIMIT = Duration.ofMinutes(8);
  private static final int LEAST_TRAFFIC_MILLIS = 700;
  private static final int MOST_TRAFFIC_MILLIS = 2_500;

  private final Settings settings;
  private final Consumer<String> out;
  private final Verdict verdict = new Verdict();
  private final List<Long> recoveriesMillis = new ArrayList<>();
  private final long startedNanos = System.nanoTime();
  private int faults;
  private long longestSilenceMillis;

  /**
   * @param out takes the story, line by line
   */
  public FaultRun(Settings settings, Consumer<String> out) {
    this.settings = settings;
    this.out = out;
  }

  /** Runs to the end; whether nothing was found. The last line told has the figures. */
  public boolean run() throws Exception {
    out.accept(
        "faults: seed %d, %d changes/s, %d broker(s)"
            .formatted(settings.seed(), settings.rate(), settings.brokers()));
    try {
      Path directory = Files.createTempDirectory("headwater-faults-");
      try (Servers servers = Servers.start(settings.brokers())) {
        try (Connection connection = servers.connectToSource()) {
          Tables.create(connection);
        }
        try (Deployment deployment = Deployment.start(servers, directory)) {
          underLoad(servers, deployment);
        }
      }
    } catch (Exception | Error e) {
      verdict.add(Kind.STALL, 1, "run: ended by " + e);
      throw e;
    } finally {
      verdict.words().forEach(out);
      out.accept("faults " + faults + " " + verdict.summary());
    }
    return verdict.isClean();
  }

  private void underLoad(Servers servers, Deployment deployment) throws Exception {
    LogOracle oracle = new LogOracle(verdict);
    try (LogReader reader = new LogReader(servers.log().bootstrapServers(), oracle);
        Workload workload = new Workload(servers, settings.seed(), settings.rate())) {
      reader.start();
      AtRest atRest =
          new AtRest(
              new DatabaseView("source", "public", servers::connectToSource),
              List.of(
                  new CacheView(servers.cache().url()),
                  new SearchView(servers.search().url()),
                  new DatabaseView("replica", "shop", servers::connectToReplica)),
              reader,
              oracle,
              workload.acknowledged(),
              verdict,
              settings.limit());
      awaitLoad(reader, deployment);
      say("the first load is in the log");
      workload.start();
      Field field =
          new Field(
              servers,
              deployment,
              workload,
              new Random(settings.seed()),
              what -> say("    on " + what));
      FaultDeck deck = new FaultDeck(field.random(), servers, settings.only());
      long end = System.nanoTime() + settings.duration().toNanos();
      while (faults < settings.faults() && System.nanoTime() < end && verdict.isClean()) {
        round(deck.draw(), field, atRest, reader);
      }
      if (faults == 0) {
        verdict.add(Kind.STALL, 1, "run: the time was over before the first fault");
      }
      if (!verdict.isClean()) {
        out.accept(deployment.lastWords());
      }
      figures(workload, oracle, atRest, deployment);
    }
  }

  private void round(Fault fault, Field field, AtRest atRest, LogReader reader) throws Exception {
    field.workload().resume();
    Thread.sleep(LEAST_TRAFFIC_MILLIS + field.random().nextInt(MOST_TRAFFIC_MILLIS));
    reader.takeLongestSilence();
    fault.run(field);
    long healedNanos = System.nanoTime();
    faults++;
    Thread.sleep(field.random().nextInt(LEAST_TRAFFIC_MILLIS));
    field.workload().pause();
    atRest.check(field.workload().mark());
    field
        .deployment()
        .takeUnexpectedEnds()
        .forEach(end -> verdict.add(Kind.STALL, 1, "process: " + end));
    long recovery = (System.nanoTime() - healedNanos) / 1_000_000;
    long silence = reader.takeLongestSilence().toMillis();
    recoveriesMillis.add(recovery);
    longestSilenceMillis = Math.max(longestSilenceMillis, silence);
    say(
        "%3d %-46s level after %5d ms, log silent for %5d ms%s"
            .formatted(
                faults, fault.name(), recovery, silence, verdict.isClean() ? "" : "  NOT WELL"));
  }

  private void awaitLoad(LogReader reader, Deployment deployment) throws InterruptedException {
    long end = System.nanoTime() + LOAD_LIMIT.toNanos();
    while (!reader.hasLoad()) {
      if (System.nanoTime() > end || deployment.hasUnexpectedEnd()) {
        throw new IllegalStateException(
            "the first load did not come into the log: "
                + reader.failure()
                + "\n"
                + deployment.lastWords());
      }
      Thread.sleep(100);
    }
  }

  private void figures(Workload workload, LogOracle oracle, AtRest atRest, Deployment deployment) {
    List<Long> sorted = recoveriesMillis.stream().sorted().toList();
    long seconds = Math.max(1, (System.nanoTime() - startedNanos) / 1_000_000_000);
    out.accept(
        "%d s, %d transactions acknowledged, %d changes, %d records, %d rows compared"
            .formatted(
                seconds,
                workload.acknowledged().transactions(),
                workload.acknowledged().changes(),
                oracle.records(),
                atRest.comparedRows()));
    out.accept(
        "level after a fault: median %d ms, longest %d ms; log silent for %d ms at most; %d starts"
                .formatted(
                    sorted.isEmpty() ? 0 : sorted.get(sorted.size() / 2),
                    sorted.isEmpty() ? 0 : sorted.get(sorted.size() - 1),
                    longestSilenceMillis,
                    deployment.startedAgain())
            + " met an environment that was not ready");
  }

  private void say(String what) {
    out.accept("%6.1f s  %s".formatted((System.nanoTime() - startedNanos) / 1e9, what));
  }
}
