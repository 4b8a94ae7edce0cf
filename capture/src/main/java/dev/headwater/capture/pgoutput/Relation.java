package dev.headwater.capture.pgoutput;

import java.util.List;

/**
 * What pgoutput says of a table before its first change of a session, and again whenever its
 * definition changed: as it was when the change was written, not as the catalog has it today.
 *
 * @param oid names the relation in the changes that follow
 * @param schema the table's schema
 * @param name the table's name
 * @param replicaIdentity {@code d} default, {@code n} nothing, {@code f} full, {@code i} index
 * @param columns the columns as changes list them: table order, without generated ones
 */
public record Relation(
    int oid, String schema, String name, char replicaIdentity, List<Column> columns) {

  /**
   * One column.
   *
   * @param name exactly as in the source
   * @param identity whether it belongs to the replica identity; under FULL every column does
   * @param typeOid its type
   * @param typeModifier its type modifier, -1 for none
   */
  public record Column(String name, boolean identity, int typeOid, int typeModifier) {}

  public Relation {
    columns = List.copyOf(columns);
  }

  /** Whether old row images carry every column. */
  public boolean isFullIdentity() {
    return replicaIdentity == 'f';
  }
}
