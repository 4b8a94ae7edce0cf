package dev.headwater.snapshot;

import java.util.List;

/**
 * What a load needs to know of a table in the source.
 *
 * @param isPartitioned whether its rows are in partitions
 * @param definition its columns and the files of its leaves: whatever gives rows another shape or
 *     another ctid changes it
 * @param byCtid whether all its leaves can be read by physical ranges
 * @param leaves where its rows are: itself, or its partitions
 */
record SourceTable(boolean isPartitioned, String definition, boolean byCtid, List<Leaf> leaves) {
  SourceTable {
    leaves = List.copyOf(leaves);
  }

  /**
   * A table with rows.
   *
   * @param oid unsigned
   * @param blocks how many it has now
   * @param rows how many rows, by the source's statistics; negative when it has none
   * @param hasToast whether values of it are stored out of line, so that few blocks can be many
   *     bytes
   */
  record Leaf(long oid, String schema, String name, long blocks, double rows, boolean hasToast) {}

  long blocks() {
    return leaves.stream().mapToLong(Leaf::blocks).sum();
  }
}
