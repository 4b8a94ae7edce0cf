package dev.headwater.devservices;

import java.time.Duration;

/**
 * A server that was started, whatever it runs in, and what can be done to it. One thread at a time
 * calls what changes its state, which {@link DevServer} sees to; {@link #isAlive} any thread may
 * call.
 */
public interface ServerProcess {
  /** The id of the server's process on this machine, as far as it is known there. */
  long pid();

  /** Whether it runs; a suspended one does. */
  boolean isAlive();

  /** SIGKILL to the server and whatever it started; returns when they are gone. */
  void kill();

  /** Nothing of it runs on until {@link #resume}, while its connections stay open. */
  void suspend();

  /** Lets a suspended one run on. */
  void resume();

  /**
   * Asks it to end.
   *
   * @param signal a name as {@code kill -s} takes it
   * @return whether it has, within the time
   */
  boolean stop(String signal, Duration patience);

  /**
   * Ends it for good, and what would only be kept for another start goes too.
   *
   * @return whether it has ended, within the time
   */
  boolean abandon(Duration patience);
}
