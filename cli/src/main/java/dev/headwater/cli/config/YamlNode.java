package dev.headwater.cli.config;

import dev.headwater.log.config.Secret;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A place in the file that is read as what it should be. Whatever it is instead becomes a problem
 * at this place, and the read gives nothing; whoever reads goes on, so that all problems are found.
 */
final class YamlNode {
  private static final int SHOWN_CHARACTERS = 60;

  private final Node node;
  private final String path;
  private final References references;
  private final ConfigProblems problems;

  YamlNode(Node node, String path, References references, ConfigProblems problems) {
    this.node = node;
    this.path = path;
    this.references = references;
    this.problems = problems;
  }

  void problem(String message) {
    int line = node.getStartMark().map(Mark::getLine).orElse(0);
    int column = node.getStartMark().map(Mark::getColumn).orElse(0);
    problems.add(new ConfigProblem(line + 1, column + 1, path, message));
  }

  /** What stands in the file, references unresolved: for messages, never for secrets. */
  String found() {
    if (node instanceof ScalarNode scalar && !isNull() && hasPlainTag()) {
      String raw = scalar.getValue().replaceAll("\\p{Cntrl}", " ");
      return raw.length() <= SHOWN_CHARACTERS
          ? "'" + raw + "'"
          : "'" + raw.substring(0, SHOWN_CHARACTERS) + "…'";
    }
    return kind();
  }

  String path() {
    return path;
  }

