package dev.headwater.devservices;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.Test;

class OpenSearchServerIT {
  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void keepsAnAcknowledgedDocumentOverAKillAndARestart() throws Exception {
    try (OpenSearchServer server = OpenSearchServer.start()) {
      assertThat(ask(server, "GET", "/", "")).contains("\"number\" : \"2.19.1\"");
      ask(server, "PUT", "/kept/_doc/1?version=5&version_type=external", "{\"name\": \"Ada\"}");
      assertThat(ask(server, "POST", "/kept/_update/1", "{\"script\": \"ctx._source.n = 42\"}"))
          .contains("\"result\":\"updated\"");
      long pid = server.pid();

      server.kill();
      Processes.assertGone(pid, server.port());
      server.restart();

      ask(server, "GET", "/_cluster/health?wait_for_status=yellow&timeout=30s", "");
      assertThat(ask(server, "GET", "/kept/_source/1", "")).contains("Ada").contains("42");
    }
  }

  @Test
  void refusesAPortThatIsTaken() throws IOException {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ServerOptions same = ServerOptions.defaults().withPort(taken.getLocalPort());

      assertThatThrownBy(() -> OpenSearchServer.start(same))
          .isInstanceOf(DevServerException.class)
          .hasMessageContaining("ended while it was starting")
          .hasMessageContaining("Address already in use");
    }
  }

  @Test
  void isGoneAfterClose() {
    OpenSearchServer server = OpenSearchServer.start();
    long pid = server.pid();

    server.close();

    Processes.assertGone(pid, server.port());
    assertThat(server.dataDir()).doesNotExist();
  }

  private String ask(OpenSearchServer server, String method, String path, String body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(server.url() + path))
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .build();
    HttpResponse<String> response = http.send(request, HttpResponse.BodyHandlers.ofString());
    assertThat(response.statusCode()).as(response.body()).isBetween(200, 201);
    return response.body();
  }
}
