package dev.headwater.sinks.verify;

import java.util.OptionalLong;

/** Told how far a verification is, on its thread. */
public interface Progress {
  /** Tells nobody. */
  Progress NONE =
      new Progress() {
        @Override
        public void begin(String stage, OptionalLong total) {
          // Nobody listens.
        }

        @Override
        public void done(long rows) {
          // Nobody listens.
        }
      };

  /**
   * A stage begins, and the one before it is over.
   *
   * @param total how much there is to do, roughly
   */
  void begin(String stage, OptionalLong total);

  /** So much of the stage is done. */
  void done(long rows);
}
