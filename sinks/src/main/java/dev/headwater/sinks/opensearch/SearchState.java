package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.GenerationSet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What is noted of a sink's generations: a value, made anew for each change.
 *
 * @param alias the readers' name
 * @param lastNumber the highest number given so far
 * @param all by number
 * @param pending the switch that was about to be made; it was made if the readers' alias stands on
 *     that generation's index
 */
record SearchState(
    String alias, int lastNumber, String lastRequest, List<Held> all, Optional<Pending> pending) {
  static final SearchState NOTHING = new SearchState("", 0, "", List.of(), Optional.empty());

  /**
   * One generation and where it is.
   *
   * @param identity which index of that name was made for it ({@link SearchIndex#identity}); empty
   *     where it is not known that we made it, empty as it was
   */
  record Held(Generation generation, String index, String identity) {
    int number() {
      return generation.number();
    }

    boolean is(Generation.State state) {
      return generation.state() == state;
    }
  }

  /** A switch on its way. */
  record Pending(int number, String request, long atMs) {}

  SearchState {
    all = all.stream().sorted(Comparator.comparingInt(Held::number)).toList();
  }

  GenerationSet set() {
    return new GenerationSet(all.stream().map(Held::generation).toList(), lastRequest);
  }

  Optional<Held> held(int number) {
    return all.stream().filter(h -> h.number() == number).findFirst();
  }

  Optional<Held> serving() {
    return all.stream().filter(h -> h.is(Generation.State.SERVING)).findFirst();
  }

  /** With one generation more. */
  SearchState with(String readers, Held made) {
    List<Held> more = new ArrayList<>(all);
    more.add(made);
    return new SearchState(
        readers,
        Math.max(lastNumber, made.number()),
        made.generation().request(),
        more,
        Optional.empty());
  }

  SearchState without(int number) {
    return new SearchState(
        alias,
        lastNumber,
        lastRequest,
        all.stream().filter(h -> h.number() != number).toList(),
        pending.filter(p -> p.number() != number));
  }

  SearchState withRequest(String request) {
    return request.isEmpty() ? this : new SearchState(alias, lastNumber, request, all, pending);
  }

  SearchState withPending(Optional<Pending> next) {
    return new SearchState(alias, lastNumber, lastRequest, all, next);
  }

  SearchState withIdentity(int number, String identity) {
    return changing(number, h -> new Held(h.generation(), h.index(), identity));
  }

  SearchState withState(int number, Generation.State state, long atMs) {
    return changing(
        number,
        h -> {
          Generation g = h.generation();
          // What was put back was asked for by hand: what it replaced stays too.
          boolean isBack =
              g.state() == Generation.State.PREVIOUS && state == Generation.State.SERVING;
          return new Held(
              new Generation(
                  g.number(), state, g.definition(), g.isKept() || isBack, g.request(), atMs),
              h.index(),
              h.identity());
        });
  }

  private SearchState changing(int number, UnaryOperator<Held> change) {
    return new SearchState(
        alias,
        lastNumber,
        lastRequest,
        all.stream().map(h -> h.number() == number ? change.apply(h) : h).toList(),
        pending);
  }

  /** As it is once the pending switch was made. */
  SearchState switched() {
    Pending done = pending.orElseThrow();
    SearchState next = this;
    for (Held held : all) {
      if (held.number() == done.number()) {
        next = next.withState(held.number(), Generation.State.SERVING, done.atMs());
      } else if (held.is(Generation.State.SERVING)) {
        next = next.withState(held.number(), Generation.State.PREVIOUS, done.atMs());
      }
    }
    return next.withRequest(done.request()).withPending(Optional.empty());
  }

  ObjectNode json() {
    ObjectNode json = SearchClient.json().createObjectNode();
    json.put("alias", alias).put("last_number", lastNumber).put("last_request", lastRequest);
    ArrayNode generations = json.putArray("generations");
    for (Held held : all) {
      Generation g = held.generation();
      generations
          .addObject()
          .put("number", g.number())
          .put("state", g.state().name())
          .put("definition", g.definition())
          .put("is_kept", g.isKept())
          .put("request", g.request())
          .put("since_ms", g.sinceMs())
          .put("index", held.index())
          .put("identity", held.identity());
    }
    pending.ifPresent(
        p ->
            json.putObject("switch")
                .put("number", p.number())
                .put("request", p.request())
                .put("at_ms", p.atMs()));
    return json;
  }

  static SearchState parse(JsonNode json) {
    List<Held> all = new ArrayList<>();
    for (JsonNode g : json.path("generations")) {
      all.add(
          new Held(
              new Generation(
                  g.path("number").asInt(),
                  Generation.State.valueOf(g.path("state").asText()),
                  g.path("definition").asText(),
                  g.path("is_kept").asBoolean(),
                  g.path("request").asText(),
                  g.path("since_ms").asLong()),
              g.path("index").asText(),
              g.path("identity").asText()));
    }
    JsonNode s = json.path("switch");
    return new SearchState(
        json.path("alias").asText(),
        json.path("last_number").asInt(),
        json.path("last_request").asText(),
        all,
        s.isMissingNode()
            ? Optional.empty()
            : Optional.of(
                new Pending(
                    s.path("number").asInt(),
                    s.path("request").asText(),
                    s.path("at_ms").asLong())));
  }
}
