package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;

/**
 * Moves readers from one generation's index to another's: the readers' alias and all aliases that
 * others have put on the index, with their filters and routing, in one step.
 *
 * <p>Before that the serving index is fenced: in one step its writers' aliases go and a mark comes,
 * an alias of its own, while which nobody takes a partition of it ({@link WriteAlias}). The switch
 * removes the mark and fails without it. So nothing is written to what serves between the fence and
 * the switch, whoever is killed or late; and a fence that led to nothing ends by itself.
 */
final class ReadersAlias {
  /** How long writers stay away from what serves if the switch does not come. */
  private static final long FENCE_MS = 10_000;

  private static final int PATIENCE = 20;

  private final SearchClient client;
  private final SearchFailures failures;

  ReadersAlias(SearchClient client, SearchFailures failures) {
    this.client = client;
    this.failures = failures;
  }

  static String markPrefix(String index) {
    return index + "-f-";
  }

  static String writerPrefix(String index) {
    return index + "-w-";
  }

  /** Whether a mark holds writers back still. */
  static boolean holds(String mark) {
    return Long.parseLong(mark.substring(mark.lastIndexOf('-') + 1)) > System.currentTimeMillis();
  }

  /** The mark on an index, if it is fenced; also one that holds nobody back any more. */
  Optional<String> mark(String index) {
    return names(index, markPrefix(index)).stream().findFirst();
  }

  /** Fences all writers of an index; answers the mark. */
  String fence(String index) {
    String mine =
        markPrefix(index)
            + UUID.randomUUID().toString().substring(0, 8)
            + "-"
            + (System.currentTimeMillis() + FENCE_MS);
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      Optional<String> mark = mark(index);
      List<String> writers = names(index, writerPrefix(index));
      if (mark.isPresent() && writers.isEmpty()) {
        return mark.get();
      }
      ObjectNode request = SearchClient.json().createObjectNode();
      ArrayNode actions = request.putArray("actions");
      writers.forEach(name -> remove(actions, index, name, false));
      if (mark.isEmpty()) {
        add(actions, index, mine).put("is_hidden", true);
      }
      client.send("POST", "/_aliases", request, 404);
    }
    throw failures.busy("its writers cannot be held back for the switch");
  }

  /** Lets writers go on. */
  void release(String index) {
    remove(index, markPrefix(index));
  }

  /** Fences those who write now for good: nobody is to take a partition afterwards. */
  void fenceForGood(String index) {
    remove(index, writerPrefix(index));
  }

  private void remove(String index, String prefix) {
    List<String> names = names(index, prefix);
    if (!names.isEmpty()) {
      ObjectNode request = SearchClient.json().createObjectNode();
      ArrayNode actions = request.putArray("actions");
      names.forEach(name -> remove(actions, index, name, false));
      client.send("POST", "/_aliases", request, 404);
    }
  }

  /**
   * Switches, if the mark still stands.
   *
   * @return whether it was done
   */
  boolean move(String alias, String from, String to, String mark) {
    ObjectNode request = SearchClient.json().createObjectNode();
    ArrayNode actions = request.putArray("actions");
    remove(actions, from, mark, true);
    boolean isNamed = moveOthers(actions, from, to, alias);
    if (!isNamed) {
      add(actions, to, alias);
    }
    return client.send("POST", "/_aliases", request, 404).isFound();
  }

  /** Moves aliases that were put on an index after the switch. */
  void moveStrays(String alias, String from, String to) {
    ObjectNode request = SearchClient.json().createObjectNode();
    ArrayNode actions = request.putArray("actions");
    moveOthers(actions, from, to, alias);
    if (!actions.isEmpty()) {
      client.send("POST", "/_aliases", request, 404);
    }
  }

  /**
   * Adds the steps for all aliases but the writers'; answers whether the readers' is among them.
   */
  private boolean moveOthers(ArrayNode actions, String from, String to, String alias) {
    boolean isNamed = false;
    for (Iterator<Map.Entry<String, JsonNode>> it = aliases(from).fields(); it.hasNext(); ) {
      Map.Entry<String, JsonNode> each = it.next();
      String name = each.getKey();
      if (!name.startsWith(markPrefix(from)) && !name.startsWith(writerPrefix(from))) {
        remove(actions, from, name, false);
        add(actions, to, name).setAll((ObjectNode) each.getValue());
        isNamed |= name.equals(alias);
      }
    }
    return isNamed;
  }

  private static void remove(ArrayNode actions, String index, String name, boolean mustExist) {
    actions
        .addObject()
        .putObject("remove")
        .put("index", index)
        .put("alias", name)
        .put("must_exist", mustExist);
  }

  private static ObjectNode add(ArrayNode actions, String index, String name) {
    return actions.addObject().putObject("add").put("index", index).put("alias", name);
  }

  private List<String> names(String index, String prefix) {
    List<String> names = new ArrayList<>();
    aliases(index)
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (name.startsWith(prefix)) {
                names.add(name);
              }
            });
    return names;
  }

  private JsonNode aliases(String index) {
    return client.get("/" + index + "/_alias").body().path(index).path("aliases");
  }
}
