package dev.headwater.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import dev.headwater.cli.config.ConfigLoader;
import io.kubernetes.client.openapi.models.V1ConfigMap;
import io.kubernetes.client.openapi.models.V1Deployment;
import io.kubernetes.client.openapi.models.V1PodDisruptionBudget;
import io.kubernetes.client.openapi.models.V1Secret;
import io.kubernetes.client.openapi.models.V1Service;
import io.kubernetes.client.openapi.models.V1StatefulSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/**
 * Checks the manifests of docs/kubernetes: against the schemas of Kubernetes' own API, an unknown
 * or missing field being a failure, and against what they speak of in this repository.
 */
class KubernetesManifestsTest {
  private static final Path MANIFESTS = Path.of("..", "docs", "kubernetes");

  private static final Map<String, Check> KINDS =
      Map.of(
          "v1/Secret", V1Secret::validateJsonElement,
          "v1/ConfigMap", V1ConfigMap::validateJsonElement,
          "v1/Service", V1Service::validateJsonElement,
          "apps/v1/StatefulSet", V1StatefulSet::validateJsonElement,
          "apps/v1/Deployment", V1Deployment::validateJsonElement,
          "policy/v1/PodDisruptionBudget", V1PodDisruptionBudget::validateJsonElement);

  /** One kind's schema. */
  private interface Check {
    void accept(JsonElement manifest) throws IOException;
  }

  @Test
  void everyManifestIsWhatKubernetesExpects() throws IOException {
    List<String> kinds = new ArrayList<>();
    for (JsonObject manifest : manifests()) {
      check(manifest);
      kinds.add(kind(manifest));
    }
    assertThat(kinds).containsOnlyOnceElementsOf(KINDS.keySet());
  }

  @Test
  void aFieldThatKubernetesDoesNotKnowIsRefused() throws IOException {
    JsonObject capture = of("apps/v1/StatefulSet");
    container(capture).addProperty("readonly", true);
    assertThatThrownBy(() -> check(capture))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("readonly");
  }

  @Test
  void theConfigurationIsOneThatHeadwaterReads(@TempDir Path directory) throws IOException {
    String yaml = of("v1/ConfigMap").getAsJsonObject("data").get("connectors.yaml").getAsString();
    Path file = Files.writeString(directory.resolve("connectors.yaml"), yaml);
    var config =
        ConfigLoader.load(
            file, Map.of("SOURCE_PASSWORD", "a secret", "REPLICA_PASSWORD", "another")::get);
    assertThat(config.connectors()).extracting(c -> c.capture().name()).contains("shop");
    assertThat(config.sinks()).extracting(sink -> sink.name()).contains("customer-cache");
  }

  @Test
  void whatThePodsRunIsInTheImage() throws IOException {
    String dockerfile = Files.readString(Path.of("..", "Dockerfile"));
    for (String kind : List.of("apps/v1/StatefulSet", "apps/v1/Deployment")) {
      JsonObject pod = pod(of(kind));
      String user = pod.getAsJsonObject("securityContext").get("runAsUser").getAsString();
      assertThat(dockerfile).contains("USER " + user);
      for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
        JsonObject exec = container(of(kind)).getAsJsonObject(probe).getAsJsonObject("exec");
        String program = exec.getAsJsonArray("command").get(0).getAsString();
        assertThat(Path.of("..", "docker", "image", program)).isExecutable();
      }
      String command = container(of(kind)).getAsJsonArray("args").get(0).getAsString();
      assertThat(Main.commandLine().getSubcommands()).containsKey(command);
    }
  }

  private static void check(JsonObject manifest) throws IOException {
    Check schema = KINDS.get(kind(manifest));
    assertThat(schema).as("schema of %s", kind(manifest)).isNotNull();
    schema.accept(manifest);
  }

  private static String kind(JsonObject manifest) {
    return manifest.get("apiVersion").getAsString() + "/" + manifest.get("kind").getAsString();
  }

  private static JsonObject of(String kind) throws IOException {
    return manifests().stream().filter(m -> kind(m).equals(kind)).findFirst().orElseThrow();
  }

  private static JsonObject pod(JsonObject workload) {
    return workload.getAsJsonObject("spec").getAsJsonObject("template").getAsJsonObject("spec");
  }

  private static JsonObject container(JsonObject workload) {
    return pod(workload).getAsJsonArray("containers").get(0).getAsJsonObject();
  }

  private static List<JsonObject> manifests() throws IOException {
    Gson gson = new Gson();
    List<JsonObject> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(MANIFESTS)) {
      for (Path file : files.sorted().toList()) {
        Load load = new Load(LoadSettings.builder().setLabel(file.toString()).build());
        for (Object document : load.loadAllFromString(Files.readString(file))) {
          all.add(gson.toJsonTree(document).getAsJsonObject());
        }
      }
    }
    return all;
  }
}
