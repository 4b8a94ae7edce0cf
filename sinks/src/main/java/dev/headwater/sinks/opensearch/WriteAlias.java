package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.log.replay.LogPartition;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Ownership of a partition as an alias: its owner writes through an alias of its own and demands
 * that it exists ({@code require_alias}). Taking over puts the new owner's alias in the place of
 * all others of that partition.
 *
 * <p>Two takeovers at once may each remove what it has seen and leave both aliases. So each looks
 * again and removes the other's, until it has seen its own alone; one whose alias is gone by then
 * begins anew. While readers are being switched ({@link ReadersAlias}) nobody takes over; whoever
 * came between gives its alias back before it has written anything.
 */
final class WriteAlias {
  private static final int PATIENCE = 20;

  private final SearchClient client;
  private final SearchFailures failures;
  private final String sink;
  private final String index;

  WriteAlias(SearchClient client, SearchFailures failures, String sink, String index) {
    this.client = client;
    this.failures = failures;
    this.sink = sink;
    this.index = index;
  }

  /** Takes a partition over; answers the alias to write through. */
  String take(LogPartition partition) {
    String prefix = ReadersAlias.writerPrefix(index) + hash(sink + "|" + partition) + "-";
    String mine = prefix + UUID.randomUUID().toString().substring(0, 8);
    List<String> others = requireFree(present(prefix), mine);
    exchange(others, mine, true);
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      others = requireFree(present(prefix), mine);
      boolean isMine = others.remove(mine);
      if (isMine && others.isEmpty()) {
        return mine;
      }
      exchange(others, mine, !isMine);
    }
    throw new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        "sink '" + sink + "' – others keep taking over " + partition + " at the same time",
        "The sink waits and tries again.");
  }

  private static String hash(String text) {
    return DocumentIds.sha256(text.getBytes(StandardCharsets.UTF_8)).substring(0, 12);
  }

  private List<String> requireFree(List<String> names, String mine) {
    for (String name : names) {
      if (name.startsWith(ReadersAlias.markPrefix(index)) && ReadersAlias.holds(name)) {
        if (names.contains(mine)) {
          exchange(List.of(mine), mine, false);
        }
        throw failures.busy("readers are being switched to another generation");
      }
    }
    return names;
  }

  /** The aliases of a partition's writers, and the mark of a switch. */
  private List<String> present(String prefix) {
    List<String> names = new ArrayList<>();
    client
        .get("/" + index + "/_alias")
        .body()
        .path(index)
        .path("aliases")
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (name.startsWith(prefix) || name.startsWith(ReadersAlias.markPrefix(index))) {
                names.add(name);
              }
            });
    return names;
  }

  /** One step for the server: there is no moment with neither or both. */
  private void exchange(List<String> others, String mine, boolean add) {
    ObjectNode request = SearchClient.json().createObjectNode();
    ArrayNode actions = request.putArray("actions");
    for (String other : others) {
      actions
          .addObject()
          .putObject("remove")
          .put("index", index)
          .put("alias", other)
          .put("must_exist", false);
    }
    if (add) {
      actions
          .addObject()
          .putObject("add")
          .put("index", index)
          .put("alias", mine)
          .put("is_hidden", true);
    }
    client.send("POST", "/_aliases", request, 404);
  }
}
