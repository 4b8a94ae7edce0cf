package dev.headwater.benchmarks;

import dev.headwater.devservices.RedisServer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * A cache in Redis. The interval begins with the first key that is there, and ends when all are.
 * Beside it redis-benchmark's pipelined SET: as many, of the same average size, over as many keys.
 */
final class RedisReplay {
  private static final long MAX_SECONDS = 200;

  /** The contestant's keys: were ours taken away, the worker would fill them again beside it. */
  private static final String OWN_DATABASE = "1";

  private final Lab lab;
  private final Options options;
  private final Report report;
  private final RedisServer redis;
  private final int averageBytes;

  RedisReplay(Lab lab, Options options, Report report) {
    this.lab = lab;
    this.options = options;
    this.report = report;
    this.redis = lab.servers.redis();
    long[] bytes = new long[1];
    long count =
        lab.topics.read(RebuildBenchmark.TOPIC, record -> bytes[0] += record.value().length);
    this.averageBytes = (int) (bytes[0] / Math.max(1, count));
  }

  private Headwater worker() {
    String definition =
        """
              - name: redis
                type: redis
                url: %s
                tables: [%s]
                key: "src8:{id}"
            """
            .formatted(redis.url(), RebuildBenchmark.TOPIC);
    return lab.worker("redis", definition, options.headwaterJvm());
  }

  void round(int round) {
    RebuildBenchmark.alternating(round, () -> headwater(round), () -> redisBenchmark(round));
  }

  /** From the second round on, a cache that has lost everything, which the worker fills again. */
  private void headwater(int round) {
    try (RedisLine line = new RedisLine(redis.port())) {
      lab.settle();
      line.ask("FLUSHDB");
      Headwater process = worker();
      long begun = awaitKeys(line, 10, process);
      CpuSeries cpu = new CpuSeries(lab.pids("sink", process.pid()));
      awaitKeys(line, options.rows(), process);
      long end = awaitValue(line, process);
      cpu.mark();
      add("headwater", round, (end - begun) / 1e6, cpu, ProcessMeter.peakMebibytes(process.pid()));
    }
  }

  /** More keys than a few: a checkpoint alone is no row. */
  private long awaitKeys(RedisLine line, long keys, Headwater process) {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(MAX_SECONDS);
    while (Long.parseLong(line.ask("DBSIZE").substring(1)) < keys) {
      process.requireAlive();
      if (System.nanoTime() > deadline) {
        throw new BenchmarkException("Redis is not filled in time");
      }
      Clock.pause(2);
    }
    return Clock.micros();
  }

  /**
   * Checkpoints are keys too, so the count alone could be short of a few rows: asks for them all.
   */
  private long awaitValue(RedisLine line, Headwater process) {
    for (long id = options.rows(); id > Math.max(0, options.rows() - 100); id--) {
      while (!line.ask("EXISTS src8:" + id).equals(":1")) {
        process.requireAlive();
      }
    }
    return Clock.micros();
  }

  private void redisBenchmark(int round) {
    lab.settle();
    CpuSeries cpu = new CpuSeries(lab.servers.pids());
    long rows = options.rows();
    List<String> command =
        List.of(
            "redis-benchmark",
            "-p",
            String.valueOf(redis.port()),
            "-t",
            "set",
            "-n",
            String.valueOf(rows),
            "-r",
            String.valueOf(rows),
            "-d",
            String.valueOf(averageBytes),
            "-P",
            "100",
            "-c",
            "10",
            "--dbnum",
            OWN_DATABASE,
            "--csv");
    try {
      Process process = new ProcessBuilder(command).start();
      String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      cpu.mark();
      double perSecond =
          answer
              .lines()
              .filter(l -> l.startsWith("\"SET\""))
              .mapToDouble(l -> Double.parseDouble(l.split(",")[1].replace("\"", "")))
              .findFirst()
              .orElseThrow(() -> new BenchmarkException("redis-benchmark said: " + answer));
      add("redis-benchmark", round, rows / perSecond, cpu, 0);
    } catch (IOException e) {
      Progress.say("no redis-benchmark on this machine (package redis-tools): no ratio for Redis");
    }
    try (RedisLine line = new RedisLine(redis.port())) {
      line.ask("SELECT " + OWN_DATABASE);
      line.ask("FLUSHDB");
    }
  }

  private void add(String contestant, int round, double seconds, CpuSeries cpu, double peak) {
    report.add(
        new Measurement(
            "replay.redis",
            contestant,
            round,
            options.rows(),
            seconds,
            Map.of("value_bytes", (double) averageBytes),
            cpu.used(),
            peak));
  }

  /** One connection that asks one-line questions with one-line answers. */
  private static final class RedisLine implements AutoCloseable {
    private final Socket socket;
    private final BufferedReader answers;

    RedisLine(int port) {
      try {
        this.socket = new Socket("127.0.0.1", port);
        this.socket.setTcpNoDelay(true);
        this.answers =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.US_ASCII));
      } catch (IOException e) {
        throw new BenchmarkException("Redis cannot be reached", e);
      }
    }

    String ask(String question) {
      try {
        socket.getOutputStream().write((question + "\r\n").getBytes(StandardCharsets.US_ASCII));
        return String.valueOf(answers.readLine());
      } catch (IOException e) {
        throw new BenchmarkException("Redis does not answer", e);
      }
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new BenchmarkException("the connection does not close", e);
      }
    }
  }
}
