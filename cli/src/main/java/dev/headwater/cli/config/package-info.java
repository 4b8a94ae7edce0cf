/** {@code connectors.yaml}: read, checked as a whole, and bound to the records of the modules. */
@NullMarked
package dev.headwater.cli.config;

import org.jspecify.annotations.NullMarked;
