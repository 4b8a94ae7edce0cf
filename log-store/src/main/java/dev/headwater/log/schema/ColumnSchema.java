package dev.headwater.log.schema;

import org.jspecify.annotations.Nullable;

/**
 * One column of a captured table.
 *
 * @param name exactly as in the source
 * @param type resolved type, for encoding
 * @param declaredType the type as PostgreSQL's {@code format_type} prints it, with its modifier:
 *     {@code numeric(10,2)}, {@code character varying(20)[]}; what a replica's DDL uses
 * @param nullable whether the source allows NULL
 * @param defaultExpression the column's default as SQL, or null
 */
public record ColumnSchema(
    String name,
    PgType type,
    String declaredType,
    boolean nullable,
    @Nullable String defaultExpression) {}
