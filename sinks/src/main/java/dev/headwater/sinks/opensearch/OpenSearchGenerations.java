package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.GenerationSet;
import dev.headwater.sinks.Generations;
import dev.headwater.sinks.Promotion;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The generations of a search index: {@code <index>-g1}, {@code <index>-g2} …, of which the serving
 * one stands behind the alias that readers use.
 *
 * <p>{@link StateDocument} keeps what is noted of them, {@link ReadersAlias} fences and switches,
 * {@link SearchIndex} makes the indices.
 */
public final class OpenSearchGenerations implements Generations {
  private static final long HOLD_MS = 5_000;
  private static final long LOOK_MS = 20;

  /** A refresh after a load takes longer than what a batch may. */
  private static final Duration STEP_TIMEOUT = Duration.ofSeconds(60);

  /** Kept by a new generation as the serving one has them: its operator may have chosen others. */
  private static final Set<String> SERVING_SETTINGS =
      Set.of("index.refresh_interval", "index.auto_expand_replicas", "index.number_of_replicas");

  private final SinkConfig.OpenSearch config;
  private final Duration timeout;
  private final SearchFailures failures;
  private final SearchClient client;
  private final CheckpointDocuments checkpoints;
  private final StateDocument state;
  private final ReadersAlias readers;

  /** The fence that stood when {@link #promote} was last asked; by the supervisor's thread. */
  private String fence = "";

  /** Connects to nobody yet. */
  public OpenSearchGenerations(SinkConfig.OpenSearch config) {
    this(config, OpenSearchSink.TIMEOUT, STEP_TIMEOUT);
  }

  /**
   * @param timeout how long a connection or an answer is waited for
   */
  OpenSearchGenerations(SinkConfig.OpenSearch config, Duration timeout) {
    this(config, timeout, timeout);
  }

  private OpenSearchGenerations(
      SinkConfig.OpenSearch config, Duration timeout, Duration stepTimeout) {
    this.config = config;
    this.timeout = timeout;
    this.failures = new SearchFailures(config.name(), config.url());
    this.client = new SearchClient(config, stepTimeout, failures);
    this.checkpoints = new CheckpointDocuments(config.name(), client);
    this.state = new StateDocument(config.name(), client);
    this.readers = new ReadersAlias(client, failures);
  }

  @Override
  public String sink() {
    return config.name();
  }

  @Override
  public Kind kind() {
    return Kind.BESIDE;
  }

  @Override
  public GenerationSet read() {
    return state.read().set();
  }

  @Override
  public Map<String, Checkpoint> checkpoints(int number) {
    return state
        .read()
        .held(number)
        .map(h -> checkpoints.readAll(SearchIndex.identity(client, h.index())))
        .orElse(Map.of());
  }

  @Override
  public GenerationSet begin(String request, String definition, boolean keepPrevious) {
    String alias = own(definition).index();
    checkpoints.prepare();
    return state.change(s -> begun(s, alias, request, definition, keepPrevious)).set();
  }

  private SearchState begun(
      SearchState now, String alias, String request, String definition, boolean keepPrevious) {
    if (now.set().live().isEmpty()) {
      return now.with(alias, first(now, alias, request, definition));
    }
    if (request.equals(now.lastRequest()) || now.set().building().isPresent()) {
      return now;
    }
    if (!alias.equals(now.alias())) {
      throw failures.notReady(
          "its index was made for readers of '" + now.alias() + "', not '" + alias + "'",
          "Set 'index' back, or give the sink another name to begin a new index.");
    }
    if (now.set().previous().isPresent()) {
      throw failures.notReady(
          "its previous generation is still there", "It is dropped first, by itself.");
    }
    SearchIndex.holder(client, failures, config.name(), alias);
    Generation.State building = Generation.State.BUILDING;
    return now.with(
        alias, make(now, next(now, alias), building, alias, request, definition, keepPrevious));
  }

  /**
   * The first one that is noted. Readers may have an index of this sink already: one of an earlier
   * version, or restored without our notes. It is taken as it is, and swept unless a checkpoint of
   * its own says otherwise.
   */
  private SearchState.Held first(SearchState now, String alias, String request, String definition) {
    int number =
        SearchIndex.holder(client, failures, config.name(), alias)
            .orElseGet(() -> next(now, alias));
    Generation.State serving = Generation.State.SERVING;
    return make(now, number, serving, alias, request, definition, false);
  }

  /** Never the number of an index that is there, whosever it is. */
  private int next(SearchState now, String alias) {
    return Math.max(now.lastNumber(), SearchIndex.highest(client, alias)) + 1;
  }

