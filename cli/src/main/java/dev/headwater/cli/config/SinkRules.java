package dev.headwater.cli.config;

import dev.headwater.capture.CaptureConfig;
import dev.headwater.cli.config.HeadwaterConfig.Connector;
import dev.headwater.sinks.SinkConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * What must hold between sinks, and between a sink and a source: nobody writes what another one
 * writes or reads. Told as far as the file alone can tell; {@code check} knows more.
 */
final class SinkRules {
  private final List<Connector> connectors;
  private final List<Entry> earlier = new ArrayList<>();

  SinkRules(List<Connector> connectors) {
    this.connectors = connectors;
  }

  private record Entry(YamlNode.Block block, SinkConfig sink) {
    String place() {
      return Urls.place(sink.url());
    }
  }

  /** Holds one more sink against all before it. */
  void check(YamlNode.Block block, SinkConfig sink) {
    Entry entry = new Entry(block, sink);
    if (!sink.url().isEmpty()) {
      refuseSource(entry);
      earlier.stream()
          .filter(other -> other.place().equals(entry.place()))
          .forEach(other -> refuseMeeting(other.sink(), entry));
      earlier.add(entry);
    }
  }

  /** A replica inside the captured database would be captured in its turn. */
  private void refuseSource(Entry entry) {
    for (Connector connector : connectors) {
      CaptureConfig source = connector.capture();
      if (entry.place().equals(Urls.place(Urls.jdbc(source)))) {
        entry
            .block()
            .get("url")
            .ifPresent(
                n ->
                    n.problem(
                        "is the database that connector '"
                            + source.name()
                            + "' captures; a replica belongs into another one"));
      }
    }
  }

  private static void refuseMeeting(SinkConfig other, Entry entry) {
    SinkConfig sink = entry.sink();
    if (sink instanceof SinkConfig.Redis a && other instanceof SinkConfig.Redis b) {
      if (KeyTemplates.canMeet(a.keyTemplate(), b.keyTemplate())) {
        refuse(entry, "key", "can give the same names as", b.keyTemplate(), other);
      }
    } else if (sink instanceof SinkConfig.OpenSearch a
        && other instanceof SinkConfig.OpenSearch b) {
      if (areGenerationsOf(a.index(), b.index(), "-g")) {
        refuse(entry, "index", "meets the index", b.index(), other);
      }
    } else if (sink instanceof SinkConfig.Postgres a && other instanceof SinkConfig.Postgres b) {
      if (areGenerationsOf(a.schema(), b.schema(), "_g")) {
        refuse(entry, "schema", "meets the schema", b.schema(), other);
      }
    }
  }

  /** Whether the names are equal, or one is what a generation of the other is called. */
  private static boolean areGenerationsOf(String one, String other, String mark) {
    String generation = "(" + mark + "[0-9]+)?";
    return one.matches(Pattern.quote(other) + generation)
        || other.matches(Pattern.quote(one) + generation);
  }

  private static void refuse(Entry entry, String field, String how, String name, SinkConfig other) {
    entry
        .block()
        .get(field)
        .ifPresent(
            n ->
                n.problem(
                    how
                        + " '"
                        + name
                        + "' of sink '"
                        + other.name()
                        + "' in the same place, found "
                        + n.found()
                        + "; give one of them another "
                        + field));
  }
}
