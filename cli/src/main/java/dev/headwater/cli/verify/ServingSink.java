package dev.headwater.cli.verify;

import dev.headwater.log.connection.LogConnection;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.schema.TableId;
import dev.headwater.sinks.DeadLetters;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.Generations;
import dev.headwater.sinks.ReadBack;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import dev.headwater.sinks.SinkTables;
import dev.headwater.sinks.Sinks;
import dev.headwater.sinks.verify.Progress;
import dev.headwater.sinks.verify.Report;
import dev.headwater.sinks.verify.Verification;
import java.time.Duration;
import java.util.function.Predicate;

/**
 * The generation of a sink that readers see, opened for looking at it: beside the workers that feed
 * it, in whatever process they are.
 */
public final class ServingSink implements AutoCloseable {
  private static final int ASKED_ABOUT_EACH = 200;
  private static final Duration LETTERS_HOLD = Duration.ofSeconds(1);

  private final SinkConfig config;
  private final Generations generations;
  private final Generation generation;
  private final Sink sink;
  private final ReadBack readBack;
  private long timesAsked;
  private long lettersReadAt;

  private ServingSink(SinkConfig config, Generations generations, Generation generation) {
    this.config = SinkDefinition.apply(generation.definition(), config);
    this.generations = generations;
    this.generation = generation;
    this.sink = generations.open(generation);
    this.readBack = sink.readBack();
  }

  /**
   * Asks the target which generation serves.
   *
   * @throws HeadwaterException TARGET_NOT_READY if none does yet
   */
  public static ServingSink open(SinkConfig config) {
    Generations generations = Sinks.generations(config);
    try {
      Generation serving =
          generations
              .read()
              .serving()
              .orElseThrow(
                  () ->
                      new HeadwaterException(
                          FailureCode.TARGET_NOT_READY,
                          "sink '" + config.name() + "' – its target holds nothing of it yet",
                          "Start it with 'headwater run'."));
      return new ServingSink(config, generations, serving);
    } catch (RuntimeException e) {
      generations.close();
      throw e;
    }
  }

  /** Its configuration, as the generation was made. */
  public SinkConfig config() {
    return config;
  }

  /** Which generation it is. */
  public int generation() {
    return generation.number();
  }

  /** What it holds. */
  public ReadBack readBack() {
    return readBack;
  }

  /** Whether it holds a table. */
  public Predicate<TableId> tables() {
    return SinkTables.of(config);
  }

  /**
   * Compares it with the log.
   *
   * @param repair whether what differs is written again
   * @param list how many defects are listed
   */
  public Report verify(LogConnection log, boolean repair, int list, Progress progress) {
    try (DeadLetters letters = DeadLetters.open(log, config.name())) {
      Verification.Options options =
          Verification.Options.comparing(list).apart((table, key) -> isParked(letters, table, key));
      return new Verification(
              "sink " + config.name(),
              readBack,
              log,
              tables(),
              repair ? options.mending(sink) : options,
              progress)
          .run();
    }
  }

  /**
   * Asked of rows that are wrong only, each of which may have been parked a moment ago; where they
   * are very many, others than parked ones, the log is not asked about each.
   */
  private boolean isParked(DeadLetters letters, TableId table, byte[] key) {
    if (letters.isParked(generation(), table, key)) {
      return true;
    }
    long now = System.nanoTime();
    if (timesAsked++ < ASKED_ABOUT_EACH || now - lettersReadAt > LETTERS_HOLD.toNanos()) {
      letters.refresh();
      lettersReadAt = now;
    }
    return letters.isParked(generation(), table, key);
  }

  @Override
  public void close() {
    readBack.close();
    sink.close();
    generations.close();
  }
}
