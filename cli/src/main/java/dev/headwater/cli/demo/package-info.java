/** The demo: a shop on real servers, started from libraries. */
@NullMarked
package dev.headwater.cli.demo;

import org.jspecify.annotations.NullMarked;
