package dev.headwater.faults.oracle;

import java.util.Map;

/** A place where the source's rows should be, read with an ordinary client. */
public interface View {
  /** The sink's name. */
  String name();

  /** The rows of {@code marker} alone: a cheap look at how far it is. */
  Map<String, String> markers() throws Exception;

  /** Every row of every table, in {@link Rows}' form. */
  Map<String, String> rows() throws Exception;
}
