package dev.headwater.log.schema;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A PostgreSQL type, resolved as far down as encoding a value of it needs.
 *
 * @param name {@code pg_type.typname}, with its schema in front where that is not {@code
 *     pg_catalog}: {@code int4}, {@code public.mood}
 * @param kind what sort of type this is
 * @param element the element type of an array, the base type of a domain; else null
 * @param fields the fields of a composite in order; else empty
 * @param labels the labels of an enum in order; else empty
 * @param delimiter what separates elements of this type inside an array's text: {@code ','} for all
 *     built-in types but {@code box}, which has {@code ';'} (pg_type.typdelim)
 */
public record PgType(
    String name,
    Kind kind,
    @Nullable PgType element,
    List<Field> fields,
    List<String> labels,
    char delimiter) {

  /** The sorts of type that are encoded differently. */
  public enum Kind {
    BASE,
    ENUM,
    DOMAIN,
    COMPOSITE,
    ARRAY,
    RANGE,
    /** A type of which the catalog knows nothing any more, or that we do not know: its text. */
    UNKNOWN
  }

  /** One field of a composite type. */
  public record Field(String name, PgType type) {}

  public PgType {
    fields = List.copyOf(fields);
    labels = List.copyOf(labels);
    if ((kind == Kind.ARRAY || kind == Kind.DOMAIN) && element == null) {
      throw new IllegalArgumentException(kind + " type '" + name + "' needs an element type");
    }
  }

  /** A plain type of the catalog, such as {@code int4}. */
  public static PgType base(String name) {
    return new PgType(name, Kind.BASE, null, List.of(), List.of(), ',');
  }

  /** An array of {@code element}. */
  public static PgType arrayOf(String name, PgType element) {
    return new PgType(name, Kind.ARRAY, element, List.of(), List.of(), ',');
  }

  /** The type below all domains: the type itself unless it is a domain. */
  public PgType withoutDomains() {
    return kind == Kind.DOMAIN && element != null ? element.withoutDomains() : this;
  }
}
