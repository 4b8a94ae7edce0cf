package dev.headwater.devservices;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Several Kafka nodes that replicate for each other, each broker and controller in a virtual
 * machine of its own: for tests of what happens when one of them dies.
 *
 * <p>Kill, freeze and restart single nodes through {@link #brokers}. A majority must run for the
 * cluster to answer, and a node that is restarted waits for that majority: after more are down, use
 * {@link #restartAll}. Any thread may call; the nodes never outlive this virtual machine.
 */
public final class KafkaCluster implements AutoCloseable {
  private static final int ATTEMPTS = 5;
  private static final int MOST_REPLICAS = 3;

  private final List<KafkaServer> brokers;
  private final Map<String, List<Integer>> doorPorts;

  private KafkaCluster(List<KafkaServer> brokers, Map<String, List<Integer>> doorPorts) {
    this.brokers = List.copyOf(brokers);
    this.doorPorts = doorPorts;
  }

  /** Starts nodes with temporary data on free ports. */
  public static KafkaCluster start(int size) {
    return start(size, ServerOptions.defaults());
  }

  /**
   * Starts {@code size} nodes with the same options and returns when all serve requests. A data
   * directory gets one directory per node; a port cannot be asked for. The internal topics have
   * three replicas, or as many as there are nodes.
   */
  public static KafkaCluster start(int size, ServerOptions options) {
    return start(size, options, List.of());
  }

  /** As {@link #start(int, ServerOptions)}, with further ways in. */
  public static KafkaCluster start(int size, ServerOptions options, List<KafkaDoor> doors) {
    if (size < 1) {
      throw new IllegalArgumentException("A cluster of " + size + " nodes is none");
    }
    if (options.port() != 0) {
      throw new IllegalArgumentException("One port cannot be that of all nodes");
    }
    for (int attempt = 1; ; attempt++) {
      try {
        Map<String, List<Integer>> doorPorts = new HashMap<>();
        doors.forEach(door -> doorPorts.put(door.listener(), LoopbackPorts.free(size)));
        return new KafkaCluster(startAll(nodeOptions(size, options, doors, doorPorts)), doorPorts);
      } catch (DevServerException e) {
        // Every node knows the ports of all others, so one taken port means new ones for all.
        if (attempt == ATTEMPTS || !DevServer.isAboutTakenPort(e)) {
          throw e;
        }
      }
    }
  }

  private static List<KafkaServer> startAll(List<ServerOptions> nodes) {
    List<CompletableFuture<KafkaServer>> starting = onAll(nodes, KafkaServer::start);
    try {
      return awaitAll(starting);
    } catch (DevServerException e) {
      for (CompletableFuture<KafkaServer> each : starting) {
        if (!each.isCompletedExceptionally()) {
          each.join().close();
        }
      }
      throw e;
    }
  }

  private static List<ServerOptions> nodeOptions(
      int size,
      ServerOptions options,
      List<KafkaDoor> doors,
      Map<String, List<Integer>> doorPorts) {
    List<Integer> ports = LoopbackPorts.free(2 * size);
    List<String> voters = new ArrayList<>();
    for (int node = 1; node <= size; node++) {
      voters.add(node + "@127.0.0.1:" + ports.get(size + node - 1));
    }
    String replicas = Integer.toString(Math.min(size, MOST_REPLICAS));
    String inSync = Integer.toString(Math.max(1, Math.min(size, MOST_REPLICAS) - 1));
    Map<String, String> shared = new HashMap<>();
    shared.put("cluster.id", clusterId(options.dataDir()));
    shared.put("controller.quorum.voters", String.join(",", voters));
    shared.put("offsets.topic.replication.factor", replicas);
    shared.put("transaction.state.log.replication.factor", replicas);
    shared.put("transaction.state.log.min.isr", inSync);
    shared.put("share.coordinator.state.topic.replication.factor", replicas);
    shared.put("share.coordinator.state.topic.min.isr", inSync);
    shared.putAll(options.settings());

    List<ServerOptions> nodes = new ArrayList<>();
    for (int node = 1; node <= size; node++) {
      int port = ports.get(node - 1);
      int controllerPort = ports.get(size + node - 1);
      ServerOptions own = options.withPort(port).withSettings(shared);
      own = own.withSetting("node.id", Integer.toString(node));
      StringBuilder listeners = new StringBuilder(address("PLAINTEXT", port));
      StringBuilder advertised = new StringBuilder(address("PLAINTEXT", port));
      StringBuilder protocols = new StringBuilder("PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT");
      listeners.append(',').append(address("CONTROLLER", controllerPort));
      for (KafkaDoor door : doors) {
        int behind = doorPorts.getOrDefault(door.listener(), List.of()).get(node - 1);
        listeners.append(',').append(address(door.listener(), behind));
        advertised
            .append(',')
            .append(address(door.listener(), door.advertisedPorts().get(node - 1)));
        protocols.append(',').append(door.listener()).append(":PLAINTEXT");
      }
      own =
          own.withSettings(
              Map.of(
                  "listeners", listeners.toString(),
                  "advertised.listeners", advertised.toString(),
                  "listener.security.protocol.map", protocols.toString(),
                  "inter.broker.listener.name", "PLAINTEXT"));
      Optional<Path> dataDir = options.dataDir();
      nodes.add(dataDir.isEmpty() ? own : own.withDataDir(dataDir.get().resolve("node-" + node)));
    }
    return nodes;
  }

  private static String address(String listener, int port) {
    return listener + "://127.0.0.1:" + port;
  }

  /** Of a kept directory always the same, so that nodes formatted in different runs still match. */
  private static String clusterId(Optional<Path> dataDir) {
    UUID id =
        dataDir
            .map(path -> UUID.nameUUIDFromBytes(path.toString().getBytes(StandardCharsets.UTF_8)))
            .orElseGet(UUID::randomUUID);
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits());
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  /** {@code 127.0.0.1:port} of every node, with commas between. */
  public String bootstrapServers() {
    return brokers.stream().map(KafkaServer::bootstrapServers).collect(Collectors.joining(","));
  }

  /** Where a door's listener really is, on each node in order: what a proxy forwards to. */
  public List<Integer> doorPorts(String listener) {
    List<Integer> ports = doorPorts.get(listener);
    if (ports == null) {
      throw new IllegalArgumentException("There is no door " + listener);
    }
    return ports;
  }

  /** The nodes; the one at index i has the broker id i + 1. */
  public List<KafkaServer> brokers() {
    return brokers;
  }

  /** The node of this broker id, 1 or more, as Kafka's clients report leaders. */
  public KafkaServer broker(int id) {
    return brokers.get(id - 1);
  }

  /** Starts every node again, all at once: none comes up before there is a majority. */
  public void restartAll() {
    List<CompletableFuture<KafkaServer>> restarting =
        onAll(
            brokers,
            broker -> {
              broker.restart();
              return broker;
            });
    awaitAll(restarting);
  }

  /** Ends every node, all at once, whatever state they are in; may be called twice. */
  @Override
  public void close() {
    List<CompletableFuture<KafkaServer>> closing =
        onAll(
            brokers,
            broker -> {
              broker.close();
              return broker;
            });
    awaitAll(closing);
  }

  /** On threads of their own, since each waits for the others to be there. */
  private static <T> List<CompletableFuture<KafkaServer>> onAll(
      List<T> nodes, Function<T, KafkaServer> duty) {
    List<CompletableFuture<KafkaServer>> all = new ArrayList<>();
    for (T node : nodes) {
      String thread = "dev-services/kafka/" + (all.size() + 1);
      all.add(
          CompletableFuture.supplyAsync(
              () -> duty.apply(node), run -> new Thread(run, thread).start()));
    }
    return all;
  }

  private static List<KafkaServer> awaitAll(List<CompletableFuture<KafkaServer>> all) {
    try {
      CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).join();
      return all.stream().map(CompletableFuture::join).toList();
    } catch (CompletionException e) {
      if (e.getCause() instanceof DevServerException failure) {
        throw failure;
      }
      throw e;
    }
  }
}
