package dev.headwater.sinks.verify;

import dev.headwater.sinks.verify.Defect.Kind;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;

/**
 * What a verification found.
 *
 * @param tables the counts by table, {@code connector.schema.table}; names that no row can have are
 *     counted under {@code (no row)}
 * @param listed the first defects
 * @param strangers names of others that lie among ours, left alone
 * @param records records of the log that were read
 * @param found rows that the scan brought
 * @param lagRecords how many offsets the place stood behind the log at the end
 * @param spillBytes what was written to local files, all in all
 * @param millis how long it took
 */
public record Report(
    SortedMap<String, Counts> tables,
    List<Defect> listed,
    long strangers,
    long records,
    long found,
    long lagRecords,
    long spillBytes,
    long millis) {

  /** The counts of one table. Used by one thread until the report is made. */
  public static final class Counts {
    private long rows;
    private long expired;
    private long suspects;
    private final Map<Kind, Long> defects = new EnumMap<>(Kind.class);
    private final Map<Kind, Long> mended = new EnumMap<>(Kind.class);

    void addRow() {
      rows++;
    }

    void addExpired() {
      expired++;
    }

    void addSuspect() {
      suspects++;
    }

    void addDefect(Kind kind, boolean isMended) {
      defects.merge(kind, 1L, Long::sum);
      if (isMended) {
        mended.merge(kind, 1L, Long::sum);
      }
    }

    /** Rows that the log has. */
    public long rows() {
      return rows;
    }

    /** Rows whose time is over. */
    public long expired() {
      return expired;
    }

    /** Rows that had to be looked at again, for they were changed while they were compared. */
    public long suspects() {
      return suspects;
    }

    /** How many there were of a kind, mended ones among them. */
    public long count(Kind kind) {
      return defects.getOrDefault(kind, 0L);
    }

    /** How many of a kind were put right. */
    public long mended(Kind kind) {
      return mended.getOrDefault(kind, 0L);
    }
  }

  /** How many there were of a kind in all tables, mended ones among them. */
  public long count(Kind kind) {
    return tables.values().stream().mapToLong(counts -> counts.count(kind)).sum();
  }

  /** How many of a kind were put right. */
  public long mended(Kind kind) {
    return tables.values().stream().mapToLong(counts -> counts.mended(kind)).sum();
  }

  /** Rows that the log has, in all tables. */
  public long rows() {
    return tables.values().stream().mapToLong(Counts::rows).sum();
  }

  /** Whether all is as the log says, or was made so. */
  public boolean isEqual() {
    for (Kind kind : Kind.values()) {
      if (count(kind) > mended(kind)) {
        return false;
      }
    }
    return true;
  }
}
