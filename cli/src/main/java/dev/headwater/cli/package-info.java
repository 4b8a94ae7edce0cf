/** Configuration, wiring and commands. */
@NullMarked
package dev.headwater.cli;

import org.jspecify.annotations.NullMarked;
