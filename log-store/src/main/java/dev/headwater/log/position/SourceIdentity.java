package dev.headwater.log.position;

/**
 * Which history a position belongs to. LSNs of two identities cannot be compared.
 *
 * @param systemIdentifier the cluster, as {@code pg_control_system} names it
 * @param timeline the timeline the position was read on
 * @param database the captured database's name
 * @param slot the replication slot
 * @param publication the publication
 */
public record SourceIdentity(
    String systemIdentifier, int timeline, String database, String slot, String publication) {}