  private static SearchState.Held make(
      SearchState now,
      int number,
      Generation.State part,
      String alias,
      String request,
      String definition,
      boolean isKept) {
    return new SearchState.Held(
        new Generation(number, part, definition, isKept, request, System.currentTimeMillis()),
        SearchIndex.name(alias, number),
        "");
  }

  @Override
  public Sink open(Generation generation) {
    return new OpenSearchSink(own(generation.definition()), generation.number(), timeout);
  }

  private SinkConfig.OpenSearch own(String definition) {
    return (SinkConfig.OpenSearch) SinkDefinition.apply(definition, config);
  }

  /** Settings like those of the serving index, copies as far as that has them, a refresh. */
  @Override
  public Promotion finish(int number) {
    SearchState now = state.read();
    String index = now.held(number).orElseThrow(() -> gone(number)).index();
    String serving = now.serving().map(SearchState.Held::index).orElse("");
    restoreSettings(index, serving.isEmpty() ? Map.of() : settings(serving));
    int health = health(index);
    if (health > 0 && (serving.isEmpty() || health > health(serving))) {
      return Promotion.waitsFor("for the copies of index '" + index + "'");
    }
    refresh(index);
    return Promotion.DONE;
  }

  private void restoreSettings(String index, Map<String, String> serving) {
    Map<String, String> present = settings(index);
    ObjectNode wanted = SearchClient.json().createObjectNode();
    for (String name : SERVING_SETTINGS) {
      String value = serving.getOrDefault(name, usual(name));
      boolean isExpanded =
          !serving.getOrDefault("index.auto_expand_replicas", "0-1").equals("false");
      // The server counts copies itself where it is left to it.
      boolean isCounted = isExpanded && name.equals("index.number_of_replicas");
      if (!isCounted && !value.equals(present.get(name))) {
        wanted.put(name, value);
      }
    }
    if (!wanted.isEmpty()) {
      client.send("PUT", "/" + index + "/_settings", wanted);
    }
  }

  private static String usual(String setting) {
    return switch (setting) {
      case "index.refresh_interval" -> SearchIndex.USUAL_REFRESH;
      case "index.auto_expand_replicas" -> SearchIndex.USUAL_COPIES;
      default -> "0";
    };
  }

  private Map<String, String> settings(String index) {
    JsonNode all = client.get("/" + index + "/_settings?flat_settings=true").body().path(index);
    Map<String, String> found = new HashMap<>();
    for (String name : SERVING_SETTINGS) {
      JsonNode value = all.path("settings").path(name);
      if (!value.isMissingNode()) {
        found.put(name, value.asText());
      }
    }
    return found;
  }

  /** 0 for all copies there, 1 for some missing, 2 for rows missing. */
  private int health(String index) {
    String status =
        client.get("/_cluster/health/" + index + "?timeout=0s").body().path("status").asText();
    return status.equals("green") ? 0 : status.equals("yellow") ? 1 : 2;
  }

  private void refresh(String index) {
    client.send("POST", "/" + index + "/_refresh", SearchClient.json().createObjectNode());
  }

  /**
   * In two calls at least. The first fences what serves: a batch of its writers may be in the index
   * by then without the checkpoint. Offsets that were taken after that are at or past that batch,
   * so only a later call, with such offsets, switches.
   */
  @Override
  public synchronized Promotion promote(
      int number, String request, Map<LogPartition, Long> atLeast) {
    SearchState now = state.read();
    SearchState.Held wanted = now.held(number).orElseThrow(() -> gone(number));
    if (wanted.is(Generation.State.SERVING)) {
      fence = "";
      state.change(s -> s);
      return Promotion.DONE;
    }
    SearchState.Held serving = now.serving().orElseThrow(() -> gone(number));
    if (wanted.is(Generation.State.DROPPING)) {
      throw gone(number);
    }
    Optional<String> mark = readers.mark(serving.index());
    if (mark.isEmpty() || !mark.get().equals(fence)) {
      Optional<String> behind = behind(wanted, Optional.empty(), atLeast);
      if (behind.isPresent()) {
        return Promotion.waitsFor("for " + behind.get());
      }
      fence = mark.orElseGet(() -> readers.fence(serving.index()));
      return Promotion.held("for the last batch of the generation that serves");
    }
    Optional<String> behind = awaitLevel(wanted, serving, atLeast);
    if (behind.isPresent()) {
      fence = "";
      readers.release(serving.index());
      return Promotion.waitsFor("for " + behind.get());
    }
    return exchange(wanted, serving, request, mark.get());
  }

