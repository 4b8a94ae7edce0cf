package dev.headwater.sinks.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.headwater.sinks.SinkConfig;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.apache.http.ContentTooLongException;
import org.apache.http.HttpEntity;
import org.apache.http.HttpHost;
import org.apache.http.auth.AuthScope;
import org.apache.http.auth.UsernamePasswordCredentials;
import org.apache.http.client.CredentialsProvider;
import org.apache.http.impl.client.BasicCredentialsProvider;
import org.apache.http.impl.nio.client.HttpAsyncClientBuilder;
import org.opensearch.client.HttpAsyncResponseConsumerFactory;
import org.opensearch.client.Request;
import org.opensearch.client.RequestOptions;
import org.opensearch.client.Response;
import org.opensearch.client.ResponseException;
import org.opensearch.client.ResponseListener;
import org.opensearch.client.RestClient;
import org.opensearch.client.RestClientBuilder;

/**
 * JSON over HTTP with one server. Thread-safe.
 *
 * <p>An answer whose status was asked for is an answer, whatever the status; any other refusal is
 * thrown, as {@link SearchFailures} says.
 */
final class SearchClient implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int MAX_CONNECTIONS = 32;
  private static final int TOO_LARGE = 413;

  /** Twice what a bulk may be, in bytes: a document that was written can be read. */
  static final int LONGEST_ANSWER = 200 << 20;

  private static final int USUAL_ANSWER = 16 << 20;

  private final SearchFailures failures;
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

    String errorType() {
      return body.path("error").path("type").asText();
    }
  }

  /**
   * @param timeout how long a connection or an answer is waited for
   */
  SearchClient(SinkConfig.OpenSearch config, Duration timeout, SearchFailures failures) {
    this.failures = failures;
    URI uri = URI.create(config.url());
    RestClientBuilder builder =
        RestClient.builder(new HttpHost(uri.getHost(), port(uri), uri.getScheme()))
            .setRequestConfigCallback(
                request ->
                    request
                        .setConnectTimeout((int) timeout.toMillis())
                        .setSocketTimeout((int) timeout.toMillis()))
            .setHttpClientConfigCallback(http -> configure(http, config));
    if (uri.getPath() != null && uri.getPath().length() > 1) {
      builder.setPathPrefix(uri.getPath());
    }
    this.client = builder.build();
  }

  private static int port(URI uri) {
    return uri.getPort() > 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 9200;
  }

  private static HttpAsyncClientBuilder configure(
      HttpAsyncClientBuilder http, SinkConfig.OpenSearch config) {
    http.setMaxConnTotal(MAX_CONNECTIONS).setMaxConnPerRoute(MAX_CONNECTIONS);
    if (config.user().isPresent() && config.password().isPresent()) {
      CredentialsProvider credentials = new BasicCredentialsProvider();
      credentials.setCredentials(
          AuthScope.ANY,
          new UsernamePasswordCredentials(config.user().get(), config.password().get().reveal()));
      http.setDefaultCredentialsProvider(credentials);
    }
    return http;
  }

  /** Asks for something that may not be there. */
  Answer get(String path) {
    return send(new Request("GET", path), Set.of(404));
  }

  /**
   * Asks for documents, and takes their sources as they stand.
   *
   * @param mostBytes of the answer
   * @return empty if the answer is longer
   */
  Optional<FoundDocuments> documents(String path, JsonNode body, int mostBytes) {
    Request request = new Request("POST", path);
    request.setJsonEntity(body.toString());
    RequestOptions.Builder options = RequestOptions.DEFAULT.toBuilder();
    options.setHttpAsyncResponseConsumerFactory(
        new HttpAsyncResponseConsumerFactory.HeapBufferedResponseConsumerFactory(mostBytes));
    request.setOptions(options);
    try (InputStream content = client.performRequest(request).getEntity().getContent()) {
      return Optional.of(FoundDocuments.parse(content.readAllBytes()));
    } catch (ResponseException e) {
      throw failure(e);
    } catch (IOException e) {
      if (e instanceof ContentTooLongException || e.getCause() instanceof ContentTooLongException) {
        return Optional.empty();
      }
      throw failures.unreachable(e);
    }
  }

  /** The documents with these ids as they are now, refreshed or not; those missing are left out. */
  Map<String, FoundDocuments.Document> byId(String index, List<byte[]> ids) {
    ObjectNode body = JSON.createObjectNode();
    ids.forEach(id -> body.withArray("ids").add(new String(id, StandardCharsets.UTF_8)));
    Map<String, FoundDocuments.Document> byId = new HashMap<>();
    Optional<FoundDocuments> found =
        documents("/" + index + "/_mget", body, ids.size() == 1 ? LONGEST_ANSWER : USUAL_ANSWER);
    if (found.isEmpty() && ids.size() > 1) {
      byId.putAll(byId(index, ids.subList(0, ids.size() / 2)));
      byId.putAll(byId(index, ids.subList(ids.size() / 2, ids.size())));
      return byId;
    }
    found
        .orElseThrow(() -> failures.unreachable(new IOException("a document of " + LONGEST_ANSWER)))
        .documents()
        .forEach(d -> byId.put(new String(d.id(), StandardCharsets.UTF_8), d));
    return byId;
  }

  /** Sends a JSON body; the statuses named are answers, not failures. */
  Answer send(String method, String path, JsonNode body, Integer... alsoAnswers) {
    Request request = new Request(method, path);
    request.setJsonEntity(body.toString());
    return send(request, Set.of(alsoAnswers));
  }

  /** Deletes something, which may be gone already. */
  void delete(String path) {
    send(new Request("DELETE", path), Set.of(404));
  }

  private Answer send(Request request, Set<Integer> alsoAnswers) {
    try {
      return answer(client.performRequest(request));
    } catch (ResponseException e) {
      Answer answer = answer(e.getResponse());
      if (alsoAnswers.contains(answer.status())) {
        return answer;
      }
      throw failures.refused(
          answer.status(),
          answer.errorType(),
          answer.body().path("error").path("reason").asText(),
          e);
    } catch (IOException e) {
      throw failures.unreachable(e);
    }
  }

  /**
   * Sends a bulk through an alias that must exist; the future ends with what {@link #send} throws.
   */
  CompletableFuture<BulkAnswer> bulk(String alias, BulkBody body) {
    return bulk(alias, body, BulkAnswer.ITEMS, BulkAnswer::parse);
  }

  /**
   * The same for a bulk of which all items are most likely done, which spares both sides an answer
   * item by item. Where one is not, all is sent again to learn which: only for items that may be
   * written twice.
   */
  CompletableFuture<BulkAnswer> bulkBriefly(String alias, BulkBody body) {
    return bulk(alias, body, BulkAnswer.ERRORS, BulkAnswer::parseErrors)
        .thenCompose(
            answer ->
                answer == BulkAnswer.UNKNOWN
                    ? bulk(alias, body)
                    : CompletableFuture.completedFuture(answer));
  }

  private interface Parser {
    BulkAnswer parse(InputStream json) throws IOException;
  }

  private CompletableFuture<BulkAnswer> bulk(
      String alias, BulkBody body, String filter, Parser parser) {
    Request request = new Request("POST", "/" + alias + "/_bulk");
    request.addParameter("require_alias", "true");
    request.addParameter("filter_path", filter);
    request.setEntity(body);
    CompletableFuture<BulkAnswer> future = new CompletableFuture<>();
    client.performRequestAsync(
        request,
        new ResponseListener() {
          @Override
          public void onSuccess(Response response) {
            try (InputStream content = response.getEntity().getContent()) {
              future.complete(parser.parse(content));
            } catch (IOException | RuntimeException e) {
              future.completeExceptionally(failures.unreachable(e));
            }
          }

          @Override
          public void onFailure(Exception e) {
            if (isTooLarge(e)) {
              future.complete(BulkAnswer.TOO_LARGE);
            } else {
              future.completeExceptionally(failure(e));
            }
          }
        });
    return future;
  }

  private static boolean isTooLarge(Exception e) {
    return e instanceof ResponseException refusal
        && refusal.getResponse().getStatusLine().getStatusCode() == TOO_LARGE;
  }

  private RuntimeException failure(Exception e) {
    if (e instanceof ResponseException refusal) {
      Answer answer = answer(refusal.getResponse());
      String reason = answer.body().path("error").path("reason").asText();
      return failures.refused(answer.status(), answer.errorType(), reason, e);
    }
    return failures.unreachable(e);
  }

  private Answer answer(Response response) {
    HttpEntity entity = response.getEntity();
    int status = response.getStatusLine().getStatusCode();
    if (entity == null) {
      return new Answer(status, JSON.createObjectNode());
    }
    try (InputStream content = entity.getContent()) {
      JsonNode body = JSON.readTree(content);
      return new Answer(status, body == null ? JSON.createObjectNode() : body);
    } catch (IOException e) {
      // A proxy in front answers with a page.
      return new Answer(status, JSON.createObjectNode());
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
      throw new IllegalStateException("the HTTP client does not close", e);
    }
  }
}
