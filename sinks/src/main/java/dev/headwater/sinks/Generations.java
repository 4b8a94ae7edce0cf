package dev.headwater.sinks;

import dev.headwater.log.replay.LogPartition;
import java.util.Map;

/**
 * All generations of one sink in its target: the port that makes, feeds, switches and drops them.
 * Every technology implements it beside {@link Sink}, which is one generation's half.
 *
 * <p><b>Who calls.</b> Every worker process of a sink opens one of these and asks it about once a
 * second, on a thread of its own; each process calls each step when it finds it due, without
 * agreeing with the others. So every method is one atomic step of the target, or a series of which
 * each part may be repeated, and finding the step done is success. A process may be killed between
 * any two instructions of any method.
 *
 * <p><b>One writer, one position.</b> A generation has checkpoints of its own, one for each
 * partition, and is written by the partition's owner in <em>its</em> consumer group only ({@code
 * headwater.<sink>.g<number>}): {@link Sink#take} fences generation by generation. Only {@link
 * #begin} creates a generation and only {@link #drop} forgets its checkpoints, before its data.
 *
 * <p><b>Definition.</b> A generation is made by the definition that {@link #begin} was given, and
 * goes on being fed by it for as long as it lives, whatever {@code connectors.yaml} says by then.
 *
 * <p>Errors are those of {@link Sink}. Thread-safe; nothing is asked of the target before the first
 * call.
 */
public interface Generations extends AutoCloseable {

  /** How a new generation comes into being. */
  enum Kind {
    /** Beside the serving one; readers are switched over in one step. */
    BESIDE,
    /**
     * There is one copy of the data, under fixed names. {@link #begin} turns the serving generation
     * into the new one: the same rows and offsets under the next number and the new definition, its
     * state {@code BUILDING}, every checkpoint marked as not swept, all former writers fenced. It
     * is read and fed all the while; the sweep then writes each key of the log once more and
     * deletes keys that the log does not have, and {@link #promote} ends it. There is no way back.
     */
    IN_PLACE
  }

  /** The sink's name in {@code connectors.yaml}. */
  String sink();

  /** How this target makes new generations. */
  Kind kind();

  /** What there is. Changes nothing; a target that holds nothing of the sink has an empty set. */
  GenerationSet read();

  /**
   * How far each partition is in a generation, by {@link LogPartition#toString}; partitions of
   * which nothing was applied are left out. Changes nothing.
   */
  Map<String, Checkpoint> checkpoints(int number);

  /**
   * Makes a generation, unless {@code request} was carried out before ({@link
   * GenerationSet#lastRequest}) or one is being built. The very first one serves at once, for there
   * is nothing else to read.
   *
   * <p>What cannot be switched over later (a foreign key onto the serving tables, an index under
   * the readers' name) is refused here, before anything is loaded.
   *
   * @param request notes who asked; becomes {@code lastRequest} in the same step
   * @param definition what its rows are made by, {@link SinkDefinition#text}
   * @param keepPrevious whether the one it replaces is kept for a rollback
   * @return what there is afterwards
   * @throws dev.headwater.log.failure.HeadwaterException {@code TARGET_NOT_READY} while a previous
   *     generation is still there: it is dropped first
   */
  GenerationSet begin(String request, String definition, boolean keepPrevious);

  /**
   * Opens a generation for feeding by its own definition. A generation that is {@code BUILDING} has
   * no readers: it may be loaded in whatever way is fastest until {@link #finish}, provided that
   * rows and checkpoint stay together over a crash of worker or target.
   */
  Sink open(Generation generation);

  /**
   * Makes a generation that stands at the end of the log ready to be read: indexes, views, rights
   * and statistics like those of the serving one, settings for loading put back, copies green,
   * refreshed. From its first return on the target may have both generations fed by one hand. May
   * take minutes and be repeated.
   *
   * @return done, or what it waits for; it is then called again
   */
  Promotion finish(int number);

  /**
   * Switches readers over to a generation, {@code BUILDING} or {@code PREVIOUS}, in one step, and
   * makes the one that served {@code PREVIOUS}. Of each partition named, taken inside the switch:
   *
   * <ul>
   *   <li>the generation's checkpoint counts in that topic and stands at or past the given offset,
   *   <li>and at or past the serving generation's checkpoint, if that counts in the same topic,
   *   <li>and no deletes may have been missed ({@link Checkpoint#isSwept}).
   * </ul>
   *
   * To have the first two meet under load, a target may fence the serving generation's writers for
   * up to a second, while the other catches up. Where a batch of theirs may be in the target
   * without its checkpoint, one call fences and a later one switches, whose offsets were taken
   * after that.
   *
   * @param request becomes {@code lastRequest} in the same step
   * @param atLeast the partitions of the generation's tables, and where each must stand, exclusive:
   *     ends of the log that were taken after the last call returned
   */
  Promotion promote(int number, String request, Map<LogPartition, Long> atLeast);

  /**
   * Does a piece of dropping a generation that does not serve: first its place and checkpoints, so
   * that nobody feeds it any more, then, once no reader needs it, its data in portions that hold
   * nobody up. Strangers' objects in the way are named, never dropped.
   *
   * @param request becomes {@code lastRequest} with the first piece, unless empty
   * @return done, or what it waits for; it is then called again
   */
  Promotion drop(int number, String request);

  /** Lets go of connections; sinks that were opened are closed by whoever opened them. */
  @Override
  void close();
}
