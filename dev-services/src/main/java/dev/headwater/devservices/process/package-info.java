/** The main classes of the child processes; the only classes here that see a server's libraries. */
@NullMarked
package dev.headwater.devservices.process;

import org.jspecify.annotations.NullMarked;
