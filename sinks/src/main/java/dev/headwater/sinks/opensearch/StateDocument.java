package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.function.UnaryOperator;

/**
 * The document that says which generations a sink has, beside its checkpoints. Every change is on
 * condition that it is still the one that was read.
 *
 * <p>The switch of the readers' alias and this document are two steps, which a kill may come
 * between. So the switch is noted as pending before it is made, and whoever reads takes it as done
 * once the alias stands there: the alias is what readers follow, and so it decides. Any thread.
 */
final class StateDocument {
  private static final int PATIENCE = 20;

  private final String sink;
  private final SearchClient client;
  private final String path;

  StateDocument(String sink, SearchClient client) {
    this.sink = sink;
    this.client = client;
    this.path =
        "/"
            + CheckpointDocuments.INDEX
            + "/_doc/"
            + URLEncoder.encode(sink + "|state", StandardCharsets.UTF_8);
  }

  /** What there is; changes nothing. */
  SearchState read() {
    SearchClient.Answer found = client.get(path);
    return found.isFound() ? settled(state(found)) : SearchState.NOTHING;
  }

  /**
   * Changes it.
   *
   * @param change given what there is, answers what is to be; may be asked again
   * @return what there is afterwards
   */
  SearchState change(UnaryOperator<SearchState> change) {
    for (int attempt = 0; attempt < PATIENCE; attempt++) {
      SearchClient.Answer found = client.get(path);
      SearchState stored = found.isFound() ? state(found) : SearchState.NOTHING;
      SearchState next = change.apply(settled(stored));
      if (next.equals(stored)) {
        return next;
      }
      String condition =
          found.isFound()
              ? "?if_seq_no="
                  + found.body().path("_seq_no").asLong()
                  + "&if_primary_term="
                  + found.body().path("_primary_term").asLong()
              : "?op_type=create";
      ObjectNode document = SearchClient.json().createObjectNode().put("sink", sink);
      document.set("state", next.json());
      if (client.send("PUT", path + condition, document, 409).isFound()) {
        return next;
      }
    }
    throw new HeadwaterException(
        FailureCode.TARGET_UNREACHABLE,
        "sink '" + sink + "' – others keep changing the state of its generations",
        "It is tried again by itself.");
  }

  private static SearchState state(SearchClient.Answer found) {
    return SearchState.parse(found.body().path("_source").path("state"));
  }

  private SearchState settled(SearchState stored) {
    boolean isMade =
        stored
            .pending()
            .flatMap(p -> stored.held(p.number()))
            .filter(h -> client.get("/" + h.index() + "/_alias/" + stored.alias()).isFound())
            .isPresent();
    return isMade ? stored.switched() : stored;
  }
}
