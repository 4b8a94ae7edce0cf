package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import dev.headwater.log.schema.TableSchema;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a sink holds, begun wherever there is nothing, as a supervisor would; it cannot be swept.
 * The target is asked nothing before it is used.
 */
public final class FirstGeneration implements Sink {
  private final Supplier<Generations> opener;
  private final String name;
  private final String definition;
  private @Nullable Generations generations;
  private @Nullable Sink sink;

  public FirstGeneration(SinkConfig config) {
    this(config, () -> Sinks.generations(config));
  }

  public FirstGeneration(SinkConfig config, Supplier<Generations> opener) {
    this.opener = opener;
    this.name = config.name();
    this.definition = SinkDefinition.text(config);
  }

  private synchronized Sink begun() {
    Generations all = generations == null ? opener.get() : generations;
    generations = all;
    GenerationSet set = all.begin("first", definition, false);
    Sink open = sink == null ? all.open(set.live().orElseThrow()) : sink;
    sink = open;
    return open;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void prepare(TableSchema schema) {
    begun().prepare(schema);
  }

  @Override
  public PartitionWriter take(LogPartition partition) {
    return begun().take(partition);
  }

  @Override
  public ReadBack readBack() {
    return begun().readBack();
  }

  @Override
  public synchronized void close() {
    if (sink != null) {
      sink.close();
    }
    if (generations != null) {
      generations.close();
    }
  }
}
