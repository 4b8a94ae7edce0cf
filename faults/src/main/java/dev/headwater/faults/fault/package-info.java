/** What is done to the topology, drawn from a seed. */
@NullMarked
package dev.headwater.faults.fault;

import org.jspecify.annotations.NullMarked;