  private Optional<String> awaitLevel(
      SearchState.Held wanted, SearchState.Held serving, Map<LogPartition, Long> atLeast) {
    long end = System.nanoTime() + HOLD_MS * 1_000_000;
    while (true) {
      Optional<String> behind = behind(wanted, Optional.of(serving), atLeast);
      if (behind.isEmpty() || System.nanoTime() > end) {
        return behind;
      }
      try {
        Thread.sleep(LOOK_MS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return behind;
      }
    }
  }

  /** What does not stand where it must, if anything. */
  private Optional<String> behind(
      SearchState.Held wanted,
      Optional<SearchState.Held> serving,
      Map<LogPartition, Long> atLeast) {
    Map<String, Checkpoint> ours = checkpointsOf(wanted, atLeast);
    Map<String, Checkpoint> theirs = serving.map(s -> checkpointsOf(s, atLeast)).orElse(Map.of());
    for (Map.Entry<LogPartition, Long> must : atLeast.entrySet()) {
      String partition = must.getKey().toString();
      Checkpoint our = ours.get(partition);
      Checkpoint their = theirs.get(partition);
      if (our == null
          || !our.topicId().equals(must.getKey().topicId())
          || our.nextOffset() < must.getValue()
          || (their != null
              && their.topicId().equals(our.topicId())
              && our.nextOffset() < their.nextOffset())) {
        return Optional.of(partition + " to be level");
      }
      if (!our.isSwept()) {
        return Optional.of(partition + " to be swept");
      }
    }
    return Optional.empty();
  }

  private Map<String, Checkpoint> checkpointsOf(
      SearchState.Held held, Map<LogPartition, Long> partitions) {
    return checkpoints.read(partitions.keySet(), SearchIndex.identity(client, held.index()));
  }

  private Promotion exchange(
      SearchState.Held wanted, SearchState.Held serving, String request, String mark) {
    refresh(wanted.index());
    long now = System.currentTimeMillis();
    SearchState noted =
        state.change(
            s ->
                s.held(wanted.number()).filter(h -> !h.is(Generation.State.DROPPING)).isPresent()
                    ? s.withPending(
                        Optional.of(new SearchState.Pending(wanted.number(), request, now)))
                    : s);
    fence = "";
    boolean isNoted =
        noted.held(wanted.number()).filter(h -> !h.is(Generation.State.DROPPING)).isPresent()
            && noted.pending().filter(p -> p.number() == wanted.number()).isPresent();
    if (!isNoted || !readers.move(noted.alias(), serving.index(), wanted.index(), mark)) {
      return Promotion.waitsFor("for the readers' alias, which somebody else has just moved");
    }
    SearchState switched = state.change(s -> s);
    readers.moveStrays(switched.alias(), serving.index(), wanted.index());
    return Promotion.DONE;
  }

  /**
   * The switch may be under way in another process: without its fence it fails. If it came first,
   * the generation serves, and nothing of it has been touched yet.
   */
  @Override
  public Promotion drop(int number, String request) {
    SearchState now =
        state.change(
            s -> {
              boolean isServing =
                  s.held(number).filter(h -> h.is(Generation.State.SERVING)).isPresent();
              boolean isDropping =
                  s.held(number).filter(h -> h.is(Generation.State.DROPPING)).isPresent();
              return isServing || isDropping
                  ? s
                  : s.withState(number, Generation.State.DROPPING, System.currentTimeMillis())
                      .withRequest(request);
            });
    if (now.held(number).isEmpty()) {
      return Promotion.DONE;
    }
    Optional<String> serving = now.serving().map(SearchState.Held::index);
    serving.ifPresent(readers::release);
    now = state.change(s -> s.withPending(s.pending().filter(p -> p.number() != number)));
    SearchState.Held held = now.held(number).orElseThrow(() -> gone(number));
    if (held.is(Generation.State.SERVING)) {
      throw failures.notReady(
          "generation " + number + " serves and is not dropped", "Nothing to do.");
    }
    return remove(held, serving, now.alias());
  }

  private Promotion remove(SearchState.Held held, Optional<String> serving, String alias) {
    String index = held.index();
    readers.fenceForGood(index);
    String identity = SearchIndex.identity(client, index);
    checkpoints.forget(identity);
    JsonNode searches =
        client.get("/" + index + "/_stats/search").body().path("_all").path("total").path("search");
    long open =
        searches.path("open_contexts").asLong()
            + searches.path("scroll_current").asLong()
            + searches.path("point_in_time_current").asLong();
    if (open > 0) {
      return Promotion.waitsFor("for searches that are open on index '" + index + "'");
    }
    serving.ifPresent(to -> readers.moveStrays(alias, index, to));
    client.delete("/" + index);
    state.change(s -> s.without(held.number()));
    return Promotion.DONE;
  }

  private HeadwaterException gone(int number) {
    return failures.notReady(
        "generation " + number + " is gone", "Run `headwater rebuild " + config.name() + "`.");
  }

  @Override
  public void close() {
    client.close();
  }
}
