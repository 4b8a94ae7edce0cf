package dev.headwater.log.snapshot;

import dev.headwater.log.schema.TableId;

/** Loads tables beside a running capture session; implemented outside of capture. */
public interface TableLoader {
  /** Begins, or goes on, with a session that has just started to stream. Returns at once. */
  Loading begin(LoadSession session);

  /** The loads of one session. Thread-safe. */
  interface Loading extends AutoCloseable {
    /**
     * A table must be loaded again, whether or not it is being loaded. On the stream's thread, in
     * the log's transaction that says so: nothing here may wait.
     *
     * @param wanted the state that is being written
     */
    void loadAgain(TableId table, TableLoad wanted);

    /** What is being done, in a few words; empty when every table is loaded. */
    String doing();

    /** Stops reading within a bounded time. */
    @Override
    void close();
  }
}
