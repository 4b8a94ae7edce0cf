package dev.headwater.faults.fault;

/**
 * Something that goes wrong while the workload writes, and is over when {@link #run} returns: what
 * was broken works again, and Headwater has to find back by itself.
 *
 * @param name what is done, for the story
 * @param act does it
 */
public record Fault(String name, Act act) {
  /** On the run's thread; bounded in time. */
  @FunctionalInterface
  public interface Act {
    void on(Field field) throws Exception;
  }

  /** Does it. */
  public void run(Field field) throws Exception {
    act.on(field);
  }
}
