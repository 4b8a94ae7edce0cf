package dev.headwater.sinks;

import dev.headwater.devservices.DevServer;
import dev.headwater.log.schema.TableSchema;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One sink's target on a real server, as {@link SinkContract} looks at it. */
public interface SinkTarget extends AutoCloseable {
  /**
   * Opens the sink as a worker process would. Each call is another process of the same sink against
   * the same target; the test closes it.
   */
  Sink open();

  /**
   * The row a reader finds under a key now, as one JSON object with the table's columns; whatever
   * the target does to make writes visible is done first.
   *
   * @param key the canonical key object, {@code {"id":7}}
   */
  Optional<String> read(TableSchema table, String key);

  /** How many rows a reader finds in the table now. */
  long count(TableSchema table);

  /**
   * Does what somebody does by hand, with an ordinary client that knows nothing of the sink: puts a
   * row, or takes it away.
   *
   * @param row null to delete
   */
  void byHand(TableSchema table, String key, @Nullable String row);

  /** The server, to be killed, frozen and restarted; only asked of {@link SinkContract#alone}. */
  DevServer server();

  /** Ends what was opened for reading, and the server if it was started for this target alone. */
  @Override
  void close();
}
