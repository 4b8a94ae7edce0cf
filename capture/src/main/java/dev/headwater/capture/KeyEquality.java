package dev.headwater.capture;

import dev.headwater.log.schema.PgType;
import java.util.Optional;
import java.util.Set;

/**
 * Whether values that PostgreSQL takes for equal are the same key in the log.
 *
 * <p>Where they are not, a row deleted as {@code 'A'} and written again as {@code 'a'} would be two
 * keys, hence two partitions: a target that takes them for one, as a replica does, could apply the
 * delete after the row. {@code numeric} and floats are written in one form ({@link
 * dev.headwater.log.codec.RowEncoder#key()}); for the types here there is none.
 */
final class KeyEquality {
  private static final Set<String> MANY_FORMS =
      Set.of("interval", "jsonb", "json", "xml", "hstore", "citext", "cube", "tsquery", "path");

  private KeyEquality() {}

  /**
   * Why a column cannot be part of a key; empty when it can.
   *
   * @param declaredType with its modifier
   * @param hasOwnEquality whether its collation takes different texts for equal
   */
  static Optional<String> objection(PgType type, String declaredType, boolean hasOwnEquality) {
    if (hasOwnEquality) {
      return Optional.of("its collation takes different texts for equal");
    }
    PgType base = type.withoutDomains();
    if (base.name().equals("bpchar") && declaredType.equals("bpchar")) {
      return Optional.of("bpchar takes texts for equal that differ in trailing blanks");
    }
    return hasManyForms(base)
        ? Optional.of("PostgreSQL takes different texts of type " + declaredType + " for equal")
        : Optional.empty();
  }

  private static boolean hasManyForms(PgType type) {
    PgType base = type.withoutDomains();
    String name = base.name().substring(base.name().lastIndexOf('.') + 1);
    return switch (base.kind()) {
      case BASE -> MANY_FORMS.contains(name);
      case ARRAY, RANGE -> base.element() != null && isInexactInside(base.element());
      case COMPOSITE -> base.fields().stream().anyMatch(field -> isInexactInside(field.type()));
      case ENUM, DOMAIN, UNKNOWN -> false;
    };
  }

  /** Inside of another value nothing is written in one form. */
  private static boolean isInexactInside(PgType type) {
    String name = type.withoutDomains().name();
    return hasManyForms(type)
        || name.equals("numeric")
        || name.equals("float4")
        || name.equals("float8")
        || name.equals("bpchar");
  }
}
