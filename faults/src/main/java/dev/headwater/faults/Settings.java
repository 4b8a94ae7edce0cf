package dev.headwater.faults;

import java.time.Duration;

/**
 * How long, how hard and from which seed.
 *
 * @param seed draws workload and faults; the timing of processes stays their own
 * @param faults end after so many
 * @param duration or after so long under load, whichever comes first
 * @param rate changes a second at the source
 * @param brokers nodes of the log
 * @param limit how long the sinks may take to be level after a fault is over
 * @param only part of the names of the faults to draw from; empty for all
 */
public record Settings(
    long seed, int faults, Duration duration, int rate, int brokers, Duration limit, String only) {}
