package dev.headwater.snapshot;

import dev.headwater.log.schema.TableId;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** What one reader reads in one window: a chunk, or several small tables. */
record Work(List<Piece> pieces) {
  Work {
    pieces = List.copyOf(pieces);
  }

  Set<TableId> tables() {
    return pieces.stream().map(piece -> piece.task().table()).collect(Collectors.toSet());
  }
}
