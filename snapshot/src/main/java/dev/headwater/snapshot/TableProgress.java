package dev.headwater.snapshot;

import dev.headwater.log.schema.TableId;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How far the load of one table is.
 *
 * @param table which table
 * @param phase what is being done with it
 * @param rows rows in the log by this load
 * @param estimatedRows how many it will be, as far as the source's statistics or what was read say
 * @param percent how much is done, 0 to 100; 100 only when it is complete
 * @param rowsPerSecond since this process began with it; 0 before
 * @param secondsLeft at this rate; empty while nothing can be said
 * @param detail why it waits or failed; empty otherwise
 */
public record TableProgress(
    TableId table,
    Phase phase,
    long rows,
    OptionalLong estimatedRows,
    double percent,
    double rowsPerSecond,
    OptionalLong secondsLeft,
    Optional<String> detail) {

  /** What is being done with a table. */
  public enum Phase {
    /** Not begun: it waits for its turn, or for transactions to end. */
    WAITING,
    READING,
    /** All is read; keys that the source does not have are looked for and deleted. */
    SWEEPING,
    COMPLETE,
    /** It cannot be loaded; the detail says why. The others go on. */
    FAILED
  }
}
