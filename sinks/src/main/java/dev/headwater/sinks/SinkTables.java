package dev.headwater.sinks;

import dev.headwater.log.schema.TableId;
import dev.headwater.log.topic.Globs;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/** Which tables a sink holds. */
public final class SinkTables {
  private SinkTables() {}

  /** Whether a table is one of the sink's, by its patterns. */
  public static Predicate<TableId> of(SinkConfig sink) {
    List<Pattern> patterns = sink.tables().stream().map(Globs::compile).toList();
    return table -> patterns.stream().anyMatch(p -> p.matcher(table.toString()).matches());
  }
}
