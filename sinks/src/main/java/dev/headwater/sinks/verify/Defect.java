package dev.headwater.sinks.verify;

import dev.headwater.sinks.Content;
import dev.headwater.sinks.ReadBack.Row;
import java.util.Optional;
import java.util.Set;

/**
 * One row that is not as it should be.
 *
 * @param row whose it is; empty where no row of the log can have that name
 * @param name its name in the place, as text
 * @param columns which columns differ; only of {@link Kind#DIFFERENT}
 * @param isMended whether it was put right meanwhile
 * @param expected what the log says; empty where nothing should be there. For whoever asks to see
 *     values only
 * @param found what was there; empty where nothing was
 */
public record Defect(
    Kind kind,
    Optional<Row> row,
    String name,
    Set<String> columns,
    boolean isMended,
    Optional<Content> expected,
    Optional<Content> found) {

  /** The ways of not being as the log says. */
  public enum Kind {
    /** The log has the row, the place has not. */
    MISSING,
    /** The place has a row that the log has not: a ghost. */
    EXTRA,
    /** Both have it, not the same. */
    DIFFERENT,
    /** Could not be decided: the place stood still, or lost its checkpoint. */
    UNSETTLED,
    /** The target refused its record, which is kept apart. */
    PARKED
  }
}
