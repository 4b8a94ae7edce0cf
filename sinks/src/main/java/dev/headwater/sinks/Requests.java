package dev.headwater.sinks;

import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides when a generation is begun, rolled back or given up: because a command wished it, because
 * {@code connectors.yaml} has another definition than the one that serves, or because the serving
 * one's checkpoints mean nothing any more.
 *
 * <p>A wish is carried out once: the target notes its request in the same step. One that cannot be
 * carried out is refused, in words that the command which waits for it shows. Belongs to the
 * supervisor's thread, except for what is told of it.
 */
final class Requests {
  private static final Logger LOG = LoggerFactory.getLogger(Requests.class);

  private final String sink;
  private final String definition;
  private final Generations generations;
  private volatile String refused = "";
  private volatile String refusal = "";
  private volatile boolean isAborted;

  Requests(String sink, String definition, Generations generations) {
    this.sink = sink;
    this.definition = definition;
    this.generations = generations;
  }

  /** Begins or gives up what is due; what there is afterwards. */
  GenerationSet obey(GenerationSet set, @Nullable SinkWish wish, boolean isStale) {
    GenerationSet now = wish == null ? set : obeyWish(set, wish);
    if (now.building().isPresent() || now.live().isEmpty()) {
      return now;
    }
    Generation live = now.live().get();
    if (isStale) {
      return begin(now, "stale-g" + live.number(), true);
    }
    if (!live.definition().equals(definition) && !isRolledBack(now) && !isAborted) {
      LOG.atWarn()
          .addKeyValue("sink", sink)
          .log("the sink's definition changed: it is rebuilt beside the one that serves");
      return begin(now, automatic(live), true);
    }
    return now;
  }

  private GenerationSet obeyWish(GenerationSet set, SinkWish wish) {
    boolean isDone = wish.request().equals(set.lastRequest());
    isAborted = wish.action() == SinkWish.Action.ABORT && isDone;
    if (isDone || wish.request().equals(refused)) {
      return set;
    }
    switch (wish.action()) {
      case REBUILD:
        // A target that was emptied since has been made from the log's beginning anyway.
        boolean isOlder =
            set.live().map(g -> g.number() == 1 && g.sinceMs() > wish.atMs()).orElse(true);
        return isOlder || set.building().isPresent() ? set : beginWished(set, wish);
      case ABORT:
        if (set.building().isEmpty()) {
          refuse(wish, "nothing is being rebuilt");
          return set;
        }
        if (generations.kind() == Generations.Kind.IN_PLACE) {
          refuse(wish, "a sink that is rebuilt in place has no other copy to go back to");
          return set;
        }
        generations.drop(set.building().get().number(), wish.request());
        return generations.read();
      case ROLLBACK:
        if (set.previous().isEmpty()) {
          refuse(
              wish,
              generations.kind() == Generations.Kind.IN_PLACE
                  ? "a sink with 'generations: in_place' has one copy, and no way back"
                  : "there is no previous generation: 'rebuild --keep-previous' keeps one");
        } else if (set.building().isPresent()) {
          refuse(wish, "it is being rebuilt: 'rebuild --abort' gives that up first");
        }
        return set;
    }
    throw new AssertionError(wish.action());
  }

  /** The wish to roll back that is still to be carried out, if there is one. */
  Optional<SinkWish> rollback(GenerationSet set, @Nullable SinkWish wish) {
    return Optional.ofNullable(wish)
        .filter(w -> w.action() == SinkWish.Action.ROLLBACK)
        .filter(w -> !w.request().equals(set.lastRequest()) && !w.request().equals(refused));
  }

  /** Whether a failure of what serves is answered by a new generation. */
  boolean willReplace(HeadwaterException failure) {
    return failure.code() == FailureCode.CHECKPOINT_STALE;
  }

  /** What a person should know of the definition; empty for nothing. */
  String note(GenerationSet set) {
    boolean differs = set.live().map(g -> !g.definition().equals(definition)).orElse(false);
    if (!differs || set.building().isPresent()) {
      return "";
    }
    return isRolledBack(set)
        ? "rolled back: 'headwater rebuild " + sink + "' makes it by connectors.yaml again"
        : isAborted ? "its rebuild by connectors.yaml was aborted" : "";
  }

  String refused() {
    return refused;
  }

  String refusal() {
    return refusal;
  }

  private boolean isRolledBack(GenerationSet set) {
    return set.previous().map(g -> g.definition().equals(definition)).orElse(false);
  }

  private GenerationSet begin(GenerationSet set, String request, boolean keepPrevious) {
    if (set.previous().isPresent()) {
      generations.drop(set.previous().get().number(), "");
    }
    return generations.begin(request, definition, keepPrevious);
  }

  /** What the target refuses to begin is told to the command that waits, and not tried again. */
  private GenerationSet beginWished(GenerationSet set, SinkWish wish) {
    try {
      return begin(set, wish.request(), wish.keepPrevious());
    } catch (HeadwaterException e) {
      if (e.code().isRetriable()) {
        throw e;
      }
      refusal = e.getMessage() + ". " + e.hint();
      refused = wish.request();
      return set;
    }
  }

  /** The same in every process that finds the same generation outdated by the same definition. */
  private String automatic(Generation live) {
    String what = live.number() + " " + definition;
    return "definition-" + UUID.nameUUIDFromBytes(what.getBytes(StandardCharsets.UTF_8));
  }

  /** Tells the command that waits why its wish is not carried out; it is not tried again. */
  void refuse(SinkWish wish, String why) {
    refusal = "sink '" + sink + "' – " + why;
    refused = wish.request();
  }
}
