package dev.headwater.benchmarks;

/**
 * A reader who began before the load and goes on after it. Belongs to the benchmark's thread.
 *
 * @param log what it saw
 * @param holdsUpSwitch whether the first switch waits for it; else it is held until nothing but it
 *     needs the old generation
 * @param reading reads on, and notes what is not as it was at its beginning
 */
record Held(ReadLog log, boolean holdsUpSwitch, Reader.Reading reading) {
  Held(String kind, boolean holdsUpSwitch, Reader.Reading reading) {
    this(new ReadLog(kind), holdsUpSwitch, reading);
  }

  /** Reads on once, and ends it. */
  void end() {
    try (reading) {
      reading.timed(log);
    } catch (Exception e) {
      log.error(e.toString());
    }
  }
}
