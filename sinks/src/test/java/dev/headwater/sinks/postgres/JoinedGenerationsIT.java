package dev.headwater.sinks.postgres;

import static dev.headwater.sinks.TestRows.key;
import static dev.headwater.sinks.TestRows.row;
import static org.assertj.core.api.Assertions.assertThat;

import dev.headwater.devservices.PostgresServer;
import dev.headwater.devservices.SharedServices;
import dev.headwater.sinks.Checkpoint;
import dev.headwater.sinks.FoldedBatch;
import dev.headwater.sinks.FoldedRow;
import dev.headwater.sinks.Generation;
import dev.headwater.sinks.PartitionWriter;
import dev.headwater.sinks.Sink;
import dev.headwater.sinks.SinkConfig;
import dev.headwater.sinks.SinkDefinition;
import dev.headwater.sinks.TestRows;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * From the moment that two generations are joined no snapshot may see the second behind the one
 * that serves, whoever wrote what in between: a transaction that is switched over in its middle
 * would see rows go back.
 */
@Timeout(60)
class JoinedGenerationsIT {
  private final Replica replica = Replica.on(SharedServices.postgres());
  private final SinkConfig.Postgres config =
      replica.config("reporting", Replica.SCHEMA, PostgresServer.USER);
  private final PostgresGenerations generations = new PostgresGenerations(config);
  private final TestRows rows = TestRows.withNumberKey();
  private final List<Sink> sinks = new ArrayList<>();
  private PartitionWriter serving;
  private PartitionWriter second;

  @BeforeEach
  void join() {
    serving = writer(begin("first"));
    second = null;
    FoldedBatch first = next(1);
    serving.apply(first);
    Generation built = begin("again");
    second = writer(built);
    second.apply(asOf(2, first));
    // Its surroundings, and then the join itself.
    generations.finish(2);
    generations.finish(2);
  }

  @AfterEach
  void close() {
    sinks.forEach(Sink::close);
    generations.close();
    replica.close();
  }

  @Test
  void theFirstBatchAfterTheJoinGoesIntoBoth() {
    serving.apply(next(2));

    requireLevel();
  }

  @Test
  void theSecondOnesOwnWriterDoesNotKeepBatchesFromGoingIntoBoth() {
    serving.apply(next(2));
    FoldedBatch third = next(3);
    FoldedBatch fourth = next(4);

    // It reads the log too, and may be ahead for a moment.
    second = sinks.get(1).take(rows.partition());
    second.apply(asOf(2, third));
    serving.apply(both(third, fourth));

    requireLevel();
  }

  @Test
  void aBatchThatCannotGoAlongPartsThem() {
    serving.apply(next(2));
    // As in a process that does not have the second one.
    sinks.get(1).close();

    serving.apply(next(3));

    assertThat(replica.query("SELECT joined FROM headwater.generation WHERE generation = 2"))
        .containsExactly("f");
  }

  private void requireLevel() {
    assertThat(at(2)).isEqualTo(at(1));
    assertThat(replica.query("SELECT joined FROM headwater.generation WHERE generation = 2"))
        .containsExactly("t");
    String table = "." + rows.schema().table().name() + " ORDER BY id";
    assertThat(replica.query("SELECT * FROM shop_g2" + table))
        .isEqualTo(replica.query("SELECT * FROM shop" + table));
  }

  private long at(int generation) {
    return generations.checkpoints(generation).get(rows.partition().toString()).nextOffset();
  }

  private Generation begin(String request) {
    List<Generation> all = generations.begin(request, SinkDefinition.text(config), true).all();
    return all.get(all.size() - 1);
  }

  private PartitionWriter writer(Generation generation) {
    Sink sink = generations.open(generation);
    sinks.add(sink);
    sink.prepare(rows.schema());
    return sink.take(rows.partition());
  }

  private FoldedBatch next(int qty) {
    int more = 100 + qty;
    return rows.put(key(1), row(1, "one", qty)).put(key(more), row(more, "more", qty)).batch();
  }

  private static FoldedBatch asOf(int generation, FoldedBatch batch) {
    Checkpoint at = batch.checkpoint();
    return new FoldedBatch(
        batch.partition(),
        batch.fromOffset(),
        batch.nextOffset(),
        batch.rows(),
        new Checkpoint(generation, at.topicId(), at.nextOffset(), at.levelAtMs()));
  }

  private static FoldedBatch both(FoldedBatch one, FoldedBatch two) {
    List<FoldedRow> all = new ArrayList<>(one.rows().subList(1, one.rows().size()));
    all.addAll(two.rows());
    return new FoldedBatch(
        one.partition(), one.fromOffset(), two.nextOffset(), all, two.checkpoint());
  }
}
