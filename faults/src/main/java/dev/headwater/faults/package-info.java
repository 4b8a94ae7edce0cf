/**
 * The fault suite: a seeded workload, faults drawn at random, and oracles that share no code with
 * what they judge.
 */
@NullMarked
package dev.headwater.faults;

import org.jspecify.annotations.NullMarked;
