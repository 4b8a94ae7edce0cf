package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A target that holds one generation and cannot make another: what it has is the first, by the
 * definition of the day.
 */
final class SingleGeneration implements Generations {
  private final SinkConfig config;
  private final Supplier<Sink> opener;

  SingleGeneration(SinkConfig config, Supplier<Sink> opener) {
    this.config = config;
    this.opener = opener;
  }

  @Override
  public String sink() {
    return config.name();
  }

  @Override
  public Kind kind() {
    return Kind.BESIDE;
  }

  @Override
  public GenerationSet read() {
    return new GenerationSet(
        List.of(
            new Generation(1, Generation.State.SERVING, SinkDefinition.text(config), false, "", 0)),
        "");
  }

  @Override
  public Map<String, Checkpoint> checkpoints(int number) {
    return Map.of();
  }

  @Override
  public GenerationSet begin(String request, String definition, boolean keepPrevious) {
    throw unsupported();
  }

  @Override
  public Sink open(Generation generation) {
    return opener.get();
  }

  @Override
  public Promotion finish(int number) {
    throw unsupported();
  }

  @Override
  public Promotion promote(int number, String request, Map<LogPartition, Long> atLeast) {
    throw unsupported();
  }

  @Override
  public Promotion drop(int number, String request) {
    throw unsupported();
  }

  private HeadwaterException unsupported() {
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY,
        "sink '" + config.name() + "' – a target of this kind is not rebuilt beside itself yet",
        "Stop the sink, empty the target, '__headwater' keys and 'headwater-checkpoints' included,"
            + " and start it again: it is filled from the log.");
  }

  @Override
  public void close() {
    // Nothing is kept open.
  }
}
