package dev.headwater.sinks;

import java.util.Optional;

/**
 * What one process knows of a sink: for {@code status}, and for commands that wait.
 *
 * @param generation which one serves; 0 while that is not known
 * @param previous the one that a rollback would put back, if it is kept
 * @param feeding how far the serving generation is fed by this process
 * @param parked how many rows of the serving generation its target refuses, whichever process met
 *     them
 * @param rebuild the generation that is being built
 * @param lastRequest the request that the target carried out, or began, last
 * @param refusedRequest a request that cannot be carried out; empty for none
 * @param refusal why
 */
public record SinkStatus(
    int generation,
    Optional<Integer> previous,
    SinkProgress feeding,
    int parked,
    Optional<RebuildProgress> rebuild,
    String lastRequest,
    String refusedRequest,
    String refusal) {}
