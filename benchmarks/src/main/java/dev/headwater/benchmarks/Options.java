package dev.headwater.benchmarks;

import java.util.List;

/**
 * What the command line asks for.
 *
 * @param rows rows of the largest table, or changes
 * @param rounds how often each contestant runs
 * @param only parts of the benchmark by name; none: all
 * @param withDefaults whether the peer runs with its default settings too
 * @param headwaterJvm options for Headwater's virtual machine
 */
record Options(
    long rows, int rounds, List<String> only, boolean withDefaults, String headwaterJvm) {

  boolean wants(String part) {
    return only.isEmpty() || only.contains(part);
  }
}
