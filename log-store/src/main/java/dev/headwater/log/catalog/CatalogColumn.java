package dev.headwater.log.catalog;

import org.jspecify.annotations.Nullable;

/**
 * One column as the catalog describes it.
 *
 * @param name exactly as in the source
 * @param typeOid the type's OID; unsigned in PostgreSQL, its 32 bits here
 * @param typmod the type's modifier, -1 for none
 * @param declaredType as {@code format_type} prints it, with the modifier
 * @param notNull whether NULL is refused, by the column itself or by its domain
 * @param defaultExpression the default as SQL, or null; an identity column has none
 * @param generated whether it is computed from other columns, stored or not: the stream does not
 *     carry such columns
 */
public record CatalogColumn(
    String name,
    int typeOid,
    int typmod,
    String declaredType,
    boolean notNull,
    @Nullable String defaultExpression,
    boolean generated) {}
