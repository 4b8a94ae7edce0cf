package dev.headwater.log.snapshot;

import dev.headwater.log.schema.TableId;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/**
 * What a running capture session offers to whoever loads its tables. Over when the session is: then
 * every method throws, and whoever loads starts anew with the next session. Thread-safe.
 */
public interface LoadSession {
  /** The connector whose session it is. */
  String connector();

  /** Names the session in {@link Watermark}s. */
  String run();

  /** The tables to load and keep loaded, in the order of their names. */
  List<TableId> tables();

  /**
   * Whether the slot was made by this session, after the publication: then no transaction that runs
   * now can have written to a table before it was published.
   */
  boolean isSlotNew();

  /**
   * Looks tables up in the catalog, gives each the schema version that its rows will carry, and
   * makes its topic.
   *
   * @return by table; one that is not in the catalog any more is left out
   * @throws dev.headwater.log.failure.HeadwaterException if a table's definition cannot be followed
   */
  Map<TableId, LoadTarget> open(Collection<TableId> tables);

  /**
   * Opens a window over some tables, before its low watermark is written.
   *
   * @return its number, for the watermarks
   */
  long openWindow(Collection<TableId> tables);

  /** Hands over what was read in a window, before its high watermark is written. */
  void hand(WindowRead read);

  /** Gives a window up whose read failed. */
  void abandon(long window);

  /** Writes states of tables to {@code __headwater.snapshots}; returns when the log has them. */
  void record(Map<TableId, byte[]> states);

  /** The sequence number of the last record appended. */
  long seq();

  /** How far the stream is behind the source; empty while that is not known. */
  OptionalLong lagBytes();

  /** Whether the source can bear a load now: not while its slot holds back too much WAL. */
  boolean mayLoad();

  /** Ends the session with what keeps the loads from going on. */
  void fail(RuntimeException failure);
}