  /**
   * The text of a field of this block, if it is there and its references resolve; tells nothing.
   */
  Optional<String> peek(String field) {
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key
            && key.getValue().equals(field)
            && tuple.getValueNode() instanceof ScalarNode value) {
          return references.resolve(value.getValue(), problem -> {});
        }
      }
    }
    return Optional.empty();
  }

  /** Whether nothing stands behind the field's name. */
  boolean isNull() {
    return node instanceof ScalarNode && node.getTag().equals(Tag.NULL);
  }

  boolean isScalar() {
    return node instanceof ScalarNode;
  }

  private boolean hasPlainTag() {
    return node.getTag().getValue().startsWith(Tag.PREFIX) || node.getTag().equals(Tag.ENV_TAG);
  }

  private String kind() {
    if (!hasPlainTag()) {
      return "a YAML tag";
    }
    return node instanceof MappingNode
        ? "a block of fields"
        : node instanceof SequenceNode ? "a list" : isNull() ? "nothing" : "a single value";
  }

  // Blocks, lists, maps

  /** The fields of a block; unknown and missing ones are told. Nothing there means no fields. */
  Block block(List<ConfigField> fields) {
    List<String> known = fields.stream().map(ConfigField::name).toList();
    Map<String, YamlNode> found = entries(true);
    if (node instanceof MappingNode mapping) {
      for (NodeTuple tuple : mapping.getValue()) {
        if (tuple.getKeyNode() instanceof ScalarNode key && !known.contains(key.getValue())) {
          child(key, key.getValue())
              .problem("unknown field" + Suggestions.didYouMean(key.getValue(), known));
        }
      }
    }
    fields.stream()
        .filter(field -> field.required() && !found.containsKey(field.name()))
        .forEach(field -> problem("the field '" + field.name() + "' is required"));
    return new Block(this, found);
  }

  /**
   * What stands behind each name of a map, in the file's order; a name that stands twice is told.
   */
  Map<String, YamlNode> entries() {
    return entries(false);
  }

  private Map<String, YamlNode> entries(boolean isBlock) {
    if (!(node instanceof MappingNode mapping) || !hasPlainTag()) {
      if (!isNull()) {
        String expected = isBlock ? "a block of fields" : "a map of 'name: value'";
        problem("expected " + expected + ", found " + kind());
      }
      return Map.of();
    }
    Map<String, YamlNode> entries = new LinkedHashMap<>();
    for (NodeTuple tuple : mapping.getValue()) {
      if (!(tuple.getKeyNode() instanceof ScalarNode key)) {
        child(tuple.getKeyNode(), "?").problem("expected a name before the ':'");
        continue;
      }
      YamlNode value = child(tuple.getValueNode(), key.getValue());
      YamlNode first = entries.putIfAbsent(key.getValue(), value);
      if (first != null) {
        int line = first.node.getStartMark().map(Mark::getLine).orElse(0) + 1;
        child(key, key.getValue()).problem("stands twice; the first is in line " + line);
      }
    }
    return entries;
  }

  List<YamlNode> items() {
    if (!(node instanceof SequenceNode sequence) || !hasPlainTag()) {
      if (!isNull()) {
        problem("expected a list, found " + kind());
      }
      return List.of();
    }
    List<YamlNode> items = new ArrayList<>();
    for (Node item : sequence.getValue()) {
      items.add(new YamlNode(item, path + "[" + items.size() + "]", references, problems));
    }
    return items;
  }

  private YamlNode child(Node child, String name) {
    String step = name.matches("[A-Za-z0-9_-]+") ? name : "\"" + name + "\"";
    return new YamlNode(child, path.isEmpty() ? step : path + "." + step, references, problems);
  }

  // Scalars

  /** A text, references resolved; may be empty. */
  Optional<String> raw() {
    if (!(node instanceof ScalarNode scalar)) {
      problem("expected a single value, found " + kind());
      return Optional.empty();
    }
    if (!hasPlainTag()) {
      problem("a value must not start with '!'; put it in quotes");
      return Optional.empty();
    }
    if (isNull()) {
      problem("has no value; leave the field out, or quote a value that starts with '#'");
      return Optional.empty();
    }
    return references.resolve(scalar.getValue(), this::problem);
  }

  /** A text that is not empty. */
  Optional<String> text() {
    Optional<String> text = raw();
    if (text.isPresent() && text.get().isBlank()) {
      problem("is empty" + (found().contains("${") ? " once " + found() + " is resolved" : ""));
      return Optional.empty();
    }
    return text;
  }

  /** A secret; empty, without a problem, where <code>${NAME:-}</code> leaves it out on purpose. */
  Optional<Secret> secret() {
    Optional<String> text = raw();
    if (text.isPresent() && text.get().isEmpty()) {
      if (!(node instanceof ScalarNode scalar && scalar.getValue().endsWith(":-}"))) {
        problem("is empty; leave the field out where none is asked for");
      }
      return Optional.empty();
    }
    return text.map(Secret::new);
  }

  Optional<Long> integer(long min, long max) {
    String range = max == Long.MAX_VALUE ? "from " + min : "from " + min + " to " + max;
    return parsed(
        "a whole number " + range,
        text ->
            text.matches("-?[0-9]{1,18}")
                ? Optional.of(Long.parseLong(text)).filter(n -> n >= min && n <= max)
                : Optional.empty());
  }

  Optional<Integer> count(int min) {
    return integer(min, Integer.MAX_VALUE).map(Math::toIntExact);
  }

  /** A size of at least one byte. */
  Optional<Long> size() {
    return parsed(
        "a size such as 16MiB or 10GB", text -> Units.size(text).filter(bytes -> bytes > 0));
  }

  Optional<Duration> duration() {
    return parsed("a duration with its unit, such as 500ms, 5s, 10m, 2h or 7d", Units::duration);
  }

  /** A constant by its name in the file: lower case, with the given character between words. */
  <E extends Enum<E>> Optional<E> choice(Class<E> type, char wordSeparator) {
    Function<E, String> name = e -> e.name().toLowerCase(Locale.ROOT).replace('_', wordSeparator);
    Map<String, E> choices = new LinkedHashMap<>();
    Stream.of(type.getEnumConstants()).forEach(e -> choices.put(name.apply(e), e));
    return oneOf(List.copyOf(choices.keySet())).map(choices::get);
  }

  /** One of some texts. */
  Optional<String> oneOf(List<String> choices) {
    Optional<String> text = raw();
    if (text.isPresent() && !choices.contains(text.get())) {
      String expected = "expected " + String.join(" | ", choices) + ", found " + found();
      problem(expected + Suggestions.didYouMean(text.get(), choices));
      return Optional.empty();
    }
    return text;
  }

  /** A text that a function understands; the problem names what was expected and what was found. */
  <T> Optional<T> parsed(String expected, Function<String, Optional<T>> parser) {
    return raw()
        .flatMap(
            text -> {
              Optional<T> value = parser.apply(text.strip());
              if (value.isEmpty()) {
                problem("expected " + expected + ", found " + found());
              }
              return value;
            });
  }

  /** A text of a given form. */
  Optional<String> matching(String regex, String expected) {
    return parsed(expected, text -> Optional.of(text).filter(t -> t.matches(regex)));
  }

  /** The fields of a block that are there. */
  record Block(YamlNode node, Map<String, YamlNode> fields) {
    Optional<YamlNode> get(String field) {
      return Optional.ofNullable(fields.get(field));
    }

    /** The field's block; one without fields where it is absent. */
    Block block(String field, List<ConfigField> known) {
      return get(field).map(n -> n.block(known)).orElse(new Block(node, Map.of()));
    }

    List<YamlNode> items(String field) {
      return get(field).map(YamlNode::items).orElse(List.of());
    }

    Map<String, YamlNode> entries(String field) {
      return get(field).map(YamlNode::entries).orElse(Map.of());
    }

    Optional<String> text(String field) {
      return get(field).flatMap(YamlNode::text);
    }
  }
}
