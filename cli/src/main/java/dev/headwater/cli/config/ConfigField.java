package dev.headwater.cli.config;

import java.util.List;

/**
 * One field that a block may have: the same list tells unknown fields and makes the JSON Schema.
 *
 * @param name as in the file
 * @param type what stands behind it
 * @param required whether the block is wrong without it
 * @param doc one sentence for an editor's tooltip
 * @param values the choices of a {@link Type#CHOICE}
 * @param fields the fields of a {@link Type#BLOCK}, or of each entry of the types made of blocks
 */
record ConfigField(
    String name,
    Type type,
    boolean required,
    String doc,
    List<String> values,
    List<ConfigField> fields) {
  /** What stands behind a field. */
  enum Type {
    TEXT,
    INTEGER,
    SIZE,
    DURATION,
    CHOICE,
    TEXTS,
    TEXT_MAP,
    TEXTS_MAP,
    PARTITIONS,
    BLOCK,
    BLOCKS,
    BLOCK_MAP,
    SINKS
  }

  static ConfigField required(String name, Type type, String doc) {
    return new ConfigField(name, type, true, doc, List.of(), List.of());
  }

  static ConfigField optional(String name, Type type, String doc) {
    return new ConfigField(name, type, false, doc, List.of(), List.of());
  }

  static ConfigField choice(String name, String doc, String... values) {
    return new ConfigField(name, Type.CHOICE, false, doc, List.of(values), List.of());
  }

  static ConfigField nested(String name, Type type, String doc, List<ConfigField> fields) {
    return new ConfigField(name, type, false, doc, List.of(), fields);
  }

  ConfigField asRequired() {
    return new ConfigField(name, type, true, doc, values, fields);
  }
}
