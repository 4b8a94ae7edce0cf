package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.headwater.log.failure.FailureCode;
import dev.headwater.log.failure.HeadwaterException;
import dev.headwater.sinks.SinkConfig;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Set;
import org.apache.http.HttpEntity;
import org.apache.http.HttpHost;
import org.apache.http.auth.AuthScope;
import org.apache.http.auth.UsernamePasswordCredentials;
import org.apache.http.client.CredentialsProvider;
import org.apache.http.entity.ByteArrayEntity;
import org.apache.http.entity.ContentType;
import org.apache.http.impl.client.BasicCredentialsProvider;
import org.opensearch.client.Request;
import org.opensearch.client.Response;
import org.opensearch.client.ResponseException;
import org.opensearch.client.RestClient;

/**
 * JSON over HTTP with one server, and what its refusals mean. Thread-safe.
 *
 * <p>An answer whose status was asked for is an answer, whatever the status; any other one is
 * thrown.
 */
final class SearchClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONNECT_MS = 5_000;
  private static final int ANSWER_MS = 60_000;

  private final String sink;
  private final String url;
  private final RestClient client;

  /**
   * An answer.
   *
   * @param status HTTP's
   * @param body as JSON; an empty object when there is none
   */
  record Answer(int status, JsonNode body) {
    boolean isFound() {
      return status < 300;
    }
  }

  SearchClient(SinkConfig.OpenSearch config) {
    this.sink = config.name();
    this.url = config.url();
    this.client =
        RestClient.builder(HttpHost.create(config.url()))
            .setRequestConfigCallback(
                request -> request.setConnectTimeout(CONNECT_MS).setSocketTimeout(ANSWER_MS))
            .setHttpClientConfigCallback(
                http -> {
                  if (config.user().isPresent() && config.password().isPresent()) {
                    CredentialsProvider credentials = new BasicCredentialsProvider();
                    credentials.setCredentials(
                        AuthScope.ANY,
                        new UsernamePasswordCredentials(
                            config.user().get(), config.password().get().reveal()));
                    http.setDefaultCredentialsProvider(credentials);
                  }
                  return http;
                })
            .build();
  }

  Answer get(String path) {
    return send(new Request("GET", path), Set.of(404));
  }

  /** Sends a JSON body; the statuses named are answers, not failures. */
  Answer send(String method, String path, Object body, Integer... alsoAnswers) {
    Request request = new Request(method, path);
    request.setJsonEntity(body.toString());
    return send(request, Set.of(alsoAnswers));
  }

  /** Sends a bulk body as it is. */
  Answer bulk(byte[] body, int length) {
    Request request = new Request("POST", "/_bulk");
    request.addParameter("require_alias", "true");
    request.setEntity(
        new ByteArrayEntity(body, 0, length, ContentType.create("application/x-ndjson")));
    return send(request, Set.of());
  }

  private Answer send(Request request, Set<Integer> alsoAnswers) {
    try {
      return answer(client.performRequest(request));
    } catch (ResponseException e) {
      int status = e.getResponse().getStatusLine().getStatusCode();
      if (alsoAnswers.contains(status)) {
        return answer(e.getResponse());
      }
      throw refused(status, e);
    } catch (IOException e) {
      throw new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          "sink '" + sink + "' – OpenSearch at " + url + " cannot be reached: " + e.getMessage(),
          "The sink waits and tries again. Check that the server is up: curl " + url + ".",
          e);
    }
  }

  private static Answer answer(Response response) {
    HttpEntity entity = response.getEntity();
    int status = response.getStatusLine().getStatusCode();
    if (entity == null) {
      return new Answer(status, JSON.createObjectNode());
    }
    try (InputStream content = entity.getContent()) {
      JsonNode body = JSON.readTree(content);
      return new Answer(status, body == null ? JSON.createObjectNode() : body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private HeadwaterException refused(int status, ResponseException e) {
    String reason = reason(e);
    String who = "sink '" + sink + "' – OpenSearch at " + url;
    if (status == 401 || status == 403) {
      boolean blocked = reason.contains("cluster_block_exception");
      return new HeadwaterException(
          FailureCode.TARGET_NOT_READY,
          who + (blocked ? " blocks writes: " : " refused us: ") + reason,
          blocked
              ? "Free disk space, then PUT /_all/_settings"
                  + " {\"index.blocks.read_only_allow_delete\": null}."
              : "Check 'user' and 'password' of the sink.",
          e);
    }
    if (status == 429 || status >= 500) {
      return new HeadwaterException(
          FailureCode.TARGET_UNREACHABLE,
          who + " is busy or starting (" + status + "): " + reason,
          "The sink waits and tries again.",
          e);
    }
    return new HeadwaterException(
        FailureCode.TARGET_NOT_READY,
        who + " refused a request (" + status + "): " + reason,
        "See the server's log; an index of that name made by something else may be in the way.",
        e);
  }

  private static String reason(ResponseException e) {
    JsonNode error = answerOrEmpty(e).path("error");
    String type = error.path("type").asText();
    return type.isEmpty() ? "no reason given" : type + ": " + error.path("reason").asText();
  }

  private static JsonNode answerOrEmpty(ResponseException e) {
    try {
      return answer(e.getResponse()).body();
    } catch (UncheckedIOException unreadable) {
      return JSON.createObjectNode();
    }
  }

  static ObjectMapper json() {
    return JSON;
  }

  @Override
  public void close() {
    try {
      client.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
