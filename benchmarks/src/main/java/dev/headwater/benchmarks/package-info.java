/** Headwater beside its peers: the same servers, tables and topics, alternating in one run. */
@NullMarked
package dev.headwater.benchmarks;

import org.jspecify.annotations.NullMarked;
