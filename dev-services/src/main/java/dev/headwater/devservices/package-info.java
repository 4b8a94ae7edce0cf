/**
 * Real servers for the demo and the tests, each in a process of its own.
 *
 * <p>Nothing of a server's libraries comes into the caller's process: the servers run from a list
 * of jars written at build time ({@link dev.headwater.devservices.ServerLibraries}).
 */
@NullMarked
package dev.headwater.devservices;

import org.jspecify.annotations.NullMarked;
